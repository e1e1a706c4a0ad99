//! The figures that are checked in, and how new ones stand beside them.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::catalogue::{self, Better, Bound};
use crate::error::BenchError;
use crate::machine::Machine;
use crate::plan::repository;
use crate::samples::{Samples, median};

const FILE: &str = "bench/figures.json";

/// A change that is smaller is noise, whatever the spreads say: another hour of the same machine differs by as much.
const DRIFT: f64 = 0.1;

/// What was measured, and where.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Figures {
    /// Version of this format.
    schema: u32,
    pub(crate) machine: Machine,
    pub(crate) figures: BTreeMap<String, Figure>,
}

/// The values of one figure over its rounds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Figure {
    pub(crate) unit: String,
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
    pub(crate) rounds: usize,
    pub(crate) better: Better,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) bound: Option<Bound>,
}

impl Figures {
    /// The ones that are checked in; none where there is no file yet.
    pub(crate) fn read() -> Result<Self, BenchError> {
        let path = path();
        if !path.exists() {
            return Ok(Self::default());
        }
        let text = fs::read_to_string(&path).map_err(BenchError::system(FILE))?;
        serde_json::from_str(&text).map_err(BenchError::unreadable(FILE))
    }

    /// Of what was measured.
    pub(crate) fn of(machine: Machine, samples: &Samples) -> Self {
        let figure = |(name, values): (&str, &[f64])| {
            let figure = Figure {
                unit: catalogue::unit(name).to_owned(),
                median: rounded(median(values)),
                least: rounded(values.iter().copied().fold(f64::INFINITY, f64::min)),
                most: rounded(values.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
                rounds: values.len(),
                better: catalogue::better(name),
                bound: catalogue::bound(name),
            };
            (name.to_owned(), figure)
        };
        Self {
            schema: 1,
            machine,
            figures: samples.iter().map(figure).collect(),
        }
    }

    /// Replaces what was measured anew.
    pub(crate) fn take_over(&mut self, measured: Self) {
        self.schema = measured.schema;
        self.machine = measured.machine;
        self.figures.extend(measured.figures);
    }

    /// Puts them where [`Figures::read`] finds them.
    pub(crate) fn write(&self) -> Result<(), BenchError> {
        let json = serde_json::to_string_pretty(self).map_err(BenchError::unreadable(FILE))?;
        fs::write(path(), json + "\n").map_err(BenchError::system(FILE))
    }

    /// Prints one line for each, with its bound. True if no bound is missed.
    pub(crate) fn print(&self) -> bool {
        let mut kept = true;
        for (name, figure) in &self.figures {
            let verdict = figure.bound.map_or_else(String::new, |bound| {
                let outcome = figure.outcome(bound);
                kept &= outcome != Outcome::Missed;
                format!("  {bound} {outcome}")
            });
            println!("{name:<48} {figure}{verdict}");
        }
        kept
    }

    /// Prints them beside the ones before. True if none got worse by more than noise; where those before are of another
    /// machine, if no bound is missed.
    pub(crate) fn print_beside(&self, before: &Self) -> bool {
        if self.machine.differs_from(&before.machine) {
            println!(
                "The figures that are checked in are of another machine ({}), which says nothing of this one: bounds are \
                 judged. To compare, run `make bench` with the code before first.",
                before.machine.cpu
            );
            return self.print();
        }
        let mut kept = true;
        for (name, figure) in &self.figures {
            let Some(old) = before.figures.get(name) else {
                println!("{name:<40} {figure}");
                continue;
            };
            let worse = catalogue::is_ours(name) && figure.is_worse_than(old);
            kept &= !worse;
            let verdict = if worse { "  WORSE" } else { "" };
            println!("{name:<40} {figure}  before {old}{verdict}");
        }
        kept
    }
}

/// What rounds say of a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Kept,
    /// The median misses it, and not every round does.
    Undecided,
    /// Every round misses it.
    Missed,
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Kept => "kept",
            Self::Undecided => "undecided",
            Self::Missed => "MISSED",
        })
    }
}

impl Figure {
    /// Whether a bound is kept.
    pub(crate) fn outcome(&self, bound: Bound) -> Outcome {
        if bound.holds(self.median) {
            Outcome::Kept
        } else if bound.holds(self.least) || bound.holds(self.most) {
            Outcome::Undecided
        } else {
            Outcome::Missed
        }
    }

    /// Whether even its best round is worse than the worst one of `old`, and by more than a machine drifts.
    fn is_worse_than(&self, old: &Self) -> bool {
        match self.better {
            Better::Lower => self.least > old.most && self.median > old.median * (1.0 + DRIFT),
            Better::Higher => self.most < old.least && self.median < old.median * (1.0 - DRIFT),
            Better::Neither => false,
        }
    }
}

impl std::fmt::Display for Figure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let number = catalogue::number;
        write!(formatter, "{}", number(self.median))?;
        if self.rounds > 1 {
            write!(formatter, " ({}–{})", number(self.least), number(self.most))?;
        }
        if !self.unit.is_empty() {
            write!(formatter, " {}", self.unit)?;
        }
        Ok(())
    }
}

fn path() -> PathBuf {
    repository().join(FILE)
}

/// Four digits: the rest is noise in every sense.
fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return 0.0;
    }
    let scale = 10f64.powi(3 - value.abs().log10().floor() as i32);
    // Division last: a power of ten below one is not exact.
    if scale >= 1.0 {
        (value * scale).round() / scale
    } else {
        value.round()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(better: Better, least: f64, median: f64, most: f64) -> Figure {
        Figure {
            unit: String::new(),
            median,
            least,
            most,
            rounds: 3,
            better,
            bound: None,
        }
    }

    #[test]
    fn only_what_is_worse_beyond_both_spreads_is_worse() {
        let old = figure(Better::Lower, 9.0, 10.0, 12.0);
        assert!(figure(Better::Lower, 13.0, 14.0, 15.0).is_worse_than(&old));
        assert!(!figure(Better::Lower, 11.0, 14.0, 15.0).is_worse_than(&old));
        assert!(!figure(Better::Lower, 1.0, 2.0, 3.0).is_worse_than(&old));
        let old = figure(Better::Higher, 90.0, 100.0, 101.0);
        assert!(figure(Better::Higher, 70.0, 80.0, 85.0).is_worse_than(&old));
        assert!(!figure(Better::Higher, 70.0, 88.0, 95.0).is_worse_than(&old));
    }

    #[test]
    fn a_bound_is_missed_where_every_round_misses_it() {
        let figure = figure(Better::Lower, 0.6, 0.8, 0.9);
        assert_eq!(figure.outcome(Bound::AtMost(0.8)), Outcome::Kept);
        assert_eq!(figure.outcome(Bound::AtMost(0.7)), Outcome::Undecided);
        assert_eq!(figure.outcome(Bound::AtMost(0.5)), Outcome::Missed);
        assert_eq!(figure.outcome(Bound::AtLeast(0.85)), Outcome::Undecided);
        assert_eq!(figure.outcome(Bound::AtLeast(1.0)), Outcome::Missed);
    }

    #[test]
    fn what_drifts_is_not_worse() {
        let old = figure(Better::Lower, 10.0, 10.0, 10.0);
        assert!(!figure(Better::Lower, 10.5, 10.5, 10.5).is_worse_than(&old));
    }
}
