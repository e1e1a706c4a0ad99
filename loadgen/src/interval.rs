//! What one generator did in one second of a run: the unit in which figures reach live views, windows of thresholds,
//! files and databases. Adding up all intervals of all generators gives the run, exactly.

use std::time::Duration;

use hdrhistogram::Histogram;

use crate::recorder::{Example, TracedEnd, latency_histogram, offer_slowest};
use crate::step_figures::StepFigures;

/// Length of an interval; only a run's last one is shorter.
pub(crate) const INTERVAL: Duration = Duration::from_secs(1);

/// The figures of one second.
#[derive(Clone)]
pub struct Interval {
    /// Counted from the start of the load, warm-up left out: it began `number` times one second after it.
    pub(crate) number: u64,
    /// One second, or less at the end of the run.
    pub(crate) length: Duration,
    /// By step, in the order of [`RunInfo::steps`](crate::run_info::RunInfo::steps).
    pub(crate) steps: Vec<StepFigures>,
    /// Iterations that were due.
    pub(crate) due: u64,
    /// Iterations that were due and could not be started in time.
    pub(crate) dropped: u64,
    /// Virtual users at the end of the interval.
    pub(crate) vus: u32,
    /// CPU time of each of the generator's threads.
    pub(crate) cpu: Vec<Duration>,
    /// How late the generator acted, nanoseconds: on iterations that were due, in the closed model on a timer.
    pub(crate) lag: Histogram<u64>,
    /// When the last request ended, since the load began.
    pub(crate) last_end: Option<Duration>,
    /// The slowest requests, in no order; at most [`SLOWEST`](crate::recorder::SLOWEST).
    pub(crate) slowest: Vec<TracedEnd>,
    /// Some requests that failed.
    pub(crate) failures: Vec<TracedEnd>,
    /// Failures that no earlier interval of this generator had an example of.
    pub(crate) examples: Vec<Example>,
    /// What this generator ran out of.
    pub(crate) exhausted: Exhausted,
}

/// Requests that failed for want of something on the generator's own side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Exhausted {
    /// No local port was free.
    pub(crate) ports: u64,
    /// No more files could be opened.
    pub(crate) files: u64,
    /// The system had no memory or buffers for another socket.
    pub(crate) memory: u64,
}

impl Interval {
    /// An interval in which nothing has happened yet.
    pub(crate) fn empty(number: u64, steps: usize) -> Self {
        Self {
            number,
            length: INTERVAL,
            steps: (0..steps).map(|_| StepFigures::new()).collect(),
            due: 0,
            dropped: 0,
            vus: 0,
            cpu: Vec::new(),
            lag: latency_histogram(),
            last_end: None,
            slowest: Vec::new(),
            failures: Vec::new(),
            examples: Vec::new(),
            exhausted: Exhausted::default(),
        }
    }

    /// Empties it, so that it can be used again; number and length stay.
    pub(crate) fn clear(&mut self) {
        self.steps.iter_mut().for_each(StepFigures::clear);
        self.due = 0;
        self.dropped = 0;
        self.vus = 0;
        self.cpu.fill(Duration::ZERO);
        self.lag.reset();
        self.last_end = None;
        self.slowest.clear();
        self.failures.clear();
        self.examples.clear();
        self.exhausted = Exhausted::default();
    }

    /// Adds what another part of the generator did in the same time, or this one in another part of it. The virtual
    /// users stay as they are.
    pub(crate) fn add(&mut self, other: &Self) {
        for (total, step) in self.steps.iter_mut().zip(&other.steps) {
            total.add(step);
        }
        self.due += other.due;
        self.dropped += other.dropped;
        if self.cpu.len() < other.cpu.len() {
            self.cpu.resize(other.cpu.len(), Duration::ZERO);
        }
        for (total, cpu) in self.cpu.iter_mut().zip(&other.cpu) {
            *total += *cpu;
        }
        if !other.lag.is_empty() {
            // Cannot fail: all histograms have the same bounds.
            let _ = self.lag.add(&other.lag);
        }
        self.last_end = self.last_end.max(other.last_end);
        for request in &other.slowest {
            offer_slowest(&mut self.slowest, *request);
        }
        self.failures.extend_from_slice(&other.failures);
        for example in &other.examples {
            if !self.examples.iter().any(|known| known.ending == example.ending) {
                self.examples.push(example.clone());
            }
        }
        self.exhausted.add(other.exhausted);
    }

    /// Requests that ended.
    pub(crate) fn requests(&self) -> u64 {
        self.steps.iter().map(StepFigures::requests).sum()
    }

    /// Of these, the failed ones.
    pub(crate) fn failed(&self) -> u64 {
        self.steps.iter().map(|step| step.failed).sum()
    }
}

impl Exhausted {
    /// Adds what was counted elsewhere.
    pub(crate) fn add(&mut self, other: Self) {
        self.ports += other.ports;
        self.files += other.files;
        self.memory += other.memory;
    }
}
