//! `loadgen compare`.

use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;

use loadgen::compare::{Criteria, compare, render};
use loadgen::merge::Merge;
use loadgen::output_file::OutputFile;
use loadgen::results::Location;
use loadgen::summary_text::Colour;

const JSON: &str = "--json";

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
pub(crate) const COMPARE_HELP: &str = "\
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
    ///
    /// # Errors
    /// The runs could not be compared, or the comparison not be written.
    pub(crate) fn run(&self, colour: Colour, colour_on_stderr: Colour) -> Result<u8, Box<dyn std::error::Error>> {
        let to_stdout = self.json.as_deref() == Some(std::path::Path::new("-"));
        let file = self.json.as_deref().filter(|_| !to_stdout);
        let file = file.map(|path| OutputFile::prepare(JSON, path)).transpose()?;
        let criteria = Criteria {
            tolerance: self.tolerance,
            confidence: self.confidence,
            force: self.force,
        };
        let base = Merge::open(std::slice::from_ref(&self.base), false)?;
        let new = Merge::open(std::slice::from_ref(&self.new), false)?;
        let comparison = compare(&base, &new, criteria)?;
        let mut json = serde_json::to_vec_pretty(&comparison)?;
        json.push(b'\n');
        if to_stdout {
            // Nobody reads standard error: the figures still go where they were asked to go.
            let _ = write!(std::io::stderr(), "{}", render(&comparison, colour_on_stderr));
            std::io::stdout().write_all(&json)?;
        } else {
            write!(std::io::stdout(), "{}", render(&comparison, colour))?;
        }
        if let Some(file) = file {
            file.write(JSON, &json)?;
        }
        Ok(if comparison.regression {
            super::THRESHOLD_CROSSED
        } else {
            super::DONE
        })
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
