//! Puts what generator threads hand over together: threads into quarters of a second, quarters into seconds.

use std::collections::VecDeque;
use std::time::Duration;

use crate::interval::{INTERVAL, Interval};
use crate::recorder::{QUARTER, Shard};

/// Quarters in an interval.
const QUARTERS: u64 = (INTERVAL.as_millis() / QUARTER.as_millis()) as u64;

/// Quarters of which not every thread has handed over its part.
pub(crate) struct Quarters {
    steps: usize,
    /// The quarters from `next` on.
    pending: VecDeque<Interval>,
    next: u64,
    /// By thread, the quarter that it is in: all before are complete.
    current: Vec<u64>,
    vus: Vec<u32>,
    spare: Vec<Interval>,
}

impl Quarters {
    pub(crate) fn new(threads: usize, steps: usize) -> Self {
        Self {
            steps,
            pending: VecDeque::new(),
            next: 0,
            current: vec![0; threads],
            vus: vec![0; threads],
            spare: Vec::new(),
        }
    }

    /// Takes what a thread did in one quarter. A thread hands its quarters over in order.
    pub(crate) fn add(&mut self, shard: &Shard) {
        let number = shard.figures.number;
        let index = number.saturating_sub(self.next) as usize;
        while self.pending.len() <= index {
            let mut quarter = self.spare.pop().unwrap_or_else(|| Interval::empty(0, self.steps));
            quarter.number = self.next + self.pending.len() as u64;
            quarter.length = QUARTER;
            self.pending.push_back(quarter);
        }
        self.pending[index].add(&shard.figures);
        if let Some(current) = self.current.get_mut(shard.thread) {
            *current = number + 1;
        }
        if let Some(vus) = self.vus.get_mut(shard.thread) {
            *vus = shard.figures.vus;
        }
    }

    /// Virtual users, by what the threads said last.
    pub(crate) fn vus(&self) -> u32 {
        self.vus.iter().sum()
    }

    /// The next quarter of which every thread has handed over its part.
    pub(crate) fn complete(&mut self) -> Option<Interval> {
        let complete = self.current.iter().copied().min().unwrap_or(0);
        if complete > self.next { self.rest() } else { None }
    }

    /// The next quarter, complete or not, when no thread hands over anything any more.
    pub(crate) fn rest(&mut self) -> Option<Interval> {
        let mut quarter = self.pending.pop_front()?;
        quarter.vus = self.vus();
        self.next += 1;
        Some(quarter)
    }

    /// Takes a quarter back that is no longer needed.
    pub(crate) fn recycle(&mut self, mut quarter: Interval) {
        quarter.clear();
        self.spare.push(quarter);
    }
}

/// The second that is being put together.
pub(crate) struct Seconds {
    current: Interval,
    quarters: u64,
}

impl Seconds {
    pub(crate) fn new(steps: usize) -> Self {
        Self {
            current: Interval::empty(0, steps),
            quarters: 0,
        }
    }

    /// Adds the next quarter; true if the second is complete.
    pub(crate) fn add(&mut self, quarter: &Interval) -> bool {
        self.current.add(quarter);
        self.current.vus = quarter.vus;
        self.quarters += 1;
        self.quarters == QUARTERS
    }

    /// Whether there is a second that is not complete.
    pub(crate) fn has_begun(&self) -> bool {
        self.quarters > 0
    }

    /// Ends the last second where the load did, `end` after it began, or where its last request did.
    pub(crate) fn end_at(&mut self, end: Duration) {
        let began = INTERVAL * u32::try_from(self.current.number).unwrap_or(u32::MAX);
        let end = end.max(self.current.last_end.unwrap_or_default());
        self.current.length = end.saturating_sub(began).clamp(Duration::from_millis(1), INTERVAL);
    }

    /// The second, to be looked at.
    pub(crate) fn current(&self) -> &Interval {
        &self.current
    }

    /// Goes on with the next second.
    pub(crate) fn next(&mut self) {
        self.current.clear();
        self.current.number += 1;
        self.current.length = INTERVAL;
        self.quarters = 0;
    }
}
