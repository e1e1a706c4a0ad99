//! `loadgen run`.

use std::path::Path;

use clap::Args;

use loadgen::engine::Finished;
use loadgen::influxdb::{self, InfluxOutput, InfluxSettings};
use loadgen::results::{Location, ResultsWriter};
use loadgen::settings::Settings;
use loadgen::summary_text;
use loadgen::threshold::Threshold;

use super::influxdb::InfluxArgs;
use super::load::LoadArgs;
use super::outputs::OutputArgs;
use super::target::TargetArgs;
use super::watchers::Watchers;
use super::{COULD_NOT_RUN, DONE, Failure, INTERRUPTED, THRESHOLD_CROSSED, interrupt_on_signal, progress};

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
    /// 'count>=1000'; may be repeated. Metrics: p(N), avg, min, max, med, rate, error_rate, dropped,
    /// dropped_rate, count, checks; before it a step's name or a step's tag. A crossed one makes the exit status 99.
    #[arg(long = "threshold", value_name = "OBJECTIVE", help_heading = "Verdicts")]
    thresholds: Vec<Threshold>,

    /// End the run as soon as a threshold is crossed.
    #[arg(long, help_heading = "Verdicts")]
    abort_on_threshold: bool,

    /// Make the exit status 1 if the generator itself was the bottleneck, so that the figures are its own.
    #[arg(long, help_heading = "Verdicts")]
    fail_on_saturation: bool,

    #[command(flatten)]
    outputs: OutputArgs,

    /// Write everything the run counts into a folder while it goes on: what merge, compare and push read. Generators of
    /// the same run may share one; s3://bucket/prefix where loadgen is built with S3.
    #[arg(long, value_name = "DIR", help_heading = "Outputs")]
    out: Option<Location>,

    /// Show no progress, only the summary.
    #[arg(long, help_heading = "Outputs")]
    quiet: bool,

    #[command(flatten)]
    influx: InfluxArgs,
}

impl RunArgs {
    /// Does the run; gives the exit status.
    pub(crate) fn run(&self, command_line: &[String]) -> Result<u8, Failure> {
        let settings = self.settings(command_line)?;
        let influx = self.influx.settings(&settings.transport.tls, self.out_folder());
        let influx = influx.map_err(Failure::usage)?;
        let outputs = self.outputs.prepare()?;
        let interrupt = interrupt_on_signal()?;
        let mut watchers = self.watchers(&settings, influx)?;
        let finished = loadgen::run(&settings, &interrupt, &mut watchers);
        let kept = watchers.finish();
        let finished = finished.map_err(Failure::of_run)?;
        let summary = &finished.result.summary;
        let text = |colour| summary_text::render(summary, &settings.thresholds, finished.housekeeping.as_ref(), colour);
        outputs.write(text, summary, || loadgen::report::render(&finished.result))?;
        kept?;
        Ok(self.status(&finished))
    }

    /// The settings of the run; reads the files that the arguments name.
    pub(crate) fn settings(&self, command_line: &[String]) -> Result<Settings, Failure> {
        let mut settings = self.target.settings(command_line)?;
        self.load.apply(&mut settings)?;
        settings.thresholds.extend(self.thresholds.iter().cloned());
        settings.abort_on_threshold = self.abort_on_threshold;
        Ok(settings)
    }

    fn out_folder(&self) -> Option<&Path> {
        match &self.out {
            Some(Location::Folder(folder)) => Some(folder),
            _ => None,
        }
    }

    fn watchers(&self, settings: &Settings, influx: Option<InfluxSettings>) -> Result<Watchers, Failure> {
        let (run_id, generator) = (settings.run_id.to_string(), settings.segment.to_string());
        let prepare = |place| ResultsWriter::prepare(place, &run_id, &generator);
        let results = self.out.as_ref().map(prepare).transpose()?;
        let influx = match influx {
            Some(influx) => {
                influxdb::check(&influx)?;
                Some(InfluxOutput::start(&influx)?)
            }
            None => None,
        };
        Ok(Watchers {
            progress: progress(self.quiet),
            results,
            influx,
        })
    }

    fn status(&self, finished: &Finished) -> u8 {
        let summary = &finished.result.summary;
        let left_behind = finished
            .housekeeping
            .as_ref()
            .is_some_and(|housekeeping| housekeeping.left_behind.is_some());
        if summary.interrupted {
            INTERRUPTED
        } else if left_behind || (self.fail_on_saturation && summary.generator.saturated) {
            COULD_NOT_RUN
        } else if finished.aborted_by.is_some() || summary.thresholds.iter().any(|threshold| !threshold.passed) {
            THRESHOLD_CROSSED
        } else {
            DONE
        }
    }
}
