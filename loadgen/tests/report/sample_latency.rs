//! The figures of latency that a run gives, taken from single requests.

use loadgen::summary::{DistributionBucket, Heatmap, Latency, SpectrumPoint};

use crate::sample_requests::Request;

pub(crate) fn latency(requests: &[&Request], of: fn(&Request) -> f64) -> Latency {
    let mut sorted: Vec<f64> = requests.iter().map(|request| of(request)).collect();
    sorted.sort_by(f64::total_cmp);
    let (Some(min), Some(max)) = (sorted.first(), sorted.last()) else {
        return Latency::default();
    };
    let at = |share: f64| sorted[((sorted.len() as f64 * share).ceil() as usize).clamp(1, sorted.len()) - 1];
    Latency {
        min: *min,
        mean: sorted.iter().sum::<f64>() / sorted.len() as f64,
        p50: at(0.5),
        p90: at(0.9),
        p95: at(0.95),
        p99: at(0.99),
        p99_9: at(0.999),
        max: *max,
    }
}

pub(crate) fn distribution(requests: &[&Request]) -> Vec<DistributionBucket> {
    const RATIO: f64 = 1.1;
    let Some(lowest) = requests.iter().map(|request| request.latency_ms).min_by(f64::total_cmp) else {
        return Vec::new();
    };
    let mut upper = lowest;
    let mut buckets: Vec<DistributionBucket> = Vec::new();
    let mut sorted: Vec<f64> = requests.iter().map(|request| request.latency_ms).collect();
    sorted.sort_by(f64::total_cmp);
    let mut rest = sorted.as_slice();
    while !rest.is_empty() {
        let within = rest.partition_point(|ms| *ms <= upper);
        buckets.push(DistributionBucket {
            from_ms: upper / RATIO,
            to_ms: upper,
            count: within as u64,
        });
        rest = &rest[within..];
        upper *= RATIO;
    }
    buckets
}

/// Every percentile up to the one that is a single request, five to each halving of what is left.
pub(crate) fn spectrum(requests: &[&Request], open: bool) -> Vec<SpectrumPoint> {
    let sorted = |of: fn(&Request) -> f64| {
        let mut sorted: Vec<f64> = requests.iter().map(|request| of(request)).collect();
        sorted.sort_by(f64::total_cmp);
        sorted
    };
    let (due, sent) = (
        sorted(|request| request.latency_ms),
        sorted(|request| request.uncorrected_ms),
    );
    let count = requests.len();
    if count == 0 {
        return Vec::new();
    }
    let rank = |percentile: f64| ((percentile / 100.0 * count as f64).ceil() as usize).clamp(1, count) - 1;
    (0..)
        .map(|n| 100.0 - 100.0 * 0.5f64.powf(f64::from(n) / 5.0))
        .take_while(|percentile| (100.0 - percentile) / 100.0 * count as f64 >= 1.0)
        .chain([100.0])
        .map(|percentile| SpectrumPoint {
            percentile,
            latency_ms: due[rank(percentile)],
            uncorrected_latency_ms: open.then(|| sent[rank(percentile)]),
        })
        .collect()
}

pub(crate) fn heatmap(requests: &[&Request], seconds: u32) -> Heatmap {
    const RATIO: f64 = 1.25;
    const LOWEST: f64 = 0.001;
    let highest = requests.iter().map(|request| request.latency_ms).fold(LOWEST, f64::max);
    let rows = ((highest / LOWEST).ln() / RATIO.ln()).ceil() as usize + 1;
    let bounds_ms = (0..=rows).map(|row| LOWEST * RATIO.powi(row as i32)).collect();
    let mut columns = vec![vec![0; rows]; seconds as usize];
    for request in requests {
        let row = ((request.latency_ms / LOWEST).ln() / RATIO.ln()).max(0.0) as usize;
        columns[request.ended as usize][row.min(rows - 1)] += 1;
    }
    Heatmap { bounds_ms, columns }
}
