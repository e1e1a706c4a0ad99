//! How a run goes: what a live view shows of it, from the figures of quarters of a second.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::distribution::distribution;
use crate::health::Health;
use crate::interval::{Exhausted, Interval};
use crate::latency_counts::{LatencyCounts, SparseCounts};
use crate::observer::{GeneratorSnapshot, HistogramBar, Snapshot, StepSnapshot};
use crate::recorder::{Ending, QUARTER};
use crate::run_info::StepInfo;
use crate::step_figures::StepFigures;
use crate::summary::{DistributionBucket, Generator};
use crate::totals::Totals;

/// Quarters whose rate and latency are shown: one second.
const SECOND: usize = 4;
/// Quarters whose latencies the histogram shows: ten seconds.
const HISTOGRAM: usize = 40;
/// Bars of the histogram per factor of ten.
const BARS_PER_DECADE: f64 = 5.0;

/// What the engine knows of a run under way, beside the figures.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// Since the load began, warm-up included.
    pub(crate) elapsed: Duration,
    /// How long it is to last, warm-up included; `None` if a number of iterations ends it.
    pub(crate) duration: Option<Duration>,
    /// Iterations done and to do, if their number ends the run.
    pub(crate) iterations: Option<(u64, u64)>,
    /// Iterations per second that the schedule asks for now; `None` in the closed model.
    pub(crate) target_rate: Option<f64>,
    /// Virtual users.
    pub(crate) vus: u32,
    /// Virtual users at most.
    pub(crate) max_vus: u32,
}

/// The figures so far and those of the last ten seconds.
pub(crate) struct Live {
    steps: Vec<LiveStep>,
    total: LatencyCounts,
    dropped: u64,
    errors: BTreeMap<Ending, u64>,
    /// The last quarters, ascending.
    recent: VecDeque<Quarter>,
    /// Their latencies.
    lately: LatencyCounts,
}

struct LiveStep {
    name: String,
    requests: u64,
    failed: u64,
    latency: LatencyCounts,
}

/// What happened in a quarter of a second.
struct Quarter {
    number: u64,
    /// Requests by step.
    requests: Vec<u64>,
    latency: SparseCounts,
    length: Duration,
    cpu: Vec<Duration>,
    lag: SparseCounts,
    exhausted: Exhausted,
}

impl Live {
    /// Nothing so far.
    pub(crate) fn new(steps: &[StepInfo]) -> Self {
        let empty = |step: &StepInfo| LiveStep {
            name: step.name.clone(),
            requests: 0,
            failed: 0,
            latency: LatencyCounts::default(),
        };
        Self {
            steps: steps.iter().map(empty).collect(),
            total: LatencyCounts::default(),
            dropped: 0,
            errors: BTreeMap::new(),
            recent: VecDeque::new(),
            lately: LatencyCounts::default(),
        }
    }

    /// Adds a quarter of a second, whose `number` counts quarters. They come in order, those included in which nothing
    /// happened.
    pub(crate) fn add(&mut self, quarter: &Interval) {
        let mut latency = SparseCounts::default();
        for (total, step) in self.steps.iter_mut().zip(&quarter.steps) {
            if step.requests() == 0 {
                continue;
            }
            let counts = SparseCounts::of(&step.latency);
            total.requests += step.requests();
            total.failed += step.failed;
            total.latency.add(&counts);
            latency.merge(&counts);
            for (ending, count) in &step.failures {
                *self.errors.entry(*ending).or_default() += count;
            }
        }
        self.total.add(&latency);
        self.lately.add(&latency);
        self.dropped += quarter.dropped;
        self.recent.push_back(Quarter {
            number: quarter.number,
            requests: quarter.steps.iter().map(StepFigures::requests).collect(),
            latency,
            length: quarter.length,
            cpu: quarter.cpu.clone(),
            lag: SparseCounts::of(&quarter.lag),
            exhausted: quarter.exhausted,
        });
        while let Some(oldest) = self.recent.front()
            && oldest.number + HISTOGRAM as u64 <= quarter.number
            && let Some(leaving) = self.recent.pop_front()
        {
            self.lately.subtract(&leaving.latency);
        }
    }

    /// How the run goes; `totals` tells how its thresholds stand.
    pub(crate) fn snapshot(&self, moment: &Moment, totals: &Totals) -> Snapshot {
        let newest = self.recent.back().map_or(0, |quarter| quarter.number);
        let last_second = || {
            let is_recent = move |quarter: &&Quarter| quarter.number + SECOND as u64 > newest;
            self.recent.iter().rev().take_while(is_recent)
        };
        let seconds = QUARTER.as_secs_f64() * (SECOND as f64).min((newest + 1) as f64);
        let mut latency = LatencyCounts::default();
        last_second().for_each(|quarter| latency.add(&quarter.latency));
        let describe = |(index, step): (usize, &LiveStep)| {
            let requests = last_second().filter_map(|quarter| quarter.requests.get(index));
            StepSnapshot {
                name: step.name.clone(),
                requests: step.requests,
                failed: step.failed,
                rate: requests.sum::<u64>() as f64 / seconds,
                latency_ms: step.latency.latency_ms(),
            }
        };
        let mut errors: Vec<(String, u64)> = self
            .errors
            .iter()
            .map(|(ending, count)| (ending.name(), *count))
            .collect();
        errors.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let generator = health(last_second());
        let bars = distribution(self.lately.iter(), BARS_PER_DECADE);
        let bar = |bucket: DistributionBucket| HistogramBar {
            to_ms: bucket.to_ms,
            count: bucket.count,
        };
        Snapshot {
            elapsed: moment.elapsed,
            duration: moment.duration,
            iterations: moment.iterations,
            target_rate: moment.target_rate,
            vus: moment.vus,
            max_vus: moment.max_vus,
            requests: self.total.len(),
            failed: self.steps.iter().map(|step| step.failed).sum(),
            dropped: self.dropped,
            rate: latency.len() as f64 / seconds,
            latency_ms: latency.latency_ms(),
            total_latency_ms: self.total.latency_ms(),
            histogram: bars.into_iter().map(bar).collect(),
            errors,
            steps: self.steps.iter().enumerate().map(describe).collect(),
            generator: GeneratorSnapshot {
                cpu_percent: generator.cpu_percent,
                threads: self.recent.back().map_or(0, |quarter| quarter.cpu.len() as u32),
                lag_ms_p99: generator.lag_ms_p99,
                saturated: generator.saturated,
            },
            thresholds: totals.watch.standing(),
        }
    }
}

/// How the generator fared in some quarters.
fn health<'a>(quarters: impl Iterator<Item = &'a Quarter>) -> Generator {
    let mut health = Health::new();
    let mut interval = Interval::empty(0, 0);
    for quarter in quarters {
        interval.length = quarter.length;
        interval.cpu.clone_from(&quarter.cpu);
        interval.exhausted = quarter.exhausted;
        interval.lag.reset();
        for (nanoseconds, count) in quarter.lag.iter() {
            interval.lag.saturating_record_n(nanoseconds, u64::from(count));
        }
        health.add(&interval);
    }
    health.verdict()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::FailureKind;
    use crate::run_info::RunInfo;

    fn info() -> RunInfo {
        let step = |name: &str| StepInfo {
            name: name.to_owned(),
            ..StepInfo::default()
        };
        RunInfo {
            steps: vec![step("read"), step("write")],
            ..crate::run_info::sample::info("1/1")
        }
    }

    /// A quarter in which reads took so many milliseconds, and one write failed.
    fn quarter(number: u64, reads: u64, ms: u64) -> Interval {
        let mut quarter = Interval::empty(number, 2);
        quarter.length = QUARTER;
        quarter.steps[0].latency.saturating_record_n(ms * 1_000_000, reads);
        quarter.steps[1].latency.saturating_record(50_000_000);
        quarter.steps[1].failed = 1;
        let timeout = Ending::failure(FailureKind::Timeout);
        quarter.steps[1].failures.push((timeout, 1));
        quarter.dropped = 2;
        quarter.cpu = vec![Duration::from_millis(50), Duration::from_millis(240)];
        quarter.lag.saturating_record(3_000_000);
        quarter
    }

    #[test]
    fn a_view_shows_the_last_second_beside_the_whole_run() {
        let moment = Moment {
            elapsed: Duration::from_secs(30),
            duration: None,
            iterations: None,
            target_rate: None,
            vus: 3,
            max_vus: 9,
        };
        let totals = Totals::new(&info(), &["count<5".parse().unwrap()]);
        let mut live = Live::new(&info().steps);
        let nothing = live.snapshot(&moment, &totals);
        assert_eq!((nothing.requests, nothing.rate, nothing.histogram.len()), (0, 0.0, 0));
        assert!(nothing.thresholds[0].passed && nothing.thresholds[0].value.is_empty());
        for number in 0..120 {
            let is_late = number >= 116;
            live.add(&quarter(
                number,
                if is_late { 10 } else { 5 },
                if is_late { 200 } else { 20 },
            ));
        }
        let snapshot = live.snapshot(&moment, &totals);
        assert_eq!((snapshot.requests, snapshot.failed, snapshot.dropped), (740, 120, 240));
        assert_eq!((snapshot.rate, snapshot.steps[0].rate), (44.0, 40.0));
        assert!(
            (snapshot.latency_ms.p50 - 200.0).abs() < 0.5,
            "{:?}",
            snapshot.latency_ms
        );
        assert!((snapshot.total_latency_ms.p50 - 20.0).abs() < 0.1);
        assert_eq!(snapshot.errors, [("timeout".to_owned(), 120)]);
        let bars: Vec<u64> = snapshot.histogram.iter().map(|bar| bar.count).collect();
        assert_eq!(bars, [36 * 5, 0, 40, 0, 0, 40], "{:?}", snapshot.histogram);
        assert!((snapshot.generator.cpu_percent - 116.0).abs() < 1e-6 && snapshot.generator.threads == 2);
        assert!(snapshot.generator.saturated, "a thread was busy 96% of the time");
        assert!(live.recent.len() <= HISTOGRAM);
    }
}
