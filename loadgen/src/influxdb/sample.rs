//! A run made by hand, for the tests.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::interval::Interval;
use crate::outcome::FailureKind;
use crate::recorder::{Ending, latency_histogram};
use crate::run_info::{self, RunInfo, StepInfo};
use crate::run_result::RunEnd;
use crate::step_figures::StepFigures;
use crate::summary::RunResult;
use crate::totals::Totals;

/// The seconds of one generator.
pub(super) struct Sample {
    pub(super) info: RunInfo,
    pub(super) intervals: Vec<Interval>,
}

/// A run whose figures follow from `seed`.
pub(super) fn sample(run_id: &str, generator: &str, steps: usize, seconds: u64, seed: u64) -> Sample {
    let step = |index| StepInfo {
        name: format!("step {index}, of=many"),
        ..StepInfo::default()
    };
    let info = RunInfo {
        run_id: run_id.to_owned(),
        scenario: "items".to_owned(),
        tags: BTreeMap::from([("branch".to_owned(), r"a\b \".to_owned())]),
        steps: (0..steps).map(step).collect(),
        started_at_ms: std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .as_millis() as u64,
        ..run_info::sample::info(generator)
    };
    let mut random = fastrand::Rng::with_seed(seed);
    let intervals = (0..seconds)
        .map(|number| interval(number, steps, &mut random))
        .collect();
    Sample { info, intervals }
}

fn interval(number: u64, steps: usize, random: &mut fastrand::Rng) -> Interval {
    let mut interval = Interval::empty(number, steps);
    for step in &mut interval.steps {
        let mut uncorrected = latency_histogram();
        let mut answered = 0;
        for _ in 0..random.u64(1..200) {
            let latency = 10u64.pow(random.u32(4..10)) * random.u64(1..100) / 10;
            step.latency.saturating_record(latency);
            uncorrected.saturating_record(latency / 2);
            answered += 1;
        }
        step.uncorrected = Some(uncorrected);
        let failed = random.u64(0..=answered);
        let timeouts = random.u64(0..=failed);
        step.endings = [
            (Ending::status(200), answered - failed),
            (Ending::status(503), failed - timeouts),
            (Ending::failure(FailureKind::Timeout), timeouts),
        ]
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .collect();
        step.failed = failed;
        step.sent = random.u64(0..1 << 40);
        step.received = random.u64(0..1 << 40);
    }
    interval.due = interval.requests() + 3;
    interval.dropped = 3;
    interval.vus = 7;
    interval.cpu = vec![Duration::from_millis(250)];
    interval.lag.saturating_record(500_000);
    interval
}

impl Sample {
    /// Every step's figures over the run.
    pub(super) fn total(&self, step: usize) -> StepFigures {
        let mut total = StepFigures::new();
        for interval in &self.intervals {
            total.add(&interval.steps[step]);
        }
        total
    }

    pub(super) fn requests(&self) -> u64 {
        self.intervals.iter().map(Interval::requests).sum()
    }

    /// What the run comes to.
    pub(super) fn result(&self) -> RunResult {
        let mut totals = Totals::new(&self.info, &[]);
        for interval in &self.intervals {
            totals.add(0, interval);
        }
        totals.result(&self.info, &RunEnd::default())
    }
}
