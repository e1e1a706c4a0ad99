//! Templates as they are written in a scenario's file.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;

use crate::scenario::diagnostic::Findings;
use crate::scenario::document::{Text, closest};
use crate::scenario::template::{Escape, Part, Template, Value, escape_into};

/// Where a template stands, which says how values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In a path.
    Path,
    /// In a query or a form.
    Query,
    Header,
    /// Inside a JSON string.
    Json,
    /// In a body, or in a text that a check looks for.
    Plain,
    /// In a resource's id.
    Id,
}

/// What a name in a template stands for.
#[derive(Clone, Debug)]
pub(crate) enum Named {
    /// A text that is known.
    Constant(String),
    /// A value.
    Value(Value),
    /// A row of data with these columns.
    Rows { variable: usize, columns: Vec<String> },
}

/// The names that templates may use.
#[derive(Default)]
pub(crate) struct Names {
    names: BTreeMap<String, Named>,
    /// The names that have been used, with their places.
    used: RefCell<Vec<(String, Range<usize>)>>,
}

/// Names that every scenario has.
pub(crate) const BUILT_IN: [(&str, Value); 5] = [
    ("run_id", Value::RunId),
    ("vu", Value::Vu),
    ("iteration", Value::Iteration),
    ("now_ms", Value::NowMs),
    ("now", Value::Now),
];

impl Names {
    pub(crate) fn new() -> Self {
        let built_in = BUILT_IN.iter();
        Self {
            names: built_in
                .map(|(name, value)| ((*name).to_owned(), Named::Value(*value)))
                .collect(),
            used: RefCell::default(),
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Named> {
        self.names.get(name)
    }

    pub(crate) fn insert(&mut self, name: &str, named: Named) {
        self.names.insert(name.to_owned(), named);
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.names.remove(name);
    }

    /// Takes the names that have been used since this was last asked.
    pub(crate) fn take_used(&self) -> Vec<(String, Range<usize>)> {
        self.used.take()
    }

    /// Parses a template; what is wrong is reported, and left out of it.
    pub(crate) fn template(&self, text: &Text<'_>, place: Place, findings: &Findings<'_>) -> Template {
        let mut template = Template::default();
        let mut rest = text.text;
        while let Some(open) = rest.find("{{") {
            template.push_text(&literal(&rest[..open], place));
            let Some(close) = rest[open..].find("}}").map(|at| open + at) else {
                let message = "a value is opened with {{ and not closed";
                findings.report(place_of(&rest[open..], text, findings), message, "close it with }}");
                return template;
            };
            let whole = &rest[open..close + 2];
            self.value(whole, place, &place_of(whole, text, findings), findings, &mut template);
            rest = &rest[close + 2..];
        }
        template.push_text(&literal(rest, place));
        template
    }

    fn value(&self, whole: &str, place: Place, span: &Range<usize>, findings: &Findings<'_>, template: &mut Template) {
        let inner = whole[2..whole.len() - 2].trim();
        let (full_name, filter) = match inner.split_once(':') {
            Some((name, filter)) => (name.trim(), Some(filter.trim())),
            None => (inner, None),
        };
        let (name, column) = match full_name.split_once('.') {
            Some((name, column)) => (name, Some(column)),
            None => (full_name, None),
        };
        let escape = match (place, filter) {
            (Place::Path | Place::Query, None) => Escape::Url,
            (Place::Header, None) => Escape::Header,
            (Place::Json, None) => Escape::Json,
            (Place::Plain | Place::Id, None) | (Place::Plain, Some("raw")) => Escape::None,
            (Place::Path, Some("raw")) => Escape::Path,
            (Place::Plain, Some("json")) => Escape::Json,
            (Place::Plain, Some("url")) => Escape::Url,
            (Place::Json, Some("raw")) => {
                let message = format!("{whole} stands inside a longer JSON string");
                findings.report(
                    span.clone(),
                    message,
                    "let the string be this value alone, or leave :raw out",
                );
                return;
            }
            (_, Some(other)) => {
                let advice = match place {
                    Place::Path => "here only :raw can follow a name",
                    Place::Plain => "here :raw, :json or :url can follow a name",
                    _ => "here nothing follows a name: the value is written as it has to be",
                };
                findings.report(span.clone(), format!("`:{other}` is of no use here"), advice);
                return;
            }
        };
        let Some(named) = self.names.get(name) else {
            let known: Vec<&str> = self.names.keys().map(String::as_str).collect();
            let advice = match closest(name, &known) {
                Some(close) => format!("did you mean `{close}`?"),
                None => format!("define it under [variables], capture it in a step, or give --var {name}=…"),
            };
            findings.report(span.clone(), format!("`{name}` is not defined"), advice);
            return;
        };
        self.used.borrow_mut().push((name.to_owned(), span.clone()));
        match (named, column) {
            (Named::Rows { variable, columns }, Some(column)) => match columns.iter().position(|known| known == column)
            {
                Some(position) => template.push_value(
                    Value::Column {
                        variable: *variable,
                        column: position,
                    },
                    escape,
                ),
                None => findings.report(
                    span.clone(),
                    format!("the file of `{name}` has no column `{column}`"),
                    format!("it has: {}", columns.join(", ")),
                ),
            },
            (Named::Rows { columns, .. }, None) => findings.report(
                span.clone(),
                format!("`{name}` is a row of a file, not a text"),
                format!("name a column: {}", list(name, columns)),
            ),
            (_, Some(_)) => findings.report(
                span.clone(),
                format!("`{name}` has no columns"),
                format!("write {{{{{name}}}}}"),
            ),
            (Named::Value(value), None) => template.push_value(*value, escape),
            (Named::Constant(constant), None) => {
                let mut escaped = Vec::new();
                match escape_into(constant.as_bytes(), escape, &mut escaped) {
                    Ok(()) => template.push_text(&String::from_utf8_lossy(&escaped)),
                    Err(refusal) => findings.report(
                        span.clone(),
                        format!("the value of `{name}` cannot stand here"),
                        refusal.describe().trim_start_matches("not sent, for "),
                    ),
                }
            }
        }
    }

    /// A JSON string that is nothing but `{{name:raw}}`: the value itself, unquoted.
    pub(crate) fn json_value(&self, text: &Text<'_>, findings: &Findings<'_>) -> Option<Template> {
        let inner = text.text.trim().strip_prefix("{{")?.strip_suffix("}}")?;
        let (name, filter) = inner.split_once(':')?;
        if filter.trim() != "raw" || name.contains("{{") {
            return None;
        }
        let plain = format!("{{{{{}}}}}", name.trim());
        let plain = Text {
            text: &plain,
            span: text.span.clone(),
        };
        let mut template = Template::default();
        for part in self.template(&plain, Place::Plain, findings).parts() {
            match part {
                Part::Value(value, _) => template.push_value(*value, Escape::JsonValue),
                Part::Text(constant) => {
                    if serde_json::from_str::<serde::de::IgnoredAny>(constant).is_err() {
                        let message = format!("the value of `{}` is not JSON", name.trim());
                        findings.report(text.span.clone(), message, "leave :raw out to send it as a string");
                    }
                    template.push_text(constant);
                }
            }
        }
        Some(template)
    }
}

/// The text around values, as it has to be written.
fn literal(text: &str, place: Place) -> String {
    let mut out = Vec::new();
    let escape = match place {
        // Escapes that are there already are kept, and so is all that has a meaning in a path and query.
        Place::Path => Escape::Path,
        Place::Query => Escape::Url,
        Place::Json => Escape::Json,
        Place::Header | Place::Plain | Place::Id => Escape::None,
    };
    match escape_into(text.as_bytes(), escape, &mut out) {
        Ok(()) => String::from_utf8_lossy(&out).into_owned(),
        Err(_) => text.to_owned(),
    }
}

fn list(name: &str, columns: &[String]) -> String {
    let columns = columns.iter().take(5).map(|column| format!("{{{{{name}.{column}}}}}"));
    columns.collect::<Vec<_>>().join(", ")
}

/// The place of a part of a string; that of the whole where the string is written with escapes.
fn place_of(part: &str, text: &Text<'_>, findings: &Findings<'_>) -> Range<usize> {
    match findings.source(&text.span).find(part) {
        Some(at) => text.span.start + at..text.span.start + at + part.len(),
        None => text.span.clone(),
    }
}

/// Whether a text can be the name of a variable.
pub(crate) fn is_name(text: &str) -> bool {
    let first = text
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    first && text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
