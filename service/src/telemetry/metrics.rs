//! Every metric this service emits: its name, and the instrument that records it.
//!
//! Names, units and attributes are OpenTelemetry's semantic conventions where those know the thing. No attribute of a
//! metric holds anything a client can choose: no raw path, no id, no method of its own making.

use opentelemetry::metrics::{AsyncInstrument, AsyncInstrumentBuilder, Counter, Histogram, Meter};
use opentelemetry::{KeyValue, Value};
use opentelemetry_semantic_conventions::{attribute, metric};

/// What kind of number a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only ever grows while the process lives.
    Counter,
    /// Goes up and down; adds up over instances.
    UpDownCounter,
    /// The value of the moment.
    Gauge,
    /// Distribution over fixed buckets, cumulative.
    Histogram,
}

impl Kind {
    /// OpenTelemetry's name of the instrument.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::UpDownCounter => "updowncounter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// A metric as it is emitted and documented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Name by which it is exported.
    pub name: &'static str,
    /// What kind of number it is.
    pub kind: Kind,
    /// Unit by UCUM.
    pub unit: &'static str,
    /// Attributes that its points may have.
    pub attributes: &'static [&'static str],
    /// What it tells.
    pub description: &'static str,
}

/// How long requests took, from their head being read to their answer being ready.
pub const HTTP_SERVER_REQUEST_DURATION: Metric = Metric {
    name: metric::HTTP_SERVER_REQUEST_DURATION,
    kind: Kind::Histogram,
    unit: "s",
    attributes: &[
        attribute::HTTP_REQUEST_METHOD,
        attribute::URL_SCHEME,
        attribute::HTTP_ROUTE,
        attribute::HTTP_RESPONSE_STATUS_CODE,
        attribute::ERROR_TYPE,
    ],
    description: "Duration of HTTP requests",
};

/// Requests being answered at this moment.
pub const HTTP_SERVER_ACTIVE_REQUESTS: Metric = Metric {
    name: metric::HTTP_SERVER_ACTIVE_REQUESTS,
    kind: Kind::UpDownCounter,
    unit: "{request}",
    attributes: &[attribute::HTTP_REQUEST_METHOD, attribute::URL_SCHEME],
    description: "HTTP requests being answered",
};

/// Requests answered with 503 because `--max-in-flight` was reached.
pub const REQUESTS_SHED: Metric = Metric {
    name: "marketboro.http.server.requests.shed",
    kind: Kind::Counter,
    unit: "{request}",
    attributes: &[],
    description: "Requests refused because the service was at --max-in-flight",
};

/// Requests answered with 504 because `--request-timeout` passed.
pub const REQUESTS_TIMED_OUT: Metric = Metric {
    name: "marketboro.http.server.requests.timed_out",
    kind: Kind::Counter,
    unit: "{request}",
    attributes: &[],
    description: "Requests given up after --request-timeout",
};

/// How long calls to DynamoDB took, with the SDK's retries.
pub const DB_CLIENT_OPERATION_DURATION: Metric = Metric {
    name: metric::DB_CLIENT_OPERATION_DURATION,
    kind: Kind::Histogram,
    unit: "s",
    attributes: &[
        attribute::DB_SYSTEM_NAME,
        attribute::DB_OPERATION_NAME,
        attribute::DB_COLLECTION_NAME,
        attribute::DB_RESPONSE_STATUS_CODE,
        attribute::ERROR_TYPE,
    ],
    description: "Duration of calls to DynamoDB, retries included",
};

/// Items created.
pub const ITEMS_CREATED: Metric = Metric {
    name: "marketboro.items.created",
    kind: Kind::Counter,
    unit: "{item}",
    attributes: &[],
    description: "Items created",
};

/// Items updated.
pub const ITEMS_UPDATED: Metric = Metric {
    name: "marketboro.items.updated",
    kind: Kind::Counter,
    unit: "{item}",
    attributes: &[],
    description: "Items updated",
};

/// Items deleted.
pub const ITEMS_DELETED: Metric = Metric {
    name: "marketboro.items.deleted",
    kind: Kind::Counter,
    unit: "{item}",
    attributes: &[],
    description: "Items deleted",
};

/// CPU time of the process.
pub const PROCESS_CPU_TIME: Metric = Metric {
    name: metric::PROCESS_CPU_TIME,
    kind: Kind::Counter,
    unit: "s",
    attributes: &[attribute::CPU_MODE],
    description: "CPU time used by the process",
};

/// Resident memory of the process.
pub const PROCESS_MEMORY_USAGE: Metric = Metric {
    name: metric::PROCESS_MEMORY_USAGE,
    kind: Kind::UpDownCounter,
    unit: "By",
    attributes: &[],
    description: "Physical memory in use by the process",
};

/// Open files and sockets of the process.
pub const PROCESS_OPEN_FILES: Metric = Metric {
    name: metric::PROCESS_UNIX_FILE_DESCRIPTOR_COUNT,
    kind: Kind::UpDownCounter,
    unit: "{file_descriptor}",
    attributes: &[],
    description: "Open file descriptors, sockets among them",
};

/// Seconds since the process started.
pub const PROCESS_UPTIME: Metric = Metric {
    name: metric::PROCESS_UPTIME,
    kind: Kind::Gauge,
    unit: "s",
    attributes: &[],
    description: "Time since the service started",
};

/// Share of time a worker was not waiting, since the export before.
pub const TOKIO_WORKER_BUSY_RATIO: Metric = Metric {
    name: "tokio.worker.busy_ratio",
    kind: Kind::Gauge,
    unit: "1",
    attributes: &[TOKIO_WORKER],
    description: "Share of time a worker thread was busy since the last export, 0 to 1",
};

/// Tasks that were woken and wait for the worker.
pub const TOKIO_WORKER_QUEUE_DEPTH: Metric = Metric {
    name: "tokio.worker.queue_depth",
    kind: Kind::UpDownCounter,
    unit: "{task}",
    attributes: &[TOKIO_WORKER],
    description: "Tasks woken from outside that wait for a worker thread",
};

/// Tasks of a worker: its open connections, mostly.
pub const TOKIO_WORKER_ALIVE_TASKS: Metric = Metric {
    name: "tokio.worker.alive_tasks",
    kind: Kind::UpDownCounter,
    unit: "{task}",
    attributes: &[TOKIO_WORKER],
    description: "Tasks of a worker thread, one for each open connection",
};

/// Spans that were handed to the exporter, or dropped (`error.type`) because the queue was full.
pub const SPANS_PROCESSED: Metric = Metric {
    name: metric::OTEL_SDK_PROCESSOR_SPAN_PROCESSED,
    kind: Kind::Counter,
    unit: "{span}",
    attributes: &[attribute::ERROR_TYPE],
    description: "Spans handed to the exporter; with error.type queue_full, spans dropped instead",
};

/// Spans that wait for the exporter.
pub const SPAN_QUEUE_SIZE: Metric = Metric {
    name: metric::OTEL_SDK_PROCESSOR_SPAN_QUEUE_SIZE,
    kind: Kind::UpDownCounter,
    unit: "{span}",
    attributes: &[],
    description: "Spans waiting for export",
};

/// Spans that fit into the queue.
pub const SPAN_QUEUE_CAPACITY: Metric = Metric {
    name: metric::OTEL_SDK_PROCESSOR_SPAN_QUEUE_CAPACITY,
    kind: Kind::UpDownCounter,
    unit: "{span}",
    attributes: &[],
    description: "Spans that may wait for export (OTEL_BSP_MAX_QUEUE_SIZE)",
};

/// Spans that were delivered, or lost (`error.type`) because they could not be.
pub const SPANS_EXPORTED: Metric = Metric {
    name: metric::OTEL_SDK_EXPORTER_SPAN_EXPORTED,
    kind: Kind::Counter,
    unit: "{span}",
    attributes: &[attribute::ERROR_TYPE],
    description: "Spans delivered; with error.type, spans lost because they could not be",
};

/// Attribute: which worker thread, from 0.
pub const TOKIO_WORKER: &str = "tokio.worker";

/// `error.type` of a request whose client left before it was answered.
pub const CLIENT_LEFT: &str = "client_left";
/// `error.type` of spans dropped because the queue was full, as the semantic conventions demand.
pub const QUEUE_FULL: &str = "queue_full";
/// `error.type` of spans that could not be delivered.
pub const EXPORT_FAILED: &str = "export_failed";
/// `db.system.name` of DynamoDB.
pub const DYNAMODB: &str = "aws.dynamodb";
/// `http.request.method` of a method HTTP does not define.
pub const OTHER_METHOD: &str = "_OTHER";

/// Every metric of the service.
pub const ALL: &[Metric] = &[
    HTTP_SERVER_REQUEST_DURATION,
    HTTP_SERVER_ACTIVE_REQUESTS,
    REQUESTS_SHED,
    REQUESTS_TIMED_OUT,
    DB_CLIENT_OPERATION_DURATION,
    ITEMS_CREATED,
    ITEMS_UPDATED,
    ITEMS_DELETED,
    PROCESS_CPU_TIME,
    PROCESS_MEMORY_USAGE,
    PROCESS_OPEN_FILES,
    PROCESS_UPTIME,
    TOKIO_WORKER_BUSY_RATIO,
    TOKIO_WORKER_QUEUE_DEPTH,
    TOKIO_WORKER_ALIVE_TASKS,
    SPANS_PROCESSED,
    SPAN_QUEUE_SIZE,
    SPAN_QUEUE_CAPACITY,
    SPANS_EXPORTED,
];

/// Upper bounds in seconds of `http.server.request.duration`: those of the semantic conventions, and two below them,
/// since most requests here take less than 5 ms.
pub const HTTP_SERVER_BOUNDARIES: [f64; 16] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// Upper bounds in seconds of `db.client.operation.duration`, by the semantic conventions.
pub const DB_CLIENT_BOUNDARIES: [f64; 9] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];

/// `error.type` of this value.
pub(super) fn error_type(value: impl Into<Value>) -> KeyValue {
    KeyValue::new(attribute::ERROR_TYPE, value)
}

/// A count as OpenTelemetry's instruments and attributes take it.
pub(super) fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

pub(super) fn counter(meter: &Meter, metric: Metric) -> Counter<u64> {
    meter
        .u64_counter(metric.name)
        .with_unit(metric.unit)
        .with_description(metric.description)
        .build()
}

pub(super) fn histogram(meter: &Meter, metric: Metric, boundaries: &[f64]) -> Histogram<f64> {
    meter
        .f64_histogram(metric.name)
        .with_unit(metric.unit)
        .with_description(metric.description)
        .with_boundaries(boundaries.to_vec())
        .build()
}

// The SDK keeps observable instruments for as long as their meter: what building one returns is only a token.

pub(super) fn observable_counter(meter: &Meter, metric: Metric, observe: impl Callback<u64>) {
    let _ = observed(meter.u64_observable_counter(metric.name), metric, observe).build();
}

pub(super) fn observable_seconds_counter(meter: &Meter, metric: Metric, observe: impl Callback<f64>) {
    let _ = observed(meter.f64_observable_counter(metric.name), metric, observe).build();
}

pub(super) fn observable_up_down_counter(meter: &Meter, metric: Metric, observe: impl Callback<i64>) {
    let _ = observed(meter.i64_observable_up_down_counter(metric.name), metric, observe).build();
}

pub(super) fn observable_gauge(meter: &Meter, metric: Metric, observe: impl Callback<f64>) {
    let _ = observed(meter.f64_observable_gauge(metric.name), metric, observe).build();
}

/// Asked for values at each export.
pub(super) trait Callback<M>: Fn(&dyn AsyncInstrument<M>) + Send + Sync + 'static {}

impl<M, F: Fn(&dyn AsyncInstrument<M>) + Send + Sync + 'static> Callback<M> for F {}

fn observed<'a, I, M>(
    builder: AsyncInstrumentBuilder<'a, I, M>,
    metric: Metric,
    observe: impl Callback<M>,
) -> AsyncInstrumentBuilder<'a, I, M> {
    builder
        .with_unit(metric.unit)
        .with_description(metric.description)
        .with_callback(observe)
}
