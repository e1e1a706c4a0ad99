//! What virtual users send: named steps, in an order that each virtual user decides for itself.

mod bounded_file;
mod checks;
mod definition;
mod document;
mod expect;
mod pause;
mod resources;
pub(crate) mod rows;
mod script;
mod template_text;
mod templates;
mod upkeep;
mod variables;

pub mod diagnostic;
pub mod file;

pub(crate) mod template;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use diagnostic::{Diagnostic, ScenarioError};

pub(crate) use script::{Script, Shared};
pub(crate) use templates::{ScriptContext, Templates};

use definition::{Definition, Flow, Step, StepPath};
use expect::Expect;
use resources::Resource;
use rows::{Order, Rows};
use template::{Part, Value};
use variables::Source;

use crate::kept::Kept;
use crate::outcome::Failure;
use crate::recorder::Ending;
use crate::request::Body;
use crate::run_info::StepInfo;
use crate::segment::Segment;
use crate::target::Target;
use crate::threshold::Threshold;

/// What a run sends: the same request again and again, or what a file says.
#[derive(Clone, Debug)]
pub struct Scenario {
    definition: Arc<Definition>,
}

/// The request of [`Scenario::request`].
#[derive(Clone, Debug)]
pub struct RequestSpec {
    /// The method, upper case.
    pub method: String,
    /// The body.
    pub body: Option<Arc<[u8]>>,
}

/// The name of the only step of [`Scenario::request`], and of that scenario.
const REQUEST: &str = "request";

/// Scenarios that come with loadgen, by name.
const BUILT_IN: [(&str, &str); 1] = [("items", include_str!("scenario/items.toml"))];

impl Scenario {
    /// The same request to the target's URL, again and again.
    pub fn request(spec: RequestSpec) -> Self {
        let step = Step {
            name: REQUEST.to_owned(),
            tags: Default::default(),
            method: spec.method,
            path: StepPath::Target,
            headers: Vec::new(),
            body: spec.body.map(Body::Fixed),
            content_type: "application/json",
            expect: Expect::success(),
            checks: Vec::new(),
            captures: Vec::new(),
            think_time: None,
            action: None,
            failure_ends_iteration: false,
        };
        Self::from(Definition {
            name: REQUEST.to_owned(),
            description: String::new(),
            infos: vec![step.info()],
            steps: vec![step],
            set_up: 1..1,
            clean_up: 1..1,
            flows: vec![Flow {
                name: REQUEST.to_owned(),
                sum: 1,
                steps: 0..1,
            }],
            variables: Vec::new(),
            resources: Vec::new(),
            thresholds: Vec::new(),
        })
    }

    /// What `--scenario` names: a scenario that comes with loadgen, or a TOML file. `vars` are name and value of
    /// variables given from outside.
    ///
    /// # Errors
    /// There is neither, or everything that is wrong with the file, each with its place.
    pub fn named(name: &str, vars: &[(String, String)]) -> Result<Self, ScenarioError> {
        if let Some((_, text)) = BUILT_IN.iter().find(|(known, _)| *known == name) {
            return file::parse(name, text, None, vars).map(Self::from);
        }
        let path = Path::new(name);
        if !name.contains(['.', '/', '\\']) && !path.exists() {
            return Err(ScenarioError::UnknownName { name: name.to_owned() });
        }
        file::load(path, vars).map(Self::from)
    }

    /// The name in a summary.
    pub fn name(&self) -> &str {
        &self.definition.name
    }

    /// The steps under load, in the order of the figures.
    pub fn steps(&self) -> &[StepInfo] {
        &self.definition.infos
    }

    /// The thresholds that the scenario brings along.
    pub fn thresholds(&self) -> &[Threshold] {
        &self.definition.thresholds
    }

    /// Whether a status is what the opening request's step expects.
    pub(crate) fn opening_expects(&self, status: u16) -> bool {
        self.definition.steps[self.definition.opening_step()].accepts(status)
    }

    /// Whether there is something to do before or after the load.
    pub fn has_set_up(&self) -> bool {
        self.definition.has_set_up()
    }

    /// Whether there are steps of a set-up of the whole run, whose captured values all virtual users need.
    pub(crate) fn has_run_set_up(&self) -> bool {
        !self.definition.set_up.is_empty()
    }

    /// Whether virtual users create resources of their own.
    pub(crate) fn has_resources(&self) -> bool {
        !self.definition.resources.is_empty()
    }

    /// What these resources are called: `items`, or `items and carts`.
    pub(crate) fn resources(&self) -> String {
        let plurals = self
            .definition
            .resources
            .iter()
            .map(|resource| resource.plural.as_str());
        plurals.collect::<Vec<_>>().join(" and ")
    }

    /// How to find what a run may have left behind, e.g. `items whose ids begin with lg-RUNID`.
    pub(crate) fn leftovers(&self, run_id: &str) -> String {
        let of = |resource: &Resource| {
            let id = resource.id.with(Value::RunId, run_id);
            let prefix = match id.parts().first() {
                Some(Part::Text(text)) => text.trim_end_matches('-'),
                _ => "",
            };
            format!("{} whose ids begin with {prefix}", resource.plural)
        };
        self.definition
            .resources
            .iter()
            .map(of)
            .collect::<Vec<_>>()
            .join(" and ")
    }

    /// How many iterations a generator can begin before a data file whose rows are given out once has none left for it;
    /// `None` if there is no such file.
    pub(crate) fn most_iterations(&self, segment: Segment) -> Option<u64> {
        let once = self.data().filter(|(_, order)| *order == Order::Once);
        once.map(|(rows, _)| segment.share_of(rows.len())).min()
    }

    /// Whether a generator would have no row of some data file.
    pub(crate) fn lacks_rows(&self, segment: Segment) -> bool {
        self.data().any(|(rows, _)| segment.share_of(rows.len()) == 0)
    }

    /// The data files, and how their rows are given out.
    fn data(&self) -> impl Iterator<Item = (&Rows, Order)> {
        let variables = self.definition.variables.iter();
        variables.filter_map(|variable| match &variable.source {
            Source::Rows { rows, order } => Some((&**rows, *order)),
            _ => None,
        })
    }

    /// The method and URL of a run's first request.
    pub(crate) fn opening(&self, target: &Target) -> String {
        let step = &self.definition.steps[self.definition.opening_step()];
        let url = target.to_string();
        match &step.path {
            StepPath::Target => format!("{} {url}", step.method),
            StepPath::Below(path) => {
                let base = url.split('?').next().unwrap_or_default().trim_end_matches('/');
                let path = path.shown("…");
                format!("{} {base}{}", step.method, path.split('?').next().unwrap_or_default())
            }
        }
    }
}

impl From<Definition> for Scenario {
    fn from(definition: Definition) -> Self {
        Self {
            definition: Arc::new(definition),
        }
    }
}

/// The end of the request that a script readied last.
pub(crate) struct Ended<'a> {
    /// The status, or why there is none.
    pub(crate) result: &'a Result<u16, Failure>,
    /// What was kept of the answer.
    pub(crate) kept: &'a Kept,
    /// How long it took, from the instant it was sent.
    pub(crate) took: Duration,
    pub(crate) now: Instant,
}

/// What a request's end is called.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judgement {
    pub(crate) ending: Ending,
    pub(crate) failed: bool,
    /// The check that it failed, by its position in the step.
    pub(crate) failed_check: Option<usize>,
}

impl Judgement {
    #[inline]
    fn passed(status: u16) -> Self {
        Self {
            ending: Ending::status(status),
            failed: false,
            failed_check: None,
        }
    }

    fn failed(ending: Ending, failed_check: Option<usize>) -> Self {
        Self {
            ending,
            failed: true,
            failed_check,
        }
    }
}

/// What became of a request, as far as its sender knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The target answered with this status.
    Answered(u16),
    /// The target never saw it.
    NeverSent,
    /// It was sent, but no answer came: the target may have carried it out, or may yet do so.
    Unknown,
}

impl Fate {
    #[inline]
    pub(crate) fn of(result: &Result<u16, Failure>) -> Self {
        match result {
            Ok(status) => Self::Answered(*status),
            Err(failure) if failure.sent => Self::Unknown,
            Err(_) => Self::NeverSent,
        }
    }
}

/// What a clean-up did.
#[derive(Clone, Debug, Default)]
pub(crate) struct CleanUp {
    /// Resources that were there and are gone.
    pub(crate) deleted: u64,
    /// Resources that may still be there.
    pub(crate) left: u64,
    /// Why, for one of them.
    pub(crate) reason: Option<String>,
    /// Why a step of the run's clean-up failed.
    pub(crate) failed_steps: Option<String>,
}
