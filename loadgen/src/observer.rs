//! Who watches a run.

use std::time::Duration;

use crate::interval::Interval;
use crate::run_info::RunInfo;
use crate::summary::{Latency, RunResult};

/// Is told how a run goes, on the thread that called [`crate::run`]; must not block.
pub trait Observer {
    /// Something the user should know, one line.
    fn note(&mut self, _text: &str) {}

    /// A new stage of the run begins.
    fn stage(&mut self, _stage: RunStage) {}

    /// The load begins, warm-up left out.
    fn begin(&mut self, _info: &RunInfo) {}

    /// How the load goes, about four times a second.
    fn progress(&mut self, _snapshot: &Snapshot) {}

    /// The figures of one second are complete. They come in order, each once; seconds of the warm-up do not come.
    fn interval(&mut self, _interval: &Interval) {}

    /// The run is over.
    fn end(&mut self, _result: &RunResult) {}
}

/// The stages of a run, as people see them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunStage {
    /// The scenario creates what it needs.
    SetUp,
    /// Load whose figures do not count.
    WarmUp,
    /// Load.
    Load,
    /// Requests in flight may end.
    GracefulStop,
    /// The scenario removes what it created.
    CleanUp,
}

impl RunStage {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::SetUp => "set-up",
            Self::WarmUp => "warm-up",
            Self::Load => "load",
            Self::GracefulStop => "graceful stop",
            Self::CleanUp => "clean-up",
        }
    }
}

/// Figures of a run under way.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Since the load began, warm-up included.
    pub elapsed: Duration,
    /// How long it is to last, warm-up included; `None` if a number of iterations ends it.
    pub duration: Option<Duration>,
    /// Iterations done and to do, if their number ends the run.
    pub iterations: Option<(u64, u64)>,
    /// Iterations per second that the schedule asks for now; `None` in the closed model.
    pub target_rate: Option<f64>,
    /// Virtual users.
    pub vus: u32,
    /// Virtual users at most.
    pub max_vus: u32,
    /// Requests that ended so far.
    pub requests: u64,
    /// Of these, the failed ones.
    pub failed: u64,
    /// Iterations that could not be started on time so far.
    pub dropped: u64,
    /// Requests per second, during the last whole second.
    pub rate: f64,
    /// Latency during the last whole second.
    pub latency_ms: Latency,
    /// Latency of the whole run so far.
    pub total_latency_ms: Latency,
    /// Latencies of the last ten seconds: counts in buckets of equal width on a logarithmic scale, ascending.
    pub histogram: Vec<HistogramBar>,
    /// What failed so far, by kind, most frequent first.
    pub errors: Vec<(String, u64)>,
    /// The steps so far, in the scenario's order.
    pub steps: Vec<StepSnapshot>,
    /// The generator during the last whole second.
    pub generator: GeneratorSnapshot,
    /// Thresholds as they stand, in the order given.
    pub thresholds: Vec<ThresholdSnapshot>,
}

/// One bar of a histogram.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HistogramBar {
    /// Upper bound, milliseconds.
    pub to_ms: f64,
    /// Requests.
    pub count: u64,
}

/// A step of a run under way.
#[derive(Clone, Debug)]
pub struct StepSnapshot {
    /// Its name.
    pub name: String,
    /// Requests that ended so far.
    pub requests: u64,
    /// Of these, the failed ones.
    pub failed: u64,
    /// Requests per second, during the last whole second.
    pub rate: f64,
    /// Latency of the run so far.
    pub latency_ms: Latency,
}

/// The generator's health under way.
#[derive(Clone, Copy, Debug, Default)]
pub struct GeneratorSnapshot {
    /// CPU time of its threads, as a percentage of one core.
    pub cpu_percent: f64,
    /// Threads, each of which can use one core.
    pub threads: u32,
    /// 99th percentile of how late it acted, milliseconds.
    pub lag_ms_p99: f64,
    /// Whether it is the bottleneck.
    pub saturated: bool,
}

/// A threshold under way.
#[derive(Clone, Debug)]
pub struct ThresholdSnapshot {
    /// As typed.
    pub expression: String,
    /// The figure, with its unit; empty while there is none.
    pub value: String,
    /// Whether it is met as things stand.
    pub passed: bool,
}
