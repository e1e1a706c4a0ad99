//! What a search for a target's capacity found out: the document that `loadgen capacity` writes.
//!
//! The JSON form is a public format, versioned by [`SCHEMA`]: later versions add fields, they never rename, remove or
//! change the unit of one.

use serde::{Deserialize, Serialize};

use crate::run_info::{Environment, RunInfo};
use crate::summary::{Generator, Latency, ThresholdResult};

/// Version of the format.
pub const SCHEMA: u32 = 1;

/// The outcome of a search.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CapacityResult {
    /// Version of this format, [`SCHEMA`].
    pub schema: u32,
    /// What was put under load, and how.
    pub run: RunInfo,
    /// RFC 3339, UTC.
    pub started_at: String,
    /// Seconds that the search took.
    pub duration_s: f64,
    /// The objectives, as typed.
    pub objectives: Vec<String>,
    /// The highest rate, in iterations per second, that was confirmed to meet every objective; `None` if not even the
    /// lowest one did.
    pub rate: Option<f64>,
    /// The lowest rate that was confirmed to miss one; `None` if none did.
    pub failing_rate: Option<f64>,
    /// The capacity lies between these with [`Self::confidence`].
    pub interval: Option<(f64, f64)>,
    /// A share of 1.
    pub confidence: f64,
    /// Why the search ended, one sentence.
    pub conclusion: String,
    /// Why the lowest failing rate failed, one sentence; `None` if there is none.
    pub limit: Option<String>,
    /// Every rate that was tried, in the order of trying.
    pub probes: Vec<Probe>,
    /// True when the search was interrupted or ran out of time.
    pub interrupted: bool,
    /// Where the generator ran.
    pub environment: Environment,
}

/// One rate that was held for a while.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Probe {
    /// What it was for.
    pub phase: Phase,
    /// Seconds after the search began.
    pub started_s: f64,
    /// Seconds that counted, settling left out.
    pub duration_s: f64,
    /// Iterations per second asked for.
    pub rate: f64,
    /// Iterations per second that were started.
    pub achieved_rate: f64,
    /// Requests that ended.
    pub requests: u64,
    /// Of these, the failed ones.
    pub failed: u64,
    /// Iterations that could not be started on time.
    pub dropped: u64,
    /// Latency from the instant iterations were due.
    pub latency_ms: Latency,
    /// The verdict on every objective.
    pub objectives: Vec<ThresholdResult>,
    /// How the generator fared.
    pub generator: Generator,
    /// Whether the rate was borne.
    pub passed: bool,
    /// Why not, one sentence; empty if it was.
    pub reason: String,
}

/// The phases of a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Raising the rate until an objective is missed.
    Ramp,
    /// Narrowing down between a rate that passed and one that failed.
    Bisect,
    /// Trying a rate again to be sure.
    Confirm,
}

impl Phase {
    /// In words.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ramp => "ramp",
            Self::Bisect => "bisect",
            Self::Confirm => "confirm",
        }
    }
}
