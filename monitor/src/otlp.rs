//! Sending to the collector: OTLP over HTTP, as JSON.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::Client;
use serde_json::{Value, json};

use crate::http::{self, HttpError};
use crate::metrics;

/// Name of its service in `compose.yaml`.
pub const SERVICE: &str = "otel-collector";

/// OTLP's code of a span that failed.
const STATUS_ERROR: u8 = 2;
/// OTLP's code of a sum that counts from a fixed start.
const CUMULATIVE: u8 = 2;

/// The collector at one address.
#[derive(Clone, Debug)]
pub struct Otlp {
    url: String,
    client: Client,
}

/// A value of a metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurement {
    /// Name of the metric.
    pub name: &'static str,
    /// Its unit, as UCUM has it.
    pub unit: &'static str,
    /// Its value now.
    pub value: f64,
    /// Since when it counts; none for a gauge.
    pub since: Option<SystemTime>,
    /// Name and value of its attribute, if it has one.
    pub attribute: Option<(&'static str, String)>,
}

impl Measurement {
    /// A value without an attribute that goes up and down.
    pub fn gauge(name: &'static str, unit: &'static str, value: f64) -> Self {
        Self {
            name,
            unit,
            value,
            since: None,
            attribute: None,
        }
    }

    /// The same with an attribute.
    #[must_use]
    pub fn with(self, attribute: &'static str, value: impl Into<String>) -> Self {
        Self {
            attribute: Some((attribute, value.into())),
            ..self
        }
    }
}

impl Otlp {
    /// `url` without a path; `timeout` for a whole answer.
    pub fn new(url: String, timeout: Duration) -> Self {
        Self {
            url,
            client: http::client(timeout),
        }
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether it takes metrics: none are sent.
    ///
    /// # Errors
    /// It does not, and why.
    pub async fn health(&self) -> Result<(), HttpError> {
        self.post("/v1/metrics", &json!({"resourceMetrics": []})).await
    }

    /// Sends a trace of one span that failed, so that the collector keeps it. `trace_id` has 32 hexadecimal digits that
    /// are not all 0.
    ///
    /// # Errors
    /// The collector does not take it.
    pub async fn send_failed_trace(&self, trace_id: &str, span: &str) -> Result<(), HttpError> {
        let now = nanoseconds(SystemTime::now());
        let span = json!({
            "traceId": trace_id,
            "spanId": &trace_id[..16.min(trace_id.len())],
            "name": span,
            "kind": 1,
            "startTimeUnixNano": now,
            "endTimeUnixNano": now,
            "status": {"code": STATUS_ERROR, "message": "sent by monitor doctor"},
        });
        let spans = json!([{"resource": resource(None), "scopeSpans": [{"spans": [span]}]}]);
        self.post("/v1/traces", &json!({"resourceSpans": spans})).await
    }

    /// Sends values of metrics, all of now.
    ///
    /// # Errors
    /// The collector does not take them.
    pub async fn send_metrics(&self, host: Option<&str>, measurements: &[Measurement]) -> Result<(), HttpError> {
        let now = SystemTime::now();
        let metrics: Vec<_> = measurements
            .iter()
            .map(|measurement| metric(measurement, now))
            .collect();
        let body = json!([{"resource": resource(host), "scopeMetrics": [{"metrics": metrics}]}]);
        self.post("/v1/metrics", &json!({"resourceMetrics": body})).await
    }

    async fn post(&self, path: &str, body: &Value) -> Result<(), HttpError> {
        let request = self.client.post(format!("{}{path}", self.url)).json(body);
        http::send(SERVICE, request).await.map(drop)
    }
}

fn metric(measurement: &Measurement, now: SystemTime) -> Value {
    let attributes: Vec<_> = measurement
        .attribute
        .iter()
        .map(|(name, value)| attribute(name, value))
        .collect();
    let mut point = json!({
        "timeUnixNano": nanoseconds(now),
        "asDouble": measurement.value,
        "attributes": attributes,
    });
    let mut metric = json!({"name": measurement.name, "unit": measurement.unit});
    match measurement.since {
        Some(since) => {
            point["startTimeUnixNano"] = nanoseconds(since).into();
            metric["sum"] = json!({"aggregationTemporality": CUMULATIVE, "isMonotonic": true, "dataPoints": [point]});
        }
        None => metric["gauge"] = json!({"dataPoints": [point]}),
    }
    metric
}

fn resource(host: Option<&str>) -> Value {
    let mut attributes = vec![attribute("service.name", metrics::SERVICE_NAME)];
    attributes.extend(host.map(|host| attribute("host.name", host)));
    json!({"attributes": attributes})
}

fn attribute(name: &str, value: &str) -> Value {
    json!({"key": name, "value": {"stringValue": value}})
}

/// As text, which is how JSON carries 64 bits.
fn nanoseconds(time: SystemTime) -> String {
    time.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_nanos()
        .to_string()
}
