//! Tables of a TOML document, read key by key so that every mistake is found and none of the keys is overlooked.

use std::cell::RefCell;
use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::scenario::diagnostic::Findings;

/// The longest time that can be written.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 3600);

/// A value and its place.
pub(crate) type Item<'a> = &'a Spanned<DeValue<'a>>;

/// A text and its place.
#[derive(Clone, Debug)]
pub(crate) struct Text<'a> {
    pub(crate) text: &'a str,
    pub(crate) span: Range<usize>,
}

/// A table under examination.
pub(crate) struct Section<'a> {
    table: &'a DeTable<'a>,
    pub(crate) span: Range<usize>,
    /// What it is, e.g. `a step`.
    what: &'static str,
    known: RefCell<Vec<&'static str>>,
    pub(crate) findings: &'a Findings<'a>,
}

impl<'a> Section<'a> {
    pub(crate) fn new(
        table: &'a DeTable<'a>,
        span: Range<usize>,
        what: &'static str,
        findings: &'a Findings<'a>,
    ) -> Self {
        Self {
            table,
            span,
            what,
            known: RefCell::default(),
            findings,
        }
    }

    /// The value as a table.
    pub(crate) fn of(item: Item<'a>, what: &'static str, findings: &'a Findings<'a>) -> Option<Self> {
        match item.get_ref() {
            DeValue::Table(table) => Some(Self::new(table, item.span(), what, findings)),
            other => {
                findings.report(
                    item.span(),
                    format!("{what} is a table, this is {}", kind(other)),
                    "write { key = value, … }",
                );
                None
            }
        }
    }

    /// Notes a mistake about the whole table.
    pub(crate) fn report(&self, message: impl Into<String>, advice: impl Into<String>) {
        self.findings.report(self.span.clone(), message, advice);
    }

    /// A key's value.
    pub(crate) fn get(&self, key: &'static str) -> Option<Item<'a>> {
        self.known.borrow_mut().push(key);
        self.table.get(key)
    }

    /// Where a key stands.
    pub(crate) fn key_span(&self, key: &str) -> Range<usize> {
        let entry = self.table.get_key_value(key);
        entry.map_or(self.span.clone(), |(name, _)| name.span())
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// All keys and values in the order of the file, for tables whose keys are names.
    pub(crate) fn entries(&self) -> Vec<(Text<'a>, Item<'a>)> {
        let mut entries: Vec<_> = self
            .table
            .iter()
            .map(|(name, value)| {
                let text = Text {
                    text: name.get_ref(),
                    span: name.span(),
                };
                (text, value)
            })
            .collect();
        entries.sort_by_key(|(name, _)| name.span.start);
        entries
    }

    pub(crate) fn string(&self, key: &'static str) -> Option<Text<'a>> {
        string(self.get(key)?, &format!("`{key}`"), self.findings)
    }

    pub(crate) fn strings(&self, key: &'static str) -> Vec<Text<'a>> {
        self.items(key)
            .into_iter()
            .filter_map(|item| string(item, &format!("an element of `{key}`"), self.findings))
            .collect()
    }

    pub(crate) fn boolean(&self, key: &'static str) -> Option<bool> {
        let item = self.get(key)?;
        let found = item.get_ref().as_bool();
        if found.is_none() {
            self.wrong_type(item, key, "true or false");
        }
        found
    }

    pub(crate) fn integer(&self, key: &'static str, bounds: RangeInclusive<i64>) -> Option<i64> {
        integer(self.get(key)?, &format!("`{key}`"), bounds, self.findings)
    }

    pub(crate) fn duration(&self, key: &'static str) -> Option<Duration> {
        let text = self.string(key)?;
        duration(&text, self.findings)
    }

    pub(crate) fn section(&self, key: &'static str, what: &'static str) -> Option<Self> {
        Self::of(self.get(key)?, what, self.findings)
    }

    /// The elements of an array.
    pub(crate) fn items(&self, key: &'static str) -> Vec<Item<'a>> {
        match self.get(key) {
            None => Vec::new(),
            Some(item) => match item.get_ref() {
                DeValue::Array(array) => array.iter().collect(),
                _ => {
                    self.wrong_type(item, key, "an array, [ … ]");
                    Vec::new()
                }
            },
        }
    }

    /// An array of tables.
    pub(crate) fn sections(&self, key: &'static str, what: &'static str) -> Vec<Self> {
        self.items(key)
            .into_iter()
            .filter_map(|item| Self::of(item, what, self.findings))
            .collect()
    }

    fn wrong_type(&self, item: Item<'a>, key: &str, wanted: &str) {
        let message = format!("`{key}` is {wanted}, this is {}", kind(item.get_ref()));
        self.findings.report(item.span(), message, "");
    }

    /// Reports the keys that nobody has asked for.
    pub(crate) fn finish(self) {
        let known = self.known.into_inner();
        for (name, _) in self
            .table
            .iter()
            .filter(|(name, _)| !known.contains(&name.get_ref().as_ref()))
        {
            let advice = match closest(name.get_ref(), &known) {
                Some(close) => format!("did you mean `{close}`?"),
                None => format!("there are: {}", known.join(", ")),
            };
            self.findings.report(
                name.span(),
                format!("{} has no key `{}`", self.what, name.get_ref()),
                advice,
            );
        }
    }
}

/// A value as a string.
pub(crate) fn string<'a>(item: Item<'a>, what: &str, findings: &Findings<'_>) -> Option<Text<'a>> {
    match item.get_ref() {
        DeValue::String(text) => Some(Text {
            text,
            span: item.span(),
        }),
        other => {
            let message = format!("{what} is a string, this is {}", kind(other));
            findings.report(item.span(), message, "put it in quotes");
            None
        }
    }
}

/// A value as an integer within bounds.
pub(crate) fn integer(item: Item<'_>, what: &str, bounds: RangeInclusive<i64>, findings: &Findings<'_>) -> Option<i64> {
    let DeValue::Integer(integer) = item.get_ref() else {
        let message = format!("{what} is an integer, this is {}", kind(item.get_ref()));
        findings.report(item.span(), message, "");
        return None;
    };
    let number = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
    let number = number.filter(|number| bounds.contains(number));
    if number.is_none() {
        let message = format!("{what} is from {} to {}", bounds.start(), bounds.end());
        findings.report(item.span(), message, "");
    }
    number
}

/// A text as a time.
pub(crate) fn duration(text: &Text<'_>, findings: &Findings<'_>) -> Option<Duration> {
    match humantime::parse_duration(text.text.trim()) {
        Ok(duration) if duration <= LONGEST => Some(duration),
        _ => {
            let message = format!("`{}` is not a time of at most 30 days", text.text);
            findings.report(text.span.clone(), message, "write e.g. 250ms, 60s or 1m30s");
            None
        }
    }
}

/// What a value is, in words.
pub(crate) fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}

/// The name most like a mistyped one, if any is.
pub(crate) fn closest<'n>(typed: &str, names: &[&'n str]) -> Option<&'n str> {
    let distance = |name: &str| {
        let (a, b): (Vec<char>, Vec<char>) = (typed.chars().take(64).collect(), name.chars().collect());
        let mut row: Vec<usize> = (0..=b.len()).collect();
        let mut before_last = row.clone();
        for i in 1..=a.len() {
            let last = std::mem::replace(&mut row, vec![i; b.len() + 1]);
            for j in 1..=b.len() {
                let changed = usize::from(a[i - 1] != b[j - 1]);
                row[j] = (last[j] + 1).min(row[j - 1] + 1).min(last[j - 1] + changed);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    row[j] = row[j].min(before_last[j - 2] + 1);
                }
            }
            before_last = last;
        }
        row[b.len()]
    };
    names
        .iter()
        .map(|name| (distance(name), *name))
        .filter(|(distance, name)| *distance <= 1.max(name.len() / 3))
        .min()
        .map(|(_, name)| name)
}

/// A text, number or boolean as text.
pub(crate) fn constant_text(item: Item<'_>) -> Option<String> {
    match item.get_ref() {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
            .ok()
            .map(|number| number.to_string()),
        DeValue::Float(float) => float.as_str().parse::<f64>().ok().map(|number| number.to_string()),
        DeValue::Boolean(boolean) => Some(boolean.to_string()),
        _ => None,
    }
}
