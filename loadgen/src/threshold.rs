//! Objectives a run is held against, such as `create: p(95)<100ms` or `p(99)<250ms for 30s`.

mod grammar;
mod metric;
mod watch;

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

pub use grammar::InvalidThreshold;
use metric::{Figures, Metric};
pub(crate) use watch::Watch;

use crate::run_info::StepInfo;

/// An objective: a metric of some requests, a bound, and perhaps a window that slides over the run.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    text: String,
    selector: Selector,
    metric: Metric,
    operator: Operator,
    bound: f64,
    window: Option<Duration>,
}

/// Which requests a threshold is about.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Selector {
    /// All of them.
    All,
    /// Those of the step of this name.
    Step(String),
    /// Those of all steps that carry a tag.
    Tag { key: String, value: String },
}

impl Selector {
    /// Whether it chooses the requests of a step.
    fn selects(&self, step: &StepInfo) -> bool {
        match self {
            Self::All => true,
            Self::Step(name) => step.name == *name,
            Self::Tag { key, value } => step.tags.get(key) == Some(value),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
}

/// From when on a figure of the whole run that misses the bound may end the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Judgeable {
    /// Any time: once missed, the bound stays missed.
    AtOnce,
    /// When there has been enough load for the figure to mean something.
    AfterAWhile,
    /// Only when the run is over: until then it may yet be met, as a matter of course.
    AtTheEnd,
}

/// Why a threshold cannot be judged on a run.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum UnknownSelection {
    /// No step has the name.
    #[error("the threshold `{threshold}` names the step `{step}`; the scenario has: {steps}")]
    Step {
        /// As typed.
        threshold: String,
        /// The unknown name.
        step: String,
        /// The names there are.
        steps: String,
    },
    /// No step carries the tag.
    #[error("the threshold `{threshold}` names the tag `{tag}`, which no step carries; the scenario has: {tags}")]
    Tag {
        /// As typed.
        threshold: String,
        /// The unknown tag.
        tag: String,
        /// The tags there are.
        tags: String,
    },
    /// It is about checks, and there are none.
    #[error(
        "the threshold `{threshold}` is about checks, but the steps it is about have none; add checks to the scenario"
    )]
    Checks {
        /// As typed.
        threshold: String,
    },
}

/// Makes sure that every threshold is about something that these steps have.
///
/// # Errors
/// Names the first threshold that is not, and what it could have named.
pub fn check_selections(thresholds: &[Threshold], steps: &[StepInfo]) -> Result<(), UnknownSelection> {
    thresholds.iter().try_for_each(|threshold| threshold.check(steps))
}

impl Threshold {
    /// The length of its sliding window, whole seconds; `None` if it is about the whole run.
    pub fn window(&self) -> Option<Duration> {
        self.window
    }

    fn check(&self, steps: &[StepInfo]) -> Result<(), UnknownSelection> {
        let listed = |names: BTreeSet<String>| match names.is_empty() {
            true => "none".to_owned(),
            false => names.into_iter().collect::<Vec<_>>().join(", "),
        };
        let selected: Vec<&StepInfo> = steps.iter().filter(|step| self.selector.selects(step)).collect();
        match &self.selector {
            Selector::Step(name) if selected.is_empty() => Err(UnknownSelection::Step {
                threshold: self.text.clone(),
                step: name.clone(),
                steps: steps
                    .iter()
                    .map(|step| step.name.as_str())
                    .collect::<Vec<_>>()
                    .join(", "),
            }),
            Selector::Tag { key, value } if selected.is_empty() => {
                let tags = steps.iter().flat_map(|step| &step.tags);
                Err(UnknownSelection::Tag {
                    threshold: self.text.clone(),
                    tag: format!("{key}={value}"),
                    tags: listed(tags.map(|(key, value)| format!("{key}={value}")).collect()),
                })
            }
            _ if self.metric == Metric::Checks && selected.iter().all(|step| step.checks.is_empty()) => {
                Err(UnknownSelection::Checks {
                    threshold: self.text.clone(),
                })
            }
            _ => Ok(()),
        }
    }

    /// The figure that the bound is for, in the unit of [`ThresholdResult::value`](crate::summary::ThresholdResult);
    /// `None` if there were no requests to take it from.
    fn value(&self, figures: &Figures<'_>) -> Option<f64> {
        self.metric.value(figures)
    }

    /// Whether a figure meets the bound.
    pub(crate) fn is_met_by(&self, value: f64) -> bool {
        match self.operator {
            Operator::Less => value < self.bound,
            Operator::LessOrEqual => value <= self.bound,
            Operator::Greater => value > self.bound,
            Operator::GreaterOrEqual => value >= self.bound,
            Operator::Equal => value == self.bound,
        }
    }

    /// How far a figure is on the wrong side of the bound, in its unit; negative on the right one.
    fn excess(&self, value: f64) -> f64 {
        match self.operator {
            Operator::Less | Operator::LessOrEqual => value - self.bound,
            Operator::Greater | Operator::GreaterOrEqual => self.bound - value,
            Operator::Equal => (value - self.bound).abs(),
        }
    }

    /// How far a figure that misses the bound is beyond it, as a share of the bound.
    pub(crate) fn exceeded_by(&self, value: f64) -> Option<f64> {
        (self.bound > 0.0 && !self.is_met_by(value)).then(|| self.excess(value) / self.bound)
    }

    /// When a figure of the whole run can be told to miss the bound.
    fn judgeable(&self) -> Judgeable {
        let upper = matches!(self.operator, Operator::Less | Operator::LessOrEqual);
        let lower = matches!(self.operator, Operator::Greater | Operator::GreaterOrEqual);
        match self.metric {
            // These only grow, so an upper bound stays missed and a lower one may yet be met.
            Metric::Count | Metric::Dropped | Metric::Maximum if upper => Judgeable::AtOnce,
            Metric::Count | Metric::Maximum => Judgeable::AtTheEnd,
            Metric::Dropped if self.operator == Operator::Equal && self.bound == 0.0 => Judgeable::AtOnce,
            Metric::Dropped => Judgeable::AtTheEnd,
            // This one only falls.
            Metric::Minimum if lower => Judgeable::AtOnce,
            Metric::Minimum => Judgeable::AtTheEnd,
            Metric::Rate if !upper => Judgeable::AtTheEnd,
            _ if self.operator == Operator::Equal => Judgeable::AtTheEnd,
            _ => Judgeable::AfterAWhile,
        }
    }

    /// A value of this threshold's metric with its unit.
    pub fn with_unit(&self, value: f64) -> String {
        self.metric.with_unit(value)
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_named_beside_what_is() {
        let step = |name: &str, tags: &[(&str, &str)]| StepInfo {
            name: name.to_owned(),
            tags: tags.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            checks: Vec::new(),
        };
        let steps = [step("create", &[("kind", "write")]), step("read", &[("kind", "read")])];
        let check = |text: &str| check_selections(&[text.parse().unwrap()], &steps).map_err(|error| error.to_string());
        for known in ["p(99)<1s", "create: p(99)<1s", "kind=read: avg<1s"] {
            assert_eq!(check(known), Ok(()), "{known}");
        }
        assert!(
            check("update: p(99)<1s")
                .unwrap_err()
                .contains("`update`; the scenario has: create, read")
        );
        assert!(
            check("kind=list: p(99)<1s")
                .unwrap_err()
                .contains("has: kind=read, kind=write")
        );
        assert!(check("checks>95%").unwrap_err().contains("have none"));
    }
}
