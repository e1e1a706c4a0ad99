//! What a request is known by, in log lines, in the answer and in telemetry.
//!
//! `traceparent` is read and written by the rules of W3C Trace Context, level 1.

use std::sync::{Arc, OnceLock};

use axum::extract::MatchedPath;
use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};

use crate::telemetry::sampling::HeadSampler;

/// The header a caller may name its request by; otherwise the trace id stands in.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The header of W3C Trace Context.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// A longer request id, or one with other than visible ASCII, is not taken over.
const MAX_REQUEST_ID_BYTES: usize = 128;

tokio::task_local! {
    static CURRENT: RequestContext;
}

/// The request this task serves, if it serves one.
pub fn current() -> Option<RequestContext> {
    CURRENT.try_with(RequestContext::clone).ok()
}

/// Notes which route the current request matched.
pub fn set_route(route: MatchedPath) {
    // Outside a request there is nothing to note; a route is matched once.
    let _ = CURRENT.try_with(|context| context.0.route.set(route));
}

/// What is known of one request while it is served.
#[derive(Clone, Debug)]
pub struct RequestContext(Arc<Known>);

#[derive(Debug)]
struct Known {
    /// As the caller sent it; visible ASCII.
    request_id: Option<HeaderValue>,
    span: SpanContext,
    route: OnceLock<MatchedPath>,
}

impl RequestContext {
    /// Takes over the request id of the caller, and makes a span in the trace of `parent`. `sampler` decides whether
    /// the span is recorded; without one, nothing is, and the caller's flags stay.
    pub fn new(headers: &HeaderMap, parent: Option<&SpanContext>, sampler: Option<HeadSampler>) -> Self {
        let request_id = headers.get(X_REQUEST_ID).filter(|id| {
            (1..=MAX_REQUEST_ID_BYTES).contains(&id.len()) && id.as_bytes().iter().all(u8::is_ascii_graphic)
        });
        let trace_id = parent.map_or_else(|| TraceId::from(fastrand::u128(1..)), SpanContext::trace_id);
        let flags = parent.map_or(TraceFlags::NOT_SAMPLED, SpanContext::trace_flags);
        let span = SpanContext::new(
            trace_id,
            SpanId::from(fastrand::u64(1..)),
            sampler.map_or(flags, |sampler| flags.with_sampled(sampler.samples(trace_id, parent))),
            false,
            TraceState::NONE,
        );
        Self(Arc::new(Known {
            request_id: request_id.cloned(),
            span,
            route: OnceLock::new(),
        }))
    }

    /// Runs a future as part of this request.
    pub fn scope<F: Future>(&self, future: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self.clone(), future)
    }

    /// Writes the ids into the answer's headers.
    pub fn write(&self, headers: &mut HeaderMap) {
        let request_id = self
            .0
            .request_id
            .clone()
            .unwrap_or_else(|| ascii(&hex::<32>(trace_number(&self.0.span))));
        headers.insert(X_REQUEST_ID, request_id);
        headers.insert(TRACEPARENT, traceparent(&self.0.span));
    }

    /// What the caller named the request, or its trace id.
    pub fn request_id(&self) -> String {
        match self.0.request_id.as_ref().and_then(|id| id.to_str().ok()) {
            Some(id) => id.to_owned(),
            None => self.0.span.trace_id().to_string(),
        }
    }

    /// True if the caller named the request.
    pub fn has_own_request_id(&self) -> bool {
        self.0.request_id.is_some()
    }

    /// The request's own span, in the trace it belongs to.
    pub fn span(&self) -> &SpanContext {
        &self.0.span
    }

    /// Template of the path the request matched, such as `/items/{id}`.
    pub fn route(&self) -> Option<&str> {
        self.0.route.get().map(MatchedPath::as_str)
    }
}

/// The span of the caller that a request is part of.
pub fn remote_parent(headers: &HeaderMap) -> Option<SpanContext> {
    parse_traceparent(headers.get(TRACEPARENT)?.as_bytes())
}

/// `version-trace_id-parent_id-flags`; a later version may carry more behind it.
fn parse_traceparent(value: &[u8]) -> Option<SpanContext> {
    let (head, rest) = value.split_at_checked(55)?;
    let (version, trace_id, span_id, flags) = (&head[..2], &head[3..35], &head[36..52], &head[53..]);
    let separated = [2, 35, 52].iter().all(|&at| head[at] == b'-');
    let complete = match parse_hex(version)? {
        0xff => false,
        0 => rest.is_empty(),
        _ => rest.is_empty() || rest[0] == b'-',
    };
    let (trace_id, span_id) = (parse_hex(trace_id)?, u64::try_from(parse_hex(span_id)?).ok()?);
    let flags = TraceFlags::new(u8::try_from(parse_hex(flags)?).ok()?);
    let context = SpanContext::new(trace_id.into(), span_id.into(), flags, true, TraceState::NONE);
    (separated && complete && context.is_valid()).then_some(context)
}

fn traceparent(span: &SpanContext) -> HeaderValue {
    let mut text = *b"00-00000000000000000000000000000000-0000000000000000-00";
    text[3..35].copy_from_slice(&hex::<32>(trace_number(span)));
    text[36..52].copy_from_slice(&hex::<16>(u64::from_be_bytes(span.span_id().to_bytes()).into()));
    text[53..].copy_from_slice(&hex::<2>(span.trace_flags().to_u8().into()));
    ascii(&text)
}

fn trace_number(span: &SpanContext) -> u128 {
    u128::from_be_bytes(span.trace_id().to_bytes())
}

/// Lower-case hex digits alone, as the specification demands.
fn parse_hex(digits: &[u8]) -> Option<u128> {
    digits.iter().try_fold(0, |number: u128, digit| {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(number << 4 | u128::from(value))
    })
}

fn hex<const DIGITS: usize>(number: u128) -> [u8; DIGITS] {
    std::array::from_fn(|index| b"0123456789abcdef"[(number >> (4 * (DIGITS - 1 - index))) as usize & 0xf])
}

fn ascii(text: &[u8]) -> HeaderValue {
    HeaderValue::from_bytes(text).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traceparent_is_read_by_the_specification() {
        let trace = "0af7651916cd43dd8448eb211c80319c";
        let span = "b7ad6b7169203331";
        let taken = |value: String| parse_traceparent(value.as_bytes()).map(|parent| parent.trace_id().to_string());
        assert_eq!(taken(format!("00-{trace}-{span}-01")).as_deref(), Some(trace));
        assert_eq!(
            taken(format!("cc-{trace}-{span}-01-what-the-future")).as_deref(),
            Some(trace)
        );
        for refused in [
            String::new(),
            format!("00-{trace}-{span}"),
            format!("00-{trace}-{span}-01-more"),
            format!("ff-{trace}-{span}-01"),
            format!("00-{}-{span}-01", trace.to_uppercase()),
            format!("00-{}-{span}-01", "0".repeat(32)),
            format!("00-{trace}-{}-01", "0".repeat(16)),
            format!("00_{trace}-{span}-01"),
        ] {
            assert_eq!(taken(refused.clone()), None, "{refused}");
        }
    }
}
