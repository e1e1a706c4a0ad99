//! Where figures go.

use std::fmt;
use std::path::PathBuf;

use reqwest::header::HeaderValue;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::tls::TlsSettings;

/// Settings of a run's output to InfluxDB.
#[derive(Clone, Debug)]
pub struct InfluxSettings {
    /// Where figures go.
    pub destination: Destination,
    /// What allows it.
    pub token: Token,
    /// How InfluxDB is trusted where its URL is https.
    pub tls: TlsSettings,
    /// Where a folder is made for what InfluxDB does not take in time.
    pub spool: PathBuf,
}

/// A bucket of an InfluxDB.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawDestination")]
pub struct Destination {
    url: String,
    org: String,
    bucket: String,
}

#[derive(Deserialize)]
struct RawDestination {
    url: String,
    org: String,
    bucket: String,
}

impl TryFrom<RawDestination> for Destination {
    type Error = SettingsError;

    fn try_from(raw: RawDestination) -> Result<Self, SettingsError> {
        Self::new(&raw.url, &raw.org, &raw.bucket)
    }
}

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum SettingsError {
    #[error("the InfluxDB URL `{url}` cannot be used: {reason}; write e.g. http://influxdb:8086")]
    Url { url: String, reason: String },
    #[error("the InfluxDB {what} is empty; give its name")]
    Empty { what: &'static str },
    #[error("InfluxDB needs a token; put it into the variable INFLUX_TOKEN or into a file for --influx-token-file")]
    NoToken,
    #[error("the InfluxDB token cannot be used: it is empty or has characters that no token has; copy it again")]
    Token,
    #[error("the token file {path} cannot be used: {reason}; give a file with the token alone")]
    TokenFile { path: String, reason: String },
}

impl Destination {
    /// The organisation that the monitor host has.
    pub const DEFAULT_ORG: &str = "marketboro";
    /// The bucket for load runs there.
    pub const DEFAULT_BUCKET: &str = "loadgen";

    /// A bucket by the names of its organisation and itself, at an InfluxDB's base URL.
    ///
    /// # Errors
    /// The URL is none, holds secrets or is neither http nor https; a name is empty.
    pub fn new(url: &str, org: &str, bucket: &str) -> Result<Self, SettingsError> {
        let wrong = |reason: &str| SettingsError::Url {
            url: crate::target::redact(url),
            reason: reason.to_owned(),
        };
        let text = if url.contains("://") {
            url.to_owned()
        } else {
            format!("http://{url}")
        };
        let parsed = Url::parse(&text).map_err(|error| wrong(&error.to_string()))?;
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(wrong("it is neither http nor https"));
        }
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err(wrong("it holds a user or a password, and a token is used instead"));
        }
        if parsed.query().is_some() || parsed.fragment().is_some() {
            return Err(wrong("it has a part after `?` or `#`"));
        }
        for (what, name) in [("organisation", org), ("bucket", bucket)] {
            if name.trim().is_empty() {
                return Err(SettingsError::Empty { what });
            }
        }
        Ok(Self {
            url: parsed.as_str().trim_end_matches('/').to_owned(),
            org: org.to_owned(),
            bucket: bucket.to_owned(),
        })
    }

    /// The base URL, without a slash at its end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The organisation.
    pub fn org(&self) -> &str {
        &self.org
    }

    /// The bucket.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// Where points are posted.
    pub(super) fn write_url(&self) -> Result<Url, SettingsError> {
        let wrong = |error: url::ParseError| SettingsError::Url {
            url: self.url.clone(),
            reason: error.to_string(),
        };
        let mut url = Url::parse(&format!("{}/api/v2/write", self.url)).map_err(wrong)?;
        url.query_pairs_mut()
            .append_pair("org", &self.org)
            .append_pair("bucket", &self.bucket)
            .append_pair("precision", "ns");
        Ok(url)
    }
}

/// A secret that allows to write; never shown.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// A token as text; white space around it is left out.
    ///
    /// # Errors
    /// It is empty, or cannot be sent as a header field.
    pub fn new(text: &str) -> Result<Self, SettingsError> {
        let text = text.trim();
        if text.is_empty() || HeaderValue::from_str(text).is_err() {
            return Err(SettingsError::Token);
        }
        Ok(Self(text.to_owned()))
    }

    pub(super) fn header(&self) -> Result<HeaderValue, SettingsError> {
        let mut value = HeaderValue::from_str(&format!("Token {}", self.0)).map_err(|_| SettingsError::Token)?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// The text with every mention of the token replaced.
    pub(super) fn redact(&self, text: &str) -> String {
        text.replace(&self.0, "***")
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_is_a_base_url_without_secrets() {
        let url = |text: &str| Destination::new(text, "o", "b").map(|destination| destination.url);
        assert_eq!(url("influxdb:8086").unwrap(), "http://influxdb:8086");
        assert_eq!(url("https://host/influx/").unwrap(), "https://host/influx");
        for text in [
            "ftp://host",
            "http://me:secret@host",
            "http://host/?token=secret",
            "http://",
        ] {
            let error = url(text).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
        let write = Destination::new("http://host/influx", "a b&c", "d")
            .unwrap()
            .write_url()
            .unwrap();
        assert_eq!(
            write.as_str(),
            "http://host/influx/api/v2/write?org=a+b%26c&bucket=d&precision=ns"
        );
    }

    #[test]
    fn a_token_is_never_shown() {
        let token = Token::new(" secret\n").unwrap();
        assert_eq!(
            format!("{token:?} {}", token.redact("no secret here")),
            "Token(***) no *** here"
        );
        assert!(Token::new(" ").is_err() && Token::new("a\nb").is_err());
    }
}
