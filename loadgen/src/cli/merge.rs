//! `loadgen merge`.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;

use loadgen::merge::Merge;
use loadgen::output_file::OutputFile;
use loadgen::results::Location;
use loadgen::summary_text::{self, Colour};
use loadgen::threshold::{Threshold, check_selections};

const SUMMARY_JSON: &str = "--summary-json";
const REPORT: &str = "--report";

/// Settings of `loadgen merge`.
#[derive(Debug, Args)]
pub(crate) struct MergeArgs {
    /// The results of the generators of a run: folders that `loadgen run --out` wrote, or one that they shared;
    /// s3://bucket/prefix where loadgen is built with S3.
    #[arg(value_name = "RESULTS", required = true)]
    results: Vec<Location>,

    /// Write a folder of the merged results, which compare, push and merge read like any other.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Objective that the whole is held against, as in `loadgen run`; may be repeated. A crossed one makes the exit status
    /// 99.
    #[arg(long = "threshold", value_name = "OBJECTIVE")]
    thresholds: Vec<Threshold>,

    /// Write the summary as JSON; - for standard output, the text then goes to standard error.
    #[arg(long, value_name = "FILE")]
    summary_json: Option<PathBuf>,

    /// Write a report in HTML, one file that can be opened offline.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,

    /// Merge results of different runs, scenarios or targets; their steps must be the same all the same.
    #[arg(long)]
    allow_different: bool,
}

/// What `loadgen merge --help` says at its end.
pub(crate) const MERGE_HELP: &str = "\
Histograms are added bucket by bucket, so that the percentiles are those of all requests, just as if one generator had sent them. What a generator that was killed had recorded by then is part of the whole, and is named.

Exit status:
  0    the results were merged
  1    they could not be merged
  2    the command line is wrong
  99   a threshold was crossed

Examples:
  loadgen merge results
  loadgen merge host-a/results host-b/results --threshold 'p(99)<250ms' --report run.html
  loadgen merge s3://bucket/runs/nightly --summary-json -";

impl MergeArgs {
    /// Does the merge; gives the exit status.
    ///
    /// # Errors
    /// The results could not be merged, or the outcome not be written.
    pub(crate) fn run(&self, colour: Colour, colour_on_stderr: Colour) -> Result<u8, Box<dyn std::error::Error>> {
        let to_stdout = self.summary_json.as_deref() == Some(Path::new("-"));
        let prepare = |option, path: Option<&Path>| path.map(|path| OutputFile::prepare(option, path)).transpose();
        let json_file = prepare(SUMMARY_JSON, self.summary_json.as_deref().filter(|_| !to_stdout))?;
        let report_file = prepare(REPORT, self.report.as_deref())?;
        let merge = Merge::open(&self.results, self.allow_different)?;
        if let Err(error) = check_selections(&self.thresholds, &merge.info().steps) {
            return Ok(super::complain(&error, super::USAGE));
        }
        let (result, warnings) = merge.result(&self.thresholds)?;
        for warning in warnings {
            // Nobody reads standard error: the figures still go where they were asked to go.
            let _ = writeln!(std::io::stderr(), "loadgen: warning: {warning}");
        }
        let summary = &result.summary;
        let mut json = serde_json::to_vec_pretty(summary)?;
        json.push(b'\n');
        if to_stdout {
            let text = summary_text::render(summary, &self.thresholds, None, colour_on_stderr);
            let _ = write!(std::io::stderr(), "{text}");
            std::io::stdout().write_all(&json)?;
        } else {
            let text = summary_text::render(summary, &self.thresholds, None, colour);
            write!(std::io::stdout(), "{text}")?;
        }
        if let Some(folder) = &self.out {
            merge.write(folder, &result)?;
        }
        if let Some(file) = json_file {
            file.write(SUMMARY_JSON, &json)?;
        }
        if let Some(file) = report_file {
            file.write(REPORT, loadgen::report::render(&result).as_bytes())?;
        }
        let crossed = summary.thresholds.iter().any(|threshold| !threshold.passed);
        Ok(if crossed { super::THRESHOLD_CROSSED } else { super::DONE })
    }
}
