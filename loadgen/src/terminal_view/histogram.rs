//! Latencies as bars.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::styled_text::{BEYOND, FAINT, TO_P50, TO_P95, TO_P99, put, put_right, titled};
use crate::observer::HistogramBar;
use crate::summary_text::milliseconds;

const EIGHTHS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
/// Few bars do not fill the width.
const WIDEST_BAR: u16 = 6;

/// Draws bars with a scale below them.
pub(crate) fn histogram(bars: &[HistogramBar], area: Rect, buffer: &mut Buffer) {
    let inside = titled(area, "Latency of the last 10 s", buffer);
    let chart = Rect {
        height: inside.height.saturating_sub(1),
        ..inside
    };
    let bars = shown(bars, chart.width);
    let highest = bars.iter().map(|bar| bar.count).max().unwrap_or(0);
    if chart.is_empty() || highest == 0 {
        return;
    }
    let width = (chart.width / bars.len() as u16).clamp(1, WIDEST_BAR);
    let all: u64 = bars.iter().map(|bar| bar.count).sum();
    let mut before = 0;
    for (bar, column) in bars.iter().zip((0..).step_by(usize::from(width))) {
        let style = style(before, all);
        before += bar.count;
        draw_bar(bar, highest, chart, column, width, style, buffer);
    }
    scale(&bars, width, inside, buffer);
}

/// The bars between the first and the last that are not empty, neighbours taken together until they fit.
fn shown(bars: &[HistogramBar], width: u16) -> Vec<HistogramBar> {
    let first = bars.iter().position(|bar| bar.count > 0).unwrap_or(0);
    let end = bars.iter().rposition(|bar| bar.count > 0).map_or(0, |last| last + 1);
    let bars = &bars[first.min(end)..end];
    let together = bars.len().div_ceil(usize::from(width.max(1))).max(1);
    bars.chunks(together)
        .map(|chunk| HistogramBar {
            to_ms: chunk.last().map_or(0.0, |bar| bar.to_ms),
            count: chunk.iter().map(|bar| bar.count).sum(),
        })
        .collect()
}

/// A bar's colour says which percentile lies at or beyond its beginning.
fn style(before: u64, all: u64) -> Style {
    let part = before as f64 / all as f64;
    if part < 0.5 {
        TO_P50
    } else if part < 0.95 {
        TO_P95
    } else if part < 0.99 {
        TO_P99
    } else {
        BEYOND
    }
}

fn draw_bar(bar: &HistogramBar, highest: u64, chart: Rect, column: u16, width: u16, style: Style, buffer: &mut Buffer) {
    let eighths = f64::from(chart.height) * 8.0 * bar.count as f64 / highest as f64;
    let mut eighths = eighths.round() as usize;
    if bar.count > 0 {
        // What is there shows, however rare.
        eighths = eighths.max(1);
    }
    let columns = if width > 3 { width - 1 } else { width };
    for row in (0..chart.height).rev() {
        let Some(part) = eighths.min(8).checked_sub(1) else {
            return;
        };
        put(
            chart,
            column,
            row,
            &EIGHTHS[part].repeat(usize::from(columns)),
            style,
            buffer,
        );
        eighths -= part + 1;
    }
}

/// Upper bounds, each ending where its bar ends, as many as there is room for.
fn scale(bars: &[HistogramBar], width: u16, area: Rect, buffer: &mut Buffer) {
    const GAP: u16 = 2;
    let row = area.height.saturating_sub(1);
    let mut free = 0;
    for (bar, end) in bars.iter().zip((width..).step_by(usize::from(width))) {
        let label = milliseconds(bar.to_ms);
        let columns = label.len() as u16;
        if end >= free + columns && end <= area.width {
            put_right(area, end, row, &label, FAINT, buffer);
            free = end + GAP;
        }
    }
}
