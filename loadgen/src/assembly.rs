//! Puts the quarter seconds that generator threads hand over together into intervals of a second.

use std::collections::VecDeque;
use std::time::Duration;

use crate::interval::{INTERVAL, Interval};
use crate::recorder::{QUARTER, Shard};

/// Quarters in an interval.
const QUARTERS: u64 = (INTERVAL.as_millis() / QUARTER.as_millis()) as u64;

/// Intervals of which not every thread has handed over its part.
pub(crate) struct Assembly {
    steps: usize,
    /// The intervals from `next` on.
    pending: VecDeque<Interval>,
    next: u64,
    /// By thread, the quarter that it is in: all before are complete.
    quarters: Vec<u64>,
    vus: Vec<u32>,
    /// An interval to be used again.
    spare: Option<Interval>,
}

impl Assembly {
    pub(crate) fn new(threads: usize, steps: usize) -> Self {
        Self {
            steps,
            pending: VecDeque::new(),
            next: 0,
            quarters: vec![0; threads],
            vus: vec![0; threads],
            spare: None,
        }
    }

    /// Takes what a thread did in one quarter. A thread hands its quarters over in order.
    pub(crate) fn add(&mut self, shard: &Shard) {
        let quarter = shard.figures.number;
        let index = (quarter / QUARTERS).saturating_sub(self.next) as usize;
        while self.pending.len() <= index {
            let number = self.next + self.pending.len() as u64;
            let mut interval = self.spare.take().unwrap_or_else(|| Interval::empty(number, self.steps));
            interval.number = number;
            interval.length = INTERVAL;
            self.pending.push_back(interval);
        }
        self.pending[index].add(&shard.figures);
        if let Some(known) = self.quarters.get_mut(shard.thread) {
            *known = quarter + 1;
        }
        if let Some(known) = self.vus.get_mut(shard.thread) {
            *known = shard.figures.vus;
        }
    }

    /// Virtual users, by what the threads said last.
    pub(crate) fn vus(&self) -> u32 {
        self.vus.iter().sum()
    }

    /// The next interval of which every thread has handed over its part.
    pub(crate) fn complete(&mut self) -> Option<Interval> {
        let quarters = self.quarters.iter().copied().min().unwrap_or(0);
        if quarters >= (self.next + 1) * QUARTERS {
            self.take()
        } else {
            None
        }
    }

    /// The next interval, complete or not, when no thread hands over anything any more; the last one is as long as it
    /// lasted by `end`, the time since the start of the load.
    pub(crate) fn rest(&mut self, end: Duration) -> Option<Interval> {
        let mut interval = self.take()?;
        if self.pending.is_empty() {
            let began = INTERVAL * u32::try_from(interval.number).unwrap_or(u32::MAX);
            let last = end
                .saturating_sub(began)
                .max(interval.last_end.unwrap_or_default().saturating_sub(began));
            interval.length = last.clamp(Duration::from_millis(1), INTERVAL);
        }
        Some(interval)
    }

    fn take(&mut self) -> Option<Interval> {
        let mut interval = self.pending.pop_front()?;
        interval.vus = self.vus();
        self.next += 1;
        Some(interval)
    }

    /// Takes an interval back that is no longer needed.
    pub(crate) fn recycle(&mut self, mut interval: Interval) {
        interval.clear();
        self.spare = Some(interval);
    }
}
