//! Requests: templates compiled once, and the bytes that a virtual user sends.

use std::sync::Arc;

use crate::scenario::template::{Escape, Part, Refusal, Template, Value, WriteValue};
use crate::target::Target;

/// Bodies up to this size are copied into every virtual user's request, so that one write sends it all; larger ones are
/// shared and written after the head.
const INLINE_BODY: usize = 16 * 1024;

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

/// Everything a request is compiled from.
#[derive(Clone, Debug)]
pub(crate) struct RequestParts<'a> {
    pub(crate) method: &'a str,
    /// Path and query.
    pub(crate) path_and_query: Template,
    pub(crate) headers: Vec<(&'a str, Template)>,
    pub(crate) body: Option<Body>,
    /// What the body is where no header says so.
    pub(crate) content_type: &'a str,
    /// The run that the W3C trace headers name; without it there are none.
    pub(crate) traced_run: Option<&'a str>,
}

/// A request's body.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    /// Always the same.
    Fixed(Arc<[u8]>),
    /// With values to be filled in.
    Template(Template),
}

/// A request of which all is known but its values; shared by all virtual users of a thread.
#[derive(Debug)]
pub(crate) struct RequestTemplate {
    head: Template,
    body: Option<Body>,
    head_method: bool,
    closes: bool,
    varies: bool,
}

impl RequestTemplate {
    /// Lays a request out: its line, loadgen's own fields where no header takes their place, the headers, the body.
    pub(crate) fn new(target: &Target, parts: RequestParts<'_>) -> Self {
        let has = |name: &str| parts.headers.iter().any(|(given, _)| given.eq_ignore_ascii_case(name));
        let mut head = Template::text(parts.method);
        head.push_text(" ");
        head.append(&parts.path_and_query);
        head.push_text(" HTTP/1.1\r\n");
        let mut field = |name: &str, value: &Template| {
            head.push_text(name);
            head.push_text(": ");
            head.append(value);
            head.push_text("\r\n");
        };
        if !has("host") {
            field("Host", &Template::text(&target.authority()));
        }
        if !has("user-agent") {
            field(
                "User-Agent",
                &Template::text(concat!("loadgen/", env!("CARGO_PKG_VERSION"))),
            );
        }
        if !has("accept") {
            field("Accept", &Template::text("*/*"));
        }
        if let Some(value) = target.basic_authorization()
            && !has("authorization")
        {
            field("Authorization", &Template::text(&value));
        }
        for (name, value) in &parts.headers {
            field(name, value);
        }
        if let Some(body) = &parts.body {
            if !has("content-type") {
                field("Content-Type", &Template::text(parts.content_type));
            }
            let length = match body {
                Body::Fixed(bytes) => Template::text(&bytes.len().to_string()),
                Body::Template(_) => Template::value(Value::BodyLength, Escape::None),
            };
            field("Content-Length", &length);
        } else if matches!(parts.method, "POST" | "PUT" | "PATCH") {
            field("Content-Length", &Template::text("0"));
        }
        if let Some(run) = parts.traced_run {
            field("baggage", &Template::text(&format!("loadgen.run_id={run}")));
            if !has("traceparent") {
                field("traceparent", &Template::value(Value::TraceParent, Escape::None));
            }
        }
        head.push_text("\r\n");
        let closes = parts.headers.iter().any(|(name, value)| {
            name.eq_ignore_ascii_case("connection")
                && value
                    .as_text()
                    .is_some_and(|text| text.to_ascii_lowercase().contains("close"))
        });
        Self {
            varies: head
                .parts()
                .iter()
                .any(|part| !matches!(part, Part::Text(_) | Part::Value(Value::TraceParent, _))),
            head,
            body: parts.body,
            head_method: parts.method == "HEAD",
            closes,
        }
    }

    /// Whether its bytes differ from one rendering to the next, the trace id left out.
    #[inline]
    pub(crate) fn varies(&self) -> bool {
        self.varies
    }
}

/// The request that a virtual user sends next, ready to be written; its buffers are reused.
#[derive(Debug)]
pub(crate) struct PreparedRequest {
    /// The head, and a body that fits in the same write.
    head: Vec<u8>,
    tail: Tail,
    /// A body with values filled in.
    body: Vec<u8>,
    /// The half of the trace ids that all requests of a virtual user share.
    trace_high: u64,
    /// Where the low half of the trace id stands, which the span id and the flags follow.
    trace: Option<usize>,
    head_method: bool,
    closes: bool,
    refusal: Option<Refusal>,
}

/// What is written after the head.
#[derive(Debug)]
enum Tail {
    None,
    Shared(Arc<[u8]>),
    /// What stands in the body's buffer.
    Body,
}

impl PreparedRequest {
    /// A request with nothing in it yet.
    pub(crate) fn new(rng: &mut fastrand::Rng) -> Self {
        Self {
            head: Vec::new(),
            tail: Tail::None,
            body: Vec::new(),
            // An all-zero trace id is invalid.
            trace_high: rng.u64(1..),
            trace: None,
            head_method: false,
            closes: false,
            refusal: None,
        }
    }

    /// Renders a template with the values of the moment. Where a value is missing, or would change what the request is,
    /// the request is refused: see [`Self::refusal`].
    pub(crate) fn render(&mut self, template: &RequestTemplate, values: &impl WriteValue) {
        self.head.clear();
        self.body.clear();
        self.trace = None;
        self.tail = Tail::None;
        self.head_method = template.head_method;
        self.closes = template.closes;
        self.refusal = self.fill(template, values).err();
    }

    fn fill(&mut self, template: &RequestTemplate, values: &impl WriteValue) -> Result<(), Refusal> {
        if let Some(Body::Template(body)) = &template.body {
            body.render(values, &mut self.body)?;
        }
        for part in template.head.parts() {
            match part {
                Part::Text(text) => self.head.extend_from_slice(text.as_bytes()),
                Part::Value(Value::BodyLength, _) => push_decimal(&mut self.head, self.body.len() as u64),
                Part::Value(Value::TraceParent, _) => {
                    self.head.extend_from_slice(b"00-");
                    self.head.extend_from_slice(&hex_digits(self.trace_high));
                    self.trace = Some(self.head.len());
                    self.head.extend_from_slice(b"0000000000000000-0000000000000000-00");
                }
                Part::Value(value, escape) => values.write(*value, *escape, &mut self.head)?,
            }
        }
        match &template.body {
            None => {}
            Some(Body::Fixed(bytes)) if bytes.len() <= INLINE_BODY => self.head.extend_from_slice(bytes),
            Some(Body::Fixed(bytes)) => self.tail = Tail::Shared(Arc::clone(bytes)),
            Some(Body::Template(_)) if self.body.len() <= INLINE_BODY => self.head.extend_from_slice(&self.body),
            Some(Body::Template(_)) => self.tail = Tail::Body,
        }
        Ok(())
    }

    /// Why the request cannot be sent, if so.
    #[inline]
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        self.refusal
    }

    /// Refuses the request.
    pub(crate) fn refuse(&mut self, refusal: Refusal) {
        self.refusal = Some(refusal);
    }

    /// Gives the request a trace id of its own, and asks for the trace to be recorded or not.
    #[inline]
    pub(crate) fn stamp_trace(&mut self, rng: &mut fastrand::Rng, sampled: bool) -> TraceId {
        let Some(at) = self.trace else {
            return TraceId::default();
        };
        // The lowest bit is set because an all-zero span id is invalid.
        let low = rng.u64(..) | 1;
        let digits = hex_digits(low);
        let ids_and_flags = &mut self.head[at..at + 36];
        ids_and_flags[..16].copy_from_slice(&digits);
        ids_and_flags[17..33].copy_from_slice(&digits);
        ids_and_flags[35] = b'0' + u8::from(sampled);
        TraceId {
            high: self.trace_high,
            low,
        }
    }

    fn tail(&self) -> &[u8] {
        match &self.tail {
            Tail::None => &[],
            Tail::Shared(bytes) => bytes,
            Tail::Body => &self.body,
        }
    }

    /// The unsent bytes that one write may take, after `written` are gone; empty when all are.
    pub(crate) fn unsent(&self, written: usize) -> &[u8] {
        if let Some(rest) = self.head.get(written..)
            && !rest.is_empty()
        {
            return rest;
        }
        written
            .checked_sub(self.head.len())
            .and_then(|written| self.tail().get(written..))
            .unwrap_or_default()
    }

    /// Bytes of head and body.
    pub(crate) fn len(&self) -> usize {
        self.head.len() + self.tail().len()
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

/// Appends a number in decimal.
pub(crate) fn push_decimal(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Sixteen hex digits of a number, all nibbles at once.
pub(crate) fn hex_digits(value: u64) -> [u8; 16] {
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
    use crate::scenario::template::NoValues;

    #[test]
    fn hex_digits_are_those_of_format() {
        let mut rng = fastrand::Rng::with_seed(7);
        for _ in 0..1000 {
            let value = rng.u64(..) >> rng.u32(0..64);
            assert_eq!(hex_digits(value), format!("{value:016x}").as_bytes());
        }
    }

    fn request(parts: RequestParts<'_>) -> PreparedRequest {
        let target: Target = "http://host/a".parse().unwrap();
        let mut request = PreparedRequest::new(&mut fastrand::Rng::with_seed(1));
        request.render(&RequestTemplate::new(&target, parts), &NoValues);
        request
    }

    #[test]
    fn trace_ids_differ_and_stand_in_the_bytes() {
        let mut request = request(RequestParts {
            method: "GET",
            path_and_query: Template::text("/a"),
            headers: Vec::new(),
            body: None,
            content_type: "",
            traced_run: Some("r1"),
        });
        let mut rng = fastrand::Rng::with_seed(2);
        let first = request.stamp_trace(&mut rng, true);
        let sampled = String::from_utf8(request.unsent(0).to_vec()).unwrap();
        let second = request.stamp_trace(&mut rng, false);
        assert_ne!(first, second);
        let text = String::from_utf8(request.unsent(0).to_vec()).unwrap();
        let parent =
            |trace: TraceId, flags| format!("traceparent: 00-{}-{:016x}-{flags}\r\n", trace.to_hex(), trace.low);
        assert!(sampled.contains(&parent(first, "01")), "{sampled}");
        assert!(text.contains(&parent(second, "00")), "{text}");
        assert!(
            text.contains("baggage: loadgen.run_id=r1\r\n") && text.ends_with("\r\n\r\n"),
            "{text}"
        );
    }

    #[test]
    fn large_bodies_are_shared() {
        let body: Arc<[u8]> = vec![b'x'; 100_000].into();
        let request = request(RequestParts {
            method: "PUT",
            path_and_query: Template::text("/a"),
            headers: Vec::new(),
            body: Some(Body::Fixed(Arc::clone(&body))),
            content_type: "text/plain",
            traced_run: None,
        });
        let head = request.unsent(0).len();
        assert!(head < 1000 && Arc::strong_count(&body) == 2);
        assert_eq!(request.unsent(head).len(), 100_000);
        assert_eq!(request.unsent(head + 99_999), b"x");
        assert!(request.unsent(request.len()).is_empty());
    }
}
