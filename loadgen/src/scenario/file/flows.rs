//! Reads the order of steps: a sequence, a choice by weight, or flows.

use super::Loader;
use super::defaults::Defaults;
use super::resources::ResourceDraft;
use super::steps::{StepDraft, StepKind, check_name};
use crate::scenario::definition::Flow;
use crate::scenario::document::Section;

const HIGHEST_WEIGHT: i64 = 1_000_000;

impl<'a> Loader<'a> {
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
            let weight = step.integer("weight", 0..=HIGHEST_WEIGHT);
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
}
