//! Reads `[variables]`.

use std::sync::Arc;

use toml::de::DeValue;

use super::Loader;
use crate::scenario::document::{Item, Section, Text, constant_text, integer, kind};
use crate::scenario::rows::{Format, Order, Rows};
use crate::scenario::template::Value;
use crate::scenario::template_text::{BUILT_IN, Named, is_name};
use crate::scenario::variables::{Source, TimeFormat, Variable};

/// Characters of a random text, if nothing else is asked for.
const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// Characters that a random text may have.
const LONGEST_CHARACTERS: i64 = 1_000_000;
/// Texts that a choice may be made from.
const MOST_CHOICES: usize = 100_000;

const KINDS: [&str; 7] = ["uuid", "sequence", "range", "choice", "characters", "file", "time"];

/// The longest value that can be given from outside, in bytes.
const LONGEST_VAR: usize = 64 * 1024;

/// Checks a variable given from outside.
pub(super) fn check_var(name: &str, value: &str) -> Result<(), String> {
    if !is_name(name) {
        Err("a name has letters, digits and _, and begins with no digit".to_owned())
    } else if BUILT_IN.iter().any(|(known, _)| *known == name) {
        Err("every scenario has a variable of this name; give yours another".to_owned())
    } else if value.len() > LONGEST_VAR {
        Err("a value has at most 64 KiB".to_owned())
    } else {
        Ok(())
    }
}

impl<'a> Loader<'a> {
    pub(super) fn read_variables(&mut self, section: Option<Section<'a>>) {
        for (name, value) in self.vars {
            self.names.insert(name, Named::Constant(value.clone()));
        }
        let Some(section) = section else { return };
        for (name, item) in section.entries() {
            if !self.check_variable_name(&name) {
                continue;
            }
            // What is given from outside goes before what the file says.
            if self.vars.iter().any(|(given, _)| given == name.text) {
                continue;
            }
            match constant_text(item) {
                Some(text) => self.names.insert(name.text, Named::Constant(text)),
                None => self.read_source(&name, item),
            }
        }
    }

    fn check_variable_name(&self, name: &Text<'_>) -> bool {
        if !is_name(name.text) {
            self.findings.report(
                name.span.clone(),
                format!("`{}` cannot be the name of a variable", name.text),
                "a name has letters, digits and _, and begins with no digit",
            );
            return false;
        }
        if BUILT_IN.iter().any(|(known, _)| *known == name.text) {
            let message = format!("`{}` is a variable that every scenario has", name.text);
            self.findings
                .report(name.span.clone(), message, "give yours another name");
            return false;
        }
        true
    }

    fn read_source(&mut self, name: &Text<'a>, item: Item<'a>) {
        let Some(section) = Section::of(item, "a variable", self.findings) else {
            return;
        };
        let given: Vec<&str> = KINDS.into_iter().filter(|kind| section.has(kind)).collect();
        let source = match given.as_slice() {
            ["uuid"] => match section.boolean("uuid") {
                Some(true) => Some(Source::Uuid),
                _ => {
                    section.report("`uuid` is true or left out", "");
                    None
                }
            },
            ["sequence"] => sequence(&section),
            ["range"] => range(&section),
            ["choice"] => choice(&section),
            ["characters"] => characters(&section),
            ["file"] => self.rows(&section),
            ["time"] => time(&section),
            [] => {
                section.report(
                    format!("it is not said what `{}` is made from", name.text),
                    format!("give one of: {}", KINDS.join(", ")),
                );
                None
            }
            several => {
                section.report(
                    format!("`{}` is made from one thing only", name.text),
                    several.join(" or "),
                );
                None
            }
        };
        if given.len() == 1 && source.is_some() {
            section.finish();
        }
        let index = self.variables.len();
        let named = match &source {
            Some(Source::Rows { rows, .. }) => Named::Rows {
                variable: index,
                columns: rows.columns().to_vec(),
            },
            _ => Named::Value(Value::Variable(index)),
        };
        self.names.insert(name.text, named);
        self.variables.push(Variable {
            name: name.text.to_owned(),
            // Where there is a mistake, nothing will be drawn.
            source: source.unwrap_or(Source::Uuid),
        });
    }

    fn rows(&self, section: &Section<'a>) -> Option<Source> {
        let file = section.string("file")?;
        let format = section.string("format");
        let order = section.string("order");
        let columns = section.strings("columns");
        let order = match order.as_ref().map(|order| order.text) {
            None | Some("sequential") => Order::Sequential,
            Some("random") => Order::Random,
            Some("once") => Order::Once,
            Some(other) => {
                let span = order.as_ref().map_or(section.span.clone(), |order| order.span.clone());
                let message = format!("`{other}` is no order");
                self.findings
                    .report(span, message, "there are: sequential, random, once");
                return None;
            }
        };
        let extension = file.text.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        let format = match format.as_ref().map_or(extension.as_str(), |format| format.text) {
            "csv" => Format::Csv,
            "jsonl" | "ndjson" => Format::Jsonl,
            other => {
                let span = format.as_ref().map_or(file.span.clone(), |format| format.span.clone());
                let message = format!("`{other}` is no format of rows");
                self.findings
                    .report(span, message, "there are: csv, jsonl; say which with format = \"csv\"");
                return None;
            }
        };
        let path = self.path_of(&file)?;
        let columns = (!columns.is_empty()).then(|| columns.iter().map(|name| name.text.to_owned()).collect());
        match Rows::read(&path, format, columns) {
            Ok(rows) => Some(Source::Rows {
                rows: Arc::new(rows),
                order,
            }),
            Err(reason) => {
                let message = format!("{} cannot be used: {reason}", path.display());
                self.findings
                    .report(file.span.clone(), message, "paths are relative to the scenario's file");
                None
            }
        }
    }

    /// Where a file that the scenario names is.
    pub(super) fn path_of(&self, file: &Text<'_>) -> Option<std::path::PathBuf> {
        let path = self.directory.map(|directory| directory.join(file.text));
        if path.is_none() {
            let message = "a scenario that comes with loadgen cannot name files";
            self.findings.report(file.span.clone(), message, "");
        }
        path
    }
}

fn sequence(section: &Section<'_>) -> Option<Source> {
    let bounds = || -1_000_000_000_000..=1_000_000_000_000;
    let item = section.get("sequence")?;
    if let DeValue::Integer(_) = item.get_ref() {
        let start = integer(item, "`sequence`", bounds(), section.findings)?;
        return Some(Source::Sequence {
            start,
            step: 1,
            width: 0,
        });
    }
    let inner = Section::of(item, "a sequence", section.findings)?;
    let start = inner.integer("start", bounds());
    let step = inner.integer("step", bounds());
    let width = inner.integer("width", 0..=40);
    if step == Some(0) {
        inner.report("a sequence with step 0 never moves", "write a constant instead");
    }
    let source = Source::Sequence {
        start: start.unwrap_or(1),
        step: step.unwrap_or(1),
        width: width.unwrap_or(0) as usize,
    };
    inner.finish();
    Some(source)
}

fn range(section: &Section<'_>) -> Option<Source> {
    let bounds = section.items("range");
    let [least, most] = bounds.as_slice() else {
        section.report("`range` has two ends", "write e.g. range = [1, 100]");
        return None;
    };
    let end = |item| integer(item, "an end of `range`", i64::MIN..=i64::MAX, section.findings);
    let (least, most) = (end(least)?, end(most)?);
    if least > most {
        section.report("`range` ends before it begins", "put the smaller end first");
        return None;
    }
    Some(Source::Range { least, most })
}

fn choice(section: &Section<'_>) -> Option<Source> {
    let items = section.items("choice");
    let mut options = Vec::new();
    for item in &items {
        match constant_text(item) {
            Some(text) => options.push(text),
            None => section.findings.report(
                item.span(),
                format!(
                    "a choice is a text, a number or a boolean, this is {}",
                    kind(item.get_ref())
                ),
                "",
            ),
        }
    }
    if options.is_empty() || options.len() > MOST_CHOICES {
        section.report(
            format!("`choice` has 1 to {MOST_CHOICES} elements"),
            "take more from a file",
        );
        return None;
    }
    let weights = section.items("weights");
    let mut sum = 0_u32;
    let mut sums = Vec::new();
    for index in 0..options.len() {
        let weight = match weights.get(index) {
            Some(item) => integer(item, "a weight", 1..=10_000, section.findings)? as u32,
            None => 1,
        };
        sum = sum.saturating_add(weight);
        sums.push(sum);
    }
    if !weights.is_empty() && weights.len() != options.len() {
        section.report(
            format!(
                "`choice` has {} elements and `weights` {}",
                options.len(),
                weights.len()
            ),
            "give one weight for each",
        );
    }
    Some(Source::Choice { options, sums })
}

fn characters(section: &Section<'_>) -> Option<Source> {
    let length = section.integer("characters", 1..=LONGEST_CHARACTERS)?;
    let alphabet = section.string("alphabet");
    let alphabet: Vec<char> = alphabet
        .as_ref()
        .map_or(ALPHABET, |alphabet| alphabet.text)
        .chars()
        .collect();
    if alphabet.is_empty() {
        section.report("`alphabet` has no characters", "leave it out for letters and digits");
        return None;
    }
    Some(Source::Characters {
        length: length as usize,
        alphabet,
    })
}

fn time(section: &Section<'_>) -> Option<Source> {
    let format = section.string("time")?;
    Some(Source::Time(match format.text {
        "unix" => TimeFormat::Unix,
        "unix_ms" => TimeFormat::UnixMs,
        "rfc3339" => TimeFormat::Rfc3339,
        other => {
            let message = format!("`{other}` is no way to write a time");
            section
                .findings
                .report(format.span, message, "there are: unix, unix_ms, rfc3339");
            return None;
        }
    }))
}
