//! What the collector reports of itself, under the service name [`SERVICE_NAME`].

/// `service.name` of the collector's own metrics.
pub const SERVICE_NAME: &str = "otelcol";

/// Seconds that the collector has run.
pub const PROCESS_UPTIME: &str = "otelcol_process_uptime";
/// CPU time used since the start, in seconds.
pub const PROCESS_CPU_SECONDS: &str = "otelcol_process_cpu_seconds";
/// Resident memory, in bytes.
pub const PROCESS_MEMORY_RSS: &str = "otelcol_process_memory_rss";

/// Spans taken in since the start, by [`RECEIVER`] and [`TRANSPORT`].
pub const RECEIVER_ACCEPTED_SPANS: &str = "otelcol_receiver_accepted_spans";
/// Metric points taken in since the start, by [`RECEIVER`] and [`TRANSPORT`].
pub const RECEIVER_ACCEPTED_METRIC_POINTS: &str = "otelcol_receiver_accepted_metric_points";
/// Spans that were not taken in because the collector had no room; their sender was told to try again.
pub const RECEIVER_REFUSED_SPANS: &str = "otelcol_receiver_refused_spans";
/// Metric points that were not taken in because the collector had no room; their sender was told to try again.
pub const RECEIVER_REFUSED_METRIC_POINTS: &str = "otelcol_receiver_refused_metric_points";

/// Traces judged since the start, by [`POLICY`] and [`SAMPLED`].
pub const SAMPLING_POLICY_TRACES: &str = "otelcol_processor_tail_sampling_count_traces_sampled";
/// Traces judged since the start, by [`SAMPLED`].
pub const SAMPLING_TRACES: &str = "otelcol_processor_tail_sampling_global_count_traces_sampled";
/// Traces lost because too many waited for their decision.
pub const SAMPLING_DROPPED_TOO_EARLY: &str = "otelcol_processor_tail_sampling_sampling_trace_dropped_too_early";
/// Traces that wait for their decision.
pub const SAMPLING_PENDING: &str = "otelcol_processor_tail_sampling_sampling_traces_on_memory";

/// What waits to be sent, in bytes, by [`EXPORTER`].
pub const EXPORTER_QUEUE_SIZE: &str = "otelcol_exporter_queue_size";
/// What may wait to be sent, in bytes, by [`EXPORTER`].
pub const EXPORTER_QUEUE_CAPACITY: &str = "otelcol_exporter_queue_capacity";
/// Spans that Jaeger has taken since the start.
pub const EXPORTER_SENT_SPANS: &str = "otelcol_exporter_sent_spans";
/// Metric points that InfluxDB has taken since the start.
pub const EXPORTER_SENT_METRIC_POINTS: &str = "otelcol_exporter_sent_metric_points";
/// Spans lost because Jaeger refused them for good.
pub const EXPORTER_SEND_FAILED_SPANS: &str = "otelcol_exporter_send_failed_spans";
/// Metric points lost because InfluxDB refused them for good, as with a wrong token or without a bucket.
pub const EXPORTER_SEND_FAILED_METRIC_POINTS: &str = "otelcol_exporter_send_failed_metric_points";
/// Spans lost because the queue was full.
pub const EXPORTER_ENQUEUE_FAILED_SPANS: &str = "otelcol_exporter_enqueue_failed_spans";
/// Metric points that found the queue full.
pub const EXPORTER_ENQUEUE_FAILED_METRIC_POINTS: &str = "otelcol_exporter_enqueue_failed_metric_points";

/// Attribute: which exporter, [`INFLUXDB_EXPORTER`] or [`JAEGER_EXPORTER`].
pub const EXPORTER: &str = "exporter";
/// Value of [`EXPORTER`] for what goes to InfluxDB.
pub const INFLUXDB_EXPORTER: &str = "influxdb";
/// Value of [`EXPORTER`] for what goes to Jaeger.
pub const JAEGER_EXPORTER: &str = "otlp_grpc/jaeger";
/// Attribute: which receiver, `otlp` or `hostmetrics`.
pub const RECEIVER: &str = "receiver";
/// Attribute: `grpc` or `http`.
pub const TRANSPORT: &str = "transport";
/// Attribute: the rule of sampling that decided, one of the three below.
pub const POLICY: &str = "policy";
/// Value of [`POLICY`] for traces with a span that failed.
pub const POLICY_ERRORS: &str = "errors";
/// Value of [`POLICY`] for slow traces.
pub const POLICY_SLOW: &str = "slow";
/// Value of [`POLICY`] for the share of all others.
pub const POLICY_SHARE: &str = "share";
/// Attribute: whether traces were kept, `true` or `false`.
pub const SAMPLED: &str = "sampled";

/// The metrics above that are there once spans and metrics have gone through, even where nothing ever failed.
pub const ALWAYS: &[&str] = &[
    PROCESS_UPTIME,
    PROCESS_CPU_SECONDS,
    PROCESS_MEMORY_RSS,
    RECEIVER_ACCEPTED_SPANS,
    RECEIVER_ACCEPTED_METRIC_POINTS,
    RECEIVER_REFUSED_SPANS,
    RECEIVER_REFUSED_METRIC_POINTS,
    SAMPLING_POLICY_TRACES,
    SAMPLING_TRACES,
    SAMPLING_DROPPED_TOO_EARLY,
    SAMPLING_PENDING,
    EXPORTER_QUEUE_SIZE,
    EXPORTER_QUEUE_CAPACITY,
    EXPORTER_SENT_SPANS,
    EXPORTER_SENT_METRIC_POINTS,
];
