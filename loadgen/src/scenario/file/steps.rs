//! Reads steps.

use std::ops::Range;

use super::Loader;
use super::defaults::Defaults;
use super::resources::ResourceDraft;
use crate::scenario::definition::{Step, StepPath};
use crate::scenario::diagnostic::Findings;
use crate::scenario::document::{Section, Text};
use crate::scenario::expect::Expect;
use crate::scenario::resources::{Action, ActionKind, Pick};
use crate::scenario::template::Template;
use crate::scenario::template_text::{Place, is_name};

/// Characters of a name.
pub(super) const LONGEST_NAME: usize = 64;

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

impl<'a> Loader<'a> {
    /// Makes the captures of a step known, before any template is read.
    pub(super) fn declare_captures(&mut self, step: &Section<'a>) {
        let Some(captures) = step.section("capture", "`capture`") else {
            return;
        };
        for (name, _) in captures.entries() {
            let wrong = if is_name(name.text) {
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
pub(super) fn is_token(text: &str) -> bool {
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
