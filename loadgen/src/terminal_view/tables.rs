//! Steps, thresholds and failures: tables of as many lines as there is room for.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::styled_text::{BAD, FAINT, GOOD, STRONG, put, put_heading, put_right, titled};
use crate::observer::{StepSnapshot, ThresholdSnapshot};
use crate::summary_text::{grouped, milliseconds, rate};

/// Columns that a figure takes, the space before it included.
const FIGURE: u16 = 10;
/// Columns that a name is not to be cut down to.
const NAME: u16 = 12;

/// Lines that are shown, and how many more there are.
fn visible(count: usize, area: Rect) -> (usize, usize) {
    let room = usize::from(area.height);
    if count <= room {
        (count, 0)
    } else {
        let shown = room.saturating_sub(1);
        (shown, count - shown)
    }
}

fn put_more(more: usize, area: Rect, buffer: &mut Buffer) {
    if more > 0 && area.height > 0 {
        put(area, 0, area.height - 1, &format!("… {more} more"), FAINT, buffer);
    }
}

pub(crate) fn steps(steps: &[StepSnapshot], area: Rect, buffer: &mut Buffer) {
    type Figure = fn(&StepSnapshot) -> String;
    let figures: [(&str, Figure); 6] = [
        ("requests", |step| grouped(step.requests)),
        ("rate", |step| format!("{}/s", rate(step.rate))),
        ("failed", |step| grouped(step.failed)),
        ("p50", |step| milliseconds(step.latency_ms.p50)),
        ("p95", |step| milliseconds(step.latency_ms.p95)),
        ("p99", |step| milliseconds(step.latency_ms.p99)),
    ];
    if area.is_empty() {
        return;
    }
    // The number of requests can be told from the rate; the others cannot.
    let fits = area.width >= NAME + FIGURE * figures.len() as u16;
    let figures = if fits { &figures[..] } else { &figures[1..] };
    let of_figures = FIGURE * figures.len() as u16;
    let names = Rect {
        width: area.width.saturating_sub(of_figures),
        ..area
    };
    let column = |index: usize| area.width.saturating_sub(FIGURE * (figures.len() - 1 - index) as u16);

    let inside = titled(area, "Steps", buffer);
    for (index, (name, _)) in figures.iter().enumerate() {
        put_heading(area, column(index), name, buffer);
    }
    let (shown, more) = visible(steps.len(), inside);
    for (row, step) in (0..).zip(&steps[..shown]) {
        put(names, 0, row + 1, &step.name, Style::new(), buffer);
        for (index, (name, figure)) in figures.iter().enumerate() {
            let style = if *name == "failed" && step.failed > 0 {
                BAD
            } else {
                Style::new()
            };
            put_right(inside, column(index), row, &figure(step), style, buffer);
        }
    }
    put_more(more, inside, buffer);
}

pub(crate) fn thresholds(thresholds: &[ThresholdSnapshot], area: Rect, buffer: &mut Buffer) {
    if area.is_empty() || thresholds.is_empty() {
        return;
    }
    let inside = titled(area, "Thresholds", buffer);
    let (shown, more) = visible(thresholds.len(), inside);
    let mut order: Vec<&ThresholdSnapshot> = thresholds.iter().collect();
    if more > 0 {
        // Those that are not shown are not the crossed ones.
        order.sort_by_key(|threshold| threshold.passed || threshold.value.is_empty());
    }
    for (row, threshold) in (0..).zip(&order[..shown]) {
        let (mark, value, style) = match (threshold.value.as_str(), threshold.passed) {
            ("", _) => ("·", "none yet", FAINT),
            (value, true) => ("✓", value, GOOD),
            (value, false) => ("✗", value, BAD),
        };
        put(inside, 0, row, mark, style, buffer);
        let columns = value.chars().count() as u16;
        let expression = Rect {
            width: inside.width.saturating_sub(columns + 1),
            ..inside
        };
        put(expression, 2, row, &threshold.expression, Style::new(), buffer);
        put_right(inside, inside.width, row, value, style, buffer);
    }
    put_more(more, inside, buffer);
}

pub(crate) fn errors(errors: &[(String, u64)], area: Rect, buffer: &mut Buffer) {
    if area.is_empty() || errors.is_empty() {
        return;
    }
    let inside = titled(area, "Failures", buffer);
    let (shown, more) = visible(errors.len(), inside);
    let width = errors[..shown]
        .iter()
        .map(|(_, count)| grouped(*count).len() as u16)
        .max()
        .unwrap_or(0);
    for (row, (kind, count)) in (0..).zip(&errors[..shown]) {
        put_right(inside, width, row, &grouped(*count), BAD, buffer);
        put(inside, width + 1, row, "×", FAINT, buffer);
        put(inside, width + 3, row, kind, STRONG, buffer);
    }
    put_more(more, inside, buffer);
}
