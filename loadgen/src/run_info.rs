//! What is known of a run before its first request.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

#[cfg(any(test, fuzzing))]
pub(crate) mod sample;

/// What a run is, as every output describes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunInfo {
    /// Identifies the run in every output; generators that share it belong to the same run.
    pub run_id: String,
    /// Version of the generator.
    pub loadgen_version: String,
    /// The command line as typed, with header values, tokens and passwords redacted.
    pub command: String,
    /// `request` for a plain URL, otherwise the name of the scenario.
    pub scenario: String,
    /// The URL under load, without user information.
    pub target: String,
    /// Whether iterations start when a virtual user is free or when a schedule says so.
    pub model: LoadModel,
    /// The load in words, e.g. `500/s for 1m`.
    pub load: String,
    /// Names this generator among those of the run: its segment, or `1/1`.
    pub generator: String,
    /// Whatever `--tag` said.
    pub tags: BTreeMap<String, String>,
    /// The steps, in the order of the figures.
    pub steps: Vec<StepInfo>,
    /// Milliseconds since the Unix epoch: when the load began, warm-up left out.
    pub started_at_ms: u64,
    /// Seconds for which iterations start, warm-up left out; `None` if only their number ends the load.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load_s: Option<f64>,
    /// The machine: what makes figures comparable, or not.
    pub environment: Environment,
}

/// How iterations are started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoadModel {
    /// A virtual user starts the next one when the last one has ended.
    Closed,
    /// A schedule says when one is due, whatever the target does.
    Open,
}

/// A step of the scenario.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepInfo {
    /// Its name.
    pub name: String,
    /// Its tags, by which thresholds can choose steps.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// The names of its checks, in the order of the figures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<String>,
}

/// Where a generator ran.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// Host name.
    pub host: String,
    /// Operating system and its kernel's version.
    pub os: String,
    /// Processor architecture.
    pub architecture: String,
    /// Cores that the generator could use.
    pub cores: u32,
}
