//! What a run is to do.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use crate::load::{Load, Ramp};
use crate::scenario::{RequestSpec, Scenario};
use crate::segment::Segment;
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
    /// How much load is offered over time, by all generators of the run together.
    pub load: Load,
    /// Iterations of all generators of the run together, after which the load ends even if its time is not over.
    pub iterations: Option<u64>,
    /// Load offered before the load itself, at its first value, and kept out of the figures.
    pub warm_up: Duration,
    /// When the load, warm-up included, begins; by default as soon as the target has answered.
    pub start_at: Option<SystemTime>,
    /// This generator's share of the run.
    pub segment: Segment,
    /// How long a virtual user waits after each request of a step without a think time of its own; in the open model
    /// only between the requests of an iteration.
    pub think_time: Duration,
    /// How long a request may take, opening a connection included.
    pub timeout: Duration,
    /// How long requests in flight may go on when the load has ended.
    pub graceful_stop: Duration,
    /// Identifies the run.
    pub run_id: RunId,
    /// Names and values that describe the run in every output.
    pub tags: BTreeMap<String, String>,
    /// Verdicts to give.
    pub thresholds: Vec<Threshold>,
    /// Whether a threshold that is crossed ends the run.
    pub abort_on_threshold: bool,
    /// How requests can be found in a trace store.
    pub trace: TraceSettings,
    /// How requests travel.
    pub transport: TransportSettings,
    /// The command line for the record, already redacted.
    pub command: String,
}

/// How requests can be found in a trace store.
#[derive(Clone, Debug)]
pub struct TraceSettings {
    /// Whether requests carry `traceparent` and `baggage`.
    pub headers: bool,
    /// Share of the requests, 0 to 1, whose traces the target is asked to record.
    pub sample: f64,
    /// Where a trace can be looked at, with `{trace_id}` in place of the id.
    pub url: Option<String>,
}

impl Default for TraceSettings {
    fn default() -> Self {
        Self {
            headers: true,
            sample: 1.0,
            url: None,
        }
    }
}

impl Settings {
    /// Default number of virtual users.
    pub const DEFAULT_VUS: u32 = 10;
    /// How long a load goes on that only its number of iterations ends.
    pub const UNTIMED: Duration = Duration::from_secs(30 * 24 * 3600);

    /// GET requests to a target, everything else by default.
    pub fn new(target: Target) -> Self {
        Self {
            target,
            scenario: Scenario::request(RequestSpec {
                method: "GET".to_owned(),
                body: None,
            }),
            headers: Vec::new(),
            load: Load::Closed {
                vus: Ramp::constant(f64::from(Self::DEFAULT_VUS), Duration::from_secs(30)),
            },
            iterations: None,
            warm_up: Duration::ZERO,
            start_at: None,
            segment: Segment::WHOLE,
            think_time: Duration::ZERO,
            timeout: Duration::from_secs(10),
            graceful_stop: Duration::from_secs(30),
            run_id: RunId::generate(),
            tags: BTreeMap::new(),
            thresholds: Vec::new(),
            abort_on_threshold: false,
            trace: TraceSettings::default(),
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
