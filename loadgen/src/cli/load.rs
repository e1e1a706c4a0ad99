//! Flags that say how much load is offered, when, and by whom.

use std::time::{Duration, SystemTime};

use clap::Args;
use clap::builder::RangedU64ValueParser;

use loadgen::load::{Load, Ramp, Stage};
use loadgen::segment::Segment;
use loadgen::settings::Settings;

use super::Failure;
use super::durations::{duration, positive_duration};

/// Virtual users a run may have.
const MOST_VUS: u32 = 1_000_000;
/// Iterations per second that can be asked for.
const HIGHEST_RATE: f64 = 10_000_000.0;
/// Virtual users that an arrival rate may use by default: as many as are busy when every iteration takes a second, within
/// these bounds.
const DEFAULT_MAX_VUS: std::ops::RangeInclusive<f64> = 100.0..=10_000.0;

/// How much load.
#[derive(Debug, Args)]
#[command(next_help_heading = "Load")]
pub(crate) struct LoadArgs {
    /// Virtual users: each sends one request after the other on a connection of its own. Stages such as 30s:100,2m:100
    /// ramp their number. With --rate or --stages: how many there are at the start [default: 10].
    #[arg(long, value_name = "N", value_parser = vus)]
    vus: Option<Vus>,

    /// Start so many iterations per time, e.g. 500/s or 30/m, whatever the target does: the open model. Latency counts
    /// from the instant an iteration was due.
    #[arg(long, value_name = "RATE", value_parser = rate)]
    rate: Option<f64>,

    /// Change the load in stages of TIME:TARGET, e.g. 30s:100,2m:500,0s:50: the target is reached at the end of its
    /// stage, in a stage of 0s at once. Targets are iterations per second, beginning at --rate or 0; 30s:100vus is
    /// virtual users.
    #[arg(long, value_name = "STAGES", value_parser = stages, conflicts_with = "duration")]
    stages: Option<Stages>,

    /// Virtual users that --rate and --stages may use: when all are busy, one is added for an iteration that is due; when
    /// there are so many, it waits, and is dropped when it has waited for as long as --timeout or the load is over. By
    /// default as many as the highest rate keeps busy for a second each, 100 to 10000.
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<u32>::new().range(1..=u64::from(MOST_VUS)))]
    max_vus: Option<u32>,

    /// How long load is offered, e.g. 60s or 1m30s [default: 30s].
    /// With --iterations there is no end by default.
    #[arg(long, value_name = "TIME", value_parser = positive_duration)]
    duration: Option<Duration>,

    /// End the load after so many iterations, of all virtual users together.
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<u64>::new().range(1..))]
    iterations: Option<u64>,

    /// Offer load for so long beforehand, as it begins, and keep it out of the figures.
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = duration)]
    warmup: Duration,

    /// How long a virtual user waits after each request.
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = duration)]
    think_time: Duration,

    /// How long requests in flight may go on when the load is over; what is unanswered then counts as failed.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration)]
    graceful_stop: Duration,

    /// This generator's share of the run, e.g. 2/5 for the second of five: virtual users, rate, iterations and rows of
    /// data are those of the whole run and are divided exactly. auto/5 takes the number from JOB_COMPLETION_INDEX or
    /// AWS_BATCH_JOB_ARRAY_INDEX.
    #[arg(long, value_name = "I/N", env = "LOADGEN_SEGMENT", default_value = "1/1", value_parser = segment)]
    segment: Segment,

    /// When the load begins, so that several generators begin together: RFC 3339, or seconds since 1970.
    #[arg(long, value_name = "TIME", env = "LOADGEN_START_AT", value_parser = time_of_day)]
    start_at: Option<SystemTime>,
}

/// The value of `--vus`.
#[derive(Clone, Debug)]
enum Vus {
    Constant(u32),
    Stages(Vec<Stage>),
}

/// The value of `--stages`.
#[derive(Clone, Debug)]
struct Stages {
    of_vus: bool,
    list: Vec<Stage>,
}

impl LoadArgs {
    /// Puts what was typed into the settings.
    pub(crate) fn apply(&self, settings: &mut Settings) -> Result<(), Failure> {
        settings.load = self.load()?;
        settings.iterations = self.iterations;
        settings.warm_up = self.warmup;
        settings.think_time = self.think_time;
        settings.graceful_stop = self.graceful_stop;
        settings.segment = self.segment;
        settings.start_at = self.start_at;
        Ok(())
    }

    fn load(&self) -> Result<Load, Failure> {
        let rate_is_staged = self.stages.as_ref().is_some_and(|stages| !stages.of_vus);
        if self.rate.is_some() || rate_is_staged {
            return self.open();
        }
        if self.max_vus.is_some() {
            return Err(Failure::usage(
                "--max-vus goes with --rate or --stages; without them --vus says it all",
            ));
        }
        let vus = match (&self.vus, &self.stages) {
            (Some(Vus::Stages(_)), Some(_)) => {
                return Err(Failure::usage("give stages to --vus or to --stages, not to both"));
            }
            (Some(Vus::Stages(_)), None) if self.duration.is_some() => {
                return Err(Failure::usage(
                    "--duration does not go with stages, which say how long they take",
                ));
            }
            (Some(Vus::Stages(list)), None) => Ramp::stages(0.0, list),
            (Some(Vus::Constant(vus)), Some(stages)) => Ramp::stages(f64::from(*vus), &stages.list),
            (None, Some(stages)) => Ramp::stages(0.0, &stages.list),
            (Some(Vus::Constant(vus)), None) => Ramp::constant(f64::from(*vus), self.duration()),
            (None, None) => Ramp::constant(f64::from(Settings::DEFAULT_VUS), self.duration()),
        };
        Ok(Load::Closed { vus })
    }

    fn open(&self) -> Result<Load, Failure> {
        let vus = match (&self.vus, &self.stages) {
            (Some(Vus::Stages(_)), _) | (_, Some(Stages { of_vus: true, .. })) => {
                return Err(Failure::usage(
                    "--rate and stages of virtual users are different kinds of load; give one of them",
                ));
            }
            (Some(Vus::Constant(vus)), _) => Some(*vus),
            (None, _) => None,
        };
        let from = self.rate.unwrap_or(0.0);
        let rate = match &self.stages {
            Some(stages) => Ramp::stages(from, &stages.list),
            None => Ramp::constant(from, self.duration()),
        };
        let default_max = rate
            .peak()
            .ceil()
            .clamp(*DEFAULT_MAX_VUS.start(), *DEFAULT_MAX_VUS.end()) as u32;
        let max_vus = self.max_vus.unwrap_or_else(|| default_max.max(vus.unwrap_or(0)));
        let vus = vus.unwrap_or(Settings::DEFAULT_VUS.min(max_vus));
        if vus > max_vus {
            return Err(Failure::usage(format!("--vus {vus} is more than --max-vus {max_vus}")));
        }
        Ok(Load::Open { rate, vus, max_vus })
    }

    fn duration(&self) -> Duration {
        self.duration.unwrap_or(match self.iterations {
            Some(_) => Settings::UNTIMED,
            None => Duration::from_secs(30),
        })
    }
}

fn vus(text: &str) -> Result<Vus, String> {
    if text.contains(':') {
        let stages = stages(text)?;
        return Ok(Vus::Stages(whole_vus(stages.list)?));
    }
    match text.parse() {
        Ok(vus) if (1..=MOST_VUS).contains(&vus) => Ok(Vus::Constant(vus)),
        _ => Err(format!(
            "write a number from 1 to {MOST_VUS}, or stages such as 30s:100,2m:100"
        )),
    }
}

fn whole_vus(list: Vec<Stage>) -> Result<Vec<Stage>, String> {
    let bad = list
        .iter()
        .find(|stage| stage.target.fract() != 0.0 || stage.target > f64::from(MOST_VUS));
    match bad {
        Some(stage) => Err(format!("{} is no number of virtual users", stage.target)),
        None => Ok(list),
    }
}

pub(crate) fn rate(text: &str) -> Result<f64, String> {
    let wrong = || "write e.g. 500/s, 30/m or 0.5/s".to_owned();
    let (number, unit) = text.split_once('/').unwrap_or((text, "s"));
    let number: f64 = number.trim().parse().map_err(|_| wrong())?;
    let seconds = match unit.trim() {
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(wrong()),
    };
    let rate = number / seconds;
    if rate > 0.0 && rate <= HIGHEST_RATE {
        Ok(rate)
    } else {
        Err(format!("a rate lies above 0 and is at most {HIGHEST_RATE}/s"))
    }
}

fn stages(text: &str) -> Result<Stages, String> {
    let mut list = Vec::new();
    let mut of_vus = None;
    for part in text.split(',') {
        let (time, target) = part
            .split_once(':')
            .ok_or_else(|| format!("`{part}` is no stage; write e.g. 30s:100"))?;
        let target = target.trim();
        let (number, vus) = match target.strip_suffix("vus") {
            Some(number) => (number, true),
            None => (target.strip_suffix("/s").unwrap_or(target), false),
        };
        let number: f64 = number
            .trim()
            .parse()
            .ok()
            .filter(|number: &f64| (0.0..=HIGHEST_RATE).contains(number))
            .ok_or_else(|| format!("`{target}` is no target; write e.g. 100, 100/s or 100vus"))?;
        if of_vus.replace(vus).is_some_and(|other| other != vus) {
            return Err("some stages are of virtual users, others of a rate; use one kind".to_owned());
        }
        list.push(Stage {
            duration: duration(time.trim()).map_err(|reason| format!("`{part}`: {reason}"))?,
            target: number,
        });
    }
    let of_vus = of_vus.unwrap_or(false);
    if list.iter().all(|stage| stage.duration.is_zero()) {
        return Err("stages take time; write e.g. 30s:100".to_owned());
    }
    if list.iter().all(|stage| stage.target == 0.0) {
        return Err("at least one stage has a target above 0".to_owned());
    }
    let list = if of_vus { whole_vus(list)? } else { list };
    Ok(Stages { of_vus, list })
}

fn segment(text: &str) -> Result<Segment, String> {
    let Some(count) = text.strip_prefix("auto/") else {
        return text.parse().map_err(|error| format!("{error}"));
    };
    const INDEXES: [&str; 2] = ["JOB_COMPLETION_INDEX", "AWS_BATCH_JOB_ARRAY_INDEX"];
    let index = INDEXES
        .iter()
        .find_map(|name| variable(name))
        .ok_or_else(|| format!("neither {} is set; write e.g. 2/5", INDEXES.join(" nor ")))?;
    let wrong = || format!("`{index}` of {count} is no share; the index counts from 0");
    let index: u32 = index.parse().map_err(|_| wrong())?;
    let count: u32 = count.parse().map_err(|_| wrong())?;
    Segment::new(index, count).ok_or_else(wrong)
}

#[expect(
    clippy::disallowed_methods,
    reason = "set by what starts an array of tasks, never by a user"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn time_of_day(text: &str) -> Result<SystemTime, String> {
    let wrong = "write e.g. 2030-01-31T12:00:00Z, or seconds since 1970";
    if let Ok(seconds) = text.parse::<f64>() {
        let since = Duration::try_from_secs_f64(seconds).map_err(|_| wrong.to_owned())?;
        return SystemTime::UNIX_EPOCH
            .checked_add(since)
            .ok_or_else(|| wrong.to_owned());
    }
    humantime::parse_rfc3339_weak(text).map_err(|_| wrong.to_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct OnlyLoad {
        #[command(flatten)]
        load: LoadArgs,
    }

    fn load(arguments: &str) -> Result<Load, String> {
        let words = std::iter::once("loadgen").chain(arguments.split_whitespace());
        let parsed = OnlyLoad::try_parse_from(words).map_err(|error| error.to_string())?;
        parsed.load.load().map_err(|failure| format!("{failure:?}"))
    }

    #[test]
    fn flags_choose_the_model() {
        let seconds = Duration::from_secs;
        assert_eq!(
            load("--vus 5 --duration 9s"),
            Ok(Load::Closed {
                vus: Ramp::constant(5.0, seconds(9))
            })
        );
        assert_eq!(
            load("--rate 30/m --duration 1m"),
            Ok(Load::Open {
                rate: Ramp::constant(0.5, seconds(60)),
                vus: 10,
                max_vus: 100
            })
        );
        let stage = |duration, target| Stage {
            duration: seconds(duration),
            target,
        };
        assert_eq!(
            load("--stages 30s:100,2m:500/s --max-vus 7"),
            Ok(Load::Open {
                rate: Ramp::stages(0.0, &[stage(30, 100.0), stage(120, 500.0)]),
                vus: 7,
                max_vus: 7
            })
        );
        let ramping = Load::Closed {
            vus: Ramp::stages(0.0, &[stage(30, 100.0), stage(0, 5.0)]),
        };
        assert_eq!(load("--vus 30s:100,0s:5"), Ok(ramping.clone()));
        assert_eq!(load("--stages 30s:100vus,0s:5vus"), Ok(ramping));
        assert!(matches!(load("--iterations 5"), Ok(Load::Closed { vus }) if vus.duration() == Settings::UNTIMED));
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_a_reason() {
        for (arguments, reason) in [
            ("--vus 0", "1 to 1000000"),
            ("--rate 0/s", "above 0"),
            ("--rate 5/d", "500/s"),
            ("--rate 5 --stages 10s:5vus", "different kinds"),
            ("--rate 5 --vus 10s:5", "different kinds"),
            ("--stages 10s", "is no stage"),
            ("--stages 10:5", "`10:5`"),
            ("--stages 0s:5", "take time"),
            ("--stages 10s:0", "above 0"),
            ("--stages 10s:5,10s:5vus", "one kind"),
            ("--stages 10s:1.5vus", "no number of virtual users"),
            ("--max-vus 5", "goes with --rate"),
            ("--rate 5 --vus 9 --max-vus 5", "more than --max-vus"),
            ("--vus 10s:5 --duration 5s", "does not go with stages"),
            ("--segment auto/3", "is set"),
            ("--start-at noon", "2030-01-31"),
        ] {
            let refused = load(arguments).unwrap_err();
            assert!(refused.contains(reason), "{arguments}: {refused}");
        }
    }
}
