//! Figures of a run with their confidence intervals.
//!
//! How much a figure varies by chance is taken from how much it varied between pieces of the run, by overlapping batch
//! means (M. S. Meketon and B. Schmeiser, "Overlapping batch means: something for nothing?", Winter Simulation
//! Conference 1984), since requests close in time are alike and counting each as independent evidence would make
//! differences out of noise. It is never taken as less than what independent requests would give.
//!
//! Percentiles get the interval of order statistics: the ranks between which the percentile lies, and the latencies at
//! these ranks (R. S. Woodruff, "Confidence intervals for medians and other position measures", JASA 47, 1952). Their
//! binomial count uses the effective number of requests (E. L. Korn and B. I. Graubard, "Confidence intervals for
//! proportions with small expected number of positive counts estimated from survey data", Survey Methodology 24, 1998)
//! in the score interval of E. B. Wilson (JASA 22, 1927).

use serde::{Deserialize, Serialize};

use super::quantile::student_two_sided;
use super::series::{Cell, Series};

/// Pieces of a run from which its variation can be told.
const FEWEST_CELLS: usize = 15;

/// A figure and the interval it lies in.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The figure.
    pub value: f64,
    /// The lower end of its confidence interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// How sure each single interval must be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Confidence {
    /// The chance that an interval misses its figure.
    miss: f64,
}

impl Confidence {
    /// Such that all of so many intervals hold together with this confidence (C. E. Bonferroni's inequality).
    pub(super) fn of_each(all: f64, intervals: usize) -> Self {
        Self {
            miss: (1.0 - all) / intervals.max(1) as f64,
        }
    }
}

/// How much the sum of a quantity over the pieces of a run varies.
struct Variation {
    /// Variance of the sum.
    variance: f64,
    /// How many standard deviations an interval spans to each side.
    reach: f64,
}

/// The variation of the sum of residuals, which must add up to 0; `None` if the run was too short to tell.
fn variation(cells: &[Cell], residual: impl Fn(&Cell) -> f64, confidence: Confidence) -> Option<Variation> {
    let n = cells.len();
    if n < FEWEST_CELLS {
        return None;
    }
    let residuals: Vec<f64> = cells.iter().map(residual).collect();
    // Long enough for what lasts several seconds, short enough that there are several of them.
    let batch = (n as f64).sqrt().ceil() as usize;
    let of_batches = |batch: usize| {
        let squares: f64 = residuals
            .windows(batch)
            .map(|window| window.iter().sum::<f64>().powi(2))
            .sum();
        let (n, batch) = (n as f64, batch as f64);
        squares * n * n / (batch * (n - batch + 1.0) * (n - batch))
    };
    let freedom = 1.5 * (n as f64 / batch as f64 - 1.0);
    Some(Variation {
        variance: of_batches(batch).max(of_batches(1)),
        reach: student_two_sided(confidence.miss, freedom.max(2.0)),
    })
}

/// Wilson's interval of a share that was seen among so many independent trials.
fn score_interval(share: f64, trials: f64, reach: f64) -> (f64, f64) {
    let square = reach * reach / trials;
    let centre = (share + square / 2.0) / (1.0 + square);
    let half = (share * (1.0 - share) * square + square * square / 4.0).sqrt() / (1.0 + square);
    ((centre - half).max(0.0), (centre + half).min(1.0))
}

/// The share of `of(cell).0` in `of(cell).1`.
pub(super) fn share(series: &Series, of: impl Fn(&Cell) -> (u64, u64), confidence: Confidence) -> Option<Estimate> {
    let cells = series.cells();
    let part = series.sum(|cell| of(cell).0) as f64;
    let whole = series.sum(|cell| of(cell).1) as f64;
    if whole == 0.0 {
        return None;
    }
    let value = part / whole;
    let residual = |cell: &Cell| {
        let (part, whole) = of(cell);
        part as f64 - value * whole as f64
    };
    let varies = variation(cells, residual, confidence)?;
    let (low, high) = score_interval(value, effective(&varies, value, whole), varies.reach);
    Some(Estimate { value, low, high })
}

/// So many independent requests would vary as much as these do.
fn effective(varies: &Variation, share: f64, requests: f64) -> f64 {
    let independent = share * (1.0 - share) * requests;
    if independent > 0.0 {
        requests / (varies.variance / independent).max(1.0)
    } else {
        requests
    }
}

/// The latency, milliseconds, that this share of requests did not exceed. `None` also if the upper end of the interval
/// lies beyond the slowest request.
pub(super) fn percentile(series: &Series, share: f64, confidence: Confidence) -> Option<Estimate> {
    let requests = series.sum(|cell| cell.requests);
    if requests == 0 {
        return None;
    }
    let total = requests as f64;
    let at_rank = |rank: f64| {
        let wanted = (rank.ceil() as u64).clamp(1, requests);
        let mut seen = 0;
        let found = series.latencies().find(|(_, count)| {
            seen += count;
            seen >= wanted
        });
        found.map(|(latency, _)| latency)
    };
    let latency = at_rank(share * total)?;
    let slower = series.sum(|cell| cell.slower_than(latency)) as f64 / total;
    let residual = |cell: &Cell| cell.slower_than(latency) as f64 - slower * cell.requests as f64;
    let varies = variation(series.cells(), residual, confidence)?;
    let (low, high) = score_interval(share, effective(&varies, share, total), varies.reach);
    if (1.0 - high) * total < 1.0 {
        return None;
    }
    let ms = |latency: u64| latency.max(1) as f64 / 1e6;
    Some(Estimate {
        value: ms(latency),
        low: ms(at_rank(low * total)?),
        high: ms(at_rank(high * total + 1.0)?),
    })
}

/// The mean latency, milliseconds.
pub(super) fn mean(series: &Series, confidence: Confidence) -> Option<Estimate> {
    let requests = series.sum(|cell| cell.requests) as f64;
    let sum: f64 = series.cells().iter().map(|cell| cell.latency_sum).sum();
    if requests == 0.0 {
        return None;
    }
    let mean = sum / requests;
    let residual = |cell: &Cell| cell.latency_sum - mean * cell.requests as f64;
    let varies = variation(series.cells(), residual, confidence)?;
    let squares: f64 = series
        .latencies()
        .map(|(latency, count)| (latency as f64 - mean).powi(2) * count as f64)
        .sum();
    ratio(mean / 1e6, varies.variance.max(squares).sqrt() / sum, varies.reach)
}

/// Requests per second.
pub(super) fn rate(series: &Series, confidence: Confidence) -> Option<Estimate> {
    let requests = series.sum(|cell| cell.requests) as f64;
    let seconds: f64 = series.cells().iter().map(|cell| cell.length).sum();
    if requests == 0.0 || seconds == 0.0 {
        return None;
    }
    let rate = requests / seconds;
    let residual = |cell: &Cell| cell.requests as f64 - rate * cell.length;
    let varies = variation(series.cells(), residual, confidence)?;
    ratio(rate, varies.variance.sqrt() / requests, varies.reach)
}

/// A positive figure whose logarithm has this standard deviation (by the delta method).
fn ratio(value: f64, deviation: f64, reach: f64) -> Option<Estimate> {
    let factor = (deviation * reach).exp();
    (value > 0.0 && factor.is_finite()).then_some(Estimate {
        value,
        low: value / factor,
        high: value * factor,
    })
}
