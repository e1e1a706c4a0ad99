//! What is counted of one step of a scenario, in whatever span of time.

use hdrhistogram::Histogram;

use crate::recorder::{Ending, Record, latency_histogram};
use crate::run_info::LoadModel;

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
    pub(crate) fn record(&mut self, record: &Record, latency: u64) {
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
        if !other.latency.is_empty() {
            // Cannot fail: all histograms have the same bounds.
            let _ = self.latency.add(&other.latency);
        }
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
