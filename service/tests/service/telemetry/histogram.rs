//! Histograms as InfluxDB has them, held against what a client measured.

use collector::influxdb::{BUCKET_BOUND_INFINITY, BUCKET_BOUND_TAG, bucket_field, count_field, sum_field};
use service::telemetry::metrics;
use test_servers::InfluxDb;

use super::instance::Instance;
use super::metrics::{OUTCOME, Outcome};

/// A histogram in InfluxDB.
#[derive(Debug)]
pub(super) struct Histogram {
    /// Upper bounds in seconds, and how many values are not above.
    buckets: Vec<(f64, u64)>,
    count: u64,
    sum: f64,
}

/// The histogram `metric` of the requests whose tags [`OUTCOME`] are these.
pub(super) fn histogram(instance: &Instance, metric: &str, outcome: &Outcome) -> Histogram {
    let value = |field: &str| instance.by_tags(InfluxDb::shared(), field, OUTCOME)[outcome];
    let mut buckets = Vec::new();
    let [method, route, status] = OUTCOME;
    let by_bound = instance.by_tags(
        InfluxDb::shared(),
        &bucket_field(metric),
        [method, route, status, BUCKET_BOUND_TAG],
    );
    for ([method, route, status, bound], count) in by_bound {
        if [method, route, status] == *outcome {
            let bound = bound.unwrap();
            let bound = if bound == BUCKET_BOUND_INFINITY {
                f64::INFINITY
            } else {
                bound.parse().unwrap()
            };
            buckets.push((bound, count as u64));
        }
    }
    buckets.sort_by(|left, right| left.0.total_cmp(&right.0));
    Histogram {
        buckets,
        count: value(&count_field(metric)) as u64,
        sum: value(&sum_field(metric)),
    }
}

/// Asserts that the histogram is one of these requests, of which each took the service no longer than the client.
pub(super) fn assert_fits(histogram: &Histogram, latencies: &[f64]) {
    let bounds: Vec<_> = histogram.buckets.iter().map(|(bound, _)| *bound).collect();
    let declared = metrics::HTTP_SERVER_BOUNDARIES.into_iter().chain([f64::INFINITY]);
    assert_eq!(bounds, declared.collect::<Vec<_>>());
    assert_eq!(histogram.buckets.last().map(|(_, count)| *count), Some(histogram.count));
    assert!(histogram.buckets.is_sorted_by_key(|(_, count)| *count), "{histogram:?}");
    assert!(
        histogram.sum > 0.0 && histogram.sum <= latencies.iter().sum(),
        "{histogram:?} {latencies:?}"
    );
    for (bound, count) in &histogram.buckets {
        let by_client = latencies.iter().filter(|latency| *latency <= bound).count() as u64;
        assert!(
            *count >= by_client,
            "{by_client} of {latencies:?} within {bound} s: {histogram:?}"
        );
    }
}
