//! What a run found out: the document that `--summary-json` writes and every other output is drawn from.
//!
//! The JSON form is a public format, described by `loadgen/summary.schema.json` and versioned by [`SCHEMA`]:
//! later versions add fields, they never rename, remove or change the unit of one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::run_info::{Environment, LoadModel};

/// Version of the summary format.
pub const SCHEMA: u32 = 1;

/// The figures of one run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Summary {
    /// Version of this format, [`SCHEMA`].
    pub schema: u32,
    /// Identifies the run in every output; also sent to the target as `baggage: loadgen.run_id=…`.
    pub run_id: String,
    /// Version of the generator that wrote this.
    pub loadgen_version: String,
    /// The command line as typed, with header values, tokens and passwords redacted.
    pub command: String,
    /// `request` for a plain URL, otherwise the name of the scenario.
    pub scenario: String,
    /// The URL under load, without user information.
    pub target: String,
    /// RFC 3339, UTC: the instant the first counted request was sent.
    pub started_at: String,
    /// Seconds from `started_at` until the last counted request ended.
    pub duration_s: f64,
    /// Virtual users at most at a time.
    pub vus: u32,
    /// How iterations were started.
    pub model: LoadModel,
    /// The load in words, e.g. `500/s for 1m`.
    pub load: String,
    /// The generators whose figures these are, by their segments; `1/1` for a run of one.
    pub generators: Vec<String>,
    /// Whatever `--tag` said.
    pub tags: BTreeMap<String, String>,
    /// True when Ctrl-C or SIGTERM ended the run early.
    pub interrupted: bool,
    /// Requests that ended, failed ones included.
    pub requests: u64,
    /// `requests` per second of `duration_s`.
    pub rate: f64,
    /// Requests that got no answer or an answer the step did not expect.
    pub failed: u64,
    /// Iterations that were due (open model; always 0 in the closed one).
    pub due: u64,
    /// Iterations that could not be started on time (open model; always 0 in the closed one).
    pub dropped: u64,
    /// Requests by status code or, where there was no answer, by kind of error.
    pub status: BTreeMap<String, u64>,
    /// Every kind of failure with one example of it, most frequent first.
    pub errors: Vec<ErrorKind>,
    /// Latency of every request, failed ones included.
    pub latency_ms: Latency,
    /// Latency from the instant of sending instead of the scheduled one; `None` in the closed model, where the two
    /// are the same.
    pub uncorrected_latency_ms: Option<Latency>,
    /// Bytes written to sockets, TLS framing left out.
    pub bytes_sent: u64,
    /// Bytes read from sockets, TLS framing left out.
    pub bytes_received: u64,
    /// The same figures by step.
    pub steps: BTreeMap<String, Step>,
    /// What the checks of the scenario found, in its order.
    pub checks: Vec<Check>,
    /// The verdict on every threshold, in the order given.
    pub thresholds: Vec<ThresholdResult>,
    /// How the generator itself fared.
    pub generator: Generator,
    /// Where the generator ran; of several, the first.
    pub environment: Environment,
    /// The slowest requests, slowest first, to be looked up in the trace store.
    pub slowest: Vec<TracedRequest>,
    /// Some of the requests that failed: the first ones of each kind, in the order in which they ended.
    pub failures: Vec<TracedRequest>,
}

/// The figures of one step.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Step {
    /// Requests that ended, failed ones included.
    pub requests: u64,
    /// `requests` per second of the run.
    pub rate: f64,
    /// Requests that got no answer or an answer the step did not expect.
    pub failed: u64,
    /// Requests by status code or kind of error.
    pub status: BTreeMap<String, u64>,
    /// Latency of every request, failed ones included.
    pub latency_ms: Latency,
    /// See [`Summary::uncorrected_latency_ms`].
    pub uncorrected_latency_ms: Option<Latency>,
    /// Bytes written to sockets.
    pub bytes_sent: u64,
    /// Bytes read from sockets.
    pub bytes_received: u64,
    /// The step's tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// One check of a scenario.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Check {
    /// The step it belongs to.
    pub step: String,
    /// What it asks for.
    pub name: String,
    /// Answers that met it.
    pub passed: u64,
    /// Answers that did not; such a request has failed.
    pub failed: u64,
}

/// Latency in milliseconds, read from an HDR histogram of three significant digits. All zero without requests.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the figures")]
pub struct Latency {
    pub min: f64,
    pub mean: f64,
    pub p50: f64,
    pub p90: f64,
    pub p95: f64,
    pub p99: f64,
    pub p99_9: f64,
    pub max: f64,
}

impl Latency {
    /// From latencies in nanoseconds, of which there are some; `at` gives the one that a share of 1 does not exceed.
    pub(crate) fn of(min: u64, mean: f64, max: u64, at: impl Fn(f64) -> u64) -> Self {
        let ms = |nanoseconds: u64| nanoseconds as f64 / 1e6;
        Self {
            min: ms(min),
            mean: mean / 1e6,
            p50: ms(at(0.5)),
            p90: ms(at(0.9)),
            p95: ms(at(0.95)),
            p99: ms(at(0.99)),
            p99_9: ms(at(0.999)),
            max: ms(max),
        }
    }
}

/// A kind of failure: an unexpected status, or an error that left a request without an answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ErrorKind {
    /// A key of [`Summary::status`].
    pub kind: String,
    /// How many requests ended so.
    pub count: u64,
    /// What the first of them met, as one sentence; for a redirect, where it points.
    pub example: String,
}

/// The verdict on one threshold.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ThresholdResult {
    /// As typed, e.g. `create: p(95)<100ms`.
    pub expression: String,
    /// The figure it was held against, in the unit of the expression (milliseconds, requests per second, share of 1,
    /// count); `None` if no request gave one, which fails the threshold.
    pub value: Option<f64>,
    /// Whether the figure meets the expression; with a window, whether every window does.
    pub passed: bool,
    /// How far the figure is beyond the bound, as a share of the bound, e.g. 0.2 for 300 ms where 250 ms were allowed;
    /// `None` if it passed, or if the bound is 0.
    pub exceeded_by: Option<f64>,
    /// Seconds after `started_at` when the figure, taken over the run so far or over the window, first failed to meet
    /// the expression; `None` if it never did. A figure over the whole run may recover from it. What only grows, such as
    /// `count>=1000`, is judged at the end of the run.
    pub first_crossed_s: Option<f64>,
    /// One sentence where it was not judged quite as the expression says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The generator's own health during the run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Generator {
    /// CPU time used by the generator's threads, as a percentage of one core; of several generators, the busiest.
    pub cpu_percent: f64,
    /// 99th percentile of how late the generator acted on iterations that were due (in the closed model: on a timer),
    /// milliseconds.
    pub lag_ms_p99: f64,
    /// True when the generator, not the target, was the bottleneck, so that the latencies are its own.
    pub saturated: bool,
    /// Why `saturated` is true, one sentence each that says what to do.
    pub reasons: Vec<String>,
}

/// A request to be looked up in the trace store.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TracedRequest {
    /// 32 hex digits, as sent in `traceparent`; empty if none was sent.
    pub trace_id: String,
    /// Whether the target was asked to record the trace.
    pub sampled: bool,
    /// Where the trace can be looked at: `--trace-url` filled in, if given and sampled.
    pub trace_url: Option<String>,
    /// Seconds after `started_at` when it ended.
    pub ended_s: f64,
    /// Milliseconds.
    pub latency_ms: f64,
    /// A key of [`Summary::status`].
    pub status: String,
    /// The step that sent it.
    pub step: String,
}

/// One interval of the run. Intervals are contiguous and of equal length, except a shorter last one; a long run has
/// longer intervals, so that their number is bounded.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct TimelinePoint {
    /// Start of the interval, seconds since the run began.
    pub start_s: f64,
    /// Length of the interval, seconds.
    pub length_s: f64,
    /// Requests that ended in it.
    pub requests: u64,
    /// Of these, the failed ones.
    pub failed: u64,
    /// Latency of the requests that ended in it.
    pub latency_ms: Latency,
    /// Iterations that were due in it; 0 in the closed model.
    pub due: u64,
    /// Of these, the dropped ones.
    pub dropped: u64,
    /// Virtual users at its end.
    pub vus: u32,
    /// CPU time used by the generator's threads, as a percentage of one core.
    pub cpu_percent: f64,
    /// See [`Generator::lag_ms_p99`].
    pub lag_ms_p99: f64,
}

/// A range of latencies and how many requests fell into it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct DistributionBucket {
    /// Lower bound, milliseconds, exclusive.
    pub from_ms: f64,
    /// Upper bound, milliseconds, inclusive.
    pub to_ms: f64,
    /// Requests.
    pub count: u64,
}

/// A percentile and its latency.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct SpectrumPoint {
    /// 0 to 100; denser towards 100.
    pub percentile: f64,
    /// Milliseconds.
    pub latency_ms: f64,
    /// See [`Summary::uncorrected_latency_ms`].
    pub uncorrected_latency_ms: Option<f64>,
}

/// How latencies were distributed over time.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Heatmap {
    /// Bounds of the rows in milliseconds, ascending, growing geometrically; one more than there are rows. A row's
    /// lower bound is exclusive, its upper one inclusive.
    pub bounds_ms: Vec<f64>,
    /// For each point of the timeline, the requests in each row.
    pub columns: Vec<Vec<u64>>,
}

/// Everything that is known of a finished run: what the HTML report is drawn from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunResult {
    /// The figures.
    pub summary: Summary,
    /// The run over time.
    pub timeline: Vec<TimelinePoint>,
    /// How latencies are distributed: buckets in ascending order, growing geometrically, without gaps.
    pub distribution: Vec<DistributionBucket>,
    /// The latency at every percentile of interest, ascending.
    pub spectrum: Vec<SpectrumPoint>,
    /// The distribution over time.
    pub heatmap: Heatmap,
}
