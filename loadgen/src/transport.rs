//! How requests travel: protocol, proxy, addresses, cookies, TLS.

use std::net::IpAddr;
use std::str::FromStr;

use crate::proxy::ProxySettings;
use crate::tls::TlsSettings;

/// How requests travel to the target.
#[derive(Clone, Debug, Default)]
pub struct TransportSettings {
    /// HTTP/2 instead of HTTP/1.1.
    pub http2: bool,
    /// The proxy to go through.
    pub proxy: Option<ProxySettings>,
    /// Addresses to use instead of what names resolve to.
    pub resolve: Vec<ResolveEntry>,
    /// Whether virtual users keep cookies and send them back.
    pub cookies: bool,
    /// How https targets are trusted.
    pub tls: TlsSettings,
}

/// An address for a host name, as `--resolve` gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolveEntry {
    host: String,
    port: Option<u16>,
    address: IpAddr,
}

/// A text that is no entry of `--resolve`.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` names no address for a host; write e.g. www.example.com:443:203.0.113.7 or www.example.com:203.0.113.7")]
pub struct ResolveError(String);

impl ResolveEntry {
    /// The address, if the entry is for this host and port.
    pub(crate) fn address_of(&self, host: &str, port: u16) -> Option<IpAddr> {
        let same_host = self.host == "*" || self.host.eq_ignore_ascii_case(host);
        (same_host && self.port.is_none_or(|own| own == port)).then_some(self.address)
    }
}

impl FromStr for ResolveEntry {
    type Err = ResolveError;

    fn from_str(text: &str) -> Result<Self, ResolveError> {
        let wrong = || ResolveError(text.to_owned());
        let (host, rest) = text.split_once(':').ok_or_else(wrong)?;
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        if host != "*" && (host.is_empty() || !host.bytes().all(allowed)) {
            return Err(wrong());
        }
        let address = |text: &str| {
            let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
            bare.unwrap_or(text).parse::<IpAddr>().ok()
        };
        // A port comes first: `host:80:fe80::1` is an address on port 80, though all after the host is one as well.
        let with_port = rest.split_once(':').and_then(|(port, rest)| {
            let port = port.parse::<u16>().ok().filter(|port| *port > 0)?;
            Some((Some(port), address(rest)?))
        });
        let (port, address) = with_port.or_else(|| Some((None, address(rest)?))).ok_or_else(wrong)?;
        Ok(Self {
            host: host.to_owned(),
            port,
            address,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_have_the_forms_of_curl_and_a_shorter_one() {
        let address = |entry: &str, host: &str, port| entry.parse::<ResolveEntry>().unwrap().address_of(host, port);
        let loopback = Some("127.0.0.1".parse().unwrap());
        assert_eq!(address("a.example:80:127.0.0.1", "A.example", 80), loopback);
        assert_eq!(address("a.example:80:127.0.0.1", "a.example", 81), None);
        assert_eq!(address("a.example:127.0.0.1", "a.example", 81), loopback);
        assert_eq!(address("a.example:127.0.0.1", "b.example", 81), None);
        assert_eq!(address("*:127.0.0.1", "b.example", 81), loopback);
        let six = Some("fe80::1".parse().unwrap());
        assert_eq!(address("a:80:fe80::1", "a", 80), six);
        assert_eq!(address("a:80:[fe80::1]", "a", 80), six);
        assert_eq!(address("a:fe80::1", "a", 80), six);
        assert_eq!(address("a:1::2", "a", 5), Some("1::2".parse().unwrap()));
        for text in [
            "",
            "a",
            "a:",
            ":80:127.0.0.1",
            "a:80:",
            "a:80:b",
            "a:0:127.0.0.1",
            "a:99999:127.0.0.1",
            "a b:127.0.0.1",
        ] {
            assert!(text.parse::<ResolveEntry>().is_err(), "{text}");
        }
    }
}
