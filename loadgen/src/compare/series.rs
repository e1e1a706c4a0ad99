//! A run over time, in pieces small enough that they show how much it varies and few enough to be quick to handle.

use std::collections::BTreeMap;

use crate::interval::Interval;
use crate::step_figures::StepFigures;

/// Pieces at most; reaching it doubles their length.
const MOST_CELLS: usize = 256;
/// Distinct latencies of all pieces at most, beyond which they are doubled too.
const MOST_ENTRIES: usize = 400_000;
/// Pieces that always remain.
const FEWEST_CELLS: usize = 64;

/// One piece of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Cell {
    /// Seconds.
    pub(super) length: f64,
    pub(super) requests: u64,
    pub(super) failed: u64,
    pub(super) due: u64,
    pub(super) dropped: u64,
    /// Sum of all latencies, nanoseconds.
    pub(super) latency_sum: f64,
    /// Latencies, nanoseconds, and how often they occurred, ascending.
    latencies: Vec<(u64, u64)>,
    /// The second whose length is counted already.
    second: Option<u64>,
}

impl Cell {
    /// Requests slower than this, nanoseconds.
    pub(super) fn slower_than(&self, latency: u64) -> u64 {
        let first = self.latencies.partition_point(|(value, _)| *value <= latency);
        self.latencies[first..].iter().map(|(_, count)| count).sum()
    }

    fn merge(&mut self, other: &Self) {
        self.length += other.length;
        self.requests += other.requests;
        self.failed += other.failed;
        self.due += other.due;
        self.dropped += other.dropped;
        self.latency_sum += other.latency_sum;
        self.add_latencies(&other.latencies);
    }

    /// Merges two ascending lists.
    fn add_latencies(&mut self, other: &[(u64, u64)]) {
        if other.is_empty() {
            return;
        }
        let mut merged: Vec<(u64, u64)> = Vec::with_capacity(self.latencies.len() + other.len());
        let mut own = self.latencies.iter().copied().peekable();
        for &(value, count) in other {
            while let Some(entry) = own.next_if(|(known, _)| *known < value) {
                merged.push(entry);
            }
            let same = own.next_if(|(known, _)| *known == value);
            merged.push((value, count + same.map_or(0, |(_, count)| count)));
        }
        merged.extend(own);
        merged.shrink_to_fit();
        self.latencies = merged;
    }
}

/// Pieces of equal length from the start of the load.
#[derive(Clone, Debug)]
pub(super) struct Series {
    cells: Vec<Cell>,
    /// Seconds that one piece spans, a power of two.
    span: u64,
    entries: usize,
    /// The latencies of all pieces.
    latencies: BTreeMap<u64, u64>,
}

impl Series {
    pub(super) fn new() -> Self {
        Self {
            cells: Vec::new(),
            span: 1,
            entries: 0,
            latencies: BTreeMap::new(),
        }
    }

    /// Adds one generator's second, of the steps in question. Seconds must come in order, generators may in any.
    pub(super) fn add<'a>(&mut self, interval: &Interval, steps: impl Iterator<Item = &'a StepFigures>) {
        while interval.number / self.span >= MOST_CELLS as u64
            || (self.entries > MOST_ENTRIES && self.cells.len() >= 2 * FEWEST_CELLS)
        {
            self.halve();
        }
        // Bounded by the loop.
        let index = (interval.number / self.span) as usize;
        if self.cells.len() <= index {
            self.cells.resize_with(index + 1, Cell::default);
        }
        let cell = &mut self.cells[index];
        let before = cell.latencies.len();
        if cell.second != Some(interval.number) {
            cell.second = Some(interval.number);
            cell.length += interval.length.as_secs_f64();
        }
        cell.due += interval.due;
        cell.dropped += interval.dropped;
        for step in steps {
            cell.requests += step.requests();
            cell.failed += step.failed;
            let latencies: Vec<(u64, u64)> = step
                .latency
                .iter_recorded()
                .map(|value| (value.value_iterated_to(), value.count_at_value()))
                .collect();
            for (value, count) in &latencies {
                *self.latencies.entry(*value).or_default() += count;
            }
            cell.latency_sum += step.latency.mean() * step.requests() as f64;
            cell.add_latencies(&latencies);
        }
        self.entries = self.entries - before + cell.latencies.len();
    }

    fn halve(&mut self) {
        self.span *= 2;
        let halves = std::mem::take(&mut self.cells);
        let join = |pair: &[Cell]| {
            let mut cell = pair[0].clone();
            if let Some(second) = pair.get(1) {
                cell.merge(second);
                cell.second = second.second;
            }
            cell
        };
        self.cells = halves.chunks(2).map(join).collect();
        self.entries = self.cells.iter().map(|cell| cell.latencies.len()).sum();
    }

    pub(super) fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// A count of the whole run.
    pub(super) fn sum(&self, count: impl Fn(&Cell) -> u64) -> u64 {
        self.cells.iter().map(count).sum()
    }

    /// All latencies, nanoseconds, and how often they occurred, ascending.
    pub(super) fn latencies(&self) -> impl Iterator<Item = (u64, u64)> {
        self.latencies.iter().map(|(value, count)| (*value, *count))
    }
}

#[cfg(test)]
impl Series {
    /// A run by the latencies, nanoseconds, of the requests of each second, and how many of them failed.
    pub(super) fn of_seconds(seconds: Vec<(Vec<u64>, u64)>) -> Self {
        let mut series = Self::new();
        for (mut latencies, failed) in seconds {
            latencies.sort_unstable();
            let counts: Vec<(u64, u64)> = latencies
                .chunk_by(|a, b| a == b)
                .map(|same| (same[0], same.len() as u64))
                .collect();
            for (value, count) in &counts {
                *series.latencies.entry(*value).or_default() += count;
            }
            series.cells.push(Cell {
                length: 1.0,
                requests: latencies.len() as u64,
                failed,
                latency_sum: latencies.iter().map(|latency| *latency as f64).sum(),
                latencies: counts,
                ..Cell::default()
            });
        }
        series
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::Ending;

    #[test]
    fn long_runs_lose_no_request() {
        let mut series = Series::new();
        for number in 0..1000_u64 {
            for generator in 0..2 {
                let mut interval = Interval::empty(number, 1);
                interval.due = 3;
                let step = &mut interval.steps[0];
                step.latency.saturating_record_n(1_000_000 * (number % 7 + 1), 2);
                step.endings.push((Ending::status(200), 2));
                step.failed = generator;
                series.add(&interval, interval.steps.iter());
            }
        }
        assert!((128..=256).contains(&series.cells().len()));
        assert_eq!(series.sum(|cell| cell.requests), 4000);
        assert_eq!(series.sum(|cell| cell.failed), 1000);
        assert_eq!(series.sum(|cell| cell.due), 6000);
        assert_eq!(series.latencies().map(|(_, count)| count).sum::<u64>(), 4000);
        assert_eq!(series.latencies().count(), 7);
        let length: f64 = series.cells().iter().map(|cell| cell.length).sum();
        assert!((length - 1000.0).abs() < 1e-9, "{length}");
        let slow = series.sum(|cell| cell.slower_than(6_500_000));
        assert_eq!(slow, 4 * (0..1000).filter(|number| number % 7 == 6).count() as u64);
    }
}
