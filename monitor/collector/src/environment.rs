//! Environment variables of `monitor/collector/config.yaml` and `monitor/jaeger.yaml`.

/// An environment variable of a configuration file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// Its value where it is not set.
    pub default: &'static str,
}

impl Variable {
    const fn new(name: &'static str, default: &'static str) -> Self {
        Self { name, default }
    }
}

/// Address on which OTLP over gRPC is received.
pub const OTLP_GRPC_ENDPOINT: Variable = Variable::new("OTLP_GRPC_ENDPOINT", "127.0.0.1:4317");
/// Address on which OTLP over HTTP is received; the collector sends its own metrics there too.
pub const OTLP_HTTP_ENDPOINT: Variable = Variable::new("OTLP_HTTP_ENDPOINT", "127.0.0.1:4318");
/// Address that answers 200 while the collector works.
pub const HEALTH_ENDPOINT: Variable = Variable::new("HEALTH_ENDPOINT", "127.0.0.1:13133");

/// InfluxDB, as a URL.
pub const INFLUXDB_URL: Variable = Variable::new("INFLUXDB_URL", "http://127.0.0.1:8086");
/// Organisation in InfluxDB.
pub const INFLUXDB_ORG: Variable = Variable::new("INFLUXDB_ORG", "marketboro");
/// Bucket in InfluxDB.
pub const INFLUXDB_BUCKET: Variable = Variable::new("INFLUXDB_BUCKET", "telemetry");
/// File that holds the token with which the bucket is written.
pub const INFLUXDB_TOKEN_FILE: Variable = Variable::new("INFLUXDB_TOKEN_FILE", "data/influxdb-telemetry-token");
/// Address of Jaeger's OTLP over gRPC: the collector sends there, Jaeger listens there.
pub const JAEGER_OTLP_ENDPOINT: Variable = Variable::new("JAEGER_OTLP_ENDPOINT", "127.0.0.1:14317");
/// Whether traces go to Jaeger without TLS.
pub const JAEGER_OTLP_INSECURE: Variable = Variable::new("JAEGER_OTLP_INSECURE", "true");

/// Folder of the queues; made if need be.
pub const QUEUE_DIRECTORY: Variable = Variable::new("QUEUE_DIRECTORY", "data/collector");
/// Size to which the queue of metrics may grow, in bytes.
pub const METRICS_QUEUE_BYTES: Variable = Variable::new("METRICS_QUEUE_BYTES", "268435456");
/// Size to which the queue of traces may grow, in bytes.
pub const TRACES_QUEUE_BYTES: Variable = Variable::new("TRACES_QUEUE_BYTES", "268435456");
/// Memory, in MiB, beyond which the collector refuses all that it is sent.
pub const MEMORY_LIMIT_MIB: Variable = Variable::new("MEMORY_LIMIT_MIB", "512");
/// How far below that limit, in MiB, it begins to refuse.
pub const MEMORY_SPIKE_MIB: Variable = Variable::new("MEMORY_SPIKE_MIB", "128");

/// How long after a trace's first span it is decided whether to keep the trace.
pub const TRACE_DECISION_WAIT: Variable = Variable::new("TRACE_DECISION_WAIT", "10s");
/// Traces that may wait for that decision; beyond it the oldest are lost, and counted.
pub const TRACE_MAX_PENDING: Variable = Variable::new("TRACE_MAX_PENDING", "50000");
/// Milliseconds from which a trace counts as slow and is kept.
pub const TRACE_SLOW_MS: Variable = Variable::new("TRACE_SLOW_MS", "250");
/// Share of the other traces that is kept, in per cent.
pub const TRACE_SHARE_PERCENT: Variable = Variable::new("TRACE_SHARE_PERCENT", "10");
/// Most spans a second kept for being part of a failed trace.
pub const TRACE_ERROR_SPANS_PER_SECOND: Variable = Variable::new("TRACE_ERROR_SPANS_PER_SECOND", "2000");
/// Most spans a second kept for being part of a slow trace.
pub const TRACE_SLOW_SPANS_PER_SECOND: Variable = Variable::new("TRACE_SLOW_SPANS_PER_SECOND", "1000");
/// Most spans a second kept for being in the share.
pub const TRACE_SHARE_SPANS_PER_SECOND: Variable = Variable::new("TRACE_SHARE_SPANS_PER_SECOND", "200");

/// Root of the host's file system, as the collector sees it.
pub const HOST_ROOT_PATH: Variable = Variable::new("HOST_ROOT_PATH", "/");
/// The tag `host.name` of the host's and the collector's own metrics.
pub const HOST_NAME: Variable = Variable::new("HOST_NAME", "monitor");
/// How often the host is measured.
pub const HOST_METRICS_INTERVAL: Variable = Variable::new("HOST_METRICS_INTERVAL", "10s");
/// How often the collector reports on itself, in milliseconds.
pub const SELF_METRICS_INTERVAL_MS: Variable = Variable::new("SELF_METRICS_INTERVAL_MS", "10000");
/// Least severe log lines that the collector and Jaeger write: debug, info, warn or error.
pub const LOG_LEVEL: Variable = Variable::new("LOG_LEVEL", "info");

/// Folder of Jaeger's spans; made if need be.
pub const JAEGER_DIRECTORY: Variable = Variable::new("JAEGER_DIRECTORY", "data/jaeger");
/// How long Jaeger keeps a span.
pub const JAEGER_RETENTION: Variable = Variable::new("JAEGER_RETENTION", "168h");
/// Address of Jaeger's page and its HTTP API.
pub const JAEGER_QUERY_ENDPOINT: Variable = Variable::new("JAEGER_QUERY_ENDPOINT", "127.0.0.1:16686");
/// Address of Jaeger's gRPC API.
pub const JAEGER_QUERY_GRPC_ENDPOINT: Variable = Variable::new("JAEGER_QUERY_GRPC_ENDPOINT", "127.0.0.1:16685");
/// Address that answers 200 at `/status` while Jaeger works.
pub const JAEGER_HEALTH_ENDPOINT: Variable = Variable::new("JAEGER_HEALTH_ENDPOINT", "127.0.0.1:13134");

/// All variables of `monitor/collector/config.yaml`.
pub const COLLECTOR: &[Variable] = &[
    OTLP_GRPC_ENDPOINT,
    OTLP_HTTP_ENDPOINT,
    HEALTH_ENDPOINT,
    INFLUXDB_URL,
    INFLUXDB_ORG,
    INFLUXDB_BUCKET,
    INFLUXDB_TOKEN_FILE,
    JAEGER_OTLP_ENDPOINT,
    JAEGER_OTLP_INSECURE,
    QUEUE_DIRECTORY,
    METRICS_QUEUE_BYTES,
    TRACES_QUEUE_BYTES,
    MEMORY_LIMIT_MIB,
    MEMORY_SPIKE_MIB,
    TRACE_DECISION_WAIT,
    TRACE_MAX_PENDING,
    TRACE_SLOW_MS,
    TRACE_SHARE_PERCENT,
    TRACE_ERROR_SPANS_PER_SECOND,
    TRACE_SLOW_SPANS_PER_SECOND,
    TRACE_SHARE_SPANS_PER_SECOND,
    HOST_ROOT_PATH,
    HOST_NAME,
    HOST_METRICS_INTERVAL,
    SELF_METRICS_INTERVAL_MS,
    LOG_LEVEL,
];

/// All variables of `monitor/jaeger.yaml`.
pub const JAEGER: &[Variable] = &[
    JAEGER_OTLP_ENDPOINT,
    JAEGER_DIRECTORY,
    JAEGER_RETENTION,
    JAEGER_QUERY_ENDPOINT,
    JAEGER_QUERY_GRPC_ENDPOINT,
    JAEGER_HEALTH_ENDPOINT,
    LOG_LEVEL,
];
