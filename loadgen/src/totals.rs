//! The figures of a whole run, added up from the intervals of its generators.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::health::Health;
use crate::interval::Interval;
use crate::latency_counts::SparseCounts;
use crate::recorder::{Ending, Example, SLOWEST, TracedEnd};
use crate::run_info::{RunInfo, StepInfo};
use crate::step_figures::StepFigures;
use crate::threshold::{Threshold, Watch};
use crate::timeline::Timeline;

/// Failed requests kept of each kind, the first ones.
const FAILURES_PER_KIND: usize = 3;

/// The sum of all intervals so far. It does not grow with requests, nor, once the timeline is full, with time.
pub(crate) struct Totals {
    pub(crate) steps: Vec<StepFigures>,
    pub(crate) timeline: Timeline,
    pub(crate) due: u64,
    pub(crate) dropped: u64,
    /// When the last request ended, since the load began.
    pub(crate) last_end: Option<Duration>,
    /// By generator.
    pub(crate) health: Vec<Health>,
    pub(crate) examples: Vec<Example>,
    pub(crate) watch: Watch,
    /// The slowest requests, slowest first.
    pub(crate) slowest: Vec<TracedEnd>,
    failures: BTreeMap<Ending, Vec<TracedEnd>>,
}

impl Totals {
    /// Nothing so far of a run of one generator.
    pub(crate) fn new(info: &RunInfo, thresholds: &[Threshold]) -> Self {
        Self::of_generators(info, thresholds, 1)
    }

    /// Nothing so far of a run of several generators.
    pub(crate) fn of_generators(info: &RunInfo, thresholds: &[Threshold], generators: usize) -> Self {
        let sized = |step: &StepInfo| StepFigures::sized(info.model, step.checks.len());
        Self {
            steps: info.steps.iter().map(sized).collect(),
            timeline: Timeline::new(),
            due: 0,
            dropped: 0,
            last_end: None,
            health: Vec::new(),
            examples: Vec::new(),
            watch: Watch::new(thresholds, &info.steps, generators),
            slowest: Vec::new(),
            failures: BTreeMap::new(),
        }
    }

    /// Adds an interval of a generator. Those of one generator come in order; generators may be up to a minute apart,
    /// beyond that a late interval counts in everything but the windows of thresholds.
    pub(crate) fn add(&mut self, generator: usize, interval: &Interval) {
        let latency: Vec<SparseCounts> = interval
            .steps
            .iter()
            .map(|step| SparseCounts::of(&step.latency))
            .collect();
        let mut all = SparseCounts::default();
        for ((total, step), counts) in self.steps.iter_mut().zip(&interval.steps).zip(&latency) {
            if step.requests() > 0 {
                total.add(step);
                all.merge(counts);
            }
        }
        self.timeline.add(generator, interval, &all);
        self.watch.add(generator, interval, &latency);
        self.due += interval.due;
        self.dropped += interval.dropped;
        self.last_end = self.last_end.max(interval.last_end);
        if self.health.len() <= generator {
            self.health.resize_with(generator + 1, Health::new);
        }
        self.health[generator].add(interval);
        for example in &interval.examples {
            if !self.examples.iter().any(|known| known.ending == example.ending) {
                self.examples.push(example.clone());
            }
        }
        self.keep_slowest(&interval.slowest);
        self.keep_failures(&interval.failures);
    }

    fn keep_slowest(&mut self, requests: &[TracedEnd]) {
        self.slowest.extend_from_slice(requests);
        self.slowest
            .sort_by_key(|request| (std::cmp::Reverse(request.latency), order(request)));
        self.slowest.truncate(SLOWEST);
    }

    fn keep_failures(&mut self, requests: &[TracedEnd]) {
        for request in requests {
            let kept = self.failures.entry(request.ending).or_default();
            let at = kept.partition_point(|known| order(known) <= order(request));
            if at < FAILURES_PER_KIND {
                kept.insert(at, *request);
                kept.truncate(FAILURES_PER_KIND);
            }
        }
    }

    pub(crate) fn requests(&self) -> u64 {
        self.steps.iter().map(StepFigures::requests).sum()
    }

    pub(crate) fn failed(&self) -> u64 {
        self.steps.iter().map(|step| step.failed).sum()
    }

    /// The first failures of each kind, at most so many, in the order in which they ended. Where that is not enough,
    /// kinds come before numbers.
    pub(crate) fn failures(&self, at_most: usize) -> Vec<TracedEnd> {
        let ranked = self.failures.values().flat_map(|kind| kind.iter().enumerate());
        let mut ranked: Vec<(usize, TracedEnd)> = ranked.map(|(rank, request)| (rank, *request)).collect();
        ranked.sort_by_key(|(rank, request)| (*rank, order(request)));
        ranked.truncate(at_most);
        ranked.sort_by_key(|(_, request)| order(request));
        ranked.into_iter().map(|(_, request)| request).collect()
    }
}

/// The order in which requests ended, the same whichever generator is added first.
fn order(request: &TracedEnd) -> (Duration, u64, u64) {
    (request.ended, request.trace.high, request.trace.low)
}

#[cfg(test)]
mod tests;
