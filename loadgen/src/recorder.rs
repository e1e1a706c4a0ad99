//! What generator threads note of each request: figures kept per thread and handed to the main thread per interval.

use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::generator::Message;
use crate::outcome::FailureKind;
use crate::request::TraceId;
use crate::run_info::LoadModel;

/// Length of the intervals in which figures are handed over.
pub(crate) const INTERVAL: Duration = Duration::from_millis(250);
/// Requests kept of the slowest ones.
pub(crate) const SLOWEST: usize = 10;

/// Nanoseconds that the histograms tell apart at the least, and the longest latency they hold (longer ones count as it).
const LOWEST: u64 = 1_000;
const HIGHEST: u64 = 3_600_000_000_000;
const SIGNIFICANT_DIGITS: u8 = 3;

/// A histogram of latencies in nanoseconds.
pub(crate) fn latency_histogram() -> Histogram<u64> {
    match Histogram::new_with_bounds(LOWEST, HIGHEST, SIGNIFICANT_DIGITS) {
        Ok(histogram) => histogram,
        Err(error) => unreachable!("constant bounds are valid: {error}"),
    }
}

/// How a request ended: a status code, or above 1000 a kind of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Ending(u16);

const FIRST_FAILURE: u16 = 1000;

impl Ending {
    pub(crate) fn status(code: u16) -> Self {
        Self(code)
    }

    pub(crate) fn failure(kind: FailureKind) -> Self {
        Self(FIRST_FAILURE + kind as u16)
    }

    /// The key in a summary.
    pub(crate) fn name(self) -> String {
        match self
            .0
            .checked_sub(FIRST_FAILURE)
            .and_then(|kind| FailureKind::ALL.get(usize::from(kind)))
        {
            Some(kind) => kind.name().to_owned(),
            None => self.0.to_string(),
        }
    }
}

/// One request that ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record {
    pub(crate) step: usize,
    /// When the request was due; in the closed model that is when its virtual user was ready to send it.
    pub(crate) due: Instant,
    pub(crate) end: Instant,
    pub(crate) ending: Ending,
    pub(crate) failed: bool,
    pub(crate) sent: u64,
    pub(crate) received: u64,
    pub(crate) trace: TraceId,
}

/// One of the slowest requests.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slow {
    pub(crate) latency: u64,
    pub(crate) trace: TraceId,
    pub(crate) ending: Ending,
    pub(crate) step: usize,
}

/// A request that ended, as others than its thread see it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct TracedEnd {
    pub(crate) step: usize,
    pub(crate) ending: Ending,
    /// Nanoseconds, from the instant it was due.
    pub(crate) latency: u64,
    /// When it ended, since the load began.
    pub(crate) ended: Duration,
    pub(crate) trace: TraceId,
    /// Whether the target was asked to record the trace.
    pub(crate) sampled: bool,
}

/// The slowest requests, in no order.
#[derive(Debug)]
pub(crate) struct Slowest {
    requests: Vec<Slow>,
    /// Requests at most this slow are not among them.
    floor: u64,
}

impl Slowest {
    pub(crate) fn new() -> Self {
        Self {
            requests: Vec::with_capacity(SLOWEST),
            floor: 0,
        }
    }

    #[inline]
    pub(crate) fn offer(&mut self, slow: Slow) {
        if slow.latency > self.floor {
            self.take(slow);
        }
    }

    fn take(&mut self, slow: Slow) {
        if self.requests.len() < SLOWEST {
            self.requests.push(slow);
        } else if let Some(least) = self.requests.iter_mut().min_by_key(|request| request.latency) {
            *least = slow;
        }
        if self.requests.len() == SLOWEST {
            self.floor = self
                .requests
                .iter()
                .map(|request| request.latency)
                .min()
                .unwrap_or_default();
        }
    }

    pub(crate) fn requests(&self) -> &[Slow] {
        &self.requests
    }

    fn clear(&mut self) {
        self.requests.clear();
        self.floor = 0;
    }
}

/// The figures of one step.
#[derive(Clone)]
pub(crate) struct StepFigures {
    /// Latencies, nanoseconds, in the open model from the instant a request was due.
    pub(crate) latency: Histogram<u64>,
    /// Latencies from the instant a request was sent; `None` in the closed model, where the two are the same.
    pub(crate) uncorrected: Option<Histogram<u64>>,
    /// Failures of each check of the step, in the step's order. A request fails at most one, the first that it does not
    /// meet.
    pub(crate) failed_checks: Vec<u64>,
    /// Requests by how they ended.
    pub(crate) endings: Vec<(Ending, u64)>,
    /// Of these, the failed ones; they add up to `failed`.
    pub(crate) failures: Vec<(Ending, u64)>,
    pub(crate) failed: u64,
    pub(crate) sent: u64,
    pub(crate) received: u64,
}

impl StepFigures {
    pub(crate) fn new() -> Self {
        Self {
            latency: latency_histogram(),
            uncorrected: None,
            failed_checks: Vec::new(),
            endings: Vec::with_capacity(8),
            failures: Vec::with_capacity(8),
            failed: 0,
            sent: 0,
            received: 0,
        }
    }

    /// Room for all figures of a step that has so many checks, so that recording allocates nothing.
    pub(crate) fn sized(model: LoadModel, checks: usize) -> Self {
        Self {
            uncorrected: (model == LoadModel::Open).then(latency_histogram),
            failed_checks: vec![0; checks],
            ..Self::new()
        }
    }

    /// Requests that ended.
    pub(crate) fn requests(&self) -> u64 {
        self.latency.len()
    }

    /// Answers that met each check, in the step's order. Checks are evaluated in their order up to the first that is not
    /// met, and a request that did not fail met them all.
    pub(crate) fn passed_checks(&self) -> impl Iterator<Item = u64> + '_ {
        let succeeded = self.requests().saturating_sub(self.failed);
        (0..self.failed_checks.len()).map(move |check| {
            let failed_later: u64 = self.failed_checks[check + 1..].iter().sum();
            succeeded + failed_later
        })
    }

    #[inline]
    fn record(&mut self, record: &Record, latency: u64) {
        self.latency.saturating_record(latency);
        count_ending(&mut self.endings, record.ending, 1);
        if record.failed {
            self.failed += 1;
            count_ending(&mut self.failures, record.ending, 1);
        }
        self.sent += record.sent;
        self.received += record.received;
    }

    /// Records the latency of the same request from the instant it was sent.
    #[inline]
    pub(crate) fn record_uncorrected(&mut self, latency: u64) {
        self.uncorrected
            .get_or_insert_with(latency_histogram)
            .saturating_record(latency);
    }

    /// Counts that the request did not meet a check.
    #[inline]
    pub(crate) fn record_failed_check(&mut self, check: usize) {
        if self.failed_checks.len() <= check {
            self.failed_checks.resize(check + 1, 0);
        }
        self.failed_checks[check] += 1;
    }

    /// Adds the figures of another part of the run.
    pub(crate) fn add(&mut self, other: &Self) {
        // Cannot fail: all histograms have the same bounds.
        let _ = self.latency.add(&other.latency);
        if let Some(uncorrected) = &other.uncorrected
            && !uncorrected.is_empty()
        {
            let _ = self.uncorrected.get_or_insert_with(latency_histogram).add(uncorrected);
        }
        if self.failed_checks.len() < other.failed_checks.len() {
            self.failed_checks.resize(other.failed_checks.len(), 0);
        }
        for (total, count) in self.failed_checks.iter_mut().zip(&other.failed_checks) {
            *total += count;
        }
        for (ending, count) in &other.endings {
            count_ending(&mut self.endings, *ending, *count);
        }
        for (ending, count) in &other.failures {
            count_ending(&mut self.failures, *ending, *count);
        }
        self.failed += other.failed;
        self.sent += other.sent;
        self.received += other.received;
    }

    /// Empties it, keeping its room.
    pub(crate) fn clear(&mut self) {
        if !self.latency.is_empty() {
            self.latency.reset();
        }
        if let Some(uncorrected) = &mut self.uncorrected
            && !uncorrected.is_empty()
        {
            uncorrected.reset();
        }
        self.failed_checks.fill(0);
        self.endings.clear();
        self.failures.clear();
        self.failed = 0;
        self.sent = 0;
        self.received = 0;
    }
}

#[inline]
fn count_ending(endings: &mut Vec<(Ending, u64)>, ending: Ending, count: u64) {
    match endings.iter_mut().find(|(seen, _)| *seen == ending) {
        Some((_, total)) => *total += count,
        None => endings.push((ending, count)),
    }
}

/// The first failure of its kind that a thread met, in words.
#[derive(Clone, Debug)]
pub(crate) struct Example {
    pub(crate) ending: Ending,
    pub(crate) text: String,
}

/// The figures of one thread in one interval.
pub(crate) struct Shard {
    /// Number of the thread.
    pub(crate) thread: usize,
    /// Number of the interval, counted from the start of the load.
    pub(crate) interval: u64,
    pub(crate) steps: Vec<StepFigures>,
    pub(crate) slowest: Slowest,
    pub(crate) examples: Vec<Example>,
    pub(crate) last_end: Option<Instant>,
}

impl Shard {
    fn new(thread: usize, steps: usize) -> Box<Self> {
        Box::new(Self {
            thread,
            interval: 0,
            steps: (0..steps).map(|_| StepFigures::new()).collect(),
            slowest: Slowest::new(),
            examples: Vec::new(),
            last_end: None,
        })
    }

    /// Empties the shard so that it can be filled again.
    pub(crate) fn clear(&mut self) {
        self.steps.iter_mut().for_each(StepFigures::clear);
        self.slowest.clear();
        self.examples.clear();
        self.last_end = None;
    }
}

/// Records the requests of one thread.
pub(crate) struct Recorder {
    shard: Box<Shard>,
    start: Instant,
    interval_end: Instant,
    seen: Vec<Ending>,
    full: Sender<Message>,
    empty: Receiver<Box<Shard>>,
}

impl Recorder {
    /// A recorder that hands full shards to `full` and reuses those that come back, emptied, through `empty`.
    pub(crate) fn new(thread: usize, steps: usize, full: Sender<Message>, empty: Receiver<Box<Shard>>) -> Self {
        let start = Instant::now();
        Self {
            shard: Shard::new(thread, steps),
            start,
            interval_end: start + INTERVAL,
            seen: Vec::new(),
            full,
            empty,
        }
    }

    /// Sets when the load began; nothing may have been recorded before.
    pub(crate) fn begin(&mut self, start: Instant) {
        self.start = start;
        self.interval_end = start + INTERVAL;
    }

    /// Counts a request.
    #[inline]
    pub(crate) fn record(&mut self, record: &Record) {
        if record.end >= self.interval_end {
            self.hand_over(record.end);
        }
        let latency = record.end.saturating_duration_since(record.due).as_nanos() as u64;
        self.shard.steps[record.step].record(record, latency);
        self.shard.slowest.offer(Slow {
            latency,
            trace: record.trace,
            ending: record.ending,
            step: record.step,
        });
        self.shard.last_end = Some(record.end);
    }

    /// Whether no example of such a failure has been kept by this thread.
    pub(crate) fn lacks_example(&self, ending: Ending) -> bool {
        !self.seen.contains(&ending)
    }

    /// Keeps an example of a failure.
    pub(crate) fn example(&mut self, ending: Ending, text: String) {
        self.seen.push(ending);
        self.shard.examples.push(Example { ending, text });
    }

    /// Hands the current interval over if it has ended by `now`.
    pub(crate) fn hand_over_if_due(&mut self, now: Instant) {
        if now >= self.interval_end {
            self.hand_over(now);
        }
    }

    /// Hands over what there is and goes on with the interval that `now` belongs to.
    #[cold]
    fn hand_over(&mut self, now: Instant) {
        let interval = (now.saturating_duration_since(self.start).as_nanos() / INTERVAL.as_nanos()) as u64;
        self.flush();
        self.shard.interval = interval;
        self.interval_end = self.start + INTERVAL * u32::try_from(interval + 1).unwrap_or(u32::MAX);
    }

    /// Hands over what there is.
    pub(crate) fn flush(&mut self) {
        if self.shard.last_end.is_none() && self.shard.examples.is_empty() {
            return;
        }
        let empty = self
            .empty
            .try_recv()
            .unwrap_or_else(|_| Shard::new(self.shard.thread, self.shard.steps.len()));
        let full = std::mem::replace(&mut self.shard, empty);
        // The main thread outlives the generators; if it is gone nobody wants the figures.
        let _ = self.full.send(Message::Figures(full));
    }
}
