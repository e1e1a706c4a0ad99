//! The ids a request is known by, in log lines and in the answer.
//!
//! `traceparent` is read and written by the rules of W3C Trace Context, level 1.

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue};

/// The header a caller may name its request by; otherwise the trace id stands in.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The header of W3C Trace Context.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// A longer request id, or one with other than visible ASCII, is not taken over.
const MAX_REQUEST_ID_BYTES: usize = 128;

tokio::task_local! {
    static CURRENT: RequestContext;
}

/// The ids of the request this task serves, if it serves one.
pub fn current() -> Option<RequestContext> {
    CURRENT.try_with(RequestContext::clone).ok()
}

/// The ids of one request.
#[derive(Clone, Debug)]
pub struct RequestContext {
    /// As the caller sent it; visible ASCII.
    request_id: Option<HeaderValue>,
    traceparent: Traceparent,
}

/// 16 bytes, not all zero; 32 hex digits in text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceId(u128);

/// 8 bytes, not all zero; 16 hex digits in text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpanId(u64);

#[derive(Clone, Copy, Debug)]
struct Traceparent {
    trace_id: TraceId,
    span_id: SpanId,
    flags: u8,
}

impl RequestContext {
    /// Takes over the ids that came with a request and makes those that did not.
    pub fn from_headers(headers: &HeaderMap) -> Self {
        let request_id = headers.get(X_REQUEST_ID).filter(|id| {
            (1..=MAX_REQUEST_ID_BYTES).contains(&id.len()) && id.as_bytes().iter().all(u8::is_ascii_graphic)
        });
        let parent = headers
            .get(TRACEPARENT)
            .and_then(|value| Traceparent::parse(value.as_bytes()));
        Self {
            request_id: request_id.cloned(),
            traceparent: Traceparent {
                trace_id: parent.map_or_else(TraceId::random, |parent| parent.trace_id),
                span_id: SpanId::random(),
                flags: parent.map_or(0, |parent| parent.flags),
            },
        }
    }

    /// Runs a future as part of this request.
    pub fn scope<F: Future>(&self, future: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self.clone(), future)
    }

    /// Writes the ids into the answer's headers.
    pub fn write(self, headers: &mut HeaderMap) {
        let traceparent = self.traceparent.to_header_value();
        let request_id = self
            .request_id
            .unwrap_or_else(|| ascii(&hex::<32>(self.traceparent.trace_id.0)));
        headers.insert(X_REQUEST_ID, request_id);
        headers.insert(TRACEPARENT, traceparent);
    }

    /// What the caller named the request, or its trace id.
    pub fn request_id(&self) -> String {
        match self.request_id.as_ref().and_then(|id| id.to_str().ok()) {
            Some(id) => id.to_owned(),
            None => self.traceparent.trace_id.to_string(),
        }
    }

    /// True if the caller named the request.
    pub fn has_own_request_id(&self) -> bool {
        self.request_id.is_some()
    }

    /// The trace the request belongs to.
    pub fn trace_id(&self) -> TraceId {
        self.traceparent.trace_id
    }

    /// This request's own span.
    pub fn span_id(&self) -> SpanId {
        self.traceparent.span_id
    }
}

impl TraceId {
    fn random() -> Self {
        Self(fastrand::u128(1..))
    }
}

impl SpanId {
    fn random() -> Self {
        Self(fastrand::u64(1..))
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:032x}", self.0)
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", self.0)
    }
}

impl Traceparent {
    /// `version-trace_id-parent_id-flags`; a later version may carry more behind it.
    fn parse(value: &[u8]) -> Option<Self> {
        let (head, rest) = value.split_at_checked(55)?;
        let (version, trace_id, span_id, flags) = (&head[..2], &head[3..35], &head[36..52], &head[53..]);
        let separated = [2, 35, 52].iter().all(|&at| head[at] == b'-');
        let complete = match parse_hex(version)? {
            0xff => false,
            0 => rest.is_empty(),
            _ => rest.is_empty() || rest[0] == b'-',
        };
        let (trace_id, span_id) = (parse_hex(trace_id)?, parse_hex(span_id)?);
        (separated && complete && trace_id != 0 && span_id != 0).then_some(Self {
            trace_id: TraceId(trace_id),
            span_id: SpanId(u64::try_from(span_id).ok()?),
            flags: u8::try_from(parse_hex(flags)?).ok()?,
        })
    }

    fn to_header_value(self) -> HeaderValue {
        let mut text = *b"00-00000000000000000000000000000000-0000000000000000-00";
        text[3..35].copy_from_slice(&hex::<32>(self.trace_id.0));
        text[36..52].copy_from_slice(&hex::<16>(self.span_id.0.into()));
        text[53..].copy_from_slice(&hex::<2>(self.flags.into()));
        ascii(&text)
    }
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
        let taken = |value: String| Traceparent::parse(value.as_bytes()).map(|parent| parent.trace_id.to_string());
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
