//! `loadgen capacity`.

use std::time::Duration;

use clap::Args;
use clap::builder::RangedU64ValueParser;

use loadgen::capacity::{self, CapacitySettings, Outcome, SearchSettings};
use loadgen::threshold::Threshold;

use super::durations::{duration, positive_duration};
use super::load::rate;
use super::outputs::OutputArgs;
use super::target::TargetArgs;
use super::{COULD_NOT_RUN, DONE, Failure, INTERRUPTED, THRESHOLD_CROSSED, interrupt_on_signal, progress};

/// The objective on errors where none is given: a target that refuses quickly has not borne anything.
const DEFAULT_ERRORS: &str = "error_rate<1%";

pub(crate) const HELP: &str = "\
The rate is doubled until an objective is missed, then the gap is halved. A rate counts as borne or not by the majority of its trials, and the two neighbours at the end are confirmed by longer ones; what was borne in all trials together gives the interval. After a rate that was not borne the target rests until it bears a light one. Each trial is a run of the open model: latency counts from the instant an iteration was due.

Exit status:
  0    the rate was found
  1    it was not: the generator or the time was the limit, or the target did not answer
  2    the command line is wrong
  99   not even the lowest rate meets the objectives
  130  interrupted; what is known by then still comes out

Examples:
  loadgen capacity localhost:8080/items/1 --slo 'p(99)<250ms'
  loadgen capacity localhost:8080 --scenario items --slo 'p(95)<100ms' --slo 'error_rate<0.1%' --report capacity.html";

/// Settings of `loadgen capacity`.
#[derive(Debug, Args)]
pub(crate) struct CapacityArgs {
    #[command(flatten)]
    target: TargetArgs,

    /// Objective that must be met, as a threshold of `loadgen run`, e.g. 'p(99)<250ms'; may be repeated. Without one on
    /// error_rate, error_rate<1% is added.
    #[arg(long = "slo", value_name = "OBJECTIVE", required = true, help_heading = "Search")]
    objectives: Vec<Threshold>,

    /// The lowest rate to try.
    #[arg(long, value_name = "RATE", default_value = "10/s", value_parser = rate, help_heading = "Search")]
    from: f64,

    /// The highest rate to try.
    #[arg(long, value_name = "RATE", default_value = "100000/s", value_parser = rate, help_heading = "Search")]
    to: f64,

    /// How close the rate that is borne and the one that is not are to be.
    #[arg(long, value_name = "SHARE", default_value = "2%", value_parser = precision, help_heading = "Search")]
    precision: f64,

    /// How long each rate is held; long enough for a backlog to show in the objective.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = positive_duration, help_heading = "Search")]
    hold: Duration,

    /// How long a rate is held to confirm it.
    #[arg(long, value_name = "TIME", default_value = "20s", value_parser = positive_duration, help_heading = "Search")]
    confirm_hold: Duration,

    /// How long a rate is offered before it counts, and how long the target rests after one it did not bear.
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = duration, help_heading = "Search")]
    settle: Duration,

    /// How long the search may take.
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = positive_duration, help_heading = "Search")]
    max_time: Duration,

    /// Virtual users that a trial may use. By default as many as its rate keeps busy for a second each, 100 to 10000.
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<u32>::new().range(1..=1_000_000), help_heading = "Search")]
    max_vus: Option<u32>,

    #[command(flatten)]
    outputs: OutputArgs,

    /// Show no progress, only the outcome.
    #[arg(long, help_heading = "Outputs")]
    quiet: bool,
}

impl CapacityArgs {
    /// Does the search; gives the exit status.
    pub(crate) fn run(&self, command_line: &[String]) -> Result<u8, Failure> {
        let settings = self.settings(command_line)?;
        let outputs = self.outputs.prepare()?;
        let interrupt = interrupt_on_signal()?;
        let mut progress = progress(self.quiet);
        let found = capacity::find(&settings, &interrupt, &mut progress);
        progress.finish();
        let found = found.map_err(Failure::of_run)?;
        let result = &found.result;
        let text = |colour| capacity::render(result, colour);
        outputs.write(text, result, || loadgen::report::render_capacity(result))?;
        if let Some(left) = &found.left_behind {
            return Err(Failure::new(COULD_NOT_RUN, left));
        }
        Ok(match found.outcome {
            Outcome::Found => DONE,
            Outcome::NotEvenLowest => THRESHOLD_CROSSED,
            Outcome::Unfinished => COULD_NOT_RUN,
            Outcome::Interrupted => INTERRUPTED,
        })
    }

    fn settings(&self, command_line: &[String]) -> Result<CapacitySettings, Failure> {
        if self.from > self.to {
            return Err(Failure::usage("--from is more than --to"));
        }
        let mut run = self.target.settings(command_line)?;
        run.thresholds.extend(self.objectives.iter().cloned());
        if !run
            .thresholds
            .iter()
            .any(|objective| objective.to_string().contains("error_rate"))
        {
            run.thresholds.push(DEFAULT_ERRORS.parse().map_err(Failure::usage)?);
        }
        Ok(CapacitySettings {
            run,
            search: SearchSettings {
                from: self.from,
                to: self.to,
                precision: self.precision,
                hold: self.hold,
                confirm_hold: self.confirm_hold,
                settle: self.settle,
                max_time: self.max_time,
            },
            max_vus: self.max_vus,
        })
    }
}

fn precision(text: &str) -> Result<f64, String> {
    let (number, scale) = match text.strip_suffix('%') {
        Some(number) => (number, 0.01),
        None => (text, 1.0),
    };
    match number.trim().parse::<f64>().map(|number| number * scale) {
        Ok(share) if (0.001..=0.5).contains(&share) => Ok(share),
        _ => Err("write a share from 0.1% to 50%, e.g. 2%".to_owned()),
    }
}
