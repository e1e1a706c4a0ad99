//! What several generators did in one second, as one interval.

use crate::interval::Interval;
use crate::recorder::Ending;

/// Failed requests kept of one second.
const FAILURES: usize = 1000;

/// Adds up the intervals of one second after the other.
pub(crate) struct Sum {
    steps: usize,
    /// The kinds of failures that an earlier second had an example of.
    seen: Vec<Ending>,
}

impl Sum {
    pub(crate) fn new(steps: usize) -> Self {
        Self {
            steps,
            seen: Vec::new(),
        }
    }

    /// The sum of the parts of one second, which must not be none.
    pub(crate) fn of(&mut self, parts: &[(usize, Interval)]) -> Interval {
        let parts = || parts.iter().map(|(_, part)| part);
        let mut whole = Interval::empty(parts().next().map_or(0, |part| part.number), self.steps);
        whole.length = parts().map(|part| part.length).max().unwrap_or_default();
        parts().for_each(|part| whole.add(part));
        // Threads and virtual users of one generator are not those of another.
        whole.cpu = parts().flat_map(|part| part.cpu.iter().copied()).collect();
        whole.vus = parts().map(|part| part.vus).fold(0, u32::saturating_add);
        whole.slowest.sort_by_key(|traced| std::cmp::Reverse(traced.latency));
        whole.failures.sort_by_key(|traced| traced.ended);
        whole.failures.truncate(FAILURES);
        whole.examples.retain(|example| !self.seen.contains(&example.ending));
        self.seen.extend(whole.examples.iter().map(|example| example.ending));
        whole
    }
}
