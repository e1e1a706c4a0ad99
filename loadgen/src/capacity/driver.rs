//! Holds rates against a real target: each trial is a run of the open model at a constant rate.

use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::capacity::belief;
use crate::capacity::result_text;
use crate::capacity::search::{
    Ending, ProbeRequest, Prober, Purpose, SearchResult, SearchSettings, Verdict, per_second, search,
};
use crate::capacity_result::{CapacityResult, Probe, SCHEMA};
use crate::engine::{self, Finished};
use crate::interrupt::Interrupt;
use crate::interval::Interval;
use crate::load::{Load, Ramp};
use crate::observer::{Observer, RunStage, Snapshot};
use crate::run_error::RunError;
use crate::run_info::RunInfo;
use crate::settings::{RunId, Settings};
use crate::summary::Summary;

/// Iterations that may be dropped at a rate that is borne, as a share: what a single hiccup costs.
const MOST_DROPPED: f64 = 0.01;
/// Virtual users for a rate by default: as many as are busy when every iteration takes a second, within these bounds.
const DEFAULT_MAX_VUS: std::ops::RangeInclusive<f64> = 100.0..=10_000.0;
/// How often an interruption is looked for while the target rests.
const TICK: Duration = Duration::from_millis(50);
/// Characters of a run id that leave room for the number of a trial.
const LONGEST_BASE: usize = 58;

/// What to search for, and where.
#[derive(Clone, Debug)]
pub struct CapacitySettings {
    /// The run that every trial is; its thresholds are the objectives, its load does not matter.
    pub run: Settings,
    /// The search.
    pub search: SearchSettings,
    /// Virtual users that a trial may use; by default as many as its rate keeps busy for a second each, 100 to 10000.
    pub max_vus: Option<u32>,
}

/// What a search came to.
#[derive(Clone, Debug)]
pub struct Found {
    /// The document.
    pub result: CapacityResult,
    /// Whether there is a rate that the target bears, and it was the target that set it.
    pub outcome: Outcome,
    /// What trials may have left behind at the target.
    pub left_behind: Option<String>,
}

/// How a search ended, as far as an exit status tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The rate is the target's.
    Found,
    /// Not even the lowest rate meets the objectives.
    NotEvenLowest,
    /// Something else than the target ended the search: the generator, or the time.
    Unfinished,
    /// The user ended it.
    Interrupted,
}

/// Searches for the highest rate at which the target meets the objectives.
///
/// # Errors
/// The first trial could not be done, or the system refuses something.
pub fn find(
    settings: &CapacitySettings,
    interrupt: &Interrupt,
    observer: &mut dyn Observer,
) -> Result<Found, RunError> {
    let mut trials = Trials {
        settings,
        interrupt,
        observer: Following { observer, info: None },
        began: Instant::now(),
        probes: Vec::new(),
        recoveries: 0,
        left_behind: None,
    };
    let started_at = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
    let searched = search(&settings.search, &mut trials)?;
    let Trials {
        observer,
        began,
        probes,
        left_behind,
        ..
    } = trials;
    let Some(mut run) = observer.info else {
        return Err(RunError::Interrupted);
    };
    run.run_id = settings.run.run_id.to_string();
    run.load = format!(
        "{} to {}, each for {}",
        per_second(settings.search.from),
        per_second(settings.search.to),
        humantime::format_duration(settings.search.hold)
    );
    let believed = belief::interval(&searched.trials, settings.search.from, settings.search.to);
    let limit = searched.failing_rate.and_then(|rate| {
        let failed = probes.iter().rfind(|probe| probe.rate == rate && !probe.passed);
        failed.map(|probe| format!("at {}: {}", per_second(rate), probe.reason))
    });
    let result = CapacityResult {
        schema: SCHEMA,
        environment: run.environment.clone(),
        run,
        started_at,
        duration_s: began.elapsed().as_secs_f64(),
        objectives: settings.run.thresholds.iter().map(ToString::to_string).collect(),
        rate: searched.rate,
        failing_rate: searched.failing_rate,
        interval: searched.rate.and(believed),
        confidence: belief::CONFIDENCE,
        conclusion: result_text::conclusion(&searched, &settings.search),
        limit,
        probes,
        interrupted: matches!(searched.ending, Ending::Interrupted | Ending::OutOfTime),
    };
    Ok(Found {
        outcome: outcome_of(&searched),
        result,
        left_behind,
    })
}

fn outcome_of(searched: &SearchResult) -> Outcome {
    match searched.ending {
        Ending::Interrupted => Outcome::Interrupted,
        Ending::NotEvenLowest => Outcome::NotEvenLowest,
        Ending::Found | Ending::HighestAllowed => Outcome::Found,
        Ending::OutOfTime if searched.rate.is_some() && searched.failing_rate.is_some() => Outcome::Found,
        Ending::OutOfTime | Ending::GeneratorLimit(_) | Ending::NotRecovered(_) => Outcome::Unfinished,
    }
}

struct Trials<'a> {
    settings: &'a CapacitySettings,
    interrupt: &'a Interrupt,
    observer: Following<'a>,
    began: Instant,
    probes: Vec<Probe>,
    recoveries: usize,
    left_behind: Option<String>,
}

impl Trials<'_> {
    fn run_settings(&self, request: &ProbeRequest) -> Settings {
        let run = &self.settings.run;
        let most = self.settings.max_vus.unwrap_or_else(|| {
            let busy = request.rate.ceil();
            busy.clamp(*DEFAULT_MAX_VUS.start(), *DEFAULT_MAX_VUS.end()) as u32
        });
        Settings {
            load: Load::Open {
                rate: Ramp::constant(request.rate, request.hold),
                vus: Settings::DEFAULT_VUS.min(most),
                max_vus: most,
            },
            warm_up: request.settle,
            graceful_stop: run.timeout,
            run_id: trial_id(&run.run_id, self.probes.len() + self.recoveries + 1),
            ..run.clone()
        }
    }

    fn judge(&mut self, request: &ProbeRequest, started_s: f64, finished: &Finished) -> Verdict {
        let summary = &finished.result.summary;
        if let Some(left) = finished
            .housekeeping
            .as_ref()
            .and_then(|housekeeping| housekeeping.left_behind.clone())
        {
            self.left_behind.get_or_insert(left);
        }
        if summary.interrupted {
            return Verdict::Interrupted;
        }
        let reason = result_text::why_failed(summary, &self.settings.run.thresholds, MOST_DROPPED);
        let verdict = match (&reason, summary.generator.saturated) {
            (None, _) => Verdict::Passed,
            (Some(_), true) => Verdict::Void,
            (Some(_), false) => Verdict::Failed,
        };
        self.keep(request, started_s, verdict, Some(summary), reason.unwrap_or_default());
        verdict
    }

    fn keep(
        &mut self,
        request: &ProbeRequest,
        started_s: f64,
        verdict: Verdict,
        summary: Option<&Summary>,
        reason: String,
    ) {
        let Purpose::Trial(phase) = request.purpose else {
            self.recoveries += 1;
            return;
        };
        let reason = match summary {
            Some(summary) if verdict == Verdict::Void => {
                format!(
                    "the generator did not keep up: {}",
                    summary.generator.reasons.join("; ")
                )
            }
            _ => reason,
        };
        let hold = request.hold.as_secs_f64();
        let count = |figure: fn(&Summary) -> u64| summary.map_or(0, figure);
        let started = count(|summary| summary.due.saturating_sub(summary.dropped));
        let probe = Probe {
            phase,
            started_s,
            duration_s: hold,
            rate: request.rate,
            achieved_rate: started as f64 / hold,
            requests: count(|summary| summary.requests),
            failed: count(|summary| summary.failed),
            dropped: count(|summary| summary.dropped),
            latency_ms: summary.map(|summary| summary.latency_ms).unwrap_or_default(),
            objectives: summary.map(|summary| summary.thresholds.clone()).unwrap_or_default(),
            generator: summary.map(|summary| summary.generator.clone()).unwrap_or_default(),
            passed: verdict == Verdict::Passed,
            reason,
        };
        self.observer.observer.note(&result_text::describe(&probe));
        self.probes.push(probe);
    }
}

impl Prober for Trials<'_> {
    type Error = RunError;

    fn probe(&mut self, request: &ProbeRequest) -> Result<Verdict, RunError> {
        if self.interrupt.is_requested() {
            return Ok(Verdict::Interrupted);
        }
        let started_s = self.began.elapsed().as_secs_f64();
        let settings = self.run_settings(request);
        match engine::run(&settings, self.interrupt, &mut self.observer) {
            Ok(finished) => Ok(self.judge(request, started_s, &finished)),
            Err(error) if error.is_interruption() => Ok(Verdict::Interrupted),
            // A target that answered before and does not now has been overwhelmed.
            Err(error @ (RunError::NoAnswer { .. } | RunError::SetUp { .. })) if !self.probes.is_empty() => {
                self.keep(request, started_s, Verdict::Failed, None, error.to_string());
                Ok(Verdict::Failed)
            }
            Err(error) => Err(error),
        }
    }

    fn rest(&mut self, time: Duration) {
        let until = Instant::now() + time;
        while Instant::now() < until && !self.interrupt.is_requested() {
            thread::sleep(TICK.min(until.saturating_duration_since(Instant::now())));
        }
    }

    fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    fn note(&mut self, text: &str) {
        self.observer.observer.note(text);
    }
}

/// The id of one trial: late effects of one must not be taken for another's.
fn trial_id(base: &RunId, number: usize) -> RunId {
    let base: String = base.as_str().chars().take(LONGEST_BASE).collect();
    format!("{base}-{number}").parse().unwrap_or_else(|_| RunId::generate())
}

/// Passes on how each trial goes, and remembers what is put under load.
struct Following<'a> {
    observer: &'a mut dyn Observer,
    info: Option<RunInfo>,
}

impl Observer for Following<'_> {
    /// What a scenario does around each trial would drown what the search has to say.
    fn note(&mut self, _text: &str) {}

    fn stage(&mut self, stage: RunStage) {
        self.observer.stage(stage);
    }

    fn begin(&mut self, info: &RunInfo) {
        self.info.get_or_insert_with(|| info.clone());
        self.observer.begin(info);
    }

    fn progress(&mut self, snapshot: &Snapshot) {
        self.observer.progress(snapshot);
    }

    fn interval(&mut self, interval: &Interval) {
        self.observer.interval(interval);
    }
}
