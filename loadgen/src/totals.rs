//! Everything that all threads counted, and the summary made of it.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::recorder::{Ending, Example, INTERVAL, SLOWEST, Shard, Slowest, StepFigures, latency_histogram};
use crate::run_info::StepInfo;
use crate::scenario::Scenario;
use crate::summary::{DistributionBucket, ErrorKind, Latency, Step, TracedRequest};
use crate::timeline::{SparseHistogram, Timeline};

/// Intervals that the live view looks back: one second.
const RECENT: u64 = 4;
/// Buckets of the distribution per power of ten.
const BUCKETS_PER_DECADE: i32 = 10;

/// The sum of all shards so far.
pub(crate) struct Totals {
    pub(crate) steps: Vec<StepFigures>,
    pub(crate) timeline: Timeline,
    pub(crate) last_end: Option<Instant>,
    slowest: Slowest,
    examples: Vec<Example>,
    recent: VecDeque<(u64, SparseHistogram)>,
}

/// What happened lately.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recently {
    /// Requests per second.
    pub(crate) rate: f64,
    pub(crate) latency: Latency,
}

impl Totals {
    pub(crate) fn new(steps: usize) -> Self {
        Self {
            steps: (0..steps).map(|_| StepFigures::new()).collect(),
            timeline: Timeline::new(),
            last_end: None,
            slowest: Slowest::new(),
            examples: Vec::new(),
            recent: VecDeque::new(),
        }
    }

    /// Adds one thread's interval.
    pub(crate) fn add(&mut self, shard: &Shard) {
        let mut latency = SparseHistogram::default();
        let mut failed = 0;
        for (total, step) in self.steps.iter_mut().zip(&shard.steps) {
            if step.latency.is_empty() {
                continue;
            }
            total.add(step);
            latency.add(&step.latency);
            failed += step.failed;
        }
        for slow in shard.slowest.requests() {
            self.slowest.offer(*slow);
        }
        for example in &shard.examples {
            if !self.examples.iter().any(|known| known.ending == example.ending) {
                self.examples.push(example.clone());
            }
        }
        self.last_end = self.last_end.max(shard.last_end);
        if latency.count() == 0 {
            return;
        }
        self.timeline.add(shard.interval, &latency, failed);
        match self.recent.iter_mut().find(|(interval, _)| *interval == shard.interval) {
            Some((_, known)) => known.merge(&latency),
            None => {
                self.recent.push_back((shard.interval, latency));
                if self.recent.len() as u64 > 2 * RECENT {
                    self.recent.pop_front();
                }
            }
        }
    }

    pub(crate) fn requests(&self) -> u64 {
        self.steps.iter().map(|step| step.latency.len()).sum()
    }

    pub(crate) fn failed(&self) -> u64 {
        self.steps.iter().map(|step| step.failed).sum()
    }

    /// The last whole second of which all figures are in, at `elapsed` since the start of the load.
    pub(crate) fn recently(&self, elapsed: Duration) -> Recently {
        let current = (elapsed.as_nanos() / INTERVAL.as_nanos()) as u64;
        let to = current.saturating_sub(1);
        let from = to.saturating_sub(RECENT);
        let mut latency = SparseHistogram::default();
        for (_, part) in self.recent.iter().filter(|(interval, _)| (from..to).contains(interval)) {
            latency.merge(part);
        }
        let seconds = INTERVAL.as_secs_f64() * (to - from).max(1) as f64;
        Recently {
            rate: latency.count() as f64 / seconds,
            latency: latency.latency(),
        }
    }

    /// The latencies of all steps.
    pub(crate) fn latency(&self) -> Histogram<u64> {
        let mut all = latency_histogram();
        for step in &self.steps {
            // Cannot fail: all histograms have the same bounds.
            let _ = all.add(&step.latency);
        }
        all
    }

    /// Requests by status or kind of error.
    pub(crate) fn status(&self) -> BTreeMap<String, u64> {
        let mut status = BTreeMap::new();
        for step in &self.steps {
            add_endings(&mut status, step);
        }
        status
    }

    /// Every kind of failure, most frequent first. A status may be expected of one step and not of another, so the
    /// counts are of the endings that have an example, which only failures give.
    pub(crate) fn errors(&self, scenario: &Scenario) -> Vec<ErrorKind> {
        let count = |ending: Ending| -> u64 {
            let of_step = |(index, step): (usize, &StepFigures)| -> u64 {
                let counted = step
                    .endings
                    .iter()
                    .filter(|(seen, _)| *seen == ending && !ending.expected_by(scenario, index));
                counted.map(|(_, count)| count).sum()
            };
            self.steps.iter().enumerate().map(of_step).sum()
        };
        let mut errors: Vec<ErrorKind> = self
            .examples
            .iter()
            .map(|example| ErrorKind {
                kind: example.ending.name(),
                count: count(example.ending),
                example: example.text.clone(),
            })
            .collect();
        errors.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.kind.cmp(&b.kind)));
        errors
    }

    /// The figures of every step.
    pub(crate) fn step_summaries(&self, specs: &[StepInfo], seconds: f64) -> BTreeMap<String, Step> {
        let summarise = |(figures, spec): (&StepFigures, &StepInfo)| {
            let mut status = BTreeMap::new();
            add_endings(&mut status, figures);
            let requests = figures.latency.len();
            let step = Step {
                requests,
                rate: rate(requests, seconds),
                failed: figures.failed,
                status,
                latency_ms: latency_ms(&figures.latency),
                uncorrected_latency_ms: None,
                bytes_sent: figures.sent,
                bytes_received: figures.received,
                tags: BTreeMap::new(),
            };
            (spec.name.clone(), step)
        };
        self.steps.iter().zip(specs).map(summarise).collect()
    }

    /// The slowest requests, slowest first.
    pub(crate) fn slowest(&self, specs: &[StepInfo]) -> Vec<TracedRequest> {
        let mut slowest = self.slowest.requests().to_vec();
        slowest.sort_by_key(|slow| std::cmp::Reverse(slow.latency));
        slowest.truncate(SLOWEST);
        let describe = |slow: &crate::recorder::Slow| TracedRequest {
            trace_id: slow.trace.to_hex(),
            sampled: true,
            trace_url: None,
            ended_s: 0.0,
            latency_ms: slow.latency as f64 / 1e6,
            status: slow.ending.name(),
            step: specs[slow.step].name.clone(),
        };
        slowest.iter().map(describe).collect()
    }
}

fn add_endings(status: &mut BTreeMap<String, u64>, step: &StepFigures) {
    for (ending, count) in &step.endings {
        *status.entry(ending.name()).or_default() += count;
    }
}

pub(crate) fn rate(requests: u64, seconds: f64) -> f64 {
    if seconds > 0.0 { requests as f64 / seconds } else { 0.0 }
}

/// The usual figures of a histogram.
pub(crate) fn latency_ms(latency: &Histogram<u64>) -> Latency {
    if latency.is_empty() {
        return Latency::default();
    }
    let ms = |nanoseconds: u64| nanoseconds as f64 / 1e6;
    Latency {
        min: ms(latency.min()),
        mean: latency.mean() / 1e6,
        p50: ms(latency.value_at_quantile(0.5)),
        p90: ms(latency.value_at_quantile(0.9)),
        p95: ms(latency.value_at_quantile(0.95)),
        p99: ms(latency.value_at_quantile(0.99)),
        p99_9: ms(latency.value_at_quantile(0.999)),
        max: ms(latency.max()),
    }
}

/// How latencies are distributed, from the bucket of the fastest to that of the slowest.
pub(crate) fn distribution(latency: &Histogram<u64>) -> Vec<DistributionBucket> {
    let index =
        |nanoseconds: u64| (((nanoseconds.max(1) as f64 / 1e6).log10()) * f64::from(BUCKETS_PER_DECADE)).ceil() as i32;
    let bound = |index: i32| 10_f64.powf(f64::from(index) / f64::from(BUCKETS_PER_DECADE));
    let mut buckets: Vec<DistributionBucket> = Vec::new();
    let mut next = None;
    for value in latency.iter_recorded() {
        let bucket = index(value.value_iterated_to());
        let first_missing = next.unwrap_or(bucket);
        buckets.extend((first_missing..=bucket).map(|at| DistributionBucket {
            from_ms: bound(at - 1),
            to_ms: bound(at),
            count: 0,
        }));
        next = Some(bucket + 1);
        if let Some(last) = buckets.last_mut() {
            last.count += value.count_at_value();
        }
    }
    buckets
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::Message;
    use crate::recorder::{Record, Recorder};
    use crate::request::TraceId;

    #[test]
    fn the_distribution_has_no_gaps_and_loses_nothing() {
        let mut latency = latency_histogram();
        for (value, count) in [(40_000, 3), (1_000_000, 5), (1_000_001, 2), (7_000_000_000, 1)] {
            latency.saturating_record_n(value, count);
        }
        let buckets = distribution(&latency);
        assert_eq!(buckets.iter().map(|bucket| bucket.count).sum::<u64>(), 11);
        assert!(buckets.windows(2).all(|pair| pair[0].to_ms == pair[1].from_ms));
        assert!(buckets[0].count == 3 && buckets[buckets.len() - 1].count == 1);
    }

    #[test]
    fn figures_of_intervals_add_up_within_the_histograms_error() {
        let (full, messages) = std::sync::mpsc::channel();
        let (give, empty) = std::sync::mpsc::channel();
        let mut recorder = Recorder::new(0, 1, full, empty);
        let start = Instant::now();
        recorder.begin(start);
        let mut totals = Totals::new(1);
        for number in 1..=1000_u64 {
            // One request of every latency from 1 to 1000 ms, over ten seconds.
            let end = start + Duration::from_millis(number * 10);
            recorder.record(&Record {
                step: 0,
                due: end - Duration::from_millis(number),
                end,
                ending: Ending::status(200),
                failed: false,
                sent: 1,
                received: 2,
                trace: TraceId::default(),
            });
            for message in messages.try_iter() {
                if let Message::Figures(mut shard) = message {
                    totals.add(&shard);
                    shard.clear();
                    give.send(shard).unwrap();
                }
            }
        }
        recorder.flush();
        let last = messages.try_iter().last();
        assert!(matches!(&last, Some(Message::Figures(shard)) if { totals.add(shard); true }));
        let latency = latency_ms(&totals.latency());
        for (ours, exact) in [
            (latency.min, 1.0),
            (latency.mean, 500.5),
            (latency.p50, 500.0),
            (latency.p90, 900.0),
            (latency.p99, 990.0),
            (latency.p99_9, 999.0),
            (latency.max, 1000.0),
        ] {
            assert!((ours - exact).abs() <= exact / 1000.0, "{ours} instead of {exact}");
        }
        let points = totals.timeline.points(Duration::from_secs(10));
        assert_eq!(points.iter().map(|point| point.requests).sum::<u64>(), 1000);
        assert!(
            points.iter().all(|point| point.requests <= 26),
            "each interval has its own"
        );
        assert_eq!((totals.steps[0].sent, totals.steps[0].received), (1000, 2000));
        let scenario = Scenario::builtin("items").unwrap();
        let specs = scenario.steps();
        assert_eq!(
            totals
                .slowest(specs)
                .iter()
                .map(|slow| slow.latency_ms)
                .collect::<Vec<_>>()[..2],
            [1000.0, 999.0]
        );
    }
}
