//! Traces as Jaeger's API gives them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value as Json;

use crate::error::ServerError;
use crate::http;

/// The spans that share a trace id.
#[derive(Clone, Debug)]
pub struct Trace {
    /// 32 hex digits.
    pub id: String,
    /// In the order of their start.
    pub spans: Vec<Span>,
}

/// A span with the resource that emitted it.
#[derive(Clone, Debug)]
pub struct Span {
    /// 16 hex digits.
    pub id: String,
    /// The span id of its parent, which need not be part of the trace as it is stored.
    pub parent: Option<String>,
    /// Its name.
    pub name: String,
    /// Its role.
    pub kind: SpanKind,
    /// True if its status is error.
    pub is_error: bool,
    /// Microseconds since 1970.
    pub start: u64,
    /// Between its start and its end.
    pub duration: Duration,
    /// `service.name` of its resource.
    pub service: String,
    /// Its attributes, numbers and truth values as JSON. Jaeger's own `span.kind`, `otel.status_code` and `error` are
    /// in the fields above instead.
    pub attributes: BTreeMap<String, Json>,
    /// Attributes of its resource, apart from `service.name`.
    pub resource: BTreeMap<String, Json>,
}

/// The role of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanKind {
    /// Answers a request.
    Server,
    /// Sends a request.
    Client,
    /// Hands a message over.
    Producer,
    /// Takes a message.
    Consumer,
    /// None of these, or not said.
    Internal,
}

impl Span {
    /// Text of an attribute; `None` where it is missing or not a text.
    pub fn text(&self, attribute: &str) -> Option<&str> {
        self.attributes.get(attribute)?.as_str()
    }

    /// Whole number in an attribute; `None` where it is missing or not a whole number.
    pub fn integer(&self, attribute: &str) -> Option<i64> {
        self.attributes.get(attribute)?.as_i64()
    }

    /// Text of an attribute of its resource; `None` where it is missing or not a text.
    pub fn resource_text(&self, attribute: &str) -> Option<&str> {
        self.resource.get(attribute)?.as_str()
    }
}

#[derive(Deserialize)]
struct Answer {
    data: Option<Vec<TraceAnswer>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TraceAnswer {
    #[serde(rename = "traceID")]
    trace_id: String,
    spans: Vec<SpanAnswer>,
    processes: BTreeMap<String, Process>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SpanAnswer {
    #[serde(rename = "spanID")]
    span_id: String,
    operation_name: String,
    #[serde(default)]
    references: Vec<Reference>,
    start_time: u64,
    duration: u64,
    #[serde(default)]
    tags: Vec<Tag>,
    #[serde(rename = "processID")]
    process_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reference {
    ref_type: String,
    #[serde(rename = "spanID")]
    span_id: String,
}

#[derive(Clone, Deserialize)]
struct Tag {
    key: String,
    value: Json,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Process {
    service_name: String,
    #[serde(default)]
    tags: Vec<Tag>,
}

/// Reads the JSON that `/api/traces` answers.
pub(super) fn parse(server: &'static str, answer: Json) -> Result<Vec<Trace>, ServerError> {
    let text = answer.to_string();
    let answer: Answer =
        serde_json::from_value(answer).map_err(|error| http::unreadable(server, error.to_string(), &text))?;
    Ok(answer.data.unwrap_or_default().into_iter().map(trace).collect())
}

fn trace(answer: TraceAnswer) -> Trace {
    let TraceAnswer {
        trace_id,
        spans,
        processes,
    } = answer;
    let mut spans: Vec<_> = spans
        .into_iter()
        .map(|span| {
            let process = processes.get(&span.process_id);
            self::span(span, process)
        })
        .collect();
    spans.sort_by_key(|span| span.start);
    Trace { id: trace_id, spans }
}

fn span(answer: SpanAnswer, process: Option<&Process>) -> Span {
    let mut attributes = map(answer.tags);
    let kind = match attributes.remove("span.kind").as_ref().and_then(Json::as_str) {
        Some("server") => SpanKind::Server,
        Some("client") => SpanKind::Client,
        Some("producer") => SpanKind::Producer,
        Some("consumer") => SpanKind::Consumer,
        _ => SpanKind::Internal,
    };
    let status = attributes.remove("otel.status_code");
    attributes.remove("error");
    let parent = answer
        .references
        .into_iter()
        .find(|reference| reference.ref_type == "CHILD_OF");
    Span {
        id: answer.span_id,
        parent: parent.map(|reference| reference.span_id),
        name: answer.operation_name,
        kind,
        is_error: status.as_ref().and_then(Json::as_str) == Some("ERROR"),
        start: answer.start_time,
        duration: Duration::from_micros(answer.duration),
        service: process.map(|process| process.service_name.clone()).unwrap_or_default(),
        attributes,
        resource: map(process.map(|process| process.tags.clone()).unwrap_or_default()),
    }
}

fn map(tags: Vec<Tag>) -> BTreeMap<String, Json> {
    tags.into_iter().map(|tag| (tag.key, tag.value)).collect()
}
