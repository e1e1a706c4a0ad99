//! The run over time, in as many intervals as a chart can show.

use super::format;
use crate::summary::{Latency, TimelinePoint};

/// More points than this are not visible at the width of the page and only make the file larger.
const MAX_INTERVALS: usize = 400;

/// The intervals to draw.
pub(super) struct Timeline {
    pub(super) intervals: Vec<TimelinePoint>,
    /// How many recorded intervals each of `intervals` stands for.
    pub(super) merged: usize,
}

impl Timeline {
    /// Joins neighbours until they are few enough. Counts add up; a percentile cannot be had from two percentiles, so
    /// the higher one stands for both.
    pub(super) fn new(points: &[TimelinePoint]) -> Self {
        Self::of_at_most(MAX_INTERVALS, points)
    }

    pub(super) fn of_at_most(limit: usize, points: &[TimelinePoint]) -> Self {
        let merged = points.len().div_ceil(limit).max(1);
        let mut intervals: Vec<TimelinePoint> = points.chunks(merged).filter_map(join).collect();
        // A sliver at the end would show a rate made of chance.
        if let [.., before, last] = intervals.as_slice()
            && last.length_s < before.length_s / 2.0
            && let Some(joined) = join(&[*before, *last])
        {
            intervals.truncate(intervals.len() - 2);
            intervals.push(joined);
        }
        Self { intervals, merged }
    }

    /// Seconds from the start of the run to the end of the last interval.
    pub(super) fn total_s(&self) -> f64 {
        self.intervals.last().map_or(0.0, end)
    }

    /// When an interval was, e.g. `1:30 – 1:31`.
    pub(super) fn label(&self, interval: &TimelinePoint) -> String {
        span_label(interval.start_s, end(interval), self.resolution_s(), self.total_s())
    }

    /// How long the intervals are, for a chart's note.
    pub(super) fn note(&self) -> String {
        format!("Intervals of {}", format::length(self.resolution_s()))
    }

    fn resolution_s(&self) -> f64 {
        self.intervals.first().map_or(1.0, |first| first.length_s)
    }
}

/// A stretch of time, in seconds since the start of the run.
pub(super) fn span_label(from: f64, to: f64, resolution: f64, whole_run: f64) -> String {
    let at = |seconds| format::elapsed(seconds, resolution, whole_run);
    format!("{} – {}", at(from), at(to))
}

/// Seconds since the start of the run.
pub(super) fn end(interval: &TimelinePoint) -> f64 {
    interval.start_s + interval.length_s
}

fn join(points: &[TimelinePoint]) -> Option<TimelinePoint> {
    let (first, last) = (points.first()?, points.last()?);
    let latency_ms = points
        .iter()
        .filter(|point| point.requests > 0)
        .map(|point| point.latency_ms)
        .reduce(higher);
    Some(TimelinePoint {
        start_s: first.start_s,
        // Keeps a rate finite where an interval was recorded without a length.
        length_s: (end(last) - first.start_s).max(1e-3),
        requests: total(points, |point| point.requests),
        failed: total(points, |point| point.failed),
        latency_ms: latency_ms.unwrap_or_default(),
        due: total(points, |point| point.due),
        dropped: total(points, |point| point.dropped),
        vus: last.vus,
        cpu_percent: points.iter().map(|point| point.cpu_percent).fold(0.0, f64::max),
        lag_ms_p99: points.iter().map(|point| point.lag_ms_p99).fold(0.0, f64::max),
    })
}

/// Figures may come from files: what they add up to must not stop the report.
fn total(points: &[TimelinePoint], count: fn(&TimelinePoint) -> u64) -> u64 {
    points.iter().map(count).fold(0, u64::saturating_add)
}

fn higher(a: Latency, b: Latency) -> Latency {
    Latency {
        min: a.min.min(b.min),
        mean: a.mean.max(b.mean),
        p50: a.p50.max(b.p50),
        p90: a.p90.max(b.p90),
        p95: a.p95.max(b.p95),
        p99: a.p99.max(b.p99),
        p99_9: a.p99_9.max(b.p99_9),
        max: a.max.max(b.max),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(start_s: f64, length_s: f64, requests: u64, p99: f64) -> TimelinePoint {
        let latency_ms = Latency {
            p99,
            ..Latency::default()
        };
        TimelinePoint {
            start_s,
            length_s,
            requests,
            failed: requests / 10,
            latency_ms,
            due: requests + 2,
            dropped: 2,
            vus: 20 + requests as u32,
            cpu_percent: p99,
            lag_ms_p99: p99 / 100.0,
        }
    }

    #[test]
    fn a_long_run_keeps_its_counts_and_its_peaks() {
        let points: Vec<_> = (0..3_601)
            .map(|n| point(f64::from(n), 1.0, 10, if n == 1_234 { 900.0 } else { 5.0 }))
            .collect();
        let timeline = Timeline::new(&points);
        assert!(timeline.intervals.len() <= MAX_INTERVALS);
        assert_eq!(timeline.merged, 10);
        assert_eq!(timeline.intervals.iter().map(|i| i.requests).sum::<u64>(), 36_010);
        assert_eq!(timeline.intervals.iter().map(|i| i.failed).sum::<u64>(), 3_601);
        assert_eq!(
            timeline.intervals.iter().filter(|i| i.latency_ms.p99 == 900.0).count(),
            1
        );
        assert_eq!(timeline.intervals.iter().map(|i| i.due).sum::<u64>(), 43_212);
        assert_eq!(timeline.intervals.iter().map(|i| i.dropped).sum::<u64>(), 7_202);
        assert_eq!(timeline.intervals.iter().filter(|i| i.cpu_percent == 900.0).count(), 1);
        assert_eq!(timeline.intervals.iter().filter(|i| i.lag_ms_p99 == 9.0).count(), 1);
        assert!(timeline.intervals.iter().all(|i| i.vus == 30));
        assert!((timeline.total_s() - 3_601.0).abs() < 1e-9);
    }

    #[test]
    fn a_short_last_interval_joins_the_one_before() {
        let timeline = Timeline::new(&[
            point(0.0, 1.0, 100, 5.0),
            point(1.0, 1.0, 100, 5.0),
            point(2.0, 0.01, 9, 7.0),
        ]);
        assert_eq!(timeline.intervals.len(), 2);
        assert_eq!(timeline.intervals[1].requests, 109);
        assert!((timeline.total_s() - 2.01).abs() < 1e-9);
    }

    #[test]
    fn intervals_without_requests_do_not_touch_the_latencies_of_others() {
        let mut points = vec![point(0.0, 1.0, 10, 5.0); 500];
        points[1] = point(1.0, 1.0, 0, 0.0);
        assert!(Timeline::new(&points).intervals.iter().all(|i| i.latency_ms.p99 == 5.0));
        assert!(Timeline::new(&[]).intervals.is_empty());
    }
}
