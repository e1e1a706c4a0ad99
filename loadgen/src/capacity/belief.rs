//! How sure a search may be of its result: a Bayesian estimate of the capacity from every trial, passed or failed.
//!
//! The model is that of psychometrics, where the question is the same: at which level does a yes turn into a no, if
//! single answers are unreliable? The probability that a rate `r` passes, given the capacity `C`, is
//!
//! ```text
//! P(pass | r) = (1 - a) · (b + (1 - b) / (1 + exp(-(ln C - ln r) / w)))
//! ```
//!
//! `a` is the share of trials that fail by accident (the lapse rate), `b` the share that pass by luck, `w` how gradual
//! the knee is. Nobody knows `a` and `w`, so they are averaged over, and `C` is as likely, beforehand, in every part of
//! the range that could be searched, on a logarithmic scale. That trials were chosen by the outcome of earlier ones does
//! not matter to the result, as it depends on the likelihood alone.
//!
//! A. B. Watson, D. G. Pelli: QUEST: a Bayesian adaptive psychometric method, Perception & Psychophysics 33 (1983);
//! F. A. Wichmann, N. J. Hill: The psychometric function I, Perception & Psychophysics 63 (2001), for the lapse rate;
//! R. Waeber, P. I. Frazier, S. G. Henderson: Bisection search with noisy responses, SIAM J. Control Optim. 51 (2013).

use crate::capacity::search::Trial;

/// Probability that the capacity is in the interval.
pub(crate) const CONFIDENCE: f64 = 0.95;

/// Shares of trials that may fail by accident.
const ACCIDENTS: [f64; 4] = [0.01, 0.03, 0.1, 0.2];
/// Share of trials that pass by luck.
const LUCK: f64 = 0.02;
/// Widths of the knee, as shares of the rate: a trial passes nine times out of ten 2.2 widths below the capacity.
const WIDTHS: [f64; 3] = [0.003, 0.01, 0.03];
/// Points of the grid on which the capacity is looked for.
const POINTS: usize = 4000;
/// The capacity may lie beyond the range searched by this factor.
const MARGIN: f64 = 2.0;

/// The interval in which the capacity lies with probability [`CONFIDENCE`]; as much probability is below as above it.
/// `None` without a trial that passed and one that failed: then one end is anybody's guess.
pub(crate) fn interval(trials: &[Trial], from: f64, to: f64) -> Option<(f64, f64)> {
    let has = |passed: bool| trials.iter().any(|trial| trial.passed == passed);
    if !(has(true) && has(false)) {
        return None;
    }
    let counts = counts(trials);
    let low = (from / MARGIN).ln();
    let step = ((to * MARGIN).ln() - low) / (POINTS - 1) as f64;
    let likelihoods: Vec<[f64; MODELS]> = (0..POINTS)
        .map(|point| log_likelihoods(&counts, low + step * point as f64))
        .collect();
    let highest = likelihoods.iter().flatten().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = likelihoods
        .iter()
        .map(|models| models.iter().map(|likelihood| (likelihood - highest).exp()).sum())
        .collect();
    let total: f64 = weights.iter().sum();
    let quantile = |share: f64| {
        let mut sum = 0.0;
        let point = weights.iter().position(|weight| {
            sum += weight;
            sum >= share * total
        });
        (low + step * point.unwrap_or(POINTS - 1) as f64).exp()
    };
    let tail = (1.0 - CONFIDENCE) / 2.0;
    Some((quantile(tail), quantile(1.0 - tail)))
}

const MODELS: usize = ACCIDENTS.len() * WIDTHS.len();

/// The trials of one rate.
struct Count {
    /// Logarithm of the rate.
    rate: f64,
    passed: f64,
    failed: f64,
}

fn counts(trials: &[Trial]) -> Vec<Count> {
    let mut counts: Vec<Count> = Vec::new();
    for trial in trials {
        let rate = trial.rate.ln();
        let index = counts.iter().position(|count| count.rate == rate).unwrap_or_else(|| {
            counts.push(Count {
                rate,
                passed: 0.0,
                failed: 0.0,
            });
            counts.len() - 1
        });
        if trial.passed {
            counts[index].passed += 1.0;
        } else {
            counts[index].failed += 1.0;
        }
    }
    counts
}

/// The logarithm of the likelihood of a capacity, itself a logarithm, for each share of accidents and width.
fn log_likelihoods(counts: &[Count], capacity: f64) -> [f64; MODELS] {
    let mut sums = [0.0; MODELS];
    for count in counts {
        for (number, width) in WIDTHS.into_iter().enumerate() {
            let knee = 1.0 / (1.0 + ((count.rate - capacity) / width).exp());
            let pass_undisturbed = LUCK + (1.0 - LUCK) * knee;
            for (accidents, sum) in ACCIDENTS.into_iter().zip(sums[number * ACCIDENTS.len()..].iter_mut()) {
                let pass = (1.0 - accidents) * pass_undisturbed;
                *sum += count.passed * pass.ln() + count.failed * (1.0 - pass).ln();
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trials(list: &[(f64, bool)]) -> Vec<Trial> {
        list.iter().map(|&(rate, passed)| Trial { rate, passed }).collect()
    }

    #[test]
    fn more_evidence_narrows_the_interval() {
        let few = trials(&[(100.0, true), (200.0, true), (400.0, false), (400.0, false)]);
        let (low, high) = interval(&few, 50.0, 10_000.0).unwrap();
        assert!(low > 100.0 && low < 220.0 && high > 380.0, "{low} {high}");
        let near = [(300.0, true), (306.0, false)].repeat(4);
        let more = [few, trials(&near)].concat();
        let (low, high) = interval(&more, 50.0, 10_000.0).unwrap();
        assert!(
            low > 280.0 && low < 304.0 && high > 302.0 && high < 330.0,
            "{low} {high}"
        );
    }

    #[test]
    fn one_accident_among_passes_is_outvoted() {
        let list = trials(&[
            (100.0, false),
            (100.0, true),
            (200.0, true),
            (400.0, true),
            (800.0, false),
            (800.0, false),
        ]);
        let (low, _) = interval(&list, 50.0, 10_000.0).unwrap();
        assert!(low > 200.0, "{low}");
    }

    #[test]
    fn one_sided_evidence_gives_no_interval() {
        assert_eq!(interval(&trials(&[(100.0, true)]), 50.0, 1000.0), None);
        assert_eq!(interval(&trials(&[(100.0, false)]), 50.0, 1000.0), None);
        assert_eq!(interval(&[], 50.0, 1000.0), None);
    }
}
