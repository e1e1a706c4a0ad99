//! The run over time, in bounded memory: when there are too many points, neighbours are merged.

use std::time::Duration;

use hdrhistogram::Histogram;

use crate::recorder::INTERVAL;
use crate::summary::{Latency, TimelinePoint};

/// Points at most; reaching it doubles their length.
const MAX_POINTS: usize = 400;
/// Buckets per doubling of the latency: percentiles over time are exact to 1/128.
const SUB_BUCKET_BITS: u32 = 7;

/// A compact histogram: counts of the latencies that occurred, in ascending order.
#[derive(Clone, Debug, Default)]
pub(crate) struct SparseHistogram {
    buckets: Vec<(u16, u32)>,
    count: u64,
    sum: f64,
    min: u64,
    max: u64,
}

fn bucket_of(nanoseconds: u64) -> u16 {
    let exponent = (64 - nanoseconds.leading_zeros()).saturating_sub(SUB_BUCKET_BITS + 1);
    ((exponent << SUB_BUCKET_BITS) + (nanoseconds >> exponent) as u32) as u16
}

/// The highest latency of a bucket.
fn highest_in(bucket: u16) -> u64 {
    let bucket = u64::from(bucket);
    let exponent = (bucket >> SUB_BUCKET_BITS).saturating_sub(1);
    let mantissa = bucket - (exponent << SUB_BUCKET_BITS);
    ((mantissa + 1) << exponent) - 1
}

impl SparseHistogram {
    /// Adds the counts of a full histogram.
    pub(crate) fn add(&mut self, full: &Histogram<u64>) {
        if full.is_empty() {
            return;
        }
        let mut added: Vec<(u16, u32)> = Vec::new();
        let mut sum = 0.0;
        for value in full.iter_recorded() {
            let bucket = bucket_of(value.value_iterated_to());
            sum += value.value_iterated_to() as f64 * value.count_at_value() as f64;
            let count = u32::try_from(value.count_at_value()).unwrap_or(u32::MAX);
            match added.last_mut() {
                Some((last, total)) if *last == bucket => *total = total.saturating_add(count),
                _ => added.push((bucket, count)),
            }
        }
        self.merge(&Self {
            buckets: added,
            count: full.len(),
            sum,
            min: full.min(),
            max: full.max(),
        });
    }

    /// Adds the counts of another one; exact.
    pub(crate) fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        let mut merged = Vec::with_capacity(self.buckets.len().max(other.buckets.len()));
        let (mut left, mut right) = (self.buckets.iter().peekable(), other.buckets.iter().peekable());
        while let (Some(&&(a, count_a)), Some(&&(b, count_b))) = (left.peek(), right.peek()) {
            merged.push(if a == b {
                (a, count_a.saturating_add(count_b))
            } else if a < b {
                (a, count_a)
            } else {
                (b, count_b)
            });
            if a <= b {
                left.next();
            }
            if b <= a {
                right.next();
            }
        }
        merged.extend(left);
        merged.extend(right);
        merged.shrink_to_fit();
        self.buckets = merged;
        self.min = if self.count == 0 {
            other.min
        } else {
            self.min.min(other.min)
        };
        self.max = self.max.max(other.max);
        self.count += other.count;
        self.sum += other.sum;
    }

    /// Latencies counted.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    fn quantile(&self, quantile: f64) -> u64 {
        let wanted = ((self.count as f64 * quantile).ceil() as u64).max(1);
        let mut seen = 0;
        for (bucket, count) in &self.buckets {
            seen += u64::from(*count);
            if seen >= wanted {
                return highest_in(*bucket).clamp(self.min, self.max);
            }
        }
        self.max
    }

    /// The usual figures.
    pub(crate) fn latency(&self) -> Latency {
        if self.count == 0 {
            return Latency::default();
        }
        let ms = |nanoseconds: u64| nanoseconds as f64 / 1e6;
        Latency {
            min: ms(self.min),
            mean: self.sum / self.count as f64 / 1e6,
            p50: ms(self.quantile(0.5)),
            p90: ms(self.quantile(0.9)),
            p95: ms(self.quantile(0.95)),
            p99: ms(self.quantile(0.99)),
            p99_9: ms(self.quantile(0.999)),
            max: ms(self.max),
        }
    }
}

#[derive(Clone, Debug, Default)]
struct Point {
    latency: SparseHistogram,
    failed: u64,
}

/// Points of equal length from the start of the load.
pub(crate) struct Timeline {
    points: Vec<Point>,
    /// Intervals that one point spans, a power of two.
    span: u64,
}

impl Timeline {
    pub(crate) fn new() -> Self {
        Self {
            points: Vec::new(),
            span: 1,
        }
    }

    /// Adds what ended in an interval; intervals may come in any order and in parts.
    pub(crate) fn add(&mut self, interval: u64, latency: &SparseHistogram, failed: u64) {
        while interval / self.span >= MAX_POINTS as u64 {
            self.halve();
        }
        let index = (interval / self.span) as usize;
        if self.points.len() <= index {
            self.points.resize(index + 1, Point::default());
        }
        self.points[index].latency.merge(latency);
        self.points[index].failed += failed;
    }

    fn halve(&mut self) {
        self.span *= 2;
        let halves = std::mem::take(&mut self.points);
        self.points = halves
            .chunks(2)
            .map(|pair| {
                let mut point = pair[0].clone();
                if let Some(second) = pair.get(1) {
                    point.latency.merge(&second.latency);
                    point.failed += second.failed;
                }
                point
            })
            .collect();
    }

    /// The points of a run that took `duration`.
    pub(crate) fn points(&self, duration: Duration) -> Vec<TimelinePoint> {
        let length = INTERVAL.as_secs_f64() * self.span as f64;
        let total = duration.as_secs_f64();
        let count = ((total / length).ceil() as usize).max(self.points.len());
        let empty = Point::default();
        (0..count)
            .map(|index| {
                let point = self.points.get(index).unwrap_or(&empty);
                let start_s = index as f64 * length;
                TimelinePoint {
                    start_s,
                    length_s: if index + 1 == count {
                        (total - start_s).clamp(0.0, length)
                    } else {
                        length
                    },
                    requests: point.latency.count(),
                    failed: point.failed,
                    latency_ms: point.latency.latency(),
                    due: 0,
                    dropped: 0,
                    vus: 0,
                    cpu_percent: 0.0,
                    lag_ms_p99: 0.0,
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::latency_histogram;

    #[test]
    fn buckets_are_contiguous_and_within_a_percent() {
        for value in (0..2000).chain((0..50).map(|shift| 1_000_003_u64 << (shift / 2))) {
            let bucket = bucket_of(value);
            let highest = highest_in(bucket);
            assert!(
                highest >= value && highest - value <= value / 128 + 1,
                "{value} {bucket} {highest}"
            );
            assert_eq!(bucket_of(highest), bucket);
            assert_eq!(bucket_of(highest + 1), bucket + 1);
        }
    }

    #[test]
    fn merging_points_loses_no_request() {
        let mut timeline = Timeline::new();
        let mut full = latency_histogram();
        for interval in 0..5000_u64 {
            full.reset();
            full.saturating_record(1_000_000 + interval);
            full.saturating_record(9_000_000);
            let mut sparse = SparseHistogram::default();
            sparse.add(&full);
            timeline.add(interval, &sparse, interval % 2);
        }
        let points = timeline.points(INTERVAL * 5000);
        assert!((200..=400).contains(&points.len()), "{}", points.len());
        assert_eq!(points.iter().map(|point| point.requests).sum::<u64>(), 10_000);
        assert_eq!(points.iter().map(|point| point.failed).sum::<u64>(), 2_500);
        let end: f64 = points.iter().map(|point| point.length_s).sum();
        assert!((end - 1250.0).abs() < 1e-6, "{end}");
        assert!(
            points.iter().all(|point| (point.latency_ms.max - 9.0).abs() < 0.02),
            "{:?}",
            points[0]
        );
    }
}
