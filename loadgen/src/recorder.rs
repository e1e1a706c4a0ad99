//! What generator threads note of each request: figures kept per thread and handed to the main thread per interval.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use rustix::time::{ClockId, clock_gettime};

use crate::generator::Message;
use crate::interval::Interval;
use crate::outcome::FailureKind;
use crate::request::TraceId;

/// Length of the intervals in which figures are handed over: a quarter of [`INTERVAL`](crate::interval::INTERVAL).
pub(crate) const QUARTER: Duration = Duration::from_millis(250);
/// Requests kept of the slowest ones.
pub(crate) const SLOWEST: usize = 10;
/// Failed requests that a thread keeps of each kind.
const FAILURES_OF_A_KIND: usize = 3;

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

    /// The kind of failure, if it is one and no status.
    pub(crate) fn failure_kind(self) -> Option<FailureKind> {
        let kind = self.0.checked_sub(FIRST_FAILURE)?;
        FailureKind::ALL.get(usize::from(kind)).copied()
    }

    /// The key in a summary.
    pub(crate) fn name(self) -> String {
        match self.failure_kind() {
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
    /// When it was sent.
    pub(crate) began: Instant,
    pub(crate) end: Instant,
    pub(crate) ending: Ending,
    pub(crate) failed: bool,
    /// The check that it failed, by its position in the step.
    pub(crate) failed_check: Option<usize>,
    pub(crate) sent: u64,
    pub(crate) received: u64,
    pub(crate) trace: TraceId,
    /// Whether the target was asked to record the trace.
    pub(crate) sampled: bool,
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

/// Adds a request to the slowest ones, which are in no order, if it belongs there.
pub(crate) fn offer_slowest(slowest: &mut Vec<TracedEnd>, request: TracedEnd) {
    if slowest.len() < SLOWEST {
        slowest.push(request);
    } else if let Some(least) = slowest.iter_mut().min_by_key(|known| known.latency)
        && least.latency < request.latency
    {
        *least = request;
    }
}

/// The first failure of its kind that a thread met, in words.
#[derive(Clone, Debug)]
pub(crate) struct Example {
    pub(crate) ending: Ending,
    pub(crate) text: String,
}

/// The figures of one thread in one quarter of a second.
pub(crate) struct Shard {
    /// Number of the thread.
    pub(crate) thread: usize,
    /// What it did; numbered in quarters.
    pub(crate) figures: Interval,
}

impl Shard {
    fn new(thread: usize, steps: usize) -> Box<Self> {
        let mut figures = Interval::empty(0, steps);
        figures.length = QUARTER;
        figures.cpu.resize(thread + 1, Duration::ZERO);
        Box::new(Self { thread, figures })
    }
}

/// Records the requests of one thread.
pub(crate) struct Recorder {
    shard: Box<Shard>,
    /// Nothing due before counts.
    start: Instant,
    quarter_end: Instant,
    /// Requests at most this slow are not among the slowest of the quarter.
    floor: u64,
    is_open: bool,
    vus: u32,
    cpu_so_far: Duration,
    /// Kinds of failures met, and how many requests were kept of each.
    seen: BTreeMap<Ending, usize>,
    full: Sender<Message>,
    empty: Receiver<Box<Shard>>,
}

impl Recorder {
    /// A recorder that hands full shards to `full` and reuses those that come back, emptied, through `empty`. In the
    /// open model latencies from the instant of sending are recorded, too.
    pub(crate) fn new(
        thread: usize,
        steps: usize,
        is_open: bool,
        full: Sender<Message>,
        empty: Receiver<Box<Shard>>,
    ) -> Self {
        let start = Instant::now();
        Self {
            shard: Shard::new(thread, steps),
            start,
            quarter_end: start + QUARTER,
            floor: 0,
            is_open,
            vus: 0,
            cpu_so_far: Duration::ZERO,
            seen: BTreeMap::new(),
            full,
            empty,
        }
    }

    /// Sets when the load begins, warm-up left out; nothing may have been recorded before.
    pub(crate) fn begin(&mut self, start: Instant, cpu_so_far: Duration) {
        self.start = start;
        self.quarter_end = start + QUARTER;
        self.cpu_so_far = cpu_so_far;
    }

    /// Sets how many virtual users the thread has.
    pub(crate) fn set_vus(&mut self, vus: u32) {
        self.vus = vus;
    }

    /// Counts a request, unless it belongs to the warm-up.
    #[inline]
    pub(crate) fn record(&mut self, record: &Record) {
        self.hand_over_if_due(record.end);
        if record.due < self.start {
            return;
        }
        let latency = record.end.saturating_duration_since(record.due).as_nanos() as u64;
        let figures = &mut self.shard.figures;
        let step = &mut figures.steps[record.step];
        step.record(record, latency);
        if let Some(check) = record.failed_check {
            step.record_failed_check(check);
        }
        if self.is_open {
            let uncorrected = record.end.saturating_duration_since(record.began).as_nanos() as u64;
            step.record_uncorrected(uncorrected);
        }
        figures.last_end = Some(record.end - self.start);
        if latency > self.floor {
            self.keep_slow(record, latency);
        }
        if record.failed {
            self.keep_failure(record, latency);
        }
    }

    fn traced(&self, record: &Record, latency: u64) -> TracedEnd {
        TracedEnd {
            step: record.step,
            ending: record.ending,
            latency,
            ended: record.end.saturating_duration_since(self.start),
            trace: record.trace,
            sampled: record.sampled,
        }
    }

    #[cold]
    fn keep_slow(&mut self, record: &Record, latency: u64) {
        let request = self.traced(record, latency);
        let slowest = &mut self.shard.figures.slowest;
        offer_slowest(slowest, request);
        if slowest.len() == SLOWEST {
            self.floor = slowest.iter().map(|known| known.latency).min().unwrap_or_default();
        }
    }

    #[cold]
    fn keep_failure(&mut self, record: &Record, latency: u64) {
        let figures = &mut self.shard.figures;
        match record.ending.failure_kind() {
            Some(FailureKind::NoLocalPort) => figures.exhausted.ports += 1,
            Some(FailureKind::TooManyFiles) => figures.exhausted.files += 1,
            Some(FailureKind::OutOfMemory) => figures.exhausted.memory += 1,
            _ => {}
        }
        let kept = self.seen.entry(record.ending).or_default();
        if *kept < FAILURES_OF_A_KIND {
            *kept += 1;
            let request = self.traced(record, latency);
            self.shard.figures.failures.push(request);
        }
    }

    /// Whether a failure of this kind should be put in words: none of its kind has been met by this thread.
    pub(crate) fn lacks_example(&self, record: &Record) -> bool {
        record.due >= self.start && !self.seen.contains_key(&record.ending)
    }

    /// Keeps an example of a failure that is recorded next.
    pub(crate) fn example(&mut self, ending: Ending, text: String) {
        self.shard.figures.examples.push(Example { ending, text });
    }

    /// An iteration was due at `due` and is released at `now`.
    #[inline]
    pub(crate) fn arrive(&mut self, due: Instant, now: Instant) {
        self.hand_over_if_due(now);
        if due >= self.start {
            self.shard.figures.due += 1;
            self.lag(now.saturating_duration_since(due));
        }
    }

    /// An iteration that was due at `due` is not started at all.
    pub(crate) fn drop_arrival(&mut self, due: Instant) {
        if due >= self.start {
            self.shard.figures.dropped += 1;
        }
    }

    /// The generator acted so late.
    #[inline]
    pub(crate) fn lag(&mut self, lag: Duration) {
        self.shard.figures.lag.saturating_record(lag.as_nanos() as u64);
    }

    /// Hands the current quarter over if it has ended by `now`.
    #[inline]
    pub(crate) fn hand_over_if_due(&mut self, now: Instant) {
        if now >= self.quarter_end {
            self.hand_over(now);
        }
    }

    /// Hands over what there is and goes on with the quarter that `now` belongs to.
    #[cold]
    fn hand_over(&mut self, now: Instant) {
        self.flush();
        let quarter = (now.saturating_duration_since(self.start).as_nanos() / QUARTER.as_nanos()) as u64;
        self.shard.figures.number = quarter;
        self.quarter_end = self.start + QUARTER * u32::try_from(quarter + 1).unwrap_or(u32::MAX);
    }

    /// Hands over what there is.
    pub(crate) fn flush(&mut self) {
        let empty = self
            .empty
            .try_recv()
            .unwrap_or_else(|_| Shard::new(self.shard.thread, self.shard.figures.steps.len()));
        let mut full = std::mem::replace(&mut self.shard, empty);
        self.shard.figures.number = full.figures.number;
        self.floor = 0;
        full.figures.vus = self.vus;
        let cpu = thread_cpu();
        if let Some(used) = full.figures.cpu.last_mut() {
            *used = cpu.saturating_sub(self.cpu_so_far);
        }
        self.cpu_so_far = cpu;
        // The main thread outlives the generators; if it is gone nobody wants the figures.
        let _ = self.full.send(Message::Figures(full));
    }
}

/// CPU time that the calling thread has used.
pub(crate) fn thread_cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}
