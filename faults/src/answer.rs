//! An answer of the service, and what every one of them must keep.

use serde_json::{Value, json};
use test_servers::INTERNAL_WORDS;
use test_servers::http_message::Message;

/// What came back for a request.
pub(crate) struct Answer {
    pub(crate) status: u16,
    message: Message,
}

/// What a request may be answered with, besides 503 and 504.
pub(crate) type Documented = &'static [u16];

impl Answer {
    /// `None` where the first line is none of HTTP.
    pub(crate) fn from_message(message: Message) -> Option<Self> {
        let status = message.head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
        Some(Self { status, message })
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.message.header(name)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.message.body).unwrap_or_default()
    }

    /// True if it says that the service is full: then nothing was done.
    pub(crate) fn is_shed(&self) -> bool {
        self.status == 503
            && self.json()["error"]
                .as_str()
                .is_some_and(|error| error.contains("at its limit; try"))
            && !self.json()["error"]
                .as_str()
                .is_some_and(|error| error.contains("database"))
    }

    pub(crate) fn closes(&self) -> bool {
        self.header("connection")
            .is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }

    /// For findings.
    pub(crate) fn text(&self) -> String {
        let body: String = String::from_utf8_lossy(&self.message.body).chars().take(200).collect();
        format!("{} {body}", self.status)
    }

    /// What is wrong with it as the answer to a request of this trace, if anything is.
    pub(crate) fn fault(&self, trace_id: &str, documented: Documented) -> Option<String> {
        if !documented.contains(&self.status) && !matches!(self.status, 503 | 504) {
            return Some("a status that is not documented".to_owned());
        }
        match self.header("traceparent") {
            Some(traceparent) if traceparent.get(3..35) == Some(trace_id) => {}
            Some(_) => return Some("the trace id of another request".to_owned()),
            None => return Some("no trace id".to_owned()),
        }
        if self.header("x-request-id").is_none() {
            return Some("no x-request-id".to_owned());
        }
        if self.header("content-type") != Some("application/json") {
            return Some("not declared as JSON".to_owned());
        }
        let Ok(body) = serde_json::from_slice::<Value>(&self.message.body) else {
            return Some("not JSON".to_owned());
        };
        if self.status < 400 {
            return None;
        }
        let Some(sentence) = body["error"].as_str() else {
            return Some("no {\"error\": …}".to_owned());
        };
        if body != json!({ "error": sentence }) {
            return Some("more than {\"error\": …}".to_owned());
        }
        let lower_case = sentence.to_lowercase();
        if let Some(word) = INTERNAL_WORDS.iter().find(|word| lower_case.contains(*word)) {
            return Some(format!("the internal word {word:?}"));
        }
        (self.status == 503 && self.header("retry-after").is_none()).then(|| "503 without Retry-After".to_owned())
    }
}
