//! Latencies counted in the very buckets of the HDR histograms of the recorder, in forms that can be kept for many
//! seconds and taken away again: what windows are made of.

use hdrhistogram::Histogram;

use crate::summary::Latency;

/// The histograms' lowest latency told apart is 2^9 ns, see [`latency_histogram`](crate::recorder::latency_histogram).
const UNIT_BITS: u32 = 9;
/// Three significant digits take 2^11 buckets per range, the upper half of which doubles with each range.
const BUCKET_BITS: u32 = 11;
const HALF: u32 = BUCKET_BITS - 1;

/// The bucket of a latency in nanoseconds, the one that the histograms of the recorder count it in.
fn bucket_of(nanoseconds: u64) -> u16 {
    let units = nanoseconds >> UNIT_BITS;
    let exponent = (64 - units.leading_zeros()).saturating_sub(BUCKET_BITS);
    let bucket = (u64::from(exponent) << HALF) + (units >> exponent);
    u16::try_from(bucket).unwrap_or(u16::MAX)
}

/// The lowest latency of a bucket and how many nanoseconds it spans.
fn span_of(bucket: usize) -> (u64, u64) {
    let exponent = (bucket >> HALF).saturating_sub(1);
    let mantissa = (bucket - (exponent << HALF)) as u64;
    let shift = exponent as u32 + UNIT_BITS;
    (mantissa << shift, 1 << shift)
}

fn highest_in(bucket: usize) -> u64 {
    let (lowest, span) = span_of(bucket);
    lowest + (span - 1)
}

/// The latency that stands for a bucket in a mean.
fn middle_of(bucket: usize) -> f64 {
    let (lowest, span) = span_of(bucket);
    (lowest + span / 2) as f64
}

/// The latencies that occurred, ascending, with their counts: small for a second, exact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SparseCounts {
    counts: Vec<(u16, u32)>,
}

impl SparseCounts {
    /// The counts of a full histogram.
    pub(crate) fn of(full: &Histogram<u64>) -> Self {
        let mut counts = Vec::new();
        if !full.is_empty() {
            counts.extend(full.iter_recorded().map(|value| {
                (
                    bucket_of(value.value_iterated_to()),
                    u32::try_from(value.count_at_value()).unwrap_or(u32::MAX),
                )
            }));
        }
        Self { counts }
    }

    /// Adds the counts of another one.
    pub(crate) fn merge(&mut self, other: &Self) {
        if self.counts.is_empty() {
            self.counts.clone_from(&other.counts);
        } else if !other.counts.is_empty() {
            self.counts = merged(&self.counts, &other.counts);
        }
    }

    /// The highest latency of each bucket, in nanoseconds, and how many it counts.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, u32)> + '_ {
        self.counts
            .iter()
            .map(|(bucket, count)| (highest_in(usize::from(*bucket)), *count))
    }
}

/// Adds up two ascending lists of buckets and counts.
pub(crate) fn merged(a: &[(u16, u32)], b: &[(u16, u32)]) -> Vec<(u16, u32)> {
    let mut sum = Vec::with_capacity(a.len().max(b.len()));
    let (mut left, mut right) = (a.iter().peekable(), b.iter().peekable());
    while let (Some(&&(bucket_a, count_a)), Some(&&(bucket_b, count_b))) = (left.peek(), right.peek()) {
        sum.push(match bucket_a.cmp(&bucket_b) {
            std::cmp::Ordering::Equal => (bucket_a, count_a.saturating_add(count_b)),
            std::cmp::Ordering::Less => (bucket_a, count_a),
            std::cmp::Ordering::Greater => (bucket_b, count_b),
        });
        if bucket_a <= bucket_b {
            left.next();
        }
        if bucket_b <= bucket_a {
            right.next();
        }
    }
    sum.extend(left);
    sum.extend(right);
    sum.shrink_to_fit();
    sum
}

/// A count for every bucket, to which seconds are added and from which they are taken away. Gives the same figures as
/// an HDR histogram that recorded the same latencies.
#[derive(Clone, Debug, Default)]
pub(crate) struct LatencyCounts {
    counts: Vec<u64>,
    total: u64,
}

impl LatencyCounts {
    /// Adds a second.
    pub(crate) fn add(&mut self, part: &SparseCounts) {
        if let Some((highest, _)) = part.counts.last()
            && self.counts.len() <= usize::from(*highest)
        {
            self.counts.resize(usize::from(*highest) + 1, 0);
        }
        for (bucket, count) in &part.counts {
            self.counts[usize::from(*bucket)] += u64::from(*count);
            self.total += u64::from(*count);
        }
    }

    /// Takes away a second that was added before.
    pub(crate) fn subtract(&mut self, part: &SparseCounts) {
        for (bucket, count) in &part.counts {
            if let Some(known) = self.counts.get_mut(usize::from(*bucket)) {
                *known = known.saturating_sub(u64::from(*count));
                self.total = self.total.saturating_sub(u64::from(*count));
            }
        }
    }

    /// Latencies counted.
    pub(crate) fn len(&self) -> u64 {
        self.total
    }

    /// The latency in nanoseconds that this percentage, 0 to 100, does not exceed; 0 if nothing was counted.
    pub(crate) fn percentile(&self, percentile: f64) -> u64 {
        let quantile = percentile / 100.0;
        if quantile <= 0.0 {
            return self.min();
        }
        let wanted = ((quantile.min(1.0) * self.total as f64).ceil() as u64).max(1);
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return highest_in(bucket);
            }
        }
        0
    }

    /// The highest latency of each bucket that counted any, in nanoseconds, ascending, and how many.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let counted = self.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        counted.map(|(bucket, count)| (highest_in(bucket), *count))
    }

    /// The usual figures, in one pass.
    pub(crate) fn latency_ms(&self) -> Latency {
        let ms = |nanoseconds: u64| nanoseconds as f64 / 1e6;
        let mut quantiles = [0.5, 0.9, 0.95, 0.99, 0.999].map(|quantile| {
            let wanted = ((quantile * self.total as f64).ceil() as u64).max(1);
            (wanted, 0.0)
        });
        let mut seen = 0;
        let mut open = 0;
        let mut sum = 0.0;
        for (bucket, count) in self.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            seen += count;
            sum += middle_of(bucket) * *count as f64;
            while open < quantiles.len() && seen >= quantiles[open].0 {
                quantiles[open].1 = ms(highest_in(bucket));
                open += 1;
            }
        }
        let [p50, p90, p95, p99, p99_9] = quantiles.map(|(_, value)| value);
        Latency {
            min: ms(self.min()),
            mean: if self.total == 0 {
                0.0
            } else {
                sum / self.total as f64 / 1e6
            },
            p50,
            p90,
            p95,
            p99,
            p99_9,
            max: ms(self.max()),
        }
    }

    /// The lowest latency, nanoseconds; 0 if nothing was counted.
    pub(crate) fn min(&self) -> u64 {
        let lowest = self.counts.iter().position(|count| *count > 0);
        lowest.map_or(0, |bucket| span_of(bucket).0)
    }

    /// The highest latency, nanoseconds; 0 if nothing was counted.
    pub(crate) fn max(&self) -> u64 {
        let highest = self.counts.iter().rposition(|count| *count > 0);
        highest.map_or(0, highest_in)
    }

    /// The mean latency, nanoseconds; 0 if nothing was counted.
    pub(crate) fn mean(&self) -> f64 {
        if self.total == 0 {
            return 0.0;
        }
        let counted = self.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        let sum: f64 = counted.map(|(bucket, count)| middle_of(bucket) * *count as f64).sum();
        sum / self.total as f64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::recorder::latency_histogram;

    fn histogram(latencies: &[u64]) -> Histogram<u64> {
        let mut histogram = latency_histogram();
        for latency in latencies {
            histogram.saturating_record(*latency);
        }
        histogram
    }

    fn latencies() -> impl Strategy<Value = Vec<u64>> {
        // Below the first bucket's end, the highest value that an HDR histogram gives depends on the order of recording.
        const LEAST: u64 = 1 << UNIT_BITS;
        let magnitude = (0..43_u32, any::<u64>()).prop_map(|(bits, any)| (any & ((1 << bits) - 1)).max(LEAST));
        proptest::collection::vec(magnitude, 1..60)
    }

    proptest! {
        #[test]
        fn counts_give_the_figures_of_the_histogram(kept in latencies(), left in latencies(), percentile in 0.0..=100.0) {
            let (kept, left) = (histogram(&kept), histogram(&left));
            let mut counts = LatencyCounts::default();
            counts.add(&SparseCounts::of(&left));
            counts.add(&SparseCounts::of(&kept));
            counts.subtract(&SparseCounts::of(&left));
            prop_assert_eq!(counts.len(), kept.len());
            for percentile in [0.0, percentile, 50.0, 99.9, 100.0] {
                prop_assert_eq!(counts.percentile(percentile), kept.value_at_percentile(percentile));
            }
            prop_assert_eq!((counts.min(), counts.max()), (kept.min(), kept.max()));
            prop_assert!((counts.mean() - kept.mean()).abs() <= kept.mean() * 1e-9);
            let (ours, theirs) = (counts.latency_ms(), crate::distribution::latency_ms(&kept));
            prop_assert_eq!(
                (ours.min, ours.p50, ours.p90, ours.p95, ours.p99, ours.p99_9, ours.max),
                (theirs.min, theirs.p50, theirs.p90, theirs.p95, theirs.p99, theirs.p99_9, theirs.max)
            );
            prop_assert!((ours.mean - theirs.mean).abs() <= theirs.mean * 1e-9);
        }

        #[test]
        fn merging_is_adding(a in latencies(), b in latencies()) {
            let mut both = histogram(&a);
            both.add(histogram(&b)).unwrap();
            let mut merged = SparseCounts::of(&histogram(&a));
            merged.merge(&SparseCounts::of(&histogram(&b)));
            prop_assert_eq!(merged, SparseCounts::of(&both));
        }
    }
}
