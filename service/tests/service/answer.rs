//! An HTTP answer and what every answer of the service must keep.

use std::fmt;

use http::HeaderMap;
use serde_json::Value;
use test_servers::INTERNAL_WORDS;

/// What came back for a request.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// A header's value; panics where it is missing.
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value
            .unwrap_or_else(|| panic!("no header {name} in {self:?}"))
            .to_str()
            .unwrap()
    }

    /// The body, which must be declared as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), "application/json", "{self:?}");
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// Asserts status and whole body.
    #[track_caller]
    pub(crate) fn is(&self, status: u16, body: &Value) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.json(), *body);
    }

    /// Asserts that the body is `{"error": "<sentence>"}` and nothing else, and gives the sentence.
    #[track_caller]
    pub(crate) fn refusal(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{self:?}");
        let body = self.json();
        let sentence = body["error"]
            .as_str()
            .unwrap_or_else(|| panic!("no sentence in {self:?}"))
            .to_owned();
        assert_eq!(body, serde_json::json!({ "error": sentence }));
        assert!(
            sentence.len() >= 10 && sentence.starts_with(|first: char| first.is_uppercase()),
            "{sentence}"
        );
        let lower_case = sentence.to_lowercase();
        for word in INTERNAL_WORDS {
            assert!(!lower_case.contains(word), "{word:?} in {sentence:?}");
        }
        sentence
    }

    /// As [`Answer::refusal`], with a sentence that contains `part`.
    #[track_caller]
    pub(crate) fn refusal_about(&self, status: u16, part: &str) {
        let sentence = self.refusal(status);
        assert!(sentence.contains(part), "no {part:?} in {sentence:?}");
    }

    /// Asserts that the answer asks to come back, within a time that makes sense.
    #[track_caller]
    pub(crate) fn asks_to_come_back(&self) {
        let seconds: u64 = self.header("retry-after").parse().unwrap();
        assert!((1..=60).contains(&seconds), "{self:?}");
    }

    /// Trace id, span id and flags of `traceparent`, in the form that the specification asks for.
    #[track_caller]
    pub(crate) fn ids(&self) -> [String; 3] {
        let parts: Vec<_> = self.header("traceparent").split('-').collect();
        let ["00", trace_id, span_id, flags] = parts[..] else {
            panic!("{self:?}");
        };
        let is_hex = |digit: u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
        for (part, length) in [(trace_id, 32), (span_id, 16), (flags, 2)] {
            assert!(part.len() == length && part.bytes().all(is_hex), "{self:?}");
        }
        let is_zero = |id: &str| id.bytes().all(|digit| digit == b'0');
        assert!(!is_zero(trace_id) && !is_zero(span_id), "{self:?}");
        [trace_id, span_id, flags].map(str::to_owned)
    }

    /// True if the connection ends after this answer.
    pub(crate) fn closes(&self) -> bool {
        self.headers
            .get("connection")
            .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"close"))
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} {:?} {}",
            self.status,
            self.headers,
            String::from_utf8_lossy(&self.body)
        )
    }
}
