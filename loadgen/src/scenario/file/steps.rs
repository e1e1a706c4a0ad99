//! Reads steps and flows.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use super::Loader;
use super::resources::ResourceDraft;
use crate::scenario::definition::{Flow, Step, StepPath};
use crate::scenario::diagnostic::Findings;
use crate::scenario::document::{Section, Text, constant_text, duration, string};
use crate::scenario::expect::Expect;
use crate::scenario::pause::Pause;
use crate::scenario::resources::{Action, ActionKind, Pick};
use crate::scenario::template::{Template, is_control};
use crate::scenario::template_text::Place;

const HIGHEST_WEIGHT: i64 = 1_000_000;
/// Characters of a name.
const LONGEST_NAME: usize = 64;

/// Fields that are loadgen's own business.
const OWN_FIELDS: [&str; 4] = ["content-length", "transfer-encoding", "expect", "upgrade"];

/// A step and what is needed of it besides.
pub(super) struct StepDraft<'a> {
    pub(super) step: Step,
    pub(super) span: Range<usize>,
    pub(super) name_span: Range<usize>,
    pub(super) thresholds: Vec<Text<'a>>,
    /// The names that it uses.
    pub(super) uses: Vec<(String, Range<usize>)>,
}

/// Where a step stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum StepKind {
    Load,
    SetUp,
    CleanUp,
}

/// A header field, and the names that it uses.
#[derive(Clone)]
struct HeaderDraft {
    name: String,
    value: Template,
    uses: Vec<(String, Range<usize>)>,
}

/// What steps have where they say nothing else.
#[derive(Clone, Default)]
pub(super) struct Defaults {
    tags: BTreeMap<String, String>,
    headers: Vec<HeaderDraft>,
    think_time: Option<Pause>,
}

impl Defaults {
    /// Reads them from the scenario.
    pub(super) fn read<'a>(loader: &Loader<'a>, root: &Section<'a>) -> Self {
        Self::default().with(loader, root)
    }

    /// The defaults of a part of the scenario that may say more.
    fn with<'a>(&self, loader: &Loader<'a>, section: &Section<'a>) -> Self {
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
    /// Makes the captures of a step known, before any template is read.
    pub(super) fn declare_captures(&mut self, step: &Section<'a>) {
        let Some(captures) = step.section("capture", "`capture`") else {
            return;
        };
        for (name, _) in captures.entries() {
            let wrong = if crate::scenario::template_text::is_name(name.text) {
                self.captured(name.text).err()
            } else {
                Some("has other characters than letters, digits and _, or begins with a digit")
            };
            if let Some(wrong) = wrong {
                let message = format!("nothing can be captured as `{}`, which {wrong}", name.text);
                self.findings.report(name.span, message, "choose another name");
            }
        }
    }

    /// Reads `[[step]]`: a sequence, or a choice by weight.
    pub(super) fn read_single_steps(
        &mut self,
        root: &Section<'a>,
        steps: Vec<Section<'a>>,
        defaults: &Defaults,
        resources: &[ResourceDraft],
        drafts: &mut Vec<StepDraft<'a>>,
        flows: &mut Vec<Flow>,
    ) {
        if steps.is_empty() {
            root.report(
                "a scenario has at least one step",
                "add [[step]] with a name and a path",
            );
            return;
        }
        let weighted = steps.iter().filter(|step| step.has("weight")).count();
        if weighted != 0 && weighted != steps.len() {
            for step in steps.iter().filter(|step| !step.has("weight")) {
                step.report(
                    "this step has no weight, others have",
                    "give all steps a weight to choose one for each iteration, or none of them to take them in order; \
                     for several sequences use [[flow]]",
                );
            }
        }
        let mut sum = 0;
        let count = steps.len();
        for step in steps {
            let weight = self.weight(&step);
            let writes = step.has("creates") || step.has("deletes");
            if weight == Some(0) && !writes {
                self.findings.report(
                    step.key_span("weight"),
                    "a step of weight 0 is never taken",
                    "leave it out; only steps that create or delete a resource can have it, for set-up and clean-up",
                );
            }
            let position = drafts.len();
            let draft = self.read_step(step, defaults, resources, StepKind::Load);
            if weighted > 0 {
                sum += weight.unwrap_or(1) as u32;
                flows.push(Flow {
                    name: draft.step.name.clone(),
                    sum,
                    steps: position..position + 1,
                });
            }
            drafts.push(draft);
        }
        if weighted == 0 {
            flows.push(Flow {
                name: String::new(),
                sum: 1,
                steps: 0..count,
            });
        } else if sum == 0 {
            root.findings.report(
                root.key_span("step"),
                "all weights are 0",
                "give one step a weight of 1 or more",
            );
        }
    }

    fn weight(&self, section: &Section<'a>) -> Option<i64> {
        section.integer("weight", 0..=HIGHEST_WEIGHT)
    }

    /// Reads a `[[flow]]` with its steps.
    pub(super) fn read_flow(
        &mut self,
        flow: Section<'a>,
        steps: Vec<Section<'a>>,
        defaults: &Defaults,
        resources: &[ResourceDraft],
        drafts: &mut Vec<StepDraft<'a>>,
        flows: &mut Vec<Flow>,
    ) {
        let name = flow.string("name");
        match &name {
            Some(name) => {
                check_name(name, "a flow", self.findings);
                if flows.iter().any(|other| other.name == name.text) {
                    let message = format!("there are two flows called `{}`", name.text);
                    self.findings.report(name.span.clone(), message, "rename one");
                }
            }
            None if !flow.has("name") => flow.report("a flow has a name", "add name = \"…\""),
            None => {}
        }
        let weight = flow.integer("weight", 1..=HIGHEST_WEIGHT).unwrap_or(1) as u32;
        if steps.is_empty() && !flow.has("step") {
            flow.report(
                "a flow has at least one step",
                "add [[flow.step]] with a name and a path",
            );
        }
        let defaults = defaults.with(self, &flow);
        let start = drafts.len();
        for step in steps {
            if step.has("weight") {
                self.findings.report(
                    step.key_span("weight"),
                    "the steps of a flow are taken in order and have no weights",
                    "give the flow a weight",
                );
                step.get("weight");
            }
            drafts.push(self.read_step(step, &defaults, resources, StepKind::Load));
        }
        flow.finish();
        if drafts.len() > start {
            flows.push(Flow {
                name: name.map(|name| name.text.to_owned()).unwrap_or_default(),
                sum: flows.last().map_or(0, |flow| flow.sum) + weight,
                steps: start..drafts.len(),
            });
        }
    }

    pub(super) fn read_step(
        &mut self,
        section: Section<'a>,
        defaults: &Defaults,
        resources: &[ResourceDraft],
        kind: StepKind,
    ) -> StepDraft<'a> {
        self.names.take_used();
        let name = section.string("name");
        match &name {
            Some(name) => check_name(name, "a step", self.findings),
            None if !section.has("name") => section.report("a step has a name", "add name = \"…\""),
            None => {}
        }
        let own = defaults.with(self, &section);
        let path = self.path(&section);
        let (body, content_type) = self.read_body(&section);
        let method = self.method(&section, body.is_some());
        let expect = self.expect(&section);
        let checks = self.read_checks(&section);
        let captures = self.read_captures(&section);
        let action = self.action(&section, resources);
        let failure_ends_iteration = match section.string("on_failure") {
            None => !captures.is_empty(),
            Some(text) => match text.text {
                "continue" => false,
                "end_iteration" => true,
                other => {
                    let message = format!("`{other}` is nothing that can be done on failure");
                    self.findings
                        .report(text.span, message, "write continue or end_iteration");
                    false
                }
            },
        };
        let thresholds = section.strings("thresholds");
        if kind != StepKind::Load {
            for (key, message) in [
                (
                    "weight",
                    "steps of set-up and clean-up are taken in order and have no weights",
                ),
                ("thresholds", "only steps under load are measured"),
                ("think_time", "steps of set-up and clean-up are taken without pauses"),
                ("creates", "only steps under load have to do with resources"),
                ("uses", "only steps under load have to do with resources"),
                ("deletes", "only steps under load have to do with resources"),
                (
                    "on_failure",
                    "set-up ends with the first failure, clean-up goes on after it",
                ),
            ] {
                if section.has(key) {
                    self.findings
                        .report(section.key_span(key), message, "leave it out here");
                    section.get(key);
                }
            }
        }
        let mut uses = self.names.take_used();
        uses.extend(own.headers.iter().flat_map(|header| header.uses.clone()));
        let (span, name_span) = (section.span.clone(), section.key_span("name"));
        section.finish();
        StepDraft {
            step: Step {
                name: name.map(|name| name.text.to_owned()).unwrap_or_default(),
                tags: own.tags,
                method,
                path: StepPath::Below(path),
                headers: own
                    .headers
                    .into_iter()
                    .map(|header| (header.name, header.value))
                    .collect(),
                body,
                content_type,
                expect,
                checks,
                captures,
                think_time: own.think_time,
                action,
                failure_ends_iteration,
            },
            span,
            name_span,
            thresholds,
            uses,
        }
    }

    fn path(&self, section: &Section<'a>) -> Template {
        let Some(text) = section.string("path") else {
            if !section.has("path") {
                section.report(
                    "a step has a path",
                    "add path = \"/…\", relative to the URL of the command line",
                );
            }
            return Template::default();
        };
        let wrong = if text.text.contains("://") && !text.text.starts_with('/') {
            Some("a path is relative to the URL of the command line, this is a whole URL")
        } else if !text.text.starts_with('/') && !text.text.starts_with("{{") {
            Some("a path begins with /")
        } else if text.text.contains('#') {
            Some("a path has no #, which is never sent")
        } else if text.text.chars().any(char::is_control) {
            Some("a path has no control characters")
        } else {
            None
        };
        if let Some(wrong) = wrong {
            self.findings
                .report(text.span.clone(), wrong, "write e.g. path = \"/items/{{id}}\"");
        }
        let mut path = self.names.template(&text, Place::Path, self.findings);
        if let Some(query) = section.section("query", "a query") {
            path.push_text(if text.text.contains('?') { "&" } else { "?" });
            path.append(&self.pairs(&query));
        }
        path
    }

    fn method(&self, section: &Section<'a>, has_body: bool) -> String {
        let Some(text) = section.string("method") else {
            return if has_body { "POST" } else { "GET" }.to_owned();
        };
        let method = text.text.to_ascii_uppercase();
        if !is_token(&method) || method == "CONNECT" {
            let message = format!("`{}` is no method that can be put under load", text.text);
            self.findings.report(text.span, message, "write e.g. PUT");
        }
        method
    }

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

    fn expect(&self, section: &Section<'a>) -> Expect {
        match section.get("expect") {
            None => Expect::success(),
            Some(item) => self.statuses(item).unwrap_or_else(Expect::success),
        }
    }

    fn action(&self, section: &Section<'a>, resources: &[ResourceDraft]) -> Option<Action> {
        let mut found = None;
        for (key, kind, pick) in [
            ("creates", ActionKind::Creates, Pick::Newest),
            ("uses", ActionKind::Uses, Pick::Random),
            ("deletes", ActionKind::Deletes, Pick::Oldest),
        ] {
            let Some(text) = section.string(key) else { continue };
            let position = resources.iter().position(|draft| draft.resource.name == text.text);
            match position {
                None => self.findings.report(
                    text.span,
                    format!("there is no resource `{}`", text.text),
                    format!("define it: [resources.{}] with an id", text.text),
                ),
                Some(_) if found.is_some() => self.findings.report(
                    section.key_span(key),
                    "a step does one thing to one resource",
                    "keep one of creates, uses, deletes",
                ),
                Some(resource) => found = Some(Action { resource, kind, pick }),
            }
        }
        if let Some(text) = section.string("pick") {
            let pick = match text.text {
                "random" => Pick::Random,
                "oldest" => Pick::Oldest,
                "newest" => Pick::Newest,
                other => {
                    let message = format!("`{other}` is no way to pick a resource");
                    self.findings
                        .report(text.span, message, "write random, oldest or newest");
                    return found;
                }
            };
            match &mut found {
                Some(action) if action.kind != ActionKind::Creates => action.pick = pick,
                _ => self
                    .findings
                    .report(text.span, "`pick` goes with `uses` or `deletes`", "leave it out here"),
            }
        }
        found
    }
}

/// Whether a text can be a method or a header's name.
fn is_token(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.len() <= 256 && text.bytes().all(allowed)
}

/// Names are keys in summaries and thresholds, where a colon or comma would be taken for something else.
pub(super) fn check_name(name: &Text<'_>, what: &str, findings: &Findings<'_>) {
    let allowed = |character: char| character.is_alphanumeric() || " _-./".contains(character);
    let plain = name.text.chars().all(allowed) && name.text.trim() == name.text;
    if name.text.is_empty() || name.text.chars().count() > LONGEST_NAME || !plain {
        findings.report(
            name.span.clone(),
            format!("`{}` cannot be the name of {what}", name.text),
            format!("a name has 1 to {LONGEST_NAME} letters, digits, spaces and _ - . /"),
        );
    }
}

/// Reports steps whose figures could not be told apart.
pub(super) fn check_names_differ(drafts: &[StepDraft<'_>], findings: &Findings<'_>) {
    for (index, draft) in drafts.iter().enumerate() {
        let name = &draft.step.name;
        if !name.is_empty() && drafts[..index].iter().any(|other| other.step.name == *name) {
            let message = format!("there are two steps called `{name}`");
            findings.report(draft.name_span.clone(), message, "rename one");
        }
    }
}
