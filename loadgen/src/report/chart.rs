//! What every chart is made of: figure, legend, grid, lines.
//!
//! A chart is an SVG without a view box: widths are percentages of the plot and heights are pixels, so that text and
//! strokes keep their size from a phone to a sheet of paper. Lines live in a nested SVG that stretches. Labels of the
//! vertical axis stand outside the box, in the margin that the style sheet leaves.

use std::borrow::Cow;
use std::fmt::Write as _;

use maud::{Markup, html};
use serde::Serialize;

use super::axis::Axis;

/// Width of the coordinate system in which lines are drawn.
const WIDTH: f64 = 1_000.0;
/// Room for the labels of the horizontal axis, pixels.
const X_LABELS: f64 = 24.0;
/// Distance between labels at the ends of lines, pixels.
const LABEL_PITCH: f64 = 14.0;

/// A figure with a legend that doubles as the read-out of the point under the pointer.
pub(super) struct Chart {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    /// What a reader must know to read the chart right.
    pub(super) note: String,
    /// What the chart means, in a sentence or two.
    pub(super) meaning: String,
    /// What the chart shows, for those who do not see it.
    pub(super) description: String,
    /// Pixels, axis labels left out.
    pub(super) height: f64,
    /// What the legend's values stand for while no point is chosen.
    pub(super) whole: &'static str,
    pub(super) legend: Vec<Entry>,
    pub(super) points: Vec<Point>,
    pub(super) drawing: Markup,
    /// What stands below the plot, such as the key to its colours or its figures as a table.
    pub(super) below: Markup,
}

/// A line of the legend.
pub(super) struct Entry {
    pub(super) class: &'static str,
    pub(super) name: Cow<'static, str>,
    pub(super) value: String,
}

/// A point that the reader can choose; the page's script reads it as a JSON array.
#[derive(Serialize)]
pub(super) struct Point(
    /// Horizontal position, 0 to 1.
    pub(super) f64,
    /// What the point is.
    pub(super) String,
    /// The legend's values there.
    pub(super) Vec<String>,
    /// Where to put dots, pixels from the top.
    pub(super) Vec<f64>,
);

impl Chart {
    pub(super) fn render(&self) -> Markup {
        let (title_id, description_id) = (format!("{}-title", self.id), format!("{}-description", self.id));
        // Finite numbers and strings always make JSON; without it the chart only lacks its read-out.
        let points = serde_json::to_string(&self.points).unwrap_or_default();
        html! {
            figure.card id=(self.id) {
                figcaption {
                    h2 { (self.title) }
                    @if !self.note.is_empty() { p.note { (self.note) } }
                    @if !self.meaning.is_empty() { p.meaning { (self.meaning) } }
                }
                (self.legend())
                div.plot data-points=(points) {
                    svg.chart-svg role="img" aria-labelledby={ (title_id) " " (description_id) }
                        width="100%" height=(px(self.height + X_LABELS)) {
                        title id=(title_id) { (self.title) }
                        desc id=(description_id) { (self.description) }
                        (self.drawing)
                    }
                }
                (self.below)
            }
        }
    }

    fn legend(&self) -> Markup {
        html! {
            div.legend {
                span.at data-at { (self.whole) }
                ul {
                    @for entry in &self.legend {
                        li class=(entry.class) {
                            svg.swatch aria-hidden="true" width="18" height="10" { line x1="0" x2="18" y1="5" y2="5" {} }
                            span.name { (entry.name) }
                            " "
                            span.value data-value { (entry.value) }
                        }
                    }
                }
            }
        }
    }
}

/// Stands in for a chart that has nothing to show.
pub(super) fn empty(id: &'static str, title: &'static str, reason: &str) -> Markup {
    html! {
        figure.card id=(id) {
            figcaption { h2 { (title) } }
            p.empty { (reason) }
        }
    }
}

/// Horizontal grid lines with the labels of the vertical axis.
pub(super) fn grid(axis: &Axis, top: f64, height: f64) -> Markup {
    html! {
        g.grid {
            @for (index, tick) in axis.ticks.iter().enumerate() {
                @let y = px(top + height * (1.0 - tick.at));
                line.baseline[index == 0 && tick.at == 0.0] x1="0" x2="100%" y1=(y) y2=(y) {}
                text x="-8" y=(y) dy="0.35em" text-anchor="end" { (tick.label) }
            }
        }
    }
}

/// Ticks and labels of the horizontal axis, `bottom` pixels from the top.
pub(super) fn x_axis(axis: &Axis, bottom: f64) -> Markup {
    let crowded = axis.ticks.len() > 5;
    html! {
        g.x-axis {
            line.baseline x1="0" x2="100%" y1=(px(bottom)) y2=(px(bottom)) {}
            @for (index, tick) in axis.ticks.iter().enumerate() {
                // On a phone every other label gives way.
                g.minor[crowded && index % 2 == 1] {
                    line x1=(percent(tick.at)) x2=(percent(tick.at)) y1=(px(bottom)) y2=(px(bottom + 5.0)) {}
                    text x=(percent(tick.at)) y=(px(bottom + 18.0)) text-anchor="middle" { (tick.label) }
                }
            }
        }
    }
}

/// The stretching coordinate system that [`line_path`] and its like draw in.
pub(super) fn stretched(height: f64, drawing: &Markup) -> Markup {
    html! {
        svg.stretched viewBox={ "0 0 " (px(WIDTH)) " " (px(height)) } preserveAspectRatio="none" width="100%" height=(px(height)) {
            (drawing)
        }
    }
}

/// A line through points (0 to 1, pixels), broken where there is no point. A point without neighbours becomes a dot.
pub(super) fn line(class: &str, points: &[Option<(f64, f64)>], height: f64) -> Markup {
    let runs = || points.split(Option::is_none).filter(|run| !run.is_empty());
    let mut path = String::new();
    for run in runs().filter(|run| run.len() > 1) {
        for (index, (x, y)) in run.iter().flatten().enumerate() {
            step_to(&mut path, if index == 0 { 'M' } else { 'L' }, *x, *y);
        }
    }
    html! {
        @if !path.is_empty() {
            (stretched(height, &html! { path.line.(class) d=(path) {} }))
        }
        @for (x, y) in runs().filter(|run| run.len() == 1).flatten().flatten() {
            circle.dot.(class) cx=(percent(*x)) cy=(px(*y)) r="3" {}
        }
    }
}

/// The area between two lines that share their horizontal positions and gaps: (0 to 1, upper pixels, lower pixels).
pub(super) fn band(class: &str, points: &[Option<(f64, f64, f64)>], height: f64) -> Markup {
    let mut path = String::new();
    for run in points.split(Option::is_none).filter(|run| run.len() > 1) {
        let edges = run.iter().flatten();
        for (index, (x, upper, _)) in edges.clone().enumerate() {
            step_to(&mut path, if index == 0 { 'M' } else { 'L' }, *x, *upper);
        }
        for (x, _, lower) in edges.rev() {
            step_to(&mut path, 'L', *x, *lower);
        }
        path.push('Z');
    }
    html! { @if !path.is_empty() { (stretched(height, &html! { path.band.(class) d=(path) {} })) } }
}

/// Values that hold for a whole interval: (from, to, pixels), without gaps; filled down to `bottom` if asked for.
pub(super) fn steps(class: &str, spans: &[(f64, f64, f64)], bottom: f64, filled: bool) -> Markup {
    let mut path = String::new();
    for (index, (from, to, y)) in spans.iter().enumerate() {
        step_to(&mut path, if index == 0 { 'M' } else { 'L' }, *from, *y);
        step_to(&mut path, 'L', *to, *y);
    }
    let mut area = path.clone();
    if let (Some((first, ..)), Some((_, last, _))) = (spans.first(), spans.last()) {
        step_to(&mut area, 'L', *last, bottom);
        step_to(&mut area, 'L', *first, bottom);
        area.push('Z');
    }
    stretched(
        bottom,
        &html! { @if filled { path.band.(class) d=(area) {} } path.line.(class) d=(path) {} },
    )
}

/// Appends a rectangle to a path in the stretching coordinate system: (from, to) of the width, pixels from the top.
pub(super) fn add_rectangle(path: &mut String, (from, to): (f64, f64), top: f64, height: f64) {
    let (left, width) = (from * WIDTH, (to - from) * WIDTH);
    // Writing to a string does not fail.
    let _ = write!(
        path,
        "M{} {}h{}v{}h{}z",
        px(left),
        px(top),
        px(width),
        px(height),
        px(-width)
    );
}

/// Names at the right ends of lines, moved apart where they would overlap. Expects them from top to bottom.
pub(super) fn end_labels(labels: &[(&str, f64)], height: f64) -> Markup {
    let mut rows: Vec<f64> = Vec::with_capacity(labels.len());
    for (_, y) in labels {
        rows.push(rows.last().map_or(*y, |above| y.max(above + LABEL_PITCH)));
    }
    let mut limit = height;
    for row in rows.iter_mut().rev() {
        *row = row.min(limit);
        limit = *row - LABEL_PITCH;
    }
    html! {
        @for ((name, _), y) in labels.iter().zip(rows) {
            text.end-label.(*name) x="100%" dx="6" y=(px(y)) dy="0.35em" { (name) }
        }
    }
}

/// A number for the page's script, to a tenth of a pixel.
pub(super) fn tenth(pixels: f64) -> f64 {
    (pixels * 10.0).round() / 10.0
}

/// A horizontal position for the page's script.
pub(super) fn position(share: f64) -> f64 {
    (share * 1e4).round() / 1e4
}

/// Pixels, to a tenth.
pub(super) fn px(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

/// A share of the plot's width.
pub(super) fn percent(share: f64) -> String {
    format!("{:.3}%", share * 100.0)
}

fn step_to(path: &mut String, command: char, x: f64, y: f64) {
    // Writing to a string does not fail.
    let _ = write!(path, "{command}{} {}", px(x * WIDTH), px(y));
}
