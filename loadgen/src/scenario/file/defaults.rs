//! Reads what steps can have from the scenario or from their flow: headers, tags, think time.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use super::Loader;
use super::steps::{LONGEST_NAME, is_token};
use crate::scenario::document::{Section, Text, constant_text, duration, string};
use crate::scenario::pause::Pause;
use crate::scenario::template::{Template, is_control};
use crate::scenario::template_text::Place;

/// Fields that are loadgen's own business.
const OWN_FIELDS: [&str; 4] = ["content-length", "transfer-encoding", "expect", "upgrade"];

/// A header field, and the names that it uses.
#[derive(Clone)]
pub(super) struct HeaderDraft {
    pub(super) name: String,
    pub(super) value: Template,
    pub(super) uses: Vec<(String, Range<usize>)>,
}

/// What steps have where they say nothing else.
#[derive(Clone, Default)]
pub(super) struct Defaults {
    pub(super) tags: BTreeMap<String, String>,
    pub(super) headers: Vec<HeaderDraft>,
    pub(super) think_time: Option<Pause>,
}

impl Defaults {
    /// Reads them from the scenario.
    pub(super) fn read<'a>(loader: &Loader<'a>, root: &Section<'a>) -> Self {
        Self::default().with(loader, root)
    }

    /// The defaults of a part of the scenario that may say more.
    pub(super) fn with<'a>(&self, loader: &Loader<'a>, section: &Section<'a>) -> Self {
        let mut defaults = self.clone();
        defaults.tags.extend(loader.tags(section));
        for header in loader.headers(section) {
            defaults
                .headers
                .retain(|other| !other.name.eq_ignore_ascii_case(&header.name));
            defaults.headers.push(header);
        }
        defaults.think_time = loader.think_time(section).or(defaults.think_time);
        defaults
    }
}

impl<'a> Loader<'a> {
    /// The header fields of a section, templates included.
    fn headers(&self, section: &Section<'a>) -> Vec<HeaderDraft> {
        let mut headers: Vec<HeaderDraft> = Vec::new();
        let entries = section.section("headers", "`headers`").map(|headers| headers.entries());
        for (name, item) in entries.unwrap_or_default() {
            let Some(value) = string(item, "a header's value", self.findings) else {
                continue;
            };
            let lower = name.text.to_ascii_lowercase();
            let wrong = if !is_token(name.text) {
                Some("a header's name has only letters, digits and -")
            } else if OWN_FIELDS.contains(&lower.as_str()) {
                Some("this header is loadgen's own business")
            } else if headers.iter().any(|other| other.name.eq_ignore_ascii_case(name.text)) {
                Some("this header is there already")
            } else {
                None
            };
            if let Some(wrong) = wrong {
                self.findings
                    .report(name.span.clone(), wrong, "correct it or leave it out");
                continue;
            }
            if value.text.bytes().any(is_control) {
                self.findings
                    .report(value.span.clone(), "a header's value has no control characters", "");
                continue;
            }
            let value = self.names.template(&value, Place::Header, self.findings);
            headers.push(HeaderDraft {
                name: name.text.to_owned(),
                value,
                uses: self.names.take_used(),
            });
        }
        headers
    }

    fn tags(&self, section: &Section<'a>) -> BTreeMap<String, String> {
        let mut tags = BTreeMap::new();
        let entries = section.section("tags", "`tags`").map(|tags| tags.entries());
        for (name, item) in entries.unwrap_or_default() {
            let value = constant_text(item);
            let plain =
                |text: &str| !text.is_empty() && text.len() <= LONGEST_NAME && !text.chars().any(char::is_control);
            match value {
                Some(value) if plain(name.text) && plain(&value) => {
                    tags.insert(name.text.to_owned(), value);
                }
                _ => self.findings.report(
                    name.span.clone(),
                    format!("the tag `{}` is no text of 1 to {LONGEST_NAME} characters", name.text),
                    "write e.g. tags = { kind = \"read\" }",
                ),
            }
        }
        tags
    }

    fn think_time(&self, section: &Section<'a>) -> Option<Pause> {
        let item = section.get("think_time")?;
        if let toml::de::DeValue::String(_) = item.get_ref() {
            let text = string(item, "`think_time`", self.findings)?;
            let part = |part: &'a str| Text {
                text: part,
                span: text.span.clone(),
            };
            return match text.text.split_once("..") {
                None => duration(&text, self.findings).map(Pause::Constant),
                Some((least, most)) => {
                    let least = duration(&part(least), self.findings)?;
                    let most = duration(&part(most), self.findings)?;
                    if least > most {
                        let message = "the think time ends before it begins";
                        self.findings
                            .report(text.span.clone(), message, "put the shorter time first");
                    }
                    Some(Pause::Uniform { least, most })
                }
            };
        }
        let table = Section::of(item, "`think_time`", self.findings)?;
        let (exponential, normal) = (table.duration("exponential"), table.duration("normal"));
        let (least, most) = (table.duration("min"), table.duration("max"));
        let deviation = table.duration("deviation");
        let pause = match (exponential, normal) {
            (Some(mean), None) if deviation.is_none() && least.is_none() => Some(Pause::Exponential {
                mean,
                most: most.unwrap_or(mean * 10),
            }),
            (None, Some(mean)) => {
                let deviation = deviation.unwrap_or(mean / 4);
                Some(Pause::Normal {
                    mean,
                    deviation,
                    least: least.unwrap_or(Duration::ZERO),
                    most: most.unwrap_or(mean + deviation * 4),
                })
            }
            _ => {
                table.report(
                    "this is no distribution of think times",
                    "write { exponential = \"2s\", max = \"10s\" } or \
                     { normal = \"2s\", deviation = \"500ms\", min = \"1s\", max = \"5s\" }",
                );
                None
            }
        };
        if let Some(Pause::Normal { least, most, .. }) = pause
            && least > most
        {
            table.report("`max` is shorter than `min`", "");
            return None;
        }
        table.finish();
        pause
    }
}
