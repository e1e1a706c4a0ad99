//! The names of everything that a run writes to InfluxDB, for dashboards, alerts and queries to use.
//!
//! Every point carries [`RUN_ID_TAG`], [`SCENARIO_TAG`], [`GENERATOR_TAG`] and whatever `--tag` said. Its time is the
//! start of the second it is about. Latencies are in milliseconds, counts are integers.

/// Figures of one step in one second; carries [`STEP_TAG`].
pub const STEP_MEASUREMENT: &str = "loadgen_step";
/// How many requests of one step took how long in one second; carries [`STEP_TAG`]. Its fields are named by
/// [`bucket_fields`](super::buckets::bucket_fields).
pub const LATENCY_MEASUREMENT: &str = "loadgen_latency";
/// Figures of one generator in one second, over all its steps.
pub const GENERATOR_MEASUREMENT: &str = "loadgen_generator";
/// The start and the end of a run, for annotations; carries [`EVENT_TAG`].
pub const EVENT_MEASUREMENT: &str = "loadgen_event";

/// Identifies the run; its generators share it.
pub const RUN_ID_TAG: &str = "run_id";
/// Name of the scenario; `request` for a plain URL.
pub const SCENARIO_TAG: &str = "scenario";
/// Names the generator among those of the run, e.g. `2/5`.
pub const GENERATOR_TAG: &str = "generator";
/// Name of the step.
pub const STEP_TAG: &str = "step";
/// [`EVENT_START`] or [`EVENT_END`].
pub const EVENT_TAG: &str = "event";
/// The load began.
pub const EVENT_START: &str = "start";
/// The load has ended.
pub const EVENT_END: &str = "end";

/// Requests that ended, failed ones included.
pub const REQUESTS_FIELD: &str = "requests";
/// Of these, the failed ones.
pub const FAILED_FIELD: &str = "failed";
/// Requests per second; of an [`EVENT_END`], over the run.
pub const RATE_FIELD: &str = "rate";
/// Bytes written to sockets.
pub const BYTES_SENT_FIELD: &str = "bytes_sent";
/// Bytes read from sockets.
pub const BYTES_RECEIVED_FIELD: &str = "bytes_received";
/// Checks of the scenario that an answer did not meet.
pub const FAILED_CHECKS_FIELD: &str = "failed_checks";

/// Latencies, from the instant a request was due. Absent where no request ended.
pub const LATENCY_FIELDS: LatencyFields = LatencyFields {
    min: "min_ms",
    mean: "mean_ms",
    p50: "p50_ms",
    p90: "p90_ms",
    p95: "p95_ms",
    p99: "p99_ms",
    p99_9: "p99_9_ms",
    max: "max_ms",
};
/// Latencies from the instant a request was sent, in the open model alone: in the closed one the two are the same.
pub const UNCORRECTED_LATENCY_FIELDS: LatencyFields = LatencyFields {
    min: "uncorrected_min_ms",
    mean: "uncorrected_mean_ms",
    p50: "uncorrected_p50_ms",
    p90: "uncorrected_p90_ms",
    p95: "uncorrected_p95_ms",
    p99: "uncorrected_p99_ms",
    p99_9: "uncorrected_p99_9_ms",
    max: "uncorrected_max_ms",
};

/// Requests answered with this status: this, then the code.
pub const STATUS_FIELD_PREFIX: &str = "status_";
/// Requests that ended without an answer as it should be, by kind: this, then the kind.
pub const ERROR_FIELD_PREFIX: &str = "error_";
/// Requests whose status or kind of error has no field of its own: a generator gives one to the first
/// [`MOST_ENDINGS`] that it meets.
pub const OTHER_ENDINGS_FIELD: &str = "other";
/// Fields that statuses and kinds of errors may take per generator and run.
pub const MOST_ENDINGS: usize = 24;

/// Iterations that were due, in the open model.
pub const DUE_FIELD: &str = "due";
/// Iterations that were due and could not be started in time.
pub const DROPPED_FIELD: &str = "dropped";
/// Virtual users at the end of the second.
pub const VUS_FIELD: &str = "vus";
/// CPU time of the generator's threads, as a percentage of one core.
pub const CPU_FIELD: &str = "cpu_percent";
/// 99th percentile of how late the generator acted.
pub const LAG_FIELD: &str = "lag_ms_p99";
/// Whether the generator was the bottleneck: in that second, or in an [`EVENT_END`] over the run.
pub const SATURATED_FIELD: &str = "saturated";

/// Heading of an annotation.
pub const TITLE_FIELD: &str = "title";
/// Text of an annotation.
pub const TEXT_FIELD: &str = "text";
/// Milliseconds since the Unix epoch when the load began: with the time of the [`EVENT_END`], the run as a region.
pub const STARTED_AT_FIELD: &str = "started_at_ms";
/// In an [`EVENT_END`], whether every threshold was met and the run was not interrupted.
pub const PASSED_FIELD: &str = "passed";

/// Fields of a latency's figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the figures")]
pub struct LatencyFields {
    pub min: &'static str,
    pub mean: &'static str,
    pub p50: &'static str,
    pub p90: &'static str,
    pub p95: &'static str,
    pub p99: &'static str,
    pub p99_9: &'static str,
    pub max: &'static str,
}

/// Tags that `--tag` cannot set: loadgen's own, and those that InfluxDB keeps for itself.
pub const TAKEN_TAGS: [&str; 8] = [
    RUN_ID_TAG,
    SCENARIO_TAG,
    GENERATOR_TAG,
    STEP_TAG,
    EVENT_TAG,
    "time",
    "_field",
    "_measurement",
];
/// Tags that `--tag` may add.
pub const MOST_RUN_TAGS: usize = 8;
/// Bytes of a tag's name and of its value.
pub(super) const LONGEST_TAG: usize = 256;
