//! Reads `expect`, `checks` and `capture`.

use regex::bytes::{Regex, RegexBuilder};
use toml::de::DeValue;

use super::Loader;
use crate::scenario::checks::{Capture, Check, Demand, Origin, Rule};
use crate::scenario::document::{Item, Section, Text, constant_text, integer, kind, string};
use crate::scenario::expect::Expect;
use crate::scenario::template::Value;
use crate::scenario::template_text::{Named, Place};

/// Memory that a compiled expression, and its search, may take.
const LARGEST_EXPRESSION: usize = 1024 * 1024;
/// Checks a step may have.
const MOST_CHECKS: usize = 50;

/// What a check can look at.
const SUBJECTS: [&str; 6] = [
    "status",
    "latency_below",
    "header",
    "json",
    "body_contains",
    "body_matches",
];
/// What it can want of a header or JSON value.
const DEMANDS: [&str; 4] = ["exists", "equals", "contains", "matches"];

impl<'a> Loader<'a> {
    /// Statuses as `expect` and checks have them.
    pub(super) fn statuses(&self, item: Item<'a>) -> Option<Expect> {
        let wrong = |item: Item<'_>, what: &str| {
            let message = format!("{what} is no status");
            let advice = "write e.g. 200, \"2xx\", \"200-204\" or a list of those";
            self.findings.report(item.span(), message, advice);
            None
        };
        match item.get_ref() {
            DeValue::Integer(_) => {
                let status = integer(item, "a status", 100..=999, self.findings)?;
                Some(Expect::exactly(status as u16))
            }
            DeValue::String(text) => Expect::parse(text).or_else(|| wrong(item, &format!("`{text}`"))),
            DeValue::Array(array) if !array.is_empty() => {
                let all: Option<Vec<Expect>> = array.iter().map(|item| self.statuses(item)).collect();
                all.map(Expect::any_of)
            }
            other => wrong(item, kind(other)),
        }
    }

    pub(super) fn read_checks(&self, step: &Section<'a>) -> Vec<Check> {
        let sections = step.sections("checks", "a check");
        if sections.len() > MOST_CHECKS {
            let message = format!("a step has at most {MOST_CHECKS} checks");
            self.findings.report(step.key_span("checks"), message, "leave some out");
        }
        let mut checks: Vec<Check> = Vec::new();
        for section in sections {
            let name = section.string("name");
            let span = section.span.clone();
            let Some(rule) = self.rule(&section) else { continue };
            section.finish();
            let name = match name {
                Some(name) => name
                    .text
                    .chars()
                    .filter(|character| !character.is_control())
                    .take(100)
                    .collect(),
                None => describe(&rule),
            };
            if checks.iter().any(|check| check.name == name) {
                let message = format!("there are two checks called `{name}`");
                self.findings.report(span, message, "give one another name = \"…\"");
            }
            checks.push(Check { name, rule });
        }
        checks
    }

    fn rule(&self, section: &Section<'a>) -> Option<Rule> {
        let given: Vec<&str> = SUBJECTS.into_iter().filter(|subject| section.has(subject)).collect();
        let [subject] = given.as_slice() else {
            section.report(
                "a check looks at one thing",
                format!("give one of: {}", SUBJECTS.join(", ")),
            );
            return None;
        };
        match *subject {
            "status" => self.statuses(section.get("status")?).map(Rule::Status),
            "latency_below" => section.duration("latency_below").map(Rule::LatencyBelow),
            "header" => {
                let name = section.string("header")?;
                Some(Rule::Header(name.text.to_owned(), self.demand(section)?))
            }
            "json" => {
                let pointer = self.pointer(&section.string("json")?)?;
                Some(Rule::Json(pointer, self.demand(section)?))
            }
            "body_contains" => {
                let text = section.string("body_contains")?;
                let template = self.names.template(&text, Place::Plain, self.findings);
                Some(Rule::Body(Demand::Contains(template)))
            }
            _ => {
                let expression = self.expression(&section.string("body_matches")?)?;
                Some(Rule::Body(Demand::Matches(expression)))
            }
        }
    }

    fn demand(&self, section: &Section<'a>) -> Option<Demand> {
        let given: Vec<&str> = DEMANDS.into_iter().filter(|demand| section.has(demand)).collect();
        let [demand] = given.as_slice() else {
            section.report(
                "it is not said what is wanted of it, or more than one thing",
                format!("give one of: {}", DEMANDS.join(", ")),
            );
            return None;
        };
        let template = |text: &Text<'_>| self.names.template(text, Place::Plain, self.findings);
        match *demand {
            "exists" => section.boolean("exists").map(Demand::Exists),
            "contains" => section.string("contains").map(|text| Demand::Contains(template(&text))),
            "matches" => Some(Demand::Matches(self.expression(&section.string("matches")?)?)),
            _ => {
                let item = section.get("equals")?;
                match item.get_ref() {
                    DeValue::String(_) => {
                        let text = string(item, "`equals`", self.findings)?;
                        Some(Demand::Equals(template(&text)))
                    }
                    DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) => {
                        let value = serde_json::from_str(&constant_text(item)?).ok();
                        if value.is_none() {
                            self.findings.report(item.span(), "JSON has no such number", "");
                        }
                        value.map(Demand::EqualsJson)
                    }
                    other => {
                        let message = format!("`equals` is a text, number or boolean, this is {}", kind(other));
                        self.findings.report(item.span(), message, "point at what is inside");
                        None
                    }
                }
            }
        }
    }

    pub(super) fn read_captures(&self, step: &Section<'a>) -> Vec<Capture> {
        let entries = step.section("capture", "`capture`").map(|captures| captures.entries());
        let mut captures = Vec::new();
        for (name, item) in entries.unwrap_or_default() {
            let Some(section) = Section::of(item, "a capture", self.findings) else {
                continue;
            };
            let origins = ["json", "header", "body_matches"];
            let given: Vec<&str> = origins.into_iter().filter(|origin| section.has(origin)).collect();
            let [origin] = given.as_slice() else {
                section.report(
                    "a value is captured from one thing",
                    "give json = \"/pointer\", header = \"Name\" or body_matches = \"expression\"",
                );
                continue;
            };
            let found = match *origin {
                "json" => section
                    .string("json")
                    .and_then(|text| self.pointer(&text))
                    .map(Origin::Json),
                "header" => section
                    .string("header")
                    .map(|name| Origin::Header(name.text.to_owned())),
                _ => Some(Origin::Body),
            };
            let expression = match *origin {
                "body_matches" => section.string("body_matches"),
                _ => section.string("matches"),
            };
            let had_expression = expression.is_some();
            let expression = expression.and_then(|text| self.expression(&text));
            let groups = expression.as_ref().map_or(1, Regex::captures_len);
            let first = i64::from(groups > 1);
            let group = section
                .integer("group", 0..=(groups as i64 - 1).max(0))
                .unwrap_or(first);
            if !had_expression && section.has("group") {
                let message = "`group` goes with `matches`";
                self.findings
                    .report(section.key_span("group"), message, "leave it out here");
            }
            section.finish();
            let variable = match self.names.get(name.text) {
                Some(Named::Value(Value::Variable(variable))) => *variable,
                _ => continue,
            };
            if let Some(origin) = found {
                captures.push(Capture {
                    variable,
                    name: name.text.to_owned(),
                    origin,
                    pattern: expression.map(|expression| (expression, group as usize)),
                });
            }
        }
        captures
    }

    /// A JSON pointer, as RFC 6901 has them.
    fn pointer(&self, text: &Text<'_>) -> Option<String> {
        let begins = text.text.is_empty() || text.text.starts_with('/');
        let escapes = text.text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
        if begins && escapes {
            return Some(text.text.to_owned());
        }
        self.findings.report(
            text.span.clone(),
            format!("`{}` is no JSON pointer", text.text),
            "write e.g. /items/0/id; in a name, ~ is written ~0 and / is written ~1",
        );
        None
    }

    fn expression(&self, text: &Text<'_>) -> Option<Regex> {
        let built = RegexBuilder::new(text.text)
            .unicode(false)
            .size_limit(LARGEST_EXPRESSION)
            .dfa_size_limit(LARGEST_EXPRESSION)
            .build();
        match built {
            Ok(expression) => Some(expression),
            Err(error) => {
                let reason = error.to_string();
                let reason = reason
                    .lines()
                    .last()
                    .unwrap_or_default()
                    .trim_start_matches("error: ")
                    .to_owned();
                let message = format!("this is no regular expression: {reason}");
                self.findings.report(
                    text.span.clone(),
                    message,
                    "in TOML, 'single quotes' spare doubling each \\",
                );
                None
            }
        }
    }
}

/// The name of a check that has been given none.
fn describe(rule: &Rule) -> String {
    let of = |subject: &str, demand: &Demand| match demand {
        Demand::Exists(true) => format!("{subject} exists"),
        Demand::Exists(false) => format!("{subject} does not exist"),
        Demand::Equals(_) => format!("{subject} equals"),
        Demand::EqualsJson(value) => format!("{subject} equals {value}"),
        Demand::Contains(_) => format!("{subject} contains"),
        Demand::Matches(_) => format!("{subject} matches"),
    };
    let with_text = |subject: &str, demand: &Demand| match demand {
        Demand::Equals(template) | Demand::Contains(template) => match template.as_text() {
            Some(text) => format!("{} {}", of(subject, demand), text.chars().take(40).collect::<String>()),
            None => of(subject, demand),
        },
        Demand::Matches(expression) => {
            let text: String = expression.as_str().chars().take(40).collect();
            format!("{} {text}", of(subject, demand))
        }
        _ => of(subject, demand),
    };
    match rule {
        Rule::Status(expect) => format!("status is {expect}"),
        Rule::LatencyBelow(bound) => format!("latency below {}", humantime::format_duration(*bound)),
        Rule::Header(name, demand) => with_text(&format!("header {name}"), demand),
        Rule::Json(pointer, demand) => with_text(&format!("json {pointer}"), demand),
        Rule::Body(demand) => with_text("body", demand),
    }
}
