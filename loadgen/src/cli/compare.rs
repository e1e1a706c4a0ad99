//! `loadgen compare`.

use std::path::PathBuf;

use clap::Args;

use loadgen::compare::{Criteria, compare, render};
use loadgen::merge::Merge;
use loadgen::results::Location;

use super::outputs::DocumentOutput;
use super::{DONE, Failure, THRESHOLD_CROSSED};

/// Settings of `loadgen compare`.
#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// The results that set the mark: the folder that `loadgen run --out` or `loadgen merge --out` wrote, of one generator
    /// or of several.
    #[arg(value_name = "BASE")]
    base: Location,

    /// The results that are held against it.
    #[arg(value_name = "NEW")]
    new: Location,

    /// The smallest change worth reporting, as a percentage of the base's figure.
    #[arg(long, value_name = "PERCENT", default_value = "5%", value_parser = percentage)]
    tolerance: f64,

    /// How sure it must be that none of all figures is called changed by chance.
    #[arg(long, value_name = "PERCENT", default_value = "95%", value_parser = confidence)]
    confidence: f64,

    /// Write the comparison as JSON; - for standard output, the table then goes to standard error.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Compare runs of different scenarios, steps or loads.
    #[arg(long)]
    force: bool,
}

/// What `loadgen compare --help` says at its end.
pub(crate) const HELP: &str = "\
Exit status:
  0    no figure got worse by more than chance and the tolerance
  1    the results could not be compared
  2    the command line is wrong
  99   a figure got worse

Every figure has a confidence interval that allows for requests close in time being alike. A figure is called worse or better when the interval of its change excludes no change and the change is larger than --tolerance. Runs shorter than 15 s show nothing; a minute or more is better.

Examples:
  loadgen compare results/main results/branch
  loadgen compare results/main results/branch --tolerance 10% --json comparison.json";

impl CompareArgs {
    /// Does the comparison; gives the exit status.
    pub(crate) fn run(&self) -> Result<u8, Failure> {
        let output = DocumentOutput::prepare("--json", self.json.as_deref())?;
        let criteria = Criteria {
            tolerance: self.tolerance,
            confidence: self.confidence,
            force: self.force,
        };
        let base = Merge::open(std::slice::from_ref(&self.base), false)?;
        let new = Merge::open(std::slice::from_ref(&self.new), false)?;
        let comparison = compare(&base, &new, criteria)?;
        output.write(|colour| render(&comparison, colour), &comparison)?;
        Ok(if comparison.regression { THRESHOLD_CROSSED } else { DONE })
    }
}

fn percentage(text: &str) -> Result<f64, String> {
    let number = text.trim().strip_suffix('%').unwrap_or(text).trim();
    match number.parse::<f64>() {
        Ok(percent) if (0.0..=1000.0).contains(&percent) => Ok(percent / 100.0),
        _ => Err("write a percentage from 0% to 1000%, e.g. 5%".to_owned()),
    }
}

fn confidence(text: &str) -> Result<f64, String> {
    match percentage(text) {
        Ok(share) if (0.5..=0.9999).contains(&share) => Ok(share),
        _ => Err("write a percentage from 50% to 99.99%, e.g. 95%".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_have_bounds() {
        assert_eq!(percentage("5%"), Ok(0.05));
        assert_eq!(percentage("12.5"), Ok(0.125));
        assert!(percentage("-1%").is_err() && percentage("five").is_err() && percentage("NaN").is_err());
        assert_eq!(confidence("99%"), Ok(0.99));
        assert!(confidence("100%").is_err() && confidence("10%").is_err());
    }
}
