//! Points in InfluxDB's line protocol: `measurement,tag=value field=1i,other="text" time`.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

/// Characters that end a name or a tag's value, and so take a backslash before them.
const NAME_DELIMITERS: [char; 3] = [',', '=', ' '];

/// What a field holds.
pub(super) enum FieldValue {
    Boolean(bool),
    /// Must be finite: line protocol has no word for the rest.
    Float(f64),
    Integer(i64),
    Text(String),
}

impl From<bool> for FieldValue {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl From<f64> for FieldValue {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<i64> for FieldValue {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl fmt::Display for FieldValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(value) => formatter.write_str(if *value { "t" } else { "f" }),
            Self::Float(value) => write!(formatter, "{value}"),
            Self::Integer(value) => write!(formatter, "{value}i"),
            Self::Text(text) => {
                formatter.write_char('"')?;
                escape(formatter, text, &['"', '\\'])?;
                formatter.write_char('"')
            }
        }
    }
}

/// One point. Tags and fields are in the order of their names, which InfluxDB sorts fastest.
pub(super) struct Point<'a> {
    measurement: &'a str,
    tags: BTreeMap<&'a str, &'a str>,
    fields: BTreeMap<String, FieldValue>,
    /// Since the epoch, in nanoseconds.
    time: i64,
}

impl<'a> Point<'a> {
    pub(super) fn new(measurement: &'a str, time: i64) -> Self {
        Self {
            measurement,
            tags: BTreeMap::new(),
            fields: BTreeMap::new(),
            time,
        }
    }

    /// Neither name nor value may be empty, or hold a backslash or a line break.
    pub(super) fn tag(mut self, name: &'a str, value: &'a str) -> Self {
        self.tags.insert(name, value);
        self
    }

    pub(super) fn field(mut self, name: impl Into<String>, value: impl Into<FieldValue>) -> Self {
        self.fields.insert(name.into(), value.into());
        self
    }

    /// Without fields a point says nothing, and InfluxDB refuses it.
    pub(super) fn has_fields(&self) -> bool {
        !self.fields.is_empty()
    }
}

impl fmt::Display for Point<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        escape(formatter, self.measurement, &NAME_DELIMITERS)?;
        for (name, value) in &self.tags {
            formatter.write_char(',')?;
            escape(formatter, name, &NAME_DELIMITERS)?;
            formatter.write_char('=')?;
            escape(formatter, value, &NAME_DELIMITERS)?;
        }
        for (index, (name, value)) in self.fields.iter().enumerate() {
            formatter.write_char(if index == 0 { ' ' } else { ',' })?;
            escape(formatter, name, &NAME_DELIMITERS)?;
            write!(formatter, "={value}")?;
        }
        write!(formatter, " {}", self.time)
    }
}

fn escape(formatter: &mut fmt::Formatter<'_>, text: &str, delimiters: &[char]) -> fmt::Result {
    let mut rest = text;
    while let Some(at) = rest.find(delimiters) {
        let (before, after) = rest.split_at(at);
        write!(formatter, "{before}\\")?;
        let delimiter = after.chars().next().map_or(0, char::len_utf8);
        formatter.write_str(&after[..delimiter])?;
        rest = &after[delimiter..];
    }
    formatter.write_str(rest)
}
