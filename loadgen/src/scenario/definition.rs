//! A scenario as its virtual users need it: everything looked up, parsed and checked.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::kept::Wants;
use crate::request::Body;
use crate::run_info::StepInfo;
use crate::scenario::checks::{Capture, Check, LONGEST_BODY, Origin, Rule};
use crate::scenario::expect::Expect;
use crate::scenario::pause::Pause;
use crate::scenario::resources::{Action, Resource};
use crate::scenario::template::Template;
use crate::scenario::variables::Variable;
use crate::threshold::Threshold;

/// A scenario.
#[derive(Clone, Debug)]
pub(crate) struct Definition {
    pub(crate) name: String,
    pub(crate) description: String,
    /// The steps under load, in the order of the figures, then those of set-up, then those of clean-up.
    pub(crate) steps: Vec<Step>,
    /// Those under load, as outputs describe them.
    pub(crate) infos: Vec<StepInfo>,
    pub(crate) set_up: Range<usize>,
    pub(crate) clean_up: Range<usize>,
    pub(crate) flows: Vec<Flow>,
    pub(crate) variables: Vec<Variable>,
    pub(crate) resources: Vec<Resource>,
    pub(crate) thresholds: Vec<Threshold>,
}

/// Steps that an iteration takes one after the other.
#[derive(Clone, Debug)]
pub(crate) struct Flow {
    pub(crate) name: String,
    /// The sum of the weights up to and including this one.
    pub(crate) sum: u32,
    pub(crate) steps: Range<usize>,
}

/// A request, what is expected of its answer, and what comes after.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) name: String,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) method: String,
    pub(crate) path: StepPath,
    pub(crate) headers: Vec<(String, Template)>,
    pub(crate) body: Option<Body>,
    pub(crate) content_type: &'static str,
    pub(crate) expect: Expect,
    pub(crate) checks: Vec<Check>,
    pub(crate) captures: Vec<Capture>,
    /// `None` for what the command line says.
    pub(crate) think_time: Option<Pause>,
    pub(crate) action: Option<Action>,
    /// Whether a failure ends the iteration.
    pub(crate) failure_ends_iteration: bool,
}

/// Where a step's requests go.
#[derive(Clone, Debug)]
pub(crate) enum StepPath {
    /// The URL under load itself.
    Target,
    /// A path, with its query, below the URL under load.
    Below(Template),
}

impl Step {
    /// What of an answer is to be kept.
    pub(crate) fn wants(&self) -> Wants {
        let rules = || self.checks.iter().map(|check| &check.rule);
        let origins = || self.captures.iter().map(|capture| &capture.origin);
        let body = rules().any(Rule::needs_body) || origins().any(|origin| !matches!(origin, Origin::Header(_)));
        Wants {
            body: if body { LONGEST_BODY } else { 0 },
            head: rules().any(Rule::needs_head) || origins().any(|origin| matches!(origin, Origin::Header(_))),
        }
    }

    /// Whether a status is what the step expects: see its `expect`, and its checks of the status.
    pub(crate) fn accepts(&self, status: u16) -> bool {
        self.expect.accepts(status)
            && self.checks.iter().all(|check| match &check.rule {
                Rule::Status(expect) => expect.accepts(status),
                _ => true,
            })
    }

    /// As outputs describe it.
    pub(crate) fn info(&self) -> StepInfo {
        let captures = self.captures.iter().map(|capture| format!("capture {}", capture.name));
        StepInfo {
            name: self.name.clone(),
            tags: self.tags.clone(),
            checks: self
                .checks
                .iter()
                .map(|check| check.name.clone())
                .chain(captures)
                .collect(),
        }
    }
}

impl Definition {
    /// The flow that an iteration takes.
    #[inline]
    pub(crate) fn pick_flow(&self, rng: &mut fastrand::Rng) -> usize {
        match self.flows.as_slice() {
            [] | [_] => 0,
            [.., last] => {
                let draw = rng.u32(0..last.sum.max(1));
                let mut flow = 0;
                while self.flows[flow].sum <= draw {
                    flow += 1;
                }
                flow
            }
        }
    }

    /// Whether virtual users create or remove something before and after the load.
    pub(crate) fn has_set_up(&self) -> bool {
        !self.set_up.is_empty() || !self.clean_up.is_empty() || !self.resources.is_empty()
    }

    /// The step of the run's first request.
    pub(crate) fn opening_step(&self) -> usize {
        if !self.set_up.is_empty() {
            self.set_up.start
        } else if let Some(resource) = self.resources.iter().find(|resource| resource.at_start > 0) {
            resource.create
        } else {
            0
        }
    }
}
