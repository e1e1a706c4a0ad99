//! The URL under load.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use url::{Host, Url};

/// Whether requests travel in the clear or over TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// `http`
    Http,
    /// `https`
    Https,
}

/// Where requests go: scheme, host, port, path and query.
#[derive(Clone, Debug)]
pub struct Target {
    url: Url,
    scheme: Scheme,
    scheme_typed: bool,
}

/// Why a text is not a URL that can be put under load.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// The text is no URL at all.
    #[error("`{text}` is not a URL ({reason}); write e.g. http://localhost:8080/items/1")]
    Malformed {
        /// What was typed, without user information.
        text: String,
        /// What the parser objects to.
        reason: String,
    },
    /// The scheme is neither http nor https.
    #[error("the scheme `{0}` is not supported; use http or https")]
    Scheme(String),
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let scheme_typed =
            text.contains("://") && !text.split("://").next().unwrap_or_default().contains(['/', '?', '#']);
        let full = if scheme_typed {
            text.to_owned()
        } else {
            format!("http://{text}")
        };
        let mut url = Url::parse(&full).map_err(|error| TargetError::Malformed {
            text: redact_user_info(text),
            reason: error.to_string(),
        })?;
        let scheme = match url.scheme() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            other => return Err(TargetError::Scheme(other.to_owned())),
        };
        url.set_fragment(None);
        Ok(Self {
            url,
            scheme,
            scheme_typed,
        })
    }
}

impl Target {
    /// The scheme in use.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Whether the user wrote the scheme; only where not may a redirect to https change it.
    pub fn scheme_typed(&self) -> bool {
        self.scheme_typed
    }

    /// The host as TLS and DNS want it: no brackets around an IPv6 address.
    pub fn host(&self) -> String {
        match self.url.host() {
            Some(Host::Ipv6(address)) => address.to_string(),
            Some(host) => host.to_string(),
            None => String::new(),
        }
    }

    /// The port, by default the scheme's.
    pub fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or(80)
    }

    /// The value of the `Host` header.
    pub fn authority(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        match self.url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    /// Host and port, the port even where it is the scheme's own.
    pub(crate) fn authority_with_port(&self) -> String {
        format!("{}:{}", self.url.host_str().unwrap_or_default(), self.port())
    }

    /// The root of the target, without user information.
    pub(crate) fn origin(&self) -> Url {
        let mut url = self.without_user_info();
        url.set_path("/");
        url.set_query(None);
        url
    }

    fn without_user_info(&self) -> Url {
        let mut url = self.url.clone();
        // Both only fail for URLs without a host, which a target never is.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url
    }

    /// The request target of a plain request.
    pub fn path_and_query(&self) -> String {
        match self.url.query() {
            Some(query) => format!("{}?{query}", self.url.path()),
            None => self.url.path().to_owned(),
        }
    }

    /// The path without a slash at its end, to be continued by a scenario's own paths.
    pub fn base_path(&self) -> &str {
        self.url.path().trim_end_matches('/')
    }

    /// The `Authorization` value for user information in the URL, as curl sends it.
    pub fn basic_authorization(&self) -> Option<String> {
        if self.url.username().is_empty() && self.url.password().is_none() {
            return None;
        }
        let decode = |text: &str| {
            url::form_urlencoded::parse(format!("v={}", text.replace('+', "%2B")).as_bytes())
                .next()
                .map(|(_, value)| value.into_owned())
                .unwrap_or_default()
        };
        let pair = format!(
            "{}:{}",
            decode(self.url.username()),
            decode(self.url.password().unwrap_or_default())
        );
        Some(format!("Basic {}", STANDARD.encode(pair)))
    }

    /// The https target that a redirect of this one leads to: `location` must be https on the same host, and no scheme
    /// may have been typed.
    pub fn upgraded_by(&self, location: &str) -> Option<Self> {
        if self.scheme_typed || self.scheme == Scheme::Https {
            return None;
        }
        let location = self.url.join(location).ok()?;
        if location.scheme() != "https" || location.host() != self.url.host() {
            return None;
        }
        let mut url = self.url.clone();
        url.set_scheme("https").ok()?;
        url.set_port(location.port()).ok()?;
        Some(Self {
            url,
            scheme: Scheme::Https,
            scheme_typed: false,
        })
    }
}

/// The URL without user information, and without the values of query parameters that look like secrets.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&redact_query(self.without_user_info().as_str()))
    }
}

/// A text that may be a URL, without user information and secrets in its query.
pub fn redact(text: &str) -> String {
    redact_query(&redact_user_info(text))
}

/// Replaces user information in something that may be a URL, as lenient as those who read URLs: they pass over tabs and
/// line feeds, and over slashes too many before the host, which may lean the other way.
fn redact_user_info(text: &str) -> String {
    let read = text.replace(['\t', '\n', '\r'], "");
    // Without a scheme the host comes first, and `:/` may stand anywhere.
    let after_scheme = read.find(":/").or(read.find(":\\")).map(|at| at + 1);
    for start in [Some(0), after_scheme].into_iter().flatten() {
        let start = start + read[start..].find(|c| !['/', '\\'].contains(&c)).unwrap_or(0);
        let authority_end = read[start..]
            .find(['/', '\\', '?', '#'])
            .map_or(read.len(), |at| start + at);
        if let Some(at) = read[start..authority_end].rfind('@') {
            return format!("{}***@{}", &read[..start], &read[start + at + 1..]);
        }
    }
    text.to_owned()
}

/// Replaces the values of query parameters whose names speak of secrets.
fn redact_query(text: &str) -> String {
    let Some((before, query)) = text.split_once('?') else {
        return text.to_owned();
    };
    let redacted: Vec<String> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, _)) if is_secret_name(name) => format!("{name}=***"),
            _ => pair.to_owned(),
        })
        .collect();
    format!("{before}?{}", redacted.join("&"))
}

/// Whether a name speaks of a secret.
pub(crate) fn is_secret_name(name: &str) -> bool {
    const SECRETS: [&str; 8] = [
        "token",
        "secret",
        "password",
        "passwd",
        "signature",
        "credential",
        "api_key",
        "apikey",
    ];
    let name = name.to_ascii_lowercase().replace('-', "_");
    name == "key" || name == "sig" || name == "code" || SECRETS.iter().any(|secret| name.contains(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_without_a_scheme_is_http() {
        let target: Target = "www.example.com/items/1?a=b#c".parse().unwrap();
        assert_eq!(target.scheme(), Scheme::Http);
        assert!(!target.scheme_typed());
        assert_eq!((target.authority().as_str(), target.port()), ("www.example.com", 80));
        assert_eq!(target.path_and_query(), "/items/1?a=b");
        let target: Target = "localhost:8080".parse().unwrap();
        assert_eq!(
            (target.authority().as_str(), target.path_and_query().as_str()),
            ("localhost:8080", "/")
        );
        let target: Target = "host/go?to=http://elsewhere".parse().unwrap();
        assert!(!target.scheme_typed());
    }

    #[test]
    fn ipv6_hosts_lose_their_brackets_only_for_connecting() {
        let target: Target = "http://[::1]:81/".parse().unwrap();
        assert_eq!(
            (target.host().as_str(), target.authority().as_str()),
            ("::1", "[::1]:81")
        );
    }

    #[test]
    fn nonsense_is_refused() {
        assert!("ftp://host/".parse::<Target>().is_err());
        assert!("http://".parse::<Target>().is_err());
        assert!("http://host:99999/".parse::<Target>().is_err());
    }

    #[test]
    fn secrets_are_not_displayed() {
        let target: Target = "http://me:p%40ss@host/a?token=abc&x=1".parse().unwrap();
        assert_eq!(target.to_string(), "http://host/a?token=***&x=1");
        assert_eq!(
            target.basic_authorization().unwrap(),
            format!("Basic {}", STANDARD.encode("me:p@ss"))
        );
        assert_eq!(redact_user_info("me:p@host/a"), "***@host/a");
    }

    #[test]
    fn only_https_on_the_same_host_upgrades() {
        let target: Target = "host/a".parse().unwrap();
        assert_eq!(
            target.upgraded_by("https://host/a").unwrap().to_string(),
            "https://host/a"
        );
        assert_eq!(
            target.upgraded_by("https://host:8443/b").unwrap().to_string(),
            "https://host:8443/a"
        );
        assert!(target.upgraded_by("https://other/a").is_none());
        assert!(target.upgraded_by("/b").is_none());
        assert!(
            "http://host/a"
                .parse::<Target>()
                .unwrap()
                .upgraded_by("https://host/a")
                .is_none()
        );
    }

    #[test]
    fn what_readers_of_urls_pass_over_hides_no_password() {
        for text in [
            "http:///me:secret@host/",
            r"http:\\me:secret@host",
            "http:/\n/me:secret@host",
            "//me:secret@host",
            "me:secret@host:/a",
            "\u{1}http://me:secret@host",
        ] {
            assert!(!redact(text).contains("secret"), "{text:?}");
        }
        assert_eq!(redact("http://host/users/@me"), "http://host/users/@me");
    }
}
