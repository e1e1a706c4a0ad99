//! What a view shows.

use std::collections::VecDeque;

use crate::observer::{RunStage, Snapshot};
use crate::progress::without_controls;
use crate::run_info::RunInfo;

/// Seconds of which the rate is remembered.
const REMEMBERED: usize = 300;

/// Requests per second of the last seconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rates {
    /// Oldest first.
    seconds: VecDeque<f64>,
    /// How many came before them.
    forgotten: usize,
}

impl Rates {
    fn push(&mut self, rate: f64) {
        if self.seconds.len() == REMEMBERED {
            self.seconds.pop_front();
            self.forgotten += 1;
        }
        self.seconds.push_back(rate);
    }

    /// All seconds in at most `columns` values. Where several are taken together it is always the same ones, so that
    /// what is drawn moves without changing its shape.
    pub(crate) fn means(&self, columns: usize) -> Vec<f64> {
        // The seconds at both ends may be parts of a column.
        let together = match self.seconds.len() {
            count if count <= columns => 1,
            count => count.div_ceil(columns.saturating_sub(1).max(1)),
        };
        let mut means = Vec::with_capacity(columns);
        let mut index = 0;
        while index < self.seconds.len() {
            let count = together - (self.forgotten + index) % together;
            let end = (index + count).min(self.seconds.len());
            let sum: f64 = self.seconds.range(index..end).sum();
            means.push(sum / (end - index) as f64);
            index = end;
        }
        means
    }
}

/// Everything a drawing depends on, apart from the terminal's size.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    /// The stage of the run.
    pub(crate) stage: Option<RunStage>,
    /// The URL under load.
    pub(crate) target: String,
    /// The load in words.
    pub(crate) load: String,
    /// The generator among those of the run; empty if it is the only one.
    pub(crate) generator: String,
    /// The latest figures.
    pub(crate) snapshot: Option<Snapshot>,
    /// How the rate changed.
    pub(crate) rates: Rates,
    /// The last second that has an entry in `rates`.
    second: u64,
}

impl State {
    /// A load begins; the search for capacity does so many times, and its rates follow each other.
    pub(crate) fn begin(&mut self, info: &RunInfo) {
        self.target = without_controls(&info.target);
        self.load = without_controls(&info.load);
        self.generator = if info.generator == "1/1" {
            String::new()
        } else {
            without_controls(&info.generator)
        };
        self.second = 0;
    }

    pub(crate) fn observe(&mut self, snapshot: &Snapshot) {
        let second = snapshot.elapsed.as_secs();
        if second < self.second {
            self.second = 0;
        }
        if second > self.second {
            self.rates.push(snapshot.rate);
            self.second = second;
        }
        let mut snapshot = snapshot.clone();
        for step in &mut snapshot.steps {
            step.name = without_controls(&step.name);
        }
        for (kind, _) in &mut snapshot.errors {
            *kind = without_controls(kind);
        }
        for threshold in &mut snapshot.thresholds {
            threshold.expression = without_controls(&threshold.expression);
        }
        self.snapshot = Some(snapshot);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::terminal_view::sample;

    #[test]
    fn every_second_counts_once_and_old_ones_are_forgotten() {
        let mut state = State::default();
        let mut snapshot = sample::snapshot();
        for quarter in 0..4 * 400 {
            snapshot.elapsed = Duration::from_millis(250 * quarter);
            snapshot.rate = snapshot.elapsed.as_secs() as f64;
            state.observe(&snapshot);
        }
        let rates = state.rates.means(300);
        assert_eq!((rates.len(), rates[0], rates[299]), (300, 100.0, 399.0));
        state.begin(&sample::info());
        snapshot.elapsed = Duration::from_secs(1);
        snapshot.rate = 7.0;
        state.observe(&snapshot);
        assert_eq!(state.rates.means(300)[299], 7.0, "the next load goes on");
    }

    #[test]
    fn seconds_taken_together_stay_together() {
        let mut rates = Rates::default();
        for second in 0..299 {
            rates.push(f64::from(second % 10));
        }
        for second in 299..1000 {
            rates.push(f64::from(second % 10));
            let means = rates.means(31);
            assert!((30..=31).contains(&means.len()));
            let whole = &means[1..means.len() - 1];
            assert!(whole.iter().all(|mean| *mean == 4.5), "{means:?}");
        }
        assert!((1..50).all(|columns| rates.means(columns).len() <= columns.max(2)));
    }
}
