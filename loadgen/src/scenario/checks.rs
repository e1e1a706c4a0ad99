//! Checks of answers, and values captured from them.

use std::borrow::Cow;
use std::time::Duration;

use regex::bytes::Regex;
use serde_json::Value as Json;

use crate::kept::{Kept, fields};
use crate::outcome::FailureKind;
use crate::scenario::expect::Expect;
use crate::scenario::template::{Template, WriteValue};
use crate::scenario::variables::LONGEST_CAPTURE;

/// Bytes of a body that checks and captures look at.
pub(crate) const LONGEST_BODY: usize = 1024 * 1024;

/// One check of a step.
#[derive(Clone, Debug)]
pub(crate) struct Check {
    pub(crate) name: String,
    pub(crate) rule: Rule,
}

/// What a check looks at and what it wants there.
#[derive(Clone, Debug)]
pub(crate) enum Rule {
    /// The status is one of these.
    Status(Expect),
    /// The answer was there sooner.
    LatencyBelow(Duration),
    /// A header field, by name.
    Header(String, Demand),
    /// What a JSON pointer points at.
    Json(String, Demand),
    /// The body.
    Body(Demand),
}

/// What a check wants of a text or of a JSON value.
#[derive(Clone, Debug)]
pub(crate) enum Demand {
    Exists(bool),
    /// This text; of JSON, a string or the notation of a number or boolean.
    Equals(Template),
    /// This JSON value.
    EqualsJson(Json),
    Contains(Template),
    Matches(Regex),
}

/// A value taken from an answer.
#[derive(Clone, Debug)]
pub(crate) struct Capture {
    /// The variable that it becomes.
    pub(crate) variable: usize,
    pub(crate) name: String,
    pub(crate) origin: Origin,
    /// What of it to take, and which group of that.
    pub(crate) pattern: Option<(Regex, usize)>,
}

/// Where a value is taken from.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    Header(String),
    Json(String),
    Body,
}

impl Rule {
    /// Whether the body is needed.
    pub(crate) fn needs_body(&self) -> bool {
        matches!(self, Self::Json(..) | Self::Body(_))
    }

    /// Whether the head is needed.
    pub(crate) fn needs_head(&self) -> bool {
        matches!(self, Self::Header(..))
    }

    /// What its failure is called; `None` for that of the status.
    pub(crate) fn failure(&self) -> Option<FailureKind> {
        match self {
            Self::Status(_) => None,
            Self::LatencyBelow(_) => Some(FailureKind::TooSlow),
            Self::Header(..) => Some(FailureKind::UnexpectedHeader),
            Self::Json(..) | Self::Body(_) => Some(FailureKind::UnexpectedBody),
        }
    }

    /// Whether the answer is as wanted.
    pub(crate) fn holds(
        &self,
        status: u16,
        took: Duration,
        answer: &mut Answer<'_>,
        values: &impl WriteValue,
        scratch: &mut Vec<u8>,
    ) -> bool {
        match self {
            Self::Status(expect) => expect.accepts(status),
            Self::LatencyBelow(bound) => took < *bound,
            Self::Header(name, demand) => {
                let mut found = fields(&answer.kept.head, name);
                match demand {
                    Demand::Exists(wanted) => found.next().is_some() == *wanted,
                    _ => found.any(|value| demand.met_by(value, values, scratch)),
                }
            }
            Self::Body(demand) => demand.met_by(answer.body(), values, scratch),
            Self::Json(pointer, demand) => match (answer.json(pointer), demand) {
                (found, Demand::Exists(wanted)) => found.is_some() == *wanted,
                (None, _) => false,
                (Some(found), Demand::EqualsJson(wanted)) => equal(found, wanted),
                (Some(found), demand) => demand.met_by(text_of(found).as_bytes(), values, scratch),
            },
        }
    }
}

impl Demand {
    fn met_by(&self, text: &[u8], values: &impl WriteValue, scratch: &mut Vec<u8>) -> bool {
        match self {
            Self::Exists(wanted) => *wanted,
            Self::EqualsJson(_) => false,
            Self::Matches(pattern) => pattern.is_match(text),
            Self::Equals(template) => rendered(template, values, scratch).is_some_and(|wanted| wanted == text),
            Self::Contains(template) => {
                rendered(template, values, scratch).is_some_and(|wanted| contains(text, wanted))
            }
        }
    }
}

fn rendered<'a>(template: &Template, values: &impl WriteValue, scratch: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    scratch.clear();
    template.render(values, scratch).ok()?;
    Some(scratch)
}

fn contains(text: &[u8], wanted: &[u8]) -> bool {
    let Some((first, rest)) = wanted.split_first() else {
        return true;
    };
    let mut text = text;
    while let Some(at) = text.iter().position(|byte| byte == first) {
        text = &text[at + 1..];
        if text.starts_with(rest) {
            return true;
        }
    }
    false
}

/// Whether two JSON values are the same, numbers by what they amount to.
fn equal(found: &Json, wanted: &Json) -> bool {
    match (found, wanted) {
        (Json::Number(found), Json::Number(wanted)) => found == wanted || found.as_f64() == wanted.as_f64(),
        _ => found == wanted,
    }
}

/// A string's text, anything else in JSON notation.
fn text_of(value: &Json) -> Cow<'_, str> {
    match value {
        Json::String(text) => Cow::Borrowed(text),
        value => Cow::Owned(value.to_string()),
    }
}

/// An answer under examination; its body is parsed when first needed.
pub(crate) struct Answer<'a> {
    kept: &'a Kept,
    json: Option<Option<Json>>,
}

impl<'a> Answer<'a> {
    pub(crate) fn new(kept: &'a Kept) -> Self {
        Self { kept, json: None }
    }

    fn body(&self) -> &'a [u8] {
        self.kept.body.as_bytes()
    }

    fn json(&mut self, pointer: &str) -> Option<&Json> {
        let body = self.kept.body.as_bytes();
        self.json
            .get_or_insert_with(|| serde_json::from_slice(body).ok())
            .as_ref()?
            .pointer(pointer)
    }

    /// Puts what a capture takes into `out`; false where there is nothing to take.
    pub(crate) fn capture(&mut self, capture: &Capture, out: &mut Vec<u8>) -> bool {
        let json_text;
        let text: &[u8] = match &capture.origin {
            Origin::Body => self.body(),
            Origin::Header(name) => match fields(&self.kept.head, name).next() {
                Some(value) => value,
                None => return false,
            },
            Origin::Json(pointer) => match self.json(pointer) {
                None | Some(Json::Null) => return false,
                Some(value) => {
                    json_text = text_of(value);
                    json_text.as_bytes()
                }
            },
        };
        let taken = match &capture.pattern {
            None => text,
            Some((pattern, group)) => {
                let group = pattern.captures(text).and_then(|groups| groups.get(*group));
                match group {
                    Some(found) => found.as_bytes(),
                    None => return false,
                }
            }
        };
        if taken.len() > LONGEST_CAPTURE {
            return false;
        }
        out.clear();
        out.extend_from_slice(String::from_utf8_lossy(taken).as_bytes());
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kept::Wants;
    use crate::response::{HeadMemory, ResponseReader};
    use crate::scenario::template::NoValues;

    fn kept(text: &str) -> Kept {
        let mut kept = Kept::new();
        kept.wants = Wants {
            body: LONGEST_BODY,
            head: true,
        };
        let mut reader = ResponseReader::new();
        reader.start(false, &mut kept);
        reader
            .advance(text.as_bytes(), &mut kept, &mut HeadMemory::default())
            .unwrap();
        kept
    }

    fn answer() -> Kept {
        let body = r#"{"items":[{"id":"a","n":1,"ok":true,"none":null}],"big":12.50}"#;
        kept(&format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\n\
             Location: /items/42?x\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ))
    }

    fn holds(rule: &Rule) -> bool {
        let kept = answer();
        let took = Duration::from_millis(100);
        rule.holds(200, took, &mut Answer::new(&kept), &NoValues, &mut Vec::new())
    }

    #[test]
    fn rules_look_where_they_should() {
        let text = |text: &str| Demand::Equals(Template::text(text));
        let pattern = |text: &str| Demand::Matches(Regex::new(text).unwrap());
        let json = |pointer: &str, demand| Rule::Json(pointer.to_owned(), demand);
        let header = |name: &str, demand| Rule::Header(name.to_owned(), demand);
        for (rule, expected) in [
            (json("/items/0/id", text("a")), true),
            (json("/items/0/n", text("1")), true),
            (json("/items/0/n", Demand::EqualsJson(1.0.into())), true),
            (json("/items/0/ok", Demand::EqualsJson(false.into())), false),
            (json("/items/1", Demand::Exists(true)), false),
            (json("/items/1", Demand::Exists(false)), true),
            (json("/items/0/none", Demand::Exists(true)), true),
            (json("/items/0", Demand::Contains(Template::text(r#""n":1"#))), true),
            (header("content-type", pattern("^application/.*json$")), true),
            (header("Set-Cookie", text("b=2")), true),
            (header("Set-Cookie", text("c=3")), false),
            (header("X-Absent", Demand::Exists(false)), true),
            (Rule::Body(Demand::Contains(Template::text("12.50}"))), true),
            (Rule::Body(Demand::Contains(Template::text("12.500"))), false),
            (Rule::LatencyBelow(Duration::from_millis(101)), true),
            (Rule::LatencyBelow(Duration::from_millis(100)), false),
            (Rule::Status(Expect::parse("201-204").unwrap()), false),
        ] {
            assert_eq!(holds(&rule), expected, "{rule:?}");
        }
    }

    #[test]
    fn captures_take_what_they_name() {
        let kept = answer();
        let take = |origin, pattern: Option<&str>| {
            let capture = Capture {
                variable: 0,
                name: "x".into(),
                origin,
                pattern: pattern.map(|text| {
                    let regex = Regex::new(text).unwrap();
                    let group = usize::from(regex.captures_len() > 1);
                    (regex, group)
                }),
            };
            let mut out = b"before".to_vec();
            let found = Answer::new(&kept).capture(&capture, &mut out);
            found.then(|| String::from_utf8(out).unwrap())
        };
        let json = |pointer: &str| Origin::Json(pointer.to_owned());
        assert_eq!(take(json("/items/0/id"), None).as_deref(), Some("a"));
        assert_eq!(take(json("/items/0/ok"), None).as_deref(), Some("true"));
        assert_eq!(take(json("/big"), Some(r"^(\d+)")).as_deref(), Some("12"));
        assert_eq!(take(json("/items/0/none"), None), None);
        assert_eq!(take(json("/nothing"), None), None);
        let location = || Origin::Header("location".to_owned());
        assert_eq!(take(location(), Some(r"/items/(\d+)")).as_deref(), Some("42"));
        assert_eq!(take(location(), Some("/carts/")), None);
        assert_eq!(take(Origin::Body, Some(r#""n":."#)).as_deref(), Some("\"n\":1"));
    }
}
