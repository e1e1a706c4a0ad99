//! Spans in OTLP's protobuf encoding, written once, when they end.
//!
//! The fields are those of `opentelemetry/proto/trace/v1/trace.proto` and the messages it is made of. Spans of the SDK
//! would be converted and encoded from structs of many small allocations, made on one thread and freed on another;
//! that took a tenth of the service's CPU time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry::KeyValue;
use opentelemetry::trace::SpanContext;
use opentelemetry_sdk::Resource;

/// Longer texts are cut: paths and user agents are the client's choice, and the queue's memory is bounded by it.
pub(super) const MAX_TEXT_BYTES: usize = 1024;

const VARINT: u8 = 0;
const FIXED_64: u8 = 1;
const LENGTH_DELIMITED: u8 = 2;
const FIXED_32: u8 = 5;

const STATUS_CODE_ERROR: u64 = 2;
/// In a span's flags: whether its parent is in another process is known, and whether it is.
const HAS_IS_REMOTE: u32 = 0x100;
const IS_REMOTE: u32 = 0x200;

/// The side of a call that a span is on.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Server = 2,
    Client = 3,
}

/// The value of an attribute.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'a> {
    Text(&'a str),
    Integer(i64),
}

const ATTRIBUTES_OF_A_SPAN: u8 = 9;

/// Fields that many spans have alike, encoded.
#[derive(Debug)]
pub(super) struct SharedFields(Vec<u8>);

impl SharedFields {
    pub(super) fn new(name: &str, kind: Kind, attributes: &[KeyValue], is_error: bool) -> Self {
        let mut fields = Vec::new();
        bytes(&mut fields, 5, name.as_bytes());
        key(&mut fields, 6, VARINT);
        varint(&mut fields, kind as u64);
        for shared in attributes {
            let text = shared.value.as_str();
            let value = match shared.value {
                opentelemetry::Value::I64(number) => Value::Integer(number),
                _ => Value::Text(&text),
            };
            attribute(&mut fields, ATTRIBUTES_OF_A_SPAN, shared.key.as_str(), value);
        }
        if is_error {
            const CODE_OF_A_STATUS: u8 = 3;
            delimited(&mut fields, 15, 2);
            key(&mut fields, CODE_OF_A_STATUS, VARINT);
            varint(&mut fields, STATUS_CODE_ERROR);
        }
        Self(fields)
    }
}

/// The attributes that are one span's own, encoded.
#[derive(Debug)]
pub(super) struct Attributes(Vec<u8>);

impl Attributes {
    pub(super) fn new() -> Self {
        // Holds those of most spans.
        Self(Vec::with_capacity(256))
    }

    pub(super) fn push(&mut self, name: &str, value: Value<'_>) {
        attribute(&mut self.0, ATTRIBUTES_OF_A_SPAN, name, value);
    }
}

/// A span that has ended.
pub(super) struct EndedSpan<'a> {
    pub(super) context: &'a SpanContext,
    pub(super) parent: Option<&'a SpanContext>,
    pub(super) started: SystemTime,
    pub(super) elapsed: Duration,
    pub(super) shared: &'a SharedFields,
    pub(super) attributes: &'a Attributes,
}

impl EndedSpan<'_> {
    /// Appends it to the spans of one scope.
    pub(super) fn write(&self, spans: &mut Vec<u8>) {
        const SPANS_OF_A_SCOPE: u8 = 2;
        let start = self.started.duration_since(UNIX_EPOCH).unwrap_or_default();
        let nanoseconds = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let mut flags = u32::from(self.context.trace_flags().to_u8()) | HAS_IS_REMOTE;
        if self.parent.is_some_and(SpanContext::is_remote) {
            flags |= IS_REMOTE;
        }
        let parent = if self.parent.is_some() { 10 } else { 0 };
        let length = 18 + 10 + parent + 9 + 9 + self.shared.0.len() + self.attributes.0.len() + 6;
        delimited(spans, SPANS_OF_A_SCOPE, length);
        let before = spans.len();
        bytes(spans, 1, &self.context.trace_id().to_bytes());
        bytes(spans, 2, &self.context.span_id().to_bytes());
        if let Some(parent) = self.parent {
            bytes(spans, 4, &parent.span_id().to_bytes());
        }
        key(spans, 7, FIXED_64);
        spans.extend_from_slice(&nanoseconds(start).to_le_bytes());
        key(spans, 8, FIXED_64);
        spans.extend_from_slice(&nanoseconds(start + self.elapsed).to_le_bytes());
        spans.extend_from_slice(&self.shared.0);
        spans.extend_from_slice(&self.attributes.0);
        // Fields from 16 on have keys of two bytes.
        varint(spans, 16 << 3 | u64::from(FIXED_32));
        spans.extend_from_slice(&flags.to_le_bytes());
        debug_assert_eq!(spans.len() - before, length);
    }
}

/// What is around the spans of every export: `ExportTraceServiceRequest`, `ResourceSpans` and `ScopeSpans`.
#[derive(Debug)]
pub(super) struct Envelope {
    resource: Vec<u8>,
    scope: Vec<u8>,
}

impl Envelope {
    pub(super) fn new(resource: &Resource, scope_name: &str) -> Self {
        let mut attributes = Vec::new();
        for (name, value) in resource {
            attribute(&mut attributes, 1, name.as_str(), Value::Text(&value.as_str()));
        }
        let mut scope_fields = Vec::new();
        bytes(&mut scope_fields, 1, scope_name.as_bytes());
        let (mut resource, mut scope) = (Vec::new(), Vec::new());
        bytes(&mut resource, 1, &attributes);
        bytes(&mut scope, 1, &scope_fields);
        Self { resource, scope }
    }

    /// A whole request with these spans.
    pub(super) fn around(&self, spans: &[u8]) -> Vec<u8> {
        let scope_spans = self.scope.len() + spans.len();
        let resource_spans = self.resource.len() + delimited_length(scope_spans);
        let mut request = Vec::with_capacity(delimited_length(resource_spans));
        delimited(&mut request, 1, resource_spans);
        request.extend_from_slice(&self.resource);
        delimited(&mut request, 2, scope_spans);
        request.extend_from_slice(&self.scope);
        request.extend_from_slice(spans);
        request
    }
}

/// Appends a `KeyValue` as an element of the repeated field `field`.
fn attribute(out: &mut Vec<u8>, field: u8, name: &str, value: Value<'_>) {
    const KEY: u8 = 1;
    const VALUE: u8 = 2;
    const STRING_VALUE: u8 = 1;
    const INT_VALUE: u8 = 3;
    match value {
        Value::Text(text) => {
            let text = &text[..text.floor_char_boundary(MAX_TEXT_BYTES)];
            let any_value = delimited_length(text.len());
            delimited(out, field, delimited_length(name.len()) + delimited_length(any_value));
            bytes(out, KEY, name.as_bytes());
            delimited(out, VALUE, any_value);
            bytes(out, STRING_VALUE, text.as_bytes());
        }
        Value::Integer(number) => {
            // Two's complement: a negative number takes ten bytes.
            let number = number.cast_unsigned();
            let any_value = 1 + varint_length(number);
            delimited(out, field, delimited_length(name.len()) + delimited_length(any_value));
            bytes(out, KEY, name.as_bytes());
            delimited(out, VALUE, any_value);
            key(out, INT_VALUE, VARINT);
            varint(out, number);
        }
    }
}

/// A field of at most number 15.
fn key(out: &mut Vec<u8>, field: u8, wire_type: u8) {
    out.push(field << 3 | wire_type);
}

fn bytes(out: &mut Vec<u8>, field: u8, content: &[u8]) {
    delimited(out, field, content.len());
    out.extend_from_slice(content);
}

/// The beginning of a field whose content of `length` bytes follows.
fn delimited(out: &mut Vec<u8>, field: u8, length: usize) {
    key(out, field, LENGTH_DELIMITED);
    varint(out, length as u64);
}

/// Bytes of a field with content of `length` bytes.
fn delimited_length(length: usize) -> usize {
    1 + varint_length(length as u64) + length
}

fn varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn varint_length(number: u64) -> usize {
    (64 - (number | 1).leading_zeros() as usize).div_ceil(7)
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{SpanId, TraceFlags, TraceId, TraceState};
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use opentelemetry_proto::tonic::common::v1::any_value;
    use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
    use proptest::prelude::*;
    use prost::Message as _;

    use super::*;

    fn decoded(attributes: &[opentelemetry_proto::tonic::common::v1::KeyValue]) -> Vec<(String, String)> {
        let text = |value: any_value::Value| match value {
            any_value::Value::StringValue(text) => text,
            any_value::Value::IntValue(number) => number.to_string(),
            other => panic!("{other:?}"),
        };
        attributes
            .iter()
            .map(|attribute| {
                let value = attribute.value.clone().and_then(|value| value.value).map(text);
                (attribute.key.clone(), value.unwrap_or_default())
            })
            .collect()
    }

    proptest! {
        /// Held against OpenTelemetry's own decoder.
        #[test]
        fn what_is_encoded_is_what_is_decoded(
            ids in (1_u128.., 1_u64.., proptest::option::of((1_u64.., any::<bool>()))),
            name in "\\PC{0,40}",
            texts in proptest::collection::vec(("[a-z.]{1,200}", "\\PC{0,600}"), 0..6),
            of_all in 0..6_usize,
            numbers in proptest::collection::vec(any::<i64>(), 0..4),
            times in (0_u64..4_000_000_000_000_000_000, 0_u64..100_000_000_000),
            is_error: bool,
            is_sampled: bool,
        ) {
            let (trace_id, span_id, parent) = ids;
            let span = |id: u64, is_remote| SpanContext::new(
                TraceId::from(trace_id), SpanId::from(id),
                TraceFlags::default().with_sampled(is_sampled), is_remote, TraceState::NONE,
            );
            let (context, parent) = (span(span_id, false), parent.map(|(id, is_remote)| span(id, is_remote)));
            let mut expected = Vec::new();
            let mut shared = Vec::new();
            for number in &numbers {
                shared.push(KeyValue::new("number", *number));
                expected.push(("number".to_owned(), number.to_string()));
            }
            let mut attributes = Attributes::new();
            for (index, (name, text)) in texts.iter().enumerate() {
                if index < of_all {
                    shared.push(KeyValue::new(name.clone(), text.clone()));
                } else {
                    attributes.push(name, Value::Text(text));
                }
                expected.push((name.clone(), text[..text.floor_char_boundary(MAX_TEXT_BYTES)].to_owned()));
            }
            let mut spans = Vec::new();
            for kind in [Kind::Server, Kind::Client] {
                EndedSpan {
                    context: &context,
                    parent: parent.as_ref(),
                    started: UNIX_EPOCH + Duration::from_nanos(times.0),
                    elapsed: Duration::from_nanos(times.1),
                    shared: &SharedFields::new(&name, kind, &shared, is_error),
                    attributes: &attributes,
                }
                .write(&mut spans);
            }
            let resource = Resource::builder_empty().with_service_name("a service").build();
            let request = Envelope::new(&resource, "a scope").around(&spans);

            let request = ExportTraceServiceRequest::decode(request.as_slice()).map_err(|error| TestCaseError::fail(error.to_string()))?;
            prop_assert_eq!(request.resource_spans.len(), 1);
            let resource = request.resource_spans[0].resource.clone().unwrap_or_default();
            prop_assert_eq!(decoded(&resource.attributes), [("service.name".to_owned(), "a service".to_owned())]);
            let scope = &request.resource_spans[0].scope_spans[0];
            prop_assert_eq!(scope.scope.clone().unwrap_or_default().name, "a scope");
            let kinds: Vec<_> = scope.spans.iter().map(|span| span.kind).collect();
            prop_assert_eq!(kinds, [SpanKind::Server as i32, SpanKind::Client as i32]);
            for span in &scope.spans {
                prop_assert_eq!(&span.trace_id, &trace_id.to_be_bytes());
                prop_assert_eq!(&span.span_id, &span_id.to_be_bytes());
                let parent_id = parent.as_ref().map(|parent| parent.span_id().to_bytes().to_vec());
                prop_assert_eq!(&span.parent_span_id, &parent_id.unwrap_or_default());
                prop_assert_eq!(&span.name, &name);
                prop_assert_eq!(span.start_time_unix_nano, times.0);
                prop_assert_eq!(span.end_time_unix_nano, times.0 + times.1);
                prop_assert_eq!(decoded(&span.attributes), expected.clone());
                prop_assert_eq!(span.status.clone().map(|status| status.code), is_error.then_some(2));
                let is_remote = parent.as_ref().is_some_and(SpanContext::is_remote);
                prop_assert_eq!(span.flags, u32::from(is_sampled) | 0x100 | if is_remote { 0x200 } else { 0 });
            }
        }
    }
}
