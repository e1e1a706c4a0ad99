//! How the latencies of a whole run are distributed, read from its histograms.

use hdrhistogram::Histogram;

use crate::summary::{DistributionBucket, Latency, SpectrumPoint};

/// Percentiles of the spectrum per halving of the distance to 100.
const TICKS: u32 = 5;
/// Halvings at most, which is enough for some four million requests.
const HALVINGS: u32 = 22;

/// The usual figures of a histogram.
pub(crate) fn latency_ms(latency: &Histogram<u64>) -> Latency {
    if latency.is_empty() {
        return Latency::default();
    }
    Latency::of(latency.min(), latency.mean(), latency.max(), |share| {
        latency.value_at_quantile(share)
    })
}

/// The bucket of a latency in nanoseconds, where so many make up a power of ten; that up to 1 ms is number 0.
pub(crate) fn bucket(nanoseconds: u64, per_decade: f64) -> i32 {
    ((nanoseconds.max(1) as f64 / 1e6).log10() * per_decade).ceil() as i32
}

/// The upper bound of a bucket, milliseconds, inclusive.
pub(crate) fn bound_ms(bucket: i32, per_decade: f64) -> f64 {
    10_f64.powf(f64::from(bucket) / per_decade)
}

/// How latencies, given in nanoseconds in ascending order with their counts, are distributed: from the bucket of the
/// fastest to that of the slowest.
pub(crate) fn distribution(latencies: impl Iterator<Item = (u64, u64)>, per_decade: f64) -> Vec<DistributionBucket> {
    let mut buckets: Vec<DistributionBucket> = Vec::new();
    let mut next = None;
    for (nanoseconds, count) in latencies {
        let bucket = bucket(nanoseconds, per_decade);
        buckets.extend((next.unwrap_or(bucket)..=bucket).map(|at| DistributionBucket {
            from_ms: bound_ms(at - 1, per_decade),
            to_ms: bound_ms(at, per_decade),
            count: 0,
        }));
        next = Some(bucket + 1);
        if let Some(last) = buckets.last_mut() {
            last.count += count;
        }
    }
    buckets
}

/// The latency at percentiles that grow denser towards 100, as far as the number of requests tells them apart; the
/// steps are those of HdrHistogram's percentile plots.
pub(crate) fn spectrum(latency: &Histogram<u64>, uncorrected: Option<&Histogram<u64>>) -> Vec<SpectrumPoint> {
    if latency.is_empty() {
        return Vec::new();
    }
    let mut percentiles = vec![0.0, 1.0, 5.0];
    for halving in 0..HALVINGS {
        let distance = 100.0 / f64::from(1_u32 << halving);
        let ticks = (0..TICKS).map(|tick| (100.0 - distance) + distance / 2.0 / f64::from(TICKS) * f64::from(tick));
        percentiles.extend(ticks.filter(|percentile| *percentile > 0.0));
        if distance / 100.0 * (latency.len() as f64) < 1.0 {
            break;
        }
    }
    percentiles.push(100.0);
    let ms = |nanoseconds: u64| nanoseconds as f64 / 1e6;
    let point = |percentile: f64| SpectrumPoint {
        percentile,
        latency_ms: ms(latency.value_at_percentile(percentile)),
        uncorrected_latency_ms: uncorrected.map(|histogram| ms(histogram.value_at_percentile(percentile))),
    };
    percentiles.into_iter().map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::latency_histogram;

    #[test]
    fn the_distribution_has_no_gaps_and_loses_nothing() {
        let mut latency = latency_histogram();
        for (value, count) in [(40_000, 3), (1_000_000, 5), (1_000_001, 2), (7_000_000_000, 1)] {
            latency.saturating_record_n(value, count);
        }
        let recorded = latency.iter_recorded();
        let counts = recorded.map(|value| (value.value_iterated_to(), value.count_at_value()));
        let buckets = distribution(counts, 10.0);
        assert_eq!(buckets.iter().map(|bucket| bucket.count).sum::<u64>(), 11);
        assert!(buckets.windows(2).all(|pair| pair[0].to_ms == pair[1].from_ms));
        assert!(buckets[0].count == 3 && buckets[buckets.len() - 1].count == 1);
    }

    #[test]
    fn the_spectrum_is_as_dense_as_requests_allow() {
        let mut latency = latency_histogram();
        assert!(spectrum(&latency, None).is_empty());
        for requests in [1, 7, 1000, 100_000_000] {
            latency.saturating_record_n(requests * 1_000, requests);
            let points = spectrum(&latency, Some(&latency));
            assert!(points.len() <= 120, "{} points", points.len());
            let ascending = |pair: &[SpectrumPoint]| {
                pair[0].percentile < pair[1].percentile && pair[0].latency_ms <= pair[1].latency_ms
            };
            assert!(points.windows(2).all(ascending), "{points:?}");
            assert_eq!(
                (points[0].percentile, points[points.len() - 1].percentile),
                (0.0, 100.0)
            );
            for percentile in [1.0, 5.0, 10.0, 50.0] {
                assert!(
                    points.iter().any(|point| point.percentile == percentile),
                    "{percentile}"
                );
            }
            let resolution = 100.0 - points[points.len() - 2].percentile;
            assert!(
                resolution <= 100.0 / requests as f64 || points.len() > 110,
                "{resolution}"
            );
            assert!(
                points
                    .iter()
                    .all(|point| point.uncorrected_latency_ms == Some(point.latency_ms))
            );
        }
    }
}
