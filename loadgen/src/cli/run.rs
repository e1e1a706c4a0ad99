//! `loadgen run`.

use std::path::PathBuf;

use clap::Args;

use loadgen::settings::Settings;
use loadgen::threshold::Threshold;

use super::UsageError;
use super::load::LoadArgs;
use super::target::TargetArgs;

pub(crate) const HELP: &str = "\
Exit status:
  0    the run was done (failed requests are figures; set --threshold 'error_rate==0' to fail on them)
  1    the run could not be done, or left items behind; with --fail-on-saturation also if the generator was the bottleneck
  2    the command line is wrong
  99   a threshold was crossed
  130  interrupted; the summary and everything recorded still come out

Latency counts from the instant a virtual user is ready to send, with --rate and --stages from the instant an iteration was due, so it includes waiting for a virtual user and opening a connection where that was necessary. Failed and timed-out requests stay in the figures.

Examples:
  loadgen run localhost:8080/items/1 --vus 50 --duration 1m
  loadgen run localhost:8080/items/1 --rate 500/s --duration 1m --warmup 10s
  loadgen run www.example.com/items/1 -X PUT -d '{\"name\":\"Updated\"}' --vus 100 --duration 60s --think-time 1s
  loadgen run localhost:8080 --scenario items --stages 30s:200,2m:200,10s:0 --threshold 'p(99)<250ms for 30s' --report run.html";

/// Settings of `loadgen run`.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    target: TargetArgs,

    #[command(flatten)]
    load: LoadArgs,

    /// Objective, e.g. 'p(99)<250ms', 'create: avg<50ms', 'p(95)<100ms for 30s', 'error_rate<1%', 'rate>500/s',
    /// 'count>=1000'; may be repeated. Metrics: p(N), avg, min, max, med, rate, error_rate, dropped, count, checks. A
    /// crossed one makes the exit status 99.
    #[arg(long = "threshold", value_name = "OBJECTIVE", help_heading = "Verdicts")]
    thresholds: Vec<Threshold>,

    /// End the run as soon as a threshold is crossed.
    #[arg(long, help_heading = "Verdicts")]
    abort_on_threshold: bool,

    /// Make the exit status 1 if the generator itself was the bottleneck, so that the figures are its own.
    #[arg(long, help_heading = "Verdicts")]
    pub(crate) fail_on_saturation: bool,

    /// Write the summary as JSON; - for standard output, the text then goes to standard error.
    #[arg(long, value_name = "FILE", help_heading = "Outputs")]
    pub(crate) summary_json: Option<PathBuf>,

    /// Write a report in HTML, one file that can be opened offline.
    #[arg(long, value_name = "FILE", help_heading = "Outputs")]
    pub(crate) report: Option<PathBuf>,

    /// Show no progress, only the summary.
    #[arg(long, help_heading = "Outputs")]
    pub(crate) quiet: bool,
}

impl RunArgs {
    /// The settings of the run; reads the files that the arguments name.
    pub(crate) fn settings(&self, command_line: &[String]) -> Result<Settings, UsageError> {
        let mut settings = self.target.settings(command_line)?;
        self.load.apply(&mut settings)?;
        settings.thresholds.extend(self.thresholds.iter().cloned());
        settings.abort_on_threshold = self.abort_on_threshold;
        Ok(settings)
    }
}
