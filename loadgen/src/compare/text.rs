//! A comparison for people.

use std::fmt::Write as _;

use super::{Comparison, Estimate, FigureChange, Side, Verdict};
use crate::summary_text::{Colour, grouped, milliseconds, rate};

/// Renders a comparison as an aligned table with what it was made of.
pub fn render(comparison: &Comparison, colour: Colour) -> String {
    let mut text = String::from("\n");
    side(&mut text, "base", &comparison.base);
    side(&mut text, "new", &comparison.new);
    for warning in &comparison.warnings {
        line(
            &mut text,
            &format!("  {:<9} {}", "", colour.bad(&format!("! {warning}"))),
        );
    }
    let interval = format!("{}% interval", percent_number(comparison.confidence));
    let labels = comparison.figures.iter().map(|change| label(change).chars().count());
    let width = labels.max().unwrap_or_default().max(12);
    let mut step = None;
    for change in &comparison.figures {
        if step != Some(&change.step) {
            step = Some(&change.step);
            let name = change.step.as_deref().unwrap_or("all requests");
            line(
                &mut text,
                &format!(
                    "\n  {name:<width$} {:>10} {:>10} {:>9}   {interval:<19}  verdict",
                    "base", "new", "change"
                ),
            );
        }
        row(&mut text, change, width, colour);
    }
    let count = |verdict| {
        let figures = comparison.figures.iter();
        figures.filter(|change| change.verdict == verdict).count()
    };
    let (worse, too_little) = (count(Verdict::Worse), count(Verdict::TooLittleData));
    let tolerance = percent_number(comparison.tolerance);
    let conclusion = match (worse, too_little) {
        (0, 0) => format!("no regression: no figure got worse by more than chance and {tolerance}%"),
        (0, some) => format!("no regression shown; {some} figures have too little data, longer runs would give more"),
        (1, _) => format!("regression: one figure got worse by more than chance and {tolerance}%"),
        (many, _) => format!("regression: {many} figures got worse by more than chance and {tolerance}%"),
    };
    let conclusion = if worse > 0 { colour.bad(&conclusion) } else { conclusion };
    line(&mut text, &format!("\n  {conclusion}\n"));
    text
}

fn line(text: &mut String, content: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{content}");
}

fn side(text: &mut String, name: &str, side: &Side) {
    let generators = match side.generators.len() {
        1 => String::new(),
        many => format!(", {many} generators"),
    };
    line(
        text,
        &format!(
            "  {name:<9} {}, {}, {} s, {} requests{generators}",
            side.run_id,
            side.started_at,
            grouped(side.seconds),
            grouped(side.requests)
        ),
    );
}

fn label(change: &FigureChange) -> &str {
    match change.figure.as_str() {
        "p99_9" => "p99.9",
        "error_rate" => "error rate",
        other => other,
    }
}

fn row(text: &mut String, change: &FigureChange, width: usize, colour: Colour) {
    let is_share = matches!(change.figure.as_str(), "error_rate" | "dropped");
    let figure = |estimate: Option<Estimate>| match estimate {
        None => "–".to_owned(),
        Some(estimate) if is_share => format!("{:.3}%", estimate.value * 100.0),
        Some(estimate) if change.figure == "rate" => format!("{}/s", rate(estimate.value)),
        Some(estimate) => milliseconds(estimate.value),
    };
    // A difference of shares is in percentage points.
    let signed = |value: f64| {
        if is_share {
            format!("{:+.3}pp", value * 100.0)
        } else {
            format!("{:+.1}%", value * 100.0)
        }
    };
    let (value, interval) = match change.change {
        Some(Estimate { value, low, high }) => (signed(value), format!("{} … {}", signed(low), signed(high))),
        None => ("–".to_owned(), "–".to_owned()),
    };
    let verdict = match change.verdict {
        Verdict::Worse => colour.bad(change.verdict.name()),
        _ => change.verdict.name().to_owned(),
    };
    line(
        text,
        &format!(
            "  {:<width$} {:>10} {:>10} {value:>9}   {interval:<19}  {verdict}",
            label(change),
            figure(change.base),
            figure(change.new),
        ),
    );
}

/// A share as a percentage without needless digits.
fn percent_number(share: f64) -> f64 {
    (share * 1e5).round() / 1e3
}
