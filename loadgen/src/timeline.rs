//! The run over time, in bounded memory: when there are too many points, neighbours are merged.

use std::time::Duration;

use crate::distribution::{bound_ms, bucket};
use crate::interval::{INTERVAL, Interval};
use crate::latency_counts::SparseCounts;
use crate::sparse_histogram::SparseHistogram;
use crate::summary::{Heatmap, TimelinePoint};

/// Points at most; reaching it doubles their length.
const MAX_POINTS: usize = 400;
/// Rows of the heatmap per factor of ten.
const ROWS_PER_DECADE: f64 = 5.0;

/// What happened in the time of one point.
#[derive(Clone, Debug, Default)]
struct Point {
    latency: SparseHistogram,
    failed: u64,
    due: u64,
    dropped: u64,
    generators: Vec<GeneratorPart>,
}

/// How one generator fared in the time of one point.
#[derive(Clone, Debug)]
struct GeneratorPart {
    generator: usize,
    /// Of its last interval.
    number: u64,
    vus: u32,
    cpu: Duration,
    wall: Duration,
    lag: SparseHistogram,
}

impl Point {
    fn merge(&mut self, other: &Self) {
        self.latency.merge(&other.latency);
        self.failed += other.failed;
        self.due += other.due;
        self.dropped += other.dropped;
        for part in &other.generators {
            self.add_generator(part);
        }
    }

    fn add_generator(&mut self, part: &GeneratorPart) {
        let known = self
            .generators
            .iter_mut()
            .find(|known| known.generator == part.generator);
        let Some(known) = known else {
            self.generators.push(part.clone());
            return;
        };
        if part.number >= known.number {
            known.number = part.number;
            known.vus = part.vus;
        }
        known.cpu = known.cpu.saturating_add(part.cpu);
        known.wall = known.wall.saturating_add(part.wall);
        known.lag.merge(&part.lag);
    }
}

/// Points of equal length from the start of the load.
pub(crate) struct Timeline {
    points: Vec<Point>,
    /// Intervals that one point spans, a power of two.
    span: u64,
    /// When the last interval ended.
    end: Duration,
}

impl Timeline {
    pub(crate) fn new() -> Self {
        Self {
            points: Vec::new(),
            span: 1,
            end: Duration::ZERO,
        }
    }

    /// Adds an interval, whose requests had these latencies; intervals may come in any order.
    pub(crate) fn add(&mut self, generator: usize, interval: &Interval, latency: &SparseCounts) {
        while interval.number / self.span >= MAX_POINTS as u64 {
            self.halve();
        }
        let index = (interval.number / self.span) as usize;
        if self.points.len() <= index {
            self.points.resize(index + 1, Point::default());
        }
        let end = Duration::from_secs(interval.number).saturating_add(interval.length);
        self.end = self.end.max(end);
        self.points[index].merge(&Point {
            latency: SparseHistogram::of(latency),
            failed: interval.failed(),
            due: interval.due,
            dropped: interval.dropped,
            generators: vec![GeneratorPart {
                generator,
                number: interval.number,
                vus: interval.vus,
                cpu: interval.cpu.iter().sum(),
                wall: interval.length,
                lag: SparseHistogram::of(&SparseCounts::of(&interval.lag)),
            }],
        });
    }

    fn halve(&mut self) {
        self.span *= 2;
        let halves = std::mem::take(&mut self.points);
        self.points = halves
            .chunks(2)
            .map(|pair| {
                let mut point = pair[0].clone();
                if let Some(second) = pair.get(1) {
                    point.merge(second);
                }
                point
            })
            .collect();
    }

    /// The points so far; the last one ends with the last interval.
    pub(crate) fn points(&self) -> Vec<TimelinePoint> {
        let length = INTERVAL.as_secs_f64() * self.span as f64;
        let describe = |(index, point): (usize, &Point)| {
            let start_s = index as f64 * length;
            let cpu_percent = |part: &GeneratorPart| {
                let wall = part.wall.as_secs_f64();
                if wall > 0.0 {
                    part.cpu.as_secs_f64() / wall * 100.0
                } else {
                    0.0
                }
            };
            let lag_ms = |part: &GeneratorPart| part.lag.quantile(0.99) as f64 / 1e6;
            let vus = point.generators.iter().map(|part| part.vus);
            TimelinePoint {
                start_s,
                length_s: (self.end.as_secs_f64() - start_s).clamp(0.0, length),
                requests: point.latency.count(),
                failed: point.failed,
                latency_ms: point.latency.latency(),
                due: point.due,
                dropped: point.dropped,
                vus: vus.fold(0, u32::saturating_add),
                cpu_percent: point.generators.iter().map(cpu_percent).fold(0.0, f64::max),
                lag_ms_p99: point.generators.iter().map(lag_ms).fold(0.0, f64::max),
            }
        };
        self.points.iter().enumerate().map(describe).collect()
    }

    /// How latencies were distributed in each point.
    pub(crate) fn heatmap(&self) -> Heatmap {
        let row_of = |nanoseconds: u64| bucket(nanoseconds, ROWS_PER_DECADE);
        let rows = || {
            let latencies = self.points.iter().flat_map(|point| point.latency.iter());
            latencies.map(|(nanoseconds, _)| row_of(nanoseconds))
        };
        let (Some(lowest), Some(highest)) = (rows().min(), rows().max()) else {
            return Heatmap {
                bounds_ms: Vec::new(),
                columns: vec![Vec::new(); self.points.len()],
            };
        };
        let column = |point: &Point| {
            let mut column = vec![0; (highest - lowest + 1) as usize];
            for (nanoseconds, count) in point.latency.iter() {
                column[(row_of(nanoseconds) - lowest) as usize] += u64::from(count);
            }
            column
        };
        Heatmap {
            bounds_ms: (lowest - 1..=highest)
                .map(|row| bound_ms(row, ROWS_PER_DECADE))
                .collect(),
            columns: self.points.iter().map(column).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::step_figures::StepFigures;

    fn interval(number: u64) -> Interval {
        let mut interval = Interval::empty(number, 1);
        interval.steps = vec![StepFigures::new()];
        interval
    }

    #[test]
    fn merging_points_loses_nothing() {
        let mut timeline = Timeline::new();
        for number in 0..5000_u64 {
            let mut interval = interval(number);
            let latency = &mut interval.steps[0].latency;
            latency.saturating_record(1_000_000 + number);
            latency.saturating_record(9_000_000);
            interval.steps[0].failed = number % 2;
            interval.due = 3;
            interval.dropped = 1;
            interval.vus = 5;
            interval.cpu = vec![Duration::from_millis(500), Duration::from_millis(250)];
            interval.lag.saturating_record(2_000_000);
            let counts = SparseCounts::of(&interval.steps[0].latency);
            timeline.add(0, &interval, &counts);
        }
        let points = timeline.points();
        assert!((200..=400).contains(&points.len()), "{}", points.len());
        let sum = |figure: fn(&TimelinePoint) -> u64| points.iter().map(figure).sum::<u64>();
        assert_eq!(sum(|point| point.requests), 10_000);
        assert_eq!(sum(|point| point.failed), 2_500);
        assert_eq!((sum(|point| point.due), sum(|point| point.dropped)), (15_000, 5_000));
        let end: f64 = points.iter().map(|point| point.length_s).sum();
        assert!((end - 5000.0).abs() < 1e-6, "{end}");
        for point in &points {
            assert!((point.latency_ms.max - 9.0).abs() < 0.02, "{point:?}");
            assert!((point.cpu_percent - 75.0).abs() < 1e-6 && point.vus == 5, "{point:?}");
            assert!((point.lag_ms_p99 - 2.0).abs() < 0.02, "{point:?}");
        }
        let heatmap = timeline.heatmap();
        assert_eq!(heatmap.columns.len(), points.len());
        for (column, point) in heatmap.columns.iter().zip(&points) {
            assert_eq!(column.iter().sum::<u64>(), point.requests);
            assert_eq!(column.len() + 1, heatmap.bounds_ms.len());
        }
    }

    #[test]
    fn a_point_has_the_users_of_all_generators_and_the_busiest_cpu() {
        let mut timeline = Timeline::new();
        for (generator, cpu_ms, vus) in [(0, 200, 3), (1, 900, 4)] {
            for number in 0..2 {
                let mut interval = interval(number);
                interval.vus = vus + number as u32;
                interval.cpu = vec![Duration::from_millis(cpu_ms)];
                interval.length = Duration::from_millis(if number == 1 { 400 } else { 1000 });
                timeline.add(generator, &interval, &SparseCounts::default());
            }
        }
        let points = timeline.points();
        assert_eq!(points.iter().map(|point| point.vus).collect::<Vec<_>>(), [7, 9]);
        assert!((points[0].cpu_percent - 90.0).abs() < 1e-9);
        assert!((points[1].length_s - 0.4).abs() < 1e-9);
        assert!(timeline.heatmap().bounds_ms.is_empty());
    }
}
