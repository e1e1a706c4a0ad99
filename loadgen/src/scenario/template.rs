//! Texts with values to be filled in, such as `/items/{{id}}`.

use crate::request::push_decimal;

/// A value that a template can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// A variable, by its position.
    Variable(usize),
    /// A column of a variable that is a row of data.
    Column { variable: usize, column: usize },
    /// The id of the resource that the request is about.
    Resource(usize),
    /// The number of that resource among those of its virtual user, in ten digits.
    Number,
    /// The id of the run.
    RunId,
    /// The number of the virtual user in the whole run.
    Vu,
    /// The number of the iteration in the whole run.
    Iteration,
    /// The time of the rendering: milliseconds since the Unix epoch.
    NowMs,
    /// The time of the rendering: RFC 3339 in UTC, with milliseconds.
    Now,
    /// The length of a request's body; in its head alone.
    BodyLength,
    /// The value of `traceparent`; in a request's head alone.
    TraceParent,
}

/// How a value is written so that it stays a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Escape {
    /// As it is.
    None,
    /// As part of a path segment or of a query: everything but letters, digits and `-._~` is percent-encoded.
    Url,
    /// As a piece of a path and query that may hold several segments: only what may not stand there is encoded.
    Path,
    /// Inside a JSON string.
    Json,
    /// As a whole JSON value, which it must be.
    JsonValue,
    /// In a header's value, which has no control characters.
    Header,
}

/// Why a request cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Nothing was captured for a value.
    Missing,
    /// The rows of a data file that are given out once are used up.
    UsedUp,
    /// A value for a header has control characters.
    ControlCharacter,
    /// A value that should be JSON is not.
    NotJson,
    /// There is no resource that the request could be about.
    NoResource,
}

impl Refusal {
    /// A sentence about a request that was not sent.
    pub(crate) fn describe(self) -> &'static str {
        match self {
            Self::Missing => "not sent, for a value that it needs has not been captured",
            Self::UsedUp => "not sent, for the rows of its data file are used up",
            Self::ControlCharacter => "not sent, for a captured value has control characters, which no header may have",
            Self::NotJson => "not sent, for a value written with :raw is not JSON",
            Self::NoResource => "not sent, for there is nothing that it could be about",
        }
    }
}

/// Where values come from.
pub(crate) trait WriteValue {
    /// Appends a value.
    fn write(&self, value: Value, escape: Escape, out: &mut Vec<u8>) -> Result<(), Refusal>;
}

/// For templates without values.
#[cfg(test)]
pub(crate) struct NoValues;

#[cfg(test)]
impl WriteValue for NoValues {
    fn write(&self, _: Value, _: Escape, _: &mut Vec<u8>) -> Result<(), Refusal> {
        Err(Refusal::Missing)
    }
}

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Always the same.
    Text(String),
    /// To be filled in.
    Value(Value, Escape),
}

/// A text with values to be filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Template {
    parts: Vec<Part>,
}

impl Template {
    /// A template without values.
    pub(crate) fn text(text: &str) -> Self {
        let mut template = Self::default();
        template.push_text(text);
        template
    }

    /// A template that is one value.
    pub(crate) fn value(value: Value, escape: Escape) -> Self {
        Self {
            parts: vec![Part::Value(value, escape)],
        }
    }

    pub(crate) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The text, if there are no values in it.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The text, with the same words in place of each value.
    pub(crate) fn shown(&self, value: &str) -> String {
        let parts = self.parts.iter().map(|part| match part {
            Part::Text(text) => text.as_str(),
            Part::Value(..) => value,
        });
        parts.collect()
    }

    /// Appends text that is written as it is.
    pub(crate) fn push_text(&mut self, text: &str) {
        match self.parts.last_mut() {
            Some(Part::Text(last)) => last.push_str(text),
            _ if text.is_empty() => {}
            _ => self.parts.push(Part::Text(text.to_owned())),
        }
    }

    /// Appends a value.
    pub(crate) fn push_value(&mut self, value: Value, escape: Escape) {
        self.parts.push(Part::Value(value, escape));
    }

    /// Appends another template.
    pub(crate) fn append(&mut self, other: &Self) {
        for part in &other.parts {
            match part {
                Part::Text(text) => self.push_text(text),
                Part::Value(value, escape) => self.push_value(*value, *escape),
            }
        }
    }

    /// The template with one of its values known.
    pub(crate) fn with(&self, known: Value, text: &str) -> Self {
        let mut template = Self::default();
        let mut escaped = Vec::new();
        for part in &self.parts {
            match part {
                Part::Value(value, escape) if *value == known => {
                    escaped.clear();
                    match escape_into(text.as_bytes(), *escape, &mut escaped) {
                        Ok(()) => template.push_text(&String::from_utf8_lossy(&escaped)),
                        Err(_) => template.push_value(*value, *escape),
                    }
                }
                Part::Value(value, escape) => template.push_value(*value, *escape),
                Part::Text(text) => template.push_text(text),
            }
        }
        template
    }

    /// Appends the text with its values.
    #[inline]
    pub(crate) fn render(&self, values: &impl WriteValue, out: &mut Vec<u8>) -> Result<(), Refusal> {
        for part in &self.parts {
            match part {
                Part::Text(text) => out.extend_from_slice(text.as_bytes()),
                Part::Value(value, escape) => values.write(*value, *escape, out)?,
            }
        }
        Ok(())
    }
}

/// Appends a value so that it stays a value where it is put.
pub(crate) fn escape_into(bytes: &[u8], escape: Escape, out: &mut Vec<u8>) -> Result<(), Refusal> {
    match escape {
        Escape::None => out.extend_from_slice(bytes),
        Escape::Url => {
            // A segment of dots alone would be another path.
            let dots = !bytes.is_empty() && bytes.iter().all(|byte| *byte == b'.');
            percent_encode(bytes, out, |byte| is_unreserved(byte) && !dots);
        }
        Escape::Path => percent_encode(bytes, out, |byte| {
            is_unreserved(byte) || b"/?&=%:@!$'()*+,;[]".contains(&byte)
        }),
        Escape::Json => json_string(bytes, out),
        Escape::JsonValue => {
            // JSON is UTF-8 (RFC 8259, 8.1); in what it ignores serde_json does not look.
            let text = std::str::from_utf8(bytes).map_err(|_| Refusal::NotJson)?;
            if serde_json::from_str::<serde::de::IgnoredAny>(text).is_err() {
                return Err(Refusal::NotJson);
            }
            out.extend_from_slice(bytes);
        }
        Escape::Header => {
            if bytes.iter().any(|byte| is_control(*byte)) {
                return Err(Refusal::ControlCharacter);
            }
            out.extend_from_slice(bytes);
        }
    }
    Ok(())
}

/// Appends a number, which means the same everywhere.
pub(crate) fn push_integer(out: &mut Vec<u8>, number: i64) {
    if number < 0 {
        out.push(b'-');
    }
    push_decimal(out, number.unsigned_abs());
}

/// Whether a byte may not stand in a header's value.
pub(crate) fn is_control(byte: u8) -> bool {
    byte == 0x7f || (byte < 0x20 && byte != b'\t')
}

/// RFC 3986's unreserved characters.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// Appends bytes, those that are not kept as `%XX`.
pub(crate) fn percent_encode(bytes: &[u8], out: &mut Vec<u8>, keep: impl Fn(u8) -> bool) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in bytes {
        if keep(*byte) {
            out.push(*byte);
        } else {
            out.extend_from_slice(&[b'%', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
        }
    }
}

fn json_string(bytes: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', *byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            0..0x20 => {
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
            }
            _ => out.push(*byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn escaped(text: &str, escape: Escape) -> Result<String, Refusal> {
        let mut out = Vec::new();
        escape_into(text.as_bytes(), escape, &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn values_are_written_for_where_they_stand() {
        assert_eq!(escaped("a b/ü?", Escape::Url).unwrap(), "a%20b%2F%C3%BC%3F");
        assert_eq!(escaped("..", Escape::Url).unwrap(), "%2E%2E");
        assert_eq!(escaped("/a b?c=d%20#", Escape::Path).unwrap(), "/a%20b?c=d%20%23");
        assert_eq!(escaped("a\"b\\c\n\u{1}", Escape::Json).unwrap(), r#"a\"b\\c\n\u0001"#);
        assert_eq!(escaped("a\r\nb: c", Escape::Header), Err(Refusal::ControlCharacter));
        assert_eq!(escaped("1, 2", Escape::JsonValue), Err(Refusal::NotJson));
        assert_eq!(escaped("-1.5", Escape::JsonValue).unwrap(), "-1.5");
        let not_utf8 = escape_into(b"{\"\xe1\": 1}", Escape::JsonValue, &mut Vec::new());
        assert_eq!(not_utf8, Err(Refusal::NotJson));
    }

    proptest! {
        #[test]
        fn no_value_changes_the_structure(text in any::<String>()) {
            let path = format!("/a/{}/b", escaped(&text, Escape::Url).unwrap());
            let url = url::Url::parse(&format!("http://h{path}")).unwrap();
            prop_assert!(text.is_empty() || url.path() == path || text.bytes().all(|byte| byte == b'.'), "{}", url);
            prop_assert_eq!(path.matches('/').count(), 3);
            prop_assert!(!path.contains(['?', '#', ' ', '\r', '\n']));
            let raw = escaped(&text, Escape::Path).unwrap();
            prop_assert!(raw.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#'), "{}", raw);
            let json = format!(r#"{{"a":"{}","b":1}}"#, escaped(&text, Escape::Json).unwrap());
            let value: serde_json::Value = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(&value, &serde_json::json!({"a": text, "b": 1}));
            if let Ok(header) = escaped(&text, Escape::Header) {
                prop_assert!(!header.contains(['\r', '\n', '\0']));
            }
            if let Ok(value) = escaped(&text, Escape::JsonValue) {
                let json = format!(r#"{{"a":{value},"b":1}}"#);
                let parsed: serde_json::Value = serde_json::from_str(&json).unwrap();
                prop_assert_eq!(parsed.as_object().unwrap().len(), 2);
            }
        }
    }
}
