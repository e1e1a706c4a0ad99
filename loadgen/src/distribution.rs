//! How the latencies of a whole run are distributed, read from its histograms.

use hdrhistogram::Histogram;

use crate::summary::{DistributionBucket, Latency, SpectrumPoint};

/// Buckets of the distribution per power of ten.
const BUCKETS_PER_DECADE: i32 = 10;
/// Percentiles of the spectrum per halving of the distance to 100.
const TICKS: u32 = 5;
/// Halvings at most, which is enough for some four million requests.
const HALVINGS: u32 = 22;

/// The usual figures of a histogram.
pub(crate) fn latency_ms(latency: &Histogram<u64>) -> Latency {
    if latency.is_empty() {
        return Latency::default();
    }
    let ms = |nanoseconds: u64| nanoseconds as f64 / 1e6;
    Latency {
        min: ms(latency.min()),
        mean: latency.mean() / 1e6,
        p50: ms(latency.value_at_quantile(0.5)),
        p90: ms(latency.value_at_quantile(0.9)),
        p95: ms(latency.value_at_quantile(0.95)),
        p99: ms(latency.value_at_quantile(0.99)),
        p99_9: ms(latency.value_at_quantile(0.999)),
        max: ms(latency.max()),
    }
}

/// How latencies are distributed, from the bucket of the fastest to that of the slowest.
pub(crate) fn distribution(latency: &Histogram<u64>) -> Vec<DistributionBucket> {
    let index =
        |nanoseconds: u64| (((nanoseconds.max(1) as f64 / 1e6).log10()) * f64::from(BUCKETS_PER_DECADE)).ceil() as i32;
    let bound = |index: i32| 10_f64.powf(f64::from(index) / f64::from(BUCKETS_PER_DECADE));
    let mut buckets: Vec<DistributionBucket> = Vec::new();
    let mut next = None;
    for value in latency.iter_recorded() {
        let bucket = index(value.value_iterated_to());
        let first_missing = next.unwrap_or(bucket);
        buckets.extend((first_missing..=bucket).map(|at| DistributionBucket {
            from_ms: bound(at - 1),
            to_ms: bound(at),
            count: 0,
        }));
        next = Some(bucket + 1);
        if let Some(last) = buckets.last_mut() {
            last.count += value.count_at_value();
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
        let buckets = distribution(&latency);
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
