//! OTLP by hand: JSON over HTTP.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use test_servers::Collector;

/// What a test names its data by.
pub(crate) fn new_id() -> u128 {
    fastrand::u128(1..)
}

/// Sends one span; true if the collector takes it.
pub(crate) fn send_span(collector: &Collector, trace_id: &str, name: &str) -> bool {
    let now = nanoseconds();
    let span = json!({
        "traceId": trace_id,
        "spanId": "00000000000000aa",
        "parentSpanId": "00000000000000bb",
        "name": name,
        "kind": 2,
        "startTimeUnixNano": (now - 5_000_000).to_string(),
        "endTimeUnixNano": now.to_string(),
        "attributes": [text("http.route", "/items/{id}"), { "key": "count", "value": { "intValue": "7" } }],
        "status": { "code": 2 },
    });
    let spans = json!([{ "resource": resource(), "scopeSpans": [{ "spans": [span] }] }]);
    send(collector, "/v1/traces", &json!({ "resourceSpans": spans }))
}

/// Sends one point of a counter; true if the collector takes it.
pub(crate) fn send_count(collector: &Collector, name: &str, count: u64) -> bool {
    let now = nanoseconds();
    let point = json!({
        "startTimeUnixNano": (now - 1_000_000_000).to_string(),
        "timeUnixNano": now.to_string(),
        "asInt": count.to_string(),
        "attributes": [text("kind", "first")],
    });
    let sum = json!({ "aggregationTemporality": 2, "isMonotonic": true, "dataPoints": [point] });
    let metrics = json!([{ "name": name, "sum": sum }]);
    let body = json!([{ "resource": resource(), "scopeMetrics": [{ "metrics": metrics }] }]);
    send(collector, "/v1/metrics", &json!({ "resourceMetrics": body }))
}

fn resource() -> Value {
    json!({ "attributes": [text("service.name", "by-hand"), text("service.instance.id", "first")] })
}

fn text(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}

fn send(collector: &Collector, path: &str, body: &Value) -> bool {
    let client = test_servers::client_builder()
        .timeout(Duration::from_secs(2))
        .build()
        .unwrap();
    let answer = client
        .post(format!("{}{path}", collector.http_endpoint()))
        .json(body)
        .send();
    answer.is_ok_and(|answer| answer.status().is_success())
}

fn nanoseconds() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos()
}
