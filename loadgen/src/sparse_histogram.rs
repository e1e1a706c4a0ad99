//! A small histogram for points of a timeline: exact to 1/128, whatever the latency.

use crate::latency_counts::{SparseCounts, merged};
use crate::summary::Latency;

/// Buckets per doubling of the latency: percentiles are exact to 1/128.
const SUB_BUCKET_BITS: u32 = 7;

/// Counts of the latencies that occurred, in ascending order.
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
    /// The counts of finer buckets.
    pub(crate) fn of(counts: &SparseCounts) -> Self {
        let mut coarse = Self::default();
        for (nanoseconds, count) in counts.iter() {
            let bucket = bucket_of(nanoseconds);
            match coarse.buckets.last_mut() {
                Some((last, total)) if *last == bucket => *total = total.saturating_add(count),
                _ => coarse.buckets.push((bucket, count)),
            }
            if coarse.count == 0 {
                coarse.min = nanoseconds;
            }
            coarse.max = nanoseconds;
            coarse.count += u64::from(count);
            coarse.sum += nanoseconds as f64 * f64::from(count);
        }
        coarse.buckets.shrink_to_fit();
        coarse
    }

    /// Adds the counts of another one; exact.
    pub(crate) fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        self.buckets = merged(&self.buckets, &other.buckets);
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

    /// The highest latency of each bucket, in nanoseconds, and how many it counts.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, u32)> + '_ {
        let highest = |bucket| highest_in(bucket).clamp(self.min, self.max);
        self.buckets
            .iter()
            .map(move |(bucket, count)| (highest(*bucket), *count))
    }

    /// The latency in nanoseconds that this share, 0 to 1, does not exceed; 0 if nothing was counted.
    pub(crate) fn quantile(&self, quantile: f64) -> u64 {
        let wanted = ((self.count as f64 * quantile).ceil() as u64).max(1);
        let mut seen = 0;
        for (nanoseconds, count) in self.iter() {
            seen += u64::from(count);
            if seen >= wanted {
                return nanoseconds;
            }
        }
        self.max
    }

    /// The usual figures.
    pub(crate) fn latency(&self) -> Latency {
        if self.count == 0 {
            return Latency::default();
        }
        Latency::of(self.min, self.sum / self.count as f64, self.max, |share| {
            self.quantile(share)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
