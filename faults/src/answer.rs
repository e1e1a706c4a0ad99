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
        let body = self.json();
        let sentence = body["error"].as_str();
        self.status == 503 && sentence.is_some_and(|sentence| sentence.starts_with("The service is at its limit"))
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

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE_ID: &str = "0af7651916cd43dd8448eb211c80319c";

    fn fault(status: u16, headers: &str, body: &str) -> Option<String> {
        let head = format!(
            "HTTP/1.1 {status} \r\ncontent-length: {}\r\n{headers}\r\n\r\n{body}",
            body.len()
        );
        let message = Message::read(&mut head.as_bytes(), true).unwrap().unwrap();
        Answer::from_message(message).unwrap().fault(TRACE_ID, &[200, 404])
    }

    #[test]
    fn answers_are_held_to_what_is_documented() {
        let ids = format!("traceparent: 00-{TRACE_ID}-b7ad6b7169203331-00\r\nx-request-id: 1");
        let json = format!("{ids}\r\ncontent-type: application/json");
        let later = format!("{json}\r\nretry-after: 1");
        assert_eq!(fault(200, &json, "{}"), None);
        assert_eq!(fault(404, &json, r#"{"error":"Item not found"}"#), None);
        assert_eq!(fault(503, &later, r#"{"error":"Come back"}"#), None);
        let other = json.replace("0af", "0ae");
        for (status, headers, body, seen) in [
            (500, &json, r#"{"error":"Oh"}"#, "not documented"),
            (200, &other, "{}", "another request"),
            (200, &"content-type: application/json".to_owned(), "{}", "no trace id"),
            (200, &ids, "{}", "not declared"),
            (200, &json, "{", "not JSON"),
            (404, &json, "{}", "no {\"error\""),
            (404, &json, r#"{"error":"Oh","more":1}"#, "more than"),
            (
                404,
                &json,
                r#"{"error":"A ConditionalCheckFailedException"}"#,
                "internal word",
            ),
            (503, &json, r#"{"error":"Come back"}"#, "Retry-After"),
        ] {
            let found = fault(status, headers, body);
            assert!(
                found.as_ref().is_some_and(|found| found.contains(seen)),
                "{found:?} for {seen}"
            );
        }
    }
}
