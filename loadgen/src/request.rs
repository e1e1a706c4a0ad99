//! A request rendered once and patched in place before each sending.

use std::ops::Range;
use std::sync::Arc;

use crate::settings::Header;
use crate::target::Target;

/// Bodies up to this size are copied into every virtual user's request, so that one write sends it all; larger ones are
/// shared and written after the head.
const INLINE_BODY: usize = 16 * 1024;

/// The W3C trace headers of one run.
#[derive(Clone, Debug)]
pub(crate) struct TraceHeaders {
    pub(crate) run_id: String,
}

/// A trace id as sent, 128 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TraceId {
    pub(crate) high: u64,
    pub(crate) low: u64,
}

impl TraceId {
    /// 32 hex digits; empty if no trace header was sent.
    pub(crate) fn to_hex(self) -> String {
        if self == Self::default() {
            String::new()
        } else {
            format!("{:016x}{:016x}", self.high, self.low)
        }
    }
}

/// Everything a request is rendered from.
#[derive(Clone, Debug)]
pub(crate) struct RequestParts<'a> {
    pub(crate) method: &'a str,
    pub(crate) path_and_query: &'a str,
    pub(crate) headers: &'a [Header],
    pub(crate) body: Option<Arc<[u8]>>,
    pub(crate) trace: Option<&'a TraceHeaders>,
}

/// One request of one virtual user, ready to be written.
#[derive(Clone, Debug)]
pub(crate) struct PreparedRequest {
    head: Vec<u8>,
    tail: Option<Arc<[u8]>>,
    /// Where the low half of the trace id and the span id stand; both carry the same random digits.
    trace: Option<TracePatch>,
    head_method: bool,
    closes: bool,
}

#[derive(Clone, Debug)]
struct TracePatch {
    high: u64,
    low_at: usize,
    span_at: usize,
}

impl PreparedRequest {
    /// Renders the request for one virtual user; `rng` gives the half of the trace id that all its requests share.
    pub(crate) fn render(target: &Target, parts: &RequestParts<'_>, rng: &mut fastrand::Rng) -> Self {
        let has = |name: &str| parts.headers.iter().any(|(given, _)| given.eq_ignore_ascii_case(name));
        let mut head = format!("{} {} HTTP/1.1\r\n", parts.method, parts.path_and_query);
        let mut line = |name: &str, value: &str| {
            head.push_str(name);
            head.push_str(": ");
            head.push_str(value);
            head.push_str("\r\n");
        };
        if !has("host") {
            line("Host", &target.authority());
        }
        if !has("user-agent") {
            line("User-Agent", concat!("loadgen/", env!("CARGO_PKG_VERSION")));
        }
        if !has("accept") {
            line("Accept", "*/*");
        }
        if let Some(value) = target.basic_authorization()
            && !has("authorization")
        {
            line("Authorization", &value);
        }
        for (name, value) in parts.headers {
            line(name, value);
        }
        if let Some(body) = &parts.body {
            if !has("content-type") {
                line("Content-Type", "application/json");
            }
            line("Content-Length", &body.len().to_string());
        } else if matches!(parts.method, "POST" | "PUT" | "PATCH") {
            line("Content-Length", "0");
        }
        let mut trace = None;
        if let Some(headers) = parts.trace {
            line("baggage", &format!("loadgen.run_id={}", headers.run_id));
            if !has("traceparent") {
                // An all-zero trace id is invalid.
                let high = rng.u64(1..);
                head.push_str(&format!("traceparent: 00-{high:016x}"));
                let low_at = head.len();
                head.push_str("0000000000000000-");
                let span_at = head.len();
                head.push_str("0000000000000000-01\r\n");
                trace = Some(TracePatch { high, low_at, span_at });
            }
        }
        head.push_str("\r\n");
        let mut head = head.into_bytes();
        let mut tail = None;
        if let Some(body) = &parts.body {
            if body.len() <= INLINE_BODY {
                head.extend_from_slice(body);
            } else {
                tail = Some(Arc::clone(body));
            }
        }
        let closes = parts.headers.iter().any(|(name, value)| {
            name.eq_ignore_ascii_case("connection") && value.to_ascii_lowercase().contains("close")
        });
        Self {
            head,
            tail,
            trace,
            head_method: parts.method == "HEAD",
            closes,
        }
    }

    /// Gives the request a trace id of its own, and asks the target to record the trace or not to.
    #[inline]
    pub(crate) fn stamp_trace(&mut self, rng: &mut fastrand::Rng, sampled: bool) -> TraceId {
        let Some(patch) = &self.trace else {
            return TraceId::default();
        };
        // The lowest bit is set because an all-zero span id is invalid.
        let low = rng.u64(..) | 1;
        let digits = hex_digits(low);
        self.head[patch.low_at..patch.low_at + 16].copy_from_slice(&digits);
        self.head[patch.span_at..patch.span_at + 16].copy_from_slice(&digits);
        self.head[patch.span_at + 18] = b'0' + u8::from(sampled);
        TraceId { high: patch.high, low }
    }

    /// Where `needle` stands in the head or inline body, to be patched later.
    pub(crate) fn position_of(&self, needle: &str) -> Option<Range<usize>> {
        let at = self
            .head
            .windows(needle.len())
            .position(|window| window == needle.as_bytes())?;
        Some(at..at + needle.len())
    }

    /// Writes `number` in decimal over `at`, padded with zeros; digits that do not fit are cut at the left.
    pub(crate) fn patch_decimal(&mut self, at: &Range<usize>, mut number: u64) {
        for byte in self.head[at.clone()].iter_mut().rev() {
            *byte = b'0' + (number % 10) as u8;
            number /= 10;
        }
    }

    /// The bytes of a range, e.g. one given by [`Self::position_of`].
    pub(crate) fn bytes_at(&self, at: &Range<usize>) -> &[u8] {
        &self.head[at.clone()]
    }

    /// The unsent bytes that one write may take, after `written` are gone; empty when all are.
    pub(crate) fn unsent(&self, written: usize) -> &[u8] {
        if let Some(rest) = self.head.get(written..)
            && !rest.is_empty()
        {
            return rest;
        }
        self.tail
            .as_ref()
            .and_then(|tail| tail.get(written - self.head.len()..))
            .unwrap_or_default()
    }

    /// Bytes of head and body.
    pub(crate) fn len(&self) -> usize {
        self.head.len() + self.tail.as_ref().map_or(0, |tail| tail.len())
    }

    /// Whether the method is HEAD, whose answers have no body whatever their headers say.
    pub(crate) fn is_head(&self) -> bool {
        self.head_method
    }

    /// Whether the request asks the target to close the connection.
    pub(crate) fn closes(&self) -> bool {
        self.closes
    }
}

/// Sixteen hex digits of a number, all nibbles at once.
fn hex_digits(value: u64) -> [u8; 16] {
    fn spread(half: u32) -> u64 {
        let mut x = u64::from(half);
        x = (x | (x << 16)) & 0x0000_ffff_0000_ffff;
        x = (x | (x << 8)) & 0x00ff_00ff_00ff_00ff;
        x = (x | (x << 4)) & 0x0f0f_0f0f_0f0f_0f0f;
        // Nibbles above nine carry into bit 4 when six is added; they get the distance from '9' + 1 to 'a'.
        let letters = ((x + 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101;
        x + 0x3030_3030_3030_3030 + letters * u64::from(b'a' - b'9' - 1)
    }
    let mut digits = [0; 16];
    digits[..8].copy_from_slice(&spread((value >> 32) as u32).to_be_bytes());
    digits[8..].copy_from_slice(&spread(value as u32).to_be_bytes());
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_digits_are_those_of_format() {
        let mut rng = fastrand::Rng::with_seed(7);
        for _ in 0..1000 {
            let value = rng.u64(..) >> rng.u32(0..64);
            assert_eq!(hex_digits(value), format!("{value:016x}").as_bytes());
        }
    }

    #[test]
    fn trace_ids_differ_and_stand_in_the_bytes() {
        let target: Target = "http://host/a".parse().unwrap();
        let trace = TraceHeaders { run_id: "r1".into() };
        let parts = RequestParts {
            method: "GET",
            path_and_query: "/a",
            headers: &[],
            body: None,
            trace: Some(&trace),
        };
        let mut rng = fastrand::Rng::with_seed(1);
        let mut request = PreparedRequest::render(&target, &parts, &mut rng);
        let first = request.stamp_trace(&mut rng, true);
        let second = request.stamp_trace(&mut rng, true);
        assert_ne!(first, second);
        let text = String::from_utf8(request.unsent(0).to_vec()).unwrap();
        assert!(
            text.contains(&format!(
                "traceparent: 00-{}-{:016x}-01\r\n",
                second.to_hex(),
                second.low
            )),
            "{text}"
        );
        assert!(
            text.contains("baggage: loadgen.run_id=r1\r\n") && text.ends_with("\r\n\r\n"),
            "{text}"
        );
    }

    #[test]
    fn large_bodies_are_shared() {
        let target: Target = "http://host/a".parse().unwrap();
        let body: Arc<[u8]> = vec![b'x'; 100_000].into();
        let parts = RequestParts {
            method: "PUT",
            path_and_query: "/a",
            headers: &[],
            body: Some(Arc::clone(&body)),
            trace: None,
        };
        let request = PreparedRequest::render(&target, &parts, &mut fastrand::Rng::new());
        assert_eq!(Arc::strong_count(&body), 3);
        let head = request.unsent(0).len();
        assert_eq!(request.unsent(head).len(), 100_000);
        assert_eq!(request.unsent(head + 99_999), b"x");
        assert!(request.unsent(request.len()).is_empty());
    }
}
