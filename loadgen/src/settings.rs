//! What a run is to do.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use crate::scenario::{RequestSpec, Scenario};
use crate::target::Target;
use crate::threshold::Threshold;
use crate::transport::TransportSettings;

/// A header field: name and value.
pub type Header = (String, String);

/// Characters a run id may have at most.
const LONGEST_RUN_ID: usize = 64;

/// Identifies a run in every output; 1 to 64 characters of `A-Z a-z 0-9 . _ -`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunId(String);

/// A text that is no run id.
#[derive(Debug, thiserror::Error)]
#[error("a run id has 1 to 64 characters of A-Z a-z 0-9 . _ -")]
pub struct InvalidRunId;

impl RunId {
    /// A new id: the time in UTC, so that ids sort, and something random, so that they differ.
    pub fn generate() -> Self {
        let time = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
        let digits: String = time.chars().filter(char::is_ascii_alphanumeric).collect();
        Self(format!("{digits}-{:06x}", fastrand::u32(..1 << 24)))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RunId {
    type Err = InvalidRunId;

    fn from_str(text: &str) -> Result<Self, InvalidRunId> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        if text.is_empty() || text.len() > LONGEST_RUN_ID || !text.bytes().all(allowed) {
            return Err(InvalidRunId);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Everything [`crate::run`] needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The URL under load; the base URL of scenarios.
    pub target: Target,
    /// What is sent.
    pub scenario: Scenario,
    /// Header fields sent with every request besides those loadgen sets itself.
    pub headers: Vec<Header>,
    /// Virtual users, at least 1.
    pub vus: u32,
    /// How long new requests are sent.
    pub duration: Duration,
    /// How long a virtual user waits after each request.
    pub think_time: Duration,
    /// How long a request may take, opening a connection included.
    pub timeout: Duration,
    /// How long requests in flight may go on when the load has ended.
    pub graceful_stop: Duration,
    /// Identifies the run.
    pub run_id: RunId,
    /// Verdicts to give.
    pub thresholds: Vec<Threshold>,
    /// Whether requests carry `traceparent` and `baggage`.
    pub trace_headers: bool,
    /// How requests travel.
    pub transport: TransportSettings,
    /// The command line for the record, already redacted.
    pub command: String,
}

impl Settings {
    /// Default number of virtual users.
    pub const DEFAULT_VUS: u32 = 10;

    /// GET requests to a target, everything else by default.
    pub fn new(target: Target) -> Self {
        Self {
            target,
            scenario: Scenario::Request(RequestSpec {
                method: "GET".to_owned(),
                body: None,
            }),
            headers: Vec::new(),
            vus: Self::DEFAULT_VUS,
            duration: Duration::from_secs(30),
            think_time: Duration::ZERO,
            timeout: Duration::from_secs(10),
            graceful_stop: Duration::from_secs(30),
            run_id: RunId::generate(),
            thresholds: Vec::new(),
            trace_headers: true,
            transport: TransportSettings::default(),
            command: String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_ids_are_bounded_and_plain() {
        assert!("Nightly_2.1-a".parse::<RunId>().is_ok());
        assert!(RunId::generate().to_string().parse::<RunId>().is_ok());
        for text in ["", "a b", "é", "a/b", &"x".repeat(65)] {
            assert!(text.parse::<RunId>().is_err(), "{text}");
        }
    }
}
