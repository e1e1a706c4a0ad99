//! What all checking clients of a scenario count together.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::ledger::Finding;

/// Width of a bucket of the count of good answers over time.
const BUCKET: Duration = Duration::from_millis(100);
/// Half an hour of them; no scenario lasts as long.
const BUCKETS: usize = 18_000;
/// Buckets over which a rate is taken.
const WINDOW: usize = 5;
/// Findings that are kept as text; all are counted.
const KEPT_FINDINGS: usize = 50;

/// Of the rate of before the fault, as much must come back.
const RECOVERED_SHARE: f64 = 0.9;

const NEVER: u64 = u64::MAX;

/// Counts, and whether requests may fail for the time being.
pub(crate) struct Tally {
    begin: Instant,
    pub(crate) requests: AtomicU64,
    pub(crate) acknowledged: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) lost: AtomicU64,
    pub(crate) wrong: AtomicU64,
    slowest: AtomicU64,
    good: Box<[AtomicU32]>,
    may_fail: AtomicBool,
    fault_end: AtomicU64,
    first_good: AtomicU64,
    findings: Mutex<Vec<String>>,
}

impl Tally {
    pub(crate) fn new() -> Self {
        Self {
            begin: Instant::now(),
            requests: AtomicU64::default(),
            acknowledged: AtomicU64::default(),
            failed: AtomicU64::default(),
            lost: AtomicU64::default(),
            wrong: AtomicU64::default(),
            slowest: AtomicU64::default(),
            good: (0..BUCKETS).map(|_| AtomicU32::default()).collect(),
            may_fail: AtomicBool::default(),
            fault_end: AtomicU64::new(0),
            first_good: AtomicU64::new(NEVER),
            findings: Mutex::default(),
        }
    }

    fn now(&self) -> u64 {
        self.at(Instant::now())
    }

    fn at(&self, instant: Instant) -> u64 {
        let micros = instant.saturating_duration_since(self.begin).as_micros();
        u64::try_from(micros).unwrap_or(NEVER)
    }

    /// From now on requests may fail, or may not.
    pub(crate) fn let_fail(&self, may_fail: bool) {
        self.may_fail.store(may_fail, Ordering::SeqCst);
    }

    pub(crate) fn may_fail(&self) -> bool {
        self.may_fail.load(Ordering::SeqCst)
    }

    /// A fault begins.
    pub(crate) fn fault_begins(&self) {
        self.fault_end.store(NEVER, Ordering::SeqCst);
    }

    /// It ended just now.
    pub(crate) fn fault_ends(&self) {
        self.first_good.store(NEVER, Ordering::SeqCst);
        self.fault_end.store(self.now(), Ordering::SeqCst);
    }

    /// For how long there has been no fault.
    pub(crate) fn calm_for(&self) -> Duration {
        Duration::from_micros(self.now().saturating_sub(self.fault_end.load(Ordering::SeqCst)))
    }

    /// A request that was sent then got the answer it should get.
    pub(crate) fn good(&self, sent: Instant) {
        if let Some(bucket) = self.good.get(self.bucket(self.now())) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        if self.at(sent) >= self.fault_end.load(Ordering::SeqCst) {
            self.first_good.fetch_min(self.now(), Ordering::SeqCst);
        }
    }

    /// Good answers so far.
    pub(crate) fn answered_good(&self) -> u64 {
        self.good
            .iter()
            .map(|count| u64::from(count.load(Ordering::Relaxed)))
            .sum()
    }

    /// How long a request took.
    pub(crate) fn took(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(NEVER);
        self.slowest.fetch_max(micros, Ordering::Relaxed);
    }

    pub(crate) fn slowest(&self) -> Duration {
        Duration::from_micros(self.slowest.load(Ordering::Relaxed))
    }

    /// Good answers per second since then.
    pub(crate) fn rate_since(&self, from: Instant) -> f64 {
        let (first, end) = (self.bucket(self.at(from)) + 1, self.bucket(self.now()));
        self.rate(first, end)
    }

    fn rate(&self, first: usize, end: usize) -> f64 {
        let counts = self.good.get(first..end).unwrap_or_default();
        let sum: u32 = counts.iter().map(|count| count.load(Ordering::Relaxed)).sum();
        f64::from(sum) / (BUCKET.as_secs_f64() * counts.len().max(1) as f64)
    }

    fn bucket(&self, micros: u64) -> usize {
        usize::try_from(u128::from(micros) / BUCKET.as_micros()).unwrap_or(usize::MAX)
    }

    /// From the fault's end to the first good answer to a request that was sent after it.
    pub(crate) fn to_first_good(&self) -> Option<Duration> {
        let end = self.fault_end.load(Ordering::SeqCst);
        let first = self.first_good.load(Ordering::SeqCst);
        (first != NEVER).then(|| Duration::from_micros(first.saturating_sub(end)))
    }

    /// From the fault's end to the first half second at the rate of before.
    pub(crate) fn to_rate(&self, before: f64) -> Option<Duration> {
        let end = self.fault_end.load(Ordering::SeqCst);
        let (first, now) = (self.bucket(end), self.bucket(self.now()));
        let back = (first..now.saturating_sub(WINDOW))
            .find(|&from| self.rate(from, from + WINDOW) >= before * RECOVERED_SHARE)?;
        let micros = u64::try_from(BUCKET.as_micros() * back as u128).ok()?;
        Some(Duration::from_micros(micros.saturating_sub(end)))
    }

    /// Something that must not be.
    pub(crate) fn find(&self, finding: Finding) {
        let (counter, text) = match finding {
            Finding::Lost(text) => (&self.lost, format!("an acknowledged write is lost: {text}")),
            Finding::Wrong(text) => (&self.wrong, format!("a wrong answer: {text}")),
        };
        counter.fetch_add(1, Ordering::Relaxed);
        let mut findings = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
        if findings.len() < KEPT_FINDINGS {
            let at = self.begin.elapsed().as_secs_f64();
            findings.push(format!("{text} (after {at:.1} s)"));
        }
    }

    pub(crate) fn findings(&self) -> Vec<String> {
        self.findings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
