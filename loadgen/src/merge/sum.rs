//! What several generators did in one second, as one interval.

use crate::interval::Interval;
use crate::recorder::{Ending, SLOWEST};

/// Failed requests kept of one second.
const FAILURES: usize = 1000;

/// Adds intervals up, reusing its memory.
pub(crate) struct Sum {
    interval: Interval,
    /// The kinds of failures that an earlier second had an example of.
    seen: Vec<Ending>,
}

impl Sum {
    pub(crate) fn new(steps: usize) -> Self {
        Self {
            interval: Interval::empty(0, steps),
            seen: Vec::new(),
        }
    }

    /// The sum of the parts of one second, which must not be none.
    pub(crate) fn of(&mut self, parts: &[(usize, Interval)]) -> &Interval {
        let steps = self.interval.steps.len();
        self.interval = Interval::empty(parts.first().map_or(0, |(_, part)| part.number), steps);
        self.interval.length = parts.iter().map(|(_, part)| part.length).max().unwrap_or_default();
        for (_, part) in parts {
            self.add(part);
        }
        let whole = &mut self.interval;
        whole.slowest.sort_by_key(|traced| std::cmp::Reverse(traced.latency));
        whole.slowest.truncate(SLOWEST);
        whole.failures.sort_by_key(|traced| traced.ended);
        whole.failures.truncate(FAILURES);
        whole
    }

    fn add(&mut self, part: &Interval) {
        let whole = &mut self.interval;
        for (total, step) in whole.steps.iter_mut().zip(&part.steps) {
            total.add(step);
        }
        whole.due += part.due;
        whole.dropped += part.dropped;
        whole.vus = whole.vus.saturating_add(part.vus);
        whole.cpu.extend(&part.cpu);
        // Cannot fail: all histograms have the same bounds.
        let _ = whole.lag.add(&part.lag);
        whole.last_end = whole.last_end.max(part.last_end);
        whole.slowest.extend(&part.slowest);
        whole.failures.extend(&part.failures);
        for example in &part.examples {
            if !self.seen.contains(&example.ending) {
                self.seen.push(example.ending);
                whole.examples.push(example.clone());
            }
        }
        whole.exhausted.ports += part.exhausted.ports;
        whole.exhausted.files += part.exhausted.files;
        whole.exhausted.memory += part.exhausted.memory;
    }
}
