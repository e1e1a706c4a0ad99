//! Reads the body of a step: `body`, `body_file`, `json` or `form`.

use std::io;
use std::ops::Range;

use serde_json::Value as Json;
use toml::de::DeValue;

use super::Loader;
use crate::request::Body;
use crate::scenario::bounded_file;
use crate::scenario::document::{Item, Section, Text, constant_text, kind};
use crate::scenario::template::Template;
use crate::scenario::template_text::Place;

/// The largest body, in bytes.
const LARGEST: u64 = 16 * 1024 * 1024;

const KEYS: [&str; 4] = ["body", "body_file", "json", "form"];

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

impl<'a> Loader<'a> {
    /// The body, and what it is where no header says so.
    pub(super) fn read_body(&self, step: &Section<'a>) -> (Option<Body>, &'static str) {
        let given: Vec<&str> = KEYS.into_iter().filter(|key| step.has(key)).collect();
        if given.len() > 1 {
            self.findings.report(
                step.key_span(given[1]),
                "a step has one body",
                format!("keep one of: {}", given.join(", ")),
            );
        }
        let body = step
            .string("body")
            .map(|text| body_of(self.names.template(&text, Place::Plain, self.findings)));
        let file = step.string("body_file").and_then(|file| self.body_file(&file));
        let json = step.get("json").map(|item| {
            let mut template = Template::default();
            self.json_document(item, &mut template);
            body_of(template)
        });
        let form = step.section("form", "a form").map(|form| body_of(self.pairs(&form)));
        match (body, file, json, form) {
            (Some(body), ..) | (_, Some(body), ..) | (_, _, Some(body), _) => (Some(body), JSON),
            (.., Some(body)) => (Some(body), FORM),
            _ => (None, JSON),
        }
    }

    /// Names and values as a query or form has them.
    pub(super) fn pairs(&self, section: &Section<'a>) -> Template {
        let mut template = Template::default();
        for (name, item) in section.entries() {
            let Some(text) = constant_text(item) else {
                let message = format!(
                    "`{}` is a text, number or boolean, this is {}",
                    name.text,
                    kind(item.get_ref())
                );
                self.findings.report(item.span(), message, "");
                continue;
            };
            if !template.parts().is_empty() {
                template.push_text("&");
            }
            let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            template.push_text(&encode(name.text));
            template.push_text("=");
            let text = Text {
                text: &text,
                span: item.span(),
            };
            template.append(&self.names.template(&text, Place::Query, self.findings));
        }
        template
    }

    fn body_file(&self, file: &Text<'_>) -> Option<Body> {
        let path = self.path_of(file)?;
        let read = bounded_file::read(&path, LARGEST);
        match read.and_then(|bytes| bytes.ok_or_else(|| io::Error::other("a body has at most 16 MiB"))) {
            Ok(bytes) => Some(Body::Fixed(bytes.into())),
            Err(error) => {
                let message = format!("{} cannot be used: {error}", path.display());
                self.findings
                    .report(file.span.clone(), message, "paths are relative to the scenario's file");
                None
            }
        }
    }

    /// A table, array or text of JSON.
    fn json_document(&self, item: Item<'a>, out: &mut Template) {
        let DeValue::String(text) = item.get_ref() else {
            self.toml_value(item, out);
            return;
        };
        match serde_json::from_str::<Json>(text) {
            Ok(value) => self.json_value(&value, &item.span(), out),
            Err(error) => self.findings.report(
                item.span(),
                format!("`json` is no JSON ({error})"),
                "write a table, or JSON in which values stand inside strings: \"{{name}}\", or \"{{name:raw}}\" for a number",
            ),
        }
    }

    fn toml_value(&self, item: Item<'a>, out: &mut Template) {
        match item.get_ref() {
            DeValue::String(text) => self.json_text(text, item.span(), out),
            DeValue::Integer(_) | DeValue::Boolean(_) => out.push_text(&constant_text(item).unwrap_or_default()),
            DeValue::Float(float) => match float
                .as_str()
                .parse::<f64>()
                .ok()
                .and_then(serde_json::Number::from_f64)
            {
                Some(number) => out.push_text(&number.to_string()),
                None => self.findings.report(item.span(), "JSON has no such number", ""),
            },
            DeValue::Datetime(datetime) => out.push_text(&format!("\"{datetime}\"")),
            DeValue::Array(array) => {
                out.push_text("[");
                for (index, element) in array.iter().enumerate() {
                    out.push_text(if index == 0 { "" } else { "," });
                    self.toml_value(element, out);
                }
                out.push_text("]");
            }
            DeValue::Table(table) => {
                let mut entries: Vec<_> = table.iter().collect();
                entries.sort_by_key(|(name, _)| name.span().start);
                out.push_text("{");
                for (index, (name, value)) in entries.into_iter().enumerate() {
                    out.push_text(if index == 0 { "" } else { "," });
                    out.push_text(&Json::from(name.get_ref().as_ref()).to_string());
                    out.push_text(":");
                    self.toml_value(value, out);
                }
                out.push_text("}");
            }
        }
    }

    fn json_value(&self, value: &Json, span: &Range<usize>, out: &mut Template) {
        match value {
            Json::String(text) => self.json_text(text, span.clone(), out),
            Json::Array(array) => {
                out.push_text("[");
                for (index, element) in array.iter().enumerate() {
                    out.push_text(if index == 0 { "" } else { "," });
                    self.json_value(element, span, out);
                }
                out.push_text("]");
            }
            Json::Object(object) => {
                out.push_text("{");
                for (index, (name, value)) in object.iter().enumerate() {
                    out.push_text(if index == 0 { "" } else { "," });
                    out.push_text(&Json::from(name.as_str()).to_string());
                    out.push_text(":");
                    self.json_value(value, span, out);
                }
                out.push_text("}");
            }
            other => out.push_text(&other.to_string()),
        }
    }

    /// A JSON string with values in it, or a value alone.
    fn json_text(&self, text: &str, span: Range<usize>, out: &mut Template) {
        let text = Text { text, span };
        if let Some(value) = self.names.json_value(&text, self.findings) {
            out.append(&value);
            return;
        }
        out.push_text("\"");
        out.append(&self.names.template(&text, Place::Json, self.findings));
        out.push_text("\"");
    }
}

fn body_of(template: Template) -> Body {
    match template.as_text() {
        Some(text) => Body::Fixed(text.as_bytes().into()),
        None => Body::Template(template),
    }
}
