//! What the expression of a threshold or objective is about, as far as drawing it asks.

use super::format;
use crate::summary::ThresholdResult;

/// What kind of figure an expression bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Figure {
    /// Milliseconds.
    Latency,
    /// Per second.
    Rate,
    /// Of 1.
    Share,
    Count,
}

/// An expression such as `create: p(95)<100ms for 30s`, taken apart.
#[derive(Debug, PartialEq)]
pub(super) struct Objective<'a> {
    pub(super) figure: Figure,
    /// The figure's name, with the step before it if there is one: `create: p(95)`.
    pub(super) name: &'a str,
    /// In the unit of the figure.
    pub(super) bound: Option<f64>,
}

impl<'a> Objective<'a> {
    /// Reads an expression that was accepted before the run; of anything else it makes the best it can.
    pub(super) fn read(expression: &'a str) -> Self {
        // A step's name comes before a colon and may be anything.
        let start = expression.rfind(':').map_or(0, |colon| colon + 1);
        let operator = |c: char| matches!(c, '<' | '>' | '=' | '!');
        let end = expression[start..]
            .find(operator)
            .map_or(expression.len(), |at| start + at);
        let figure = match expression[start..end].trim() {
            "error_rate" | "checks" | "dropped_rate" => Figure::Share,
            "rate" => Figure::Rate,
            "dropped" | "count" => Figure::Count,
            _ => Figure::Latency,
        };
        Self {
            figure,
            name: expression[..end].trim(),
            bound: bound(figure, expression[end..].trim_start_matches(operator).trim_start()),
        }
    }
}

fn bound(figure: Figure, text: &str) -> Option<f64> {
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(text.len());
    let number: f64 = text[..end].parse().ok()?;
    let unit = text[end..].split_whitespace().next().unwrap_or_default();
    let factor = match (figure, unit) {
        (Figure::Latency, "us" | "µs") => 1e-3,
        (Figure::Latency, "s") => 1e3,
        (Figure::Share, "%") => 0.01,
        _ => 1.0,
    };
    Some(number * factor)
}

/// The figure a threshold was held against.
pub(super) fn measured(threshold: &ThresholdResult) -> String {
    match threshold.value {
        None => "no request".to_owned(),
        Some(value) => text(Objective::read(&threshold.expression).figure, value),
    }
}

/// A value with the unit of its figure.
pub(super) fn text(figure: Figure, value: f64) -> String {
    match figure {
        Figure::Latency => format::latency(value),
        Figure::Rate => format::rate(value),
        Figure::Share => format!("{}%", format::significant(value * 100.0)),
        Figure::Count => format::fixed(value, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_tell_figure_and_bound() {
        let cases = [
            ("p(99)<250ms", Figure::Latency, "p(99)", Some(250.0)),
            (
                "create: p(95) <= 1.5s for 30s",
                Figure::Latency,
                "create: p(95)",
                Some(1_500.0),
            ),
            ("a:b: error_rate<1%", Figure::Share, "a:b: error_rate", Some(0.01)),
            ("rate>500/s", Figure::Rate, "rate", Some(500.0)),
            ("dropped==0", Figure::Count, "dropped", Some(0.0)),
            ("dropped_rate<1%", Figure::Share, "dropped_rate", Some(0.01)),
            ("avg<800us", Figure::Latency, "avg", Some(0.8)),
            ("ä<", Figure::Latency, "ä", None),
            ("", Figure::Latency, "", None),
        ];
        for (expression, figure, name, bound) in cases {
            assert_eq!(
                Objective::read(expression),
                Objective { figure, name, bound },
                "{expression}"
            );
        }
    }
}
