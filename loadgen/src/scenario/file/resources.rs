//! Reads `[resources]`.

use std::ops::Range;

use super::Loader;
use super::steps::StepDraft;
use crate::scenario::document::Section;
use crate::scenario::resources::{ActionKind, Resource};
use crate::scenario::template::{Part, Template, Value};
use crate::scenario::template_text::{Named, Place, is_name};

/// Resources of one kind that a virtual user may have.
const MOST_LIVE: i64 = 10_000;

/// A resource of which the steps are not known yet.
pub(super) struct ResourceDraft {
    pub(super) resource: Resource,
    span: Range<usize>,
}

impl<'a> Loader<'a> {
    pub(super) fn read_resources(&mut self, section: Option<Section<'a>>) -> Vec<ResourceDraft> {
        let mut drafts = Vec::new();
        let entries = section.map(|section| section.entries()).unwrap_or_default();
        for (name, item) in entries {
            if !is_name(name.text) || self.names.get(name.text).is_some() {
                self.findings.report(
                    name.span.clone(),
                    format!("`{}` cannot be the name of a resource", name.text),
                    "a name has letters, digits and _, and means nothing else already",
                );
                continue;
            }
            let Some(section) = Section::of(item, "a resource", self.findings) else {
                continue;
            };
            let id = self.read_id(&section);
            let plural = section.string("plural");
            let at_start = section.integer("at_start", 0..=MOST_LIVE).unwrap_or(0) as usize;
            let least = section.integer("least", 0..=MOST_LIVE).unwrap_or(0) as usize;
            let most = section.integer("most", 1..=MOST_LIVE).unwrap_or(100) as usize;
            if least >= most || at_start > most {
                section.report(
                    "`most` is more than `least` and at least `at_start`",
                    format!("here they are {most}, {least} and {at_start}"),
                );
            }
            section.finish();
            self.names
                .insert(name.text, Named::Value(Value::Resource(drafts.len())));
            drafts.push(ResourceDraft {
                resource: Resource {
                    name: name.text.to_owned(),
                    plural: plural.map_or_else(|| format!("{}s", name.text), |plural| plural.text.to_owned()),
                    id,
                    at_start,
                    least,
                    most,
                    create: 0,
                    delete: 0,
                    using: None,
                    unrelated: None,
                },
                span: name.span,
            });
        }
        drafts
    }

    fn read_id(&mut self, section: &Section<'a>) -> Template {
        const EXAMPLE: &str = "write e.g. id = \"lg-{{run_id}}-{{vu}}-{{number}}\"";
        let Some(text) = section.string("id") else {
            if !section.has("id") {
                section.report("a resource has an `id`", EXAMPLE);
            }
            return Template::default();
        };
        self.names.insert("number", Named::Value(Value::Number));
        let id = self.names.template(&text, Place::Id, self.findings);
        self.names.remove("number");
        let constants = self.names.take_used().into_iter().map(|(name, _)| name);
        self.used_in_ids.extend(constants);
        let wanted = [Value::RunId, Value::Vu, Value::Number];
        let has = |wanted: &Value| {
            id.parts()
                .iter()
                .any(|part| matches!(part, Part::Value(value, _) if value == wanted))
        };
        let others = id
            .parts()
            .iter()
            .any(|part| matches!(part, Part::Value(value, _) if !wanted.contains(value)));
        if others || !wanted.iter().all(has) {
            self.findings.report(
                text.span.clone(),
                "an id is made of run_id, vu and number, each of which it needs to be unique, and of nothing else",
                EXAMPLE,
            );
        }
        id
    }

    /// Finds the steps of each resource.
    pub(super) fn finish_resources(
        &self,
        drafts: Vec<ResourceDraft>,
        steps: &[StepDraft<'_>],
        under_load: usize,
    ) -> Vec<Resource> {
        let steps = &steps[..under_load];
        let mut resources = Vec::new();
        for (index, draft) in drafts.into_iter().enumerate() {
            let mut resource = draft.resource;
            let of = |kind: ActionKind| {
                let mut found = steps.iter().enumerate().filter(move |(_, step)| {
                    let action = step.step.action;
                    action.is_some_and(|action| action.resource == index && action.kind == kind)
                });
                (found.next(), found.next())
            };
            for (kind, key, position) in [
                (ActionKind::Creates, "creates", &mut resource.create),
                (ActionKind::Deletes, "deletes", &mut resource.delete),
            ] {
                match of(kind) {
                    (Some((step, _)), None) => *position = step,
                    (None, _) => self.findings.report(
                        draft.span.clone(),
                        format!("no step {key} `{}`", resource.name),
                        format!(
                            "add a step with {key} = \"{}\"; with weight = 0 it is for set-up and clean-up alone",
                            resource.name
                        ),
                    ),
                    (Some(_), Some((_, second))) => self.findings.report(
                        second.span.clone(),
                        format!("a second step {key} `{}`", resource.name),
                        "one step creates a resource and one deletes it",
                    ),
                }
            }
            resource.using = of(ActionKind::Uses).0.map(|(step, _)| step);
            resource.unrelated = steps.iter().position(|step| step.step.action.is_none());
            resources.push(resource);
        }
        resources
    }
}
