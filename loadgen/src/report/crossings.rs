//! The instants at which thresholds were first crossed, marked on the charts over time.

use maud::{Markup, html};

use super::axis::Axis;
use super::chart;
use crate::summary::ThresholdResult;

/// Room for the marks' names above a chart, pixels.
const ROW: f64 = 18.0;
/// The share of the width that a name takes on a phone: closer ones become one.
const NAME_WIDTH: f64 = 0.24;

/// Thresholds by their number in the table, with the second in which each was first crossed.
pub(super) struct Crossings(Vec<(f64, usize)>);

/// What a threshold is called in its table and beside its mark.
pub(super) fn name(number: usize) -> String {
    format!("T{number}")
}

impl Crossings {
    pub(super) fn of(thresholds: &[ThresholdResult]) -> Self {
        let mut crossings: Vec<(f64, usize)> = thresholds
            .iter()
            .enumerate()
            .filter_map(|(index, threshold)| Some((threshold.first_crossed_s?, index + 1)))
            .filter(|(second, _)| second.is_finite() && *second >= 0.0)
            .collect();
        crossings.sort_by(|a, b| a.0.total_cmp(&b.0));
        Self(crossings)
    }

    /// Pixels that a chart leaves free at its top.
    pub(super) fn room(&self) -> f64 {
        if self.0.is_empty() { 0.0 } else { ROW }
    }

    /// For a chart's note.
    pub(super) fn explanation(&self) -> &'static str {
        match self.0.len() {
            0 => "",
            1 => " · dashed where the threshold was first crossed",
            _ => " · dashed where thresholds were first crossed",
        }
    }

    pub(super) fn draw(&self, x: &Axis, bottom: f64) -> Markup {
        let mut groups: Vec<(f64, Vec<usize>)> = Vec::new();
        for (second, number) in &self.0 {
            let at = x.position(*second).min(1.0 - NAME_WIDTH);
            match groups.last_mut() {
                Some((first, numbers)) if at - *first < NAME_WIDTH => numbers.push(*number),
                _ => groups.push((at, vec![*number])),
            }
        }
        for (_, numbers) in &mut groups {
            numbers.sort_unstable();
        }
        html! {
            @for (second, number) in &self.0 {
                @let at = chart::percent(x.position(*second));
                line.crossing x1=(at) x2=(at) y1=(chart::px(ROW - 4.0)) y2=(chart::px(bottom)) {
                    title { "Threshold " (name(*number)) " was first crossed here" }
                }
            }
            @for (at, numbers) in groups {
                text.crossing-label x=(chart::percent(at)) y="10" {
                    @match numbers.as_slice() {
                        [] => {},
                        [only] => { "✗ " (name(*only)) },
                        [first, second] => { "✗ " (name(*first)) "," (name(*second)) },
                        [first, rest @ ..] => { "✗ " (name(*first)) ",+" (rest.len()) },
                    }
                }
            }
        }
    }
}
