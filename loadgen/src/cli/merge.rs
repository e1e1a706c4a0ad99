//! `loadgen merge`.

use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;

use loadgen::merge::Merge;
use loadgen::results::Location;
use loadgen::summary_text;
use loadgen::threshold::{Threshold, check_selections};

use super::outputs::OutputArgs;
use super::{DONE, Failure, THRESHOLD_CROSSED};

/// Settings of `loadgen merge`.
#[derive(Debug, Args)]
pub(crate) struct MergeArgs {
    /// The results of the generators of a run: folders that `loadgen run --out` wrote, or one that they shared;
    /// s3://bucket/prefix where loadgen is built with S3.
    #[arg(value_name = "RESULTS", required = true)]
    results: Vec<Location>,

    /// Write a folder of the merged results, which compare and merge read like any other.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Objective that the whole is held against, as in `loadgen run`; may be repeated. A crossed one makes the exit status
    /// 99.
    #[arg(long = "threshold", value_name = "OBJECTIVE")]
    thresholds: Vec<Threshold>,

    #[command(flatten)]
    outputs: OutputArgs,

    /// Merge results of different runs, scenarios or targets; their steps must be the same all the same.
    #[arg(long)]
    allow_different: bool,
}

/// What `loadgen merge --help` says at its end.
pub(crate) const HELP: &str = "\
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
    pub(crate) fn run(&self) -> Result<u8, Failure> {
        let outputs = self.outputs.prepare()?;
        let merge = Merge::open(&self.results, self.allow_different)?;
        check_selections(&self.thresholds, &merge.info().steps).map_err(Failure::usage)?;
        let (result, warnings) = merge.result(&self.thresholds)?;
        for warning in warnings {
            // Nobody reads standard error: the figures still go where they were asked to go.
            let _ = writeln!(std::io::stderr(), "loadgen: warning: {warning}");
        }
        let kept = self.out.as_ref().map_or(Ok(()), |folder| merge.write(folder, &result));
        let summary = &result.summary;
        let text = |colour| summary_text::render(summary, &self.thresholds, None, colour);
        outputs.write(text, summary, || loadgen::report::render(&result))?;
        kept?;
        let crossed = summary.thresholds.iter().any(|threshold| !threshold.passed);
        Ok(if crossed { THRESHOLD_CROSSED } else { DONE })
    }
}
