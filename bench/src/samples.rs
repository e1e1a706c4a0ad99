//! What was measured, round by round.

use std::collections::BTreeMap;

use crate::catalogue;

/// Values by name of figure, in the order of the rounds.
#[derive(Default)]
pub(crate) struct Samples(BTreeMap<String, Vec<f64>>);

impl Samples {
    /// One more round's value.
    pub(crate) fn add(&mut self, name: impl Into<String>, value: f64) {
        let name = name.into();
        eprintln!("  {name} {} {}", catalogue::number(value), catalogue::unit(&name));
        self.0.entry(name).or_default().push(value);
    }

    /// For each round what `of` makes of the values of two figures: the machine's speed drifts, and a round is short.
    pub(crate) fn pair(&mut self, name: impl Into<String>, (one, other): (&str, &str), of: impl Fn(f64, f64) -> f64) {
        let (Some(one), Some(other)) = (self.0.get(one), self.0.get(other)) else {
            return;
        };
        let values = one.iter().zip(other).map(|(one, other)| of(*one, *other)).collect();
        self.0.insert(name.into(), values);
    }

    /// The largest value of a figure.
    pub(crate) fn most(&self, name: &str) -> f64 {
        self.0.get(name).into_iter().flatten().copied().fold(0.0, f64::max)
    }

    /// All figures.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &[f64])> {
        self.0.iter().map(|(name, values)| (name.as_str(), values.as_slice()))
    }
}

/// The value in the middle.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => 0.0,
        count if count % 2 == 0 => f64::midpoint(sorted[middle - 1], sorted[middle]),
        _ => sorted[middle],
    }
}
