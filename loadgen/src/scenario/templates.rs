//! A scenario made ready for a target: its requests compiled, once per thread, for all virtual users.

use std::sync::Arc;
use std::time::Duration;

use crate::kept::Wants;
use crate::request::{Body, RequestParts, RequestTemplate};
use crate::scenario::Scenario;
use crate::scenario::definition::{Definition, Step, StepPath};
use crate::scenario::template::{Template, Value};
use crate::segment::Segment;
use crate::settings::Header;
use crate::target::Target;

/// What all scripts of a run are made from.
pub(crate) struct ScriptContext<'a> {
    pub(crate) target: &'a Target,
    /// Header fields of the command line; they go before those of the scenario.
    pub(crate) headers: &'a [Header],
    /// Whether requests carry the headers of a trace.
    pub(crate) trace_headers: bool,
    pub(crate) run_id: &'a str,
    /// This generator's share of the run.
    pub(crate) segment: Segment,
    /// The pause after requests of steps that say nothing of it.
    pub(crate) think_time: Duration,
}

/// The requests of a scenario for a target.
pub(crate) struct Templates {
    pub(super) definition: Definition,
    /// By step.
    pub(super) requests: Vec<RequestTemplate>,
    /// By step.
    pub(super) wants: Vec<Wants>,
    /// By resource, what its ids are made of.
    pub(super) ids: Vec<Template>,
    pub(super) segment: Segment,
    pub(super) think_time: Duration,
}

impl Templates {
    /// Compiles the requests of a scenario.
    pub(crate) fn new(scenario: &Scenario, context: &ScriptContext<'_>) -> Self {
        let definition = &scenario.definition;
        let ids = definition.resources.iter();
        Self {
            requests: definition.steps.iter().map(|step| compile(step, context)).collect(),
            wants: definition.steps.iter().map(Step::wants).collect(),
            ids: ids
                .map(|resource| resource.id.with(Value::RunId, context.run_id))
                .collect(),
            // Cloned, because each clone of an expression has scratch memory of its own, so that threads do not wait for each other.
            definition: Definition::clone(definition),
            segment: context.segment,
            think_time: context.think_time,
        }
    }
}

fn compile(step: &Step, context: &ScriptContext<'_>) -> RequestTemplate {
    let known = |template: &Template| template.with(Value::RunId, context.run_id);
    let path_and_query = match &step.path {
        StepPath::Target => Template::text(&context.target.path_and_query()),
        StepPath::Below(path) => {
            let mut full = Template::text(context.target.base_path());
            full.append(&known(path));
            full
        }
    };
    let given = |name: &str| {
        context
            .headers
            .iter()
            .any(|(other, _)| other.eq_ignore_ascii_case(name))
    };
    let own = step.headers.iter().filter(|(name, _)| !given(name));
    let headers = context
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), Template::text(value)))
        .chain(own.map(|(name, value)| (name.as_str(), known(value))));
    RequestTemplate::new(
        context.target,
        RequestParts {
            method: &step.method,
            path_and_query,
            headers: headers.collect(),
            body: step.body.as_ref().map(|body| match body {
                Body::Fixed(bytes) => Body::Fixed(Arc::clone(bytes)),
                Body::Template(template) => Body::Template(known(template)),
            }),
            content_type: step.content_type,
            traced_run: context.trace_headers.then_some(context.run_id),
        },
    )
}
