//! Going through an HTTP proxy.

use std::fmt;
use std::io;
use std::str::FromStr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::outcome::{Cause, Failure, FailureKind};
use crate::target::{Scheme, Target};

/// The largest head of an answer to CONNECT.
const MAX_HEAD: usize = 16 * 1024;
/// Header fields that answer may have.
const MAX_HEADERS: usize = 64;

/// The proxy to go through, as `--proxy` gives it.
#[derive(Clone)]
pub struct ProxySettings {
    target: Target,
}

/// A text that is no proxy; the text is left out, since it may have a password in it.
#[derive(Debug, thiserror::Error)]
#[error(
    "not the URL of an HTTP proxy; write e.g. http://proxy.example.com:3128 or http://user:password@proxy.example.com:3128"
)]
pub struct ProxyError;

impl FromStr for ProxySettings {
    type Err = ProxyError;

    fn from_str(text: &str) -> Result<Self, ProxyError> {
        let target: Target = text.trim().parse().map_err(|_| ProxyError)?;
        if target.scheme() != Scheme::Http || target.path_and_query() != "/" {
            return Err(ProxyError);
        }
        Ok(Self { target })
    }
}

impl ProxySettings {
    /// Where the proxy listens.
    pub(crate) fn target(&self) -> &Target {
        &self.target
    }
}

/// Without user information.
impl fmt::Display for ProxySettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.target.fmt(f)
    }
}

/// Without user information.
impl fmt::Debug for ProxySettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProxySettings({self})")
    }
}

/// What the proxy is asked to do.
#[derive(Clone)]
pub(crate) enum ProxyUse {
    /// To pass each request on: this stands before the request target, and these lines are added to the head.
    Forward {
        /// Scheme and authority of the target.
        origin: String,
        /// Header lines, each with its end; may be empty.
        lines: String,
    },
    /// To open a way to the target, by this request.
    Tunnel {
        /// The whole CONNECT request.
        connect: String,
    },
}

impl ProxyUse {
    /// How a proxy is used for a target: requests in the clear are passed on, everything else goes through a tunnel.
    pub(crate) fn new(proxy: &ProxySettings, target: &Target, http2: bool) -> Self {
        let lines = proxy
            .target
            .basic_authorization()
            .map(|value| format!("Proxy-Authorization: {value}\r\n"))
            .unwrap_or_default();
        if target.scheme() == Scheme::Http && !http2 {
            let origin = format!("http://{}", target.authority());
            return Self::Forward { origin, lines };
        }
        let authority = target.authority_with_port();
        let connect = format!(
            "CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: loadgen/{}\r\n{lines}\r\n",
            env!("CARGO_PKG_VERSION")
        );
        Self::Tunnel { connect }
    }
}

/// Has the proxy open a way to the target; what comes after its answer is left unread.
pub(crate) async fn open_tunnel(stream: &mut TcpStream, connect: &str) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure {
        sent: false,
        ..Failure::exchanging(error).at_proxy()
    };
    let wrong = |text| Failure::unsent(FailureKind::ConnectFailed, Cause::ProxyText(text));
    stream.write_all(connect.as_bytes()).await.map_err(failed)?;
    let mut head = Vec::new();
    let mut seen = [0; 1024];
    while !head.ends_with(b"\r\n\r\n") {
        let count = stream.peek(&mut seen).await.map_err(failed)?;
        if count == 0 {
            return Err(wrong("it closed the connection instead of answering CONNECT"));
        }
        if head.len() + count > MAX_HEAD {
            return Err(wrong("its answer to CONNECT has a head of more than 16 KiB"));
        }
        let before = head.len();
        head.extend_from_slice(&seen[..count]);
        // The target may speak first, so not a byte more than the head may be taken from the stream.
        let from = before.saturating_sub(3);
        if let Some(end) = head[from..].windows(4).position(|four| four == b"\r\n\r\n") {
            head.truncate(from + end + 4);
        }
        let taken = head.len() - before;
        stream
            .read_exact(&mut head[before..before + taken])
            .await
            .map_err(failed)?;
    }
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    match response.parse(&head).ok().and(response.code) {
        Some(200..300) => Ok(()),
        Some(status) => Err(Failure::unsent(FailureKind::ConnectFailed, Cause::ProxyStatus(status))),
        None => Err(wrong("its answer to CONNECT is not HTTP")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_sent_and_never_shown() {
        let proxy: ProxySettings = "http://me:s%40cret@proxy.example:3128".parse().unwrap();
        assert_eq!(proxy.to_string(), "http://proxy.example:3128/");
        assert!(!format!("{proxy:?}").contains("cret"));
        let target: Target = "https://host/a".parse().unwrap();
        let ProxyUse::Tunnel { connect } = ProxyUse::new(&proxy, &target, false) else {
            panic!("https goes through a tunnel");
        };
        assert!(
            connect.starts_with("CONNECT host:443 HTTP/1.1\r\nHost: host:443\r\n"),
            "{connect}"
        );
        // me:s@cret
        assert!(
            connect.contains("\r\nProxy-Authorization: Basic bWU6c0BjcmV0\r\n"),
            "{connect}"
        );
        let target: Target = "http://[::1]/a".parse().unwrap();
        let forward = ProxyUse::new(&proxy, &target, false);
        assert!(matches!(forward, ProxyUse::Forward { origin, .. } if origin == "http://[::1]"));
        let tunnel = ProxyUse::new(&proxy, &target, true);
        assert!(matches!(tunnel, ProxyUse::Tunnel { connect } if connect.starts_with("CONNECT [::1]:80 ")));
    }

    #[test]
    fn only_http_proxies_are_taken() {
        assert!("proxy:3128".parse::<ProxySettings>().is_ok());
        for text in ["https://proxy:3128", "socks5://proxy", "http://proxy/path", ""] {
            let error = text.parse::<ProxySettings>().unwrap_err();
            assert!(error.to_string().contains("proxy.example.com:3128"), "{text}");
        }
    }
}
