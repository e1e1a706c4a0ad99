//! References to Grafana's variables in text, and their values put in place.

use std::collections::BTreeMap;

/// Values of variables by name; several for one that allows it.
pub type Values = BTreeMap<String, Vec<String>>;

/// How a reference is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// `${name}`
    Braced,
    /// `$name`
    Bare,
    /// `[[name]]`
    Bracketed,
}

/// A reference to a variable, found as Grafana finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference<'a> {
    /// All of it, such as `${route:regex}`.
    pub text: &'a str,
    /// Name of the variable.
    pub name: &'a str,
    /// How its value is to be written, such as `regex`.
    pub format: Option<&'a str>,
    /// How it is written.
    pub style: Style,
}

impl Reference<'_> {
    /// Whether Grafana itself fills it in, as with `${__value.raw}`.
    pub fn is_builtin(&self) -> bool {
        self.name.starts_with("__")
    }
}

/// Every reference in a text, in its order.
pub fn references(text: &str) -> Vec<Reference<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['$', '[']) {
        rest = &rest[at..];
        match reference(rest) {
            Some(reference) => {
                rest = &rest[reference.text.len()..];
                found.push(reference);
            }
            None => rest = &rest[1..],
        }
    }
    found
}

/// The text with each variable that has a value replaced by it.
///
/// Several values are joined as Grafana does it: as alternatives of a regular expression for `:regex`, otherwise as
/// `{a,b}`.
pub fn interpolate(text: &str, values: &Values) -> String {
    let mut done = String::with_capacity(text.len());
    let mut rest = text;
    for reference in references(text) {
        let at = reference.text.as_ptr() as usize - rest.as_ptr() as usize;
        done.push_str(&rest[..at]);
        rest = &rest[at + reference.text.len()..];
        match values.get(reference.name) {
            Some(values) => done.push_str(&written(values, reference.format)),
            None => done.push_str(reference.text),
        }
    }
    done + rest
}

fn written(values: &[String], format: Option<&str>) -> String {
    match (values, format) {
        // What stands for "all" is an expression already.
        ([all], Some("regex")) if all == ".*" => all.clone(),
        ([one], Some("regex")) => escaped(one),
        (several, Some("regex")) => {
            let alternatives: Vec<_> = several.iter().map(|value| escaped(value)).collect();
            format!("({})", alternatives.join("|"))
        }
        ([one], _) => one.clone(),
        (several, _) => format!("{{{}}}", several.join(",")),
    }
}

fn escaped(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for character in value.chars() {
        if r"\^$*+?.()|[]{}/".contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// The reference with which the text begins.
fn reference(text: &str) -> Option<Reference<'_>> {
    if let Some(inner) = text.strip_prefix("${") {
        let end = inner.find('}')?;
        let inner = &inner[..end];
        let name = name(inner)?;
        let (path, format) = match inner[name.len()..].split_once(':') {
            Some((path, format)) => (path, Some(format).filter(|format| !format.is_empty())),
            None => (&inner[name.len()..], None),
        };
        if !path.is_empty() && !path.starts_with('.') {
            return None;
        }
        return Some(Reference {
            text: &text[..end + 3],
            name,
            format,
            style: Style::Braced,
        });
    }
    if let Some(inner) = text.strip_prefix("[[") {
        let end = inner.find("]]")?;
        let (inner, format) = match inner[..end].split_once(':') {
            Some((inner, format)) => (inner, Some(format)),
            None => (&inner[..end], None),
        };
        return (name(inner) == Some(inner)).then_some(Reference {
            text: &text[..end + 4],
            name: inner,
            format,
            style: Style::Bracketed,
        });
    }
    let name = name(text.strip_prefix('$')?)?;
    Some(Reference {
        text: &text[..=name.len()],
        name,
        format: None,
        style: Style::Bare,
    })
}

/// The name with which the text begins.
fn name(text: &str) -> Option<&str> {
    let end = text
        .find(|character: char| !character.is_ascii_alphanumeric() && character != '_')
        .unwrap_or(text.len());
    let first = text.chars().next()?;
    (end > 0 && !first.is_ascii_digit()).then(|| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(&str, Option<&str>, Style)> {
        let references = references(text);
        references.iter().map(|r| (r.name, r.format, r.style)).collect()
    }

    #[test]
    fn references_are_found_as_grafana_finds_them() {
        assert_eq!(
            found("a ${run} /^(${route:regex})$/ $cluster [[table:csv]] ${__value.raw}"),
            [
                ("run", None, Style::Braced),
                ("route", Some("regex"), Style::Braced),
                ("cluster", None, Style::Bare),
                ("table", Some("csv"), Style::Bracketed),
                ("__value", None, Style::Braced),
            ]
        );
        for text in [
            "${PROP('Dim.LogGroupName')}",
            "/^x$/",
            "$1",
            "costs $",
            "${run",
            "r[\"a\"]",
            "[[a b]]",
        ] {
            assert!(found(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn values_are_put_in_place() {
        let values = Values::from([
            ("one".into(), vec!["GET /items/{id}".into()]),
            ("two".into(), vec!["a.b".into(), "c".into()]),
            ("all".into(), vec![".*".into()]),
        ]);
        for (text, expected) in [
            ("${one}", "GET /items/{id}"),
            ("/^${one:regex}$/", r"/^GET \/items\/\{id\}$/"),
            ("/^${two:regex}$/", r"/^(a\.b|c)$/"),
            ("/^(${all:regex})$/", "/^(.*)$/"),
            ("${two}", "{a.b,c}"),
            ("${other} é ${one}!", "${other} é GET /items/{id}!"),
        ] {
            assert_eq!(interpolate(text, &values), expected);
        }
    }
}
