//! Finds values that are used where they cannot have been captured yet.

use std::ops::Range;

use super::Loader;
use super::steps::StepDraft;
use crate::scenario::definition::Flow;
use crate::scenario::variables::Source;

/// Checks every use of a captured value: it must be captured by set-up, by an earlier step of the same sequence, or by
/// another flow, whose values a virtual user keeps from one iteration to the next.
pub(super) fn check(drafts: &[StepDraft<'_>], flows: &[Flow], set_up: Range<usize>, loader: &Loader<'_>) {
    let is_captured = |name: &str| {
        let variable = loader.variables.iter().find(|variable| variable.name == name);
        variable.is_some_and(|variable| matches!(variable.source, Source::Capture))
    };
    let captures = |index: usize, name: &str| drafts[index].step.captures.iter().any(|capture| capture.name == name);
    for (index, draft) in drafts.iter().enumerate() {
        for (name, span) in draft.uses.iter().filter(|(name, _)| is_captured(name)) {
            let flow = flows
                .iter()
                .map(|flow| &flow.steps)
                .find(|steps| steps.contains(&index));
            let known = if set_up.contains(&index) {
                (set_up.start..index).any(|earlier| captures(earlier, name))
            } else {
                let own = flow.cloned().unwrap_or(set_up.end..drafts.len());
                let by_set_up = set_up.clone().any(|step| captures(step, name));
                let earlier = (own.start..index).any(|earlier| captures(earlier, name));
                let elsewhere =
                    flow.is_some() && (0..set_up.start).any(|other| !own.contains(&other) && captures(other, name));
                by_set_up || earlier || elsewhere
            };
            if !known {
                loader.findings.report(
                    span.clone(),
                    format!("`{name}` is used before it is captured"),
                    "capture it in an earlier step, or in [[set_up]]",
                );
            }
        }
    }
}
