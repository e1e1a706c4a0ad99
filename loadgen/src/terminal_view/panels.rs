//! The parts of a view that are always there: headline, gauge, requests, latency, generator.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::text::Span;
use ratatui::widgets::{Sparkline, Widget};

use super::state::State;
use super::styled_text::{
    BAD, BEYOND, FAINT, GOOD, NOTEWORTHY, STRONG, TO_P50, TO_P95, TO_P99, USUAL, put, put_heading, put_right, titled,
};
use crate::observer::{GeneratorSnapshot, RunStage, Snapshot};
use crate::summary_text::{grouped, milliseconds, rate, share};

/// An achieved rate below this share of the target rate is noteworthy.
const ON_TARGET: f64 = 0.95;
/// Columns of the names of figures.
const LABEL: u16 = 10;

pub(crate) fn headline(state: &State, area: Rect, buffer: &mut Buffer) {
    let (stage, style) = match state.stage {
        Some(RunStage::Load) => (RunStage::Load.name(), GOOD),
        Some(stage) => (stage.name(), NOTEWORTHY),
        None => ("", USUAL),
    };
    let columns = u16::try_from(stage.len()).unwrap_or(0);
    let left = Rect {
        width: area.width.saturating_sub(columns + 2),
        ..area
    };
    let mut column = 0;
    let mut next = |text: &str, style| {
        if !text.is_empty() {
            column += put(left, column, 0, text, style, buffer) + 2;
        }
    };
    next(
        if state.target.is_empty() {
            "loadgen"
        } else {
            &state.target
        },
        STRONG,
    );
    next(&state.load, USUAL);
    if !state.generator.is_empty() {
        next(&format!("generator {}", state.generator), FAINT);
    }
    put_right(area, area.width, 0, stage, style, buffer);
}

pub(crate) fn gauge(snapshot: &Snapshot, area: Rect, buffer: &mut Buffer) {
    let elapsed = snapshot.elapsed;
    let (part, words) = match (snapshot.iterations, snapshot.duration) {
        (Some((done, all)), _) => (
            done as f64 / all.max(1) as f64,
            format!("{} of {} iterations in {}", grouped(done), grouped(all), clock(elapsed)),
        ),
        (None, Some(duration)) => {
            let left = duration.saturating_sub(elapsed);
            let ending = if left.is_zero() {
                "ending".to_owned()
            } else {
                format!("{} left", clock(left))
            };
            (
                elapsed.as_secs_f64() / duration.as_secs_f64().max(1e-3),
                format!("{} of {}, {ending}", clock(elapsed.min(duration)), clock(duration)),
            )
        }
        (None, None) => (0.0, clock(elapsed)),
    };
    put_right(area, area.width, 0, &words, USUAL, buffer);
    let words = u16::try_from(Span::raw(words).width()).unwrap_or(u16::MAX);
    let bar = area.width.saturating_sub(words.saturating_add(2));
    let done = (part.clamp(0.0, 1.0) * f64::from(bar)).round() as u16;
    put(area, 0, 0, &"━".repeat(usize::from(done)), GOOD, buffer);
    put(
        area,
        done,
        0,
        &"─".repeat(usize::from(bar.saturating_sub(done))),
        FAINT,
        buffer,
    );
}

/// A time as people read it, in whole seconds.
fn clock(time: Duration) -> String {
    let seconds = time.as_secs_f64().round() as u64;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds}s"),
        (0, _) => format!("{minutes}m{seconds:02}s"),
        _ => format!("{hours}h{minutes:02}m{seconds:02}s"),
    }
}

pub(crate) fn requests(state: &State, snapshot: &Snapshot, area: Rect, buffer: &mut Buffer) {
    let inside = titled(area, "Requests", buffer);
    put(inside, 0, 0, "rate", FAINT, buffer);
    let columns = put(inside, LABEL, 0, &format!("{}/s", rate(snapshot.rate)), STRONG, buffer);
    if let Some(target) = snapshot.target_rate {
        let behind = state.stage == Some(RunStage::Load) && snapshot.rate < target * ON_TARGET;
        let style = if behind { NOTEWORTHY } else { USUAL };
        let column = LABEL + columns + 1;
        put(inside, column, 0, &format!("of {}/s", rate(target)), style, buffer);
    }
    let mut row = 1;

    let mut figures = vec![
        ("VUs", vus(snapshot), USUAL),
        ("requests", grouped(snapshot.requests), USUAL),
        (
            "failed",
            format!(
                "{} ({})",
                grouped(snapshot.failed),
                share(snapshot.failed, snapshot.requests)
            ),
            if snapshot.failed == 0 { GOOD } else { BAD },
        ),
    ];
    if snapshot.target_rate.is_some() || snapshot.dropped > 0 {
        let style = if snapshot.dropped == 0 { GOOD } else { BAD };
        figures.push(("dropped", grouped(snapshot.dropped), style));
    }

    let rows = inside.height.saturating_sub(row + figures.len() as u16);
    let chart = Rect {
        y: inside.y + row,
        height: rows,
        ..inside
    };
    rates(state, snapshot, chart.intersection(inside), buffer);
    row += rows;
    for (name, text, style) in figures {
        put(inside, 0, row, name, FAINT, buffer);
        put(inside, LABEL, row, &text, style, buffer);
        row += 1;
    }
}

fn vus(snapshot: &Snapshot) -> String {
    if snapshot.vus == snapshot.max_vus {
        grouped(u64::from(snapshot.vus))
    } else {
        format!(
            "{} of at most {}",
            grouped(u64::from(snapshot.vus)),
            grouped(u64::from(snapshot.max_vus))
        )
    }
}

/// The rate of the last minutes; the target rate is as high as the chart unless it is exceeded.
fn rates(state: &State, snapshot: &Snapshot, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    // Of rates around one per second the fraction matters.
    const SCALE: f64 = 1000.0;
    let rates = state.rates.means(usize::from(area.width));
    let highest = rates.iter().copied().fold(0.0, f64::max);
    let highest = snapshot.target_rate.map_or(highest, |target| highest.max(target));
    let data: Vec<u64> = rates.iter().map(|rate| (rate * SCALE) as u64).collect();
    Sparkline::default()
        .data(&data)
        .max(((highest * SCALE) as u64).max(1))
        .style(Style::new().fg(Color::Cyan))
        .render(area, buffer);
}

pub(crate) fn latency(snapshot: &Snapshot, area: Rect, buffer: &mut Buffer) {
    const COLUMN: u16 = 11;
    /// Less than two figures with a label need.
    const NARROW: u16 = 27;
    let inside = titled(area, "Latency", buffer);
    let total = area.width;
    let now = if total < NARROW { total } else { total - COLUMN };
    put_heading(area, now, "now", buffer);
    if now < total {
        put_heading(area, total, "whole run", buffer);
    }
    let (last, all) = (&snapshot.latency_ms, &snapshot.total_latency_ms);
    let mut rows = vec![
        ("p50", last.p50, all.p50, TO_P50),
        ("p90", last.p90, all.p90, USUAL),
        ("p95", last.p95, all.p95, TO_P95),
        ("p99", last.p99, all.p99, TO_P99),
        ("p99.9", last.p99_9, all.p99_9, USUAL),
        ("max", last.max, all.max, BEYOND),
    ];
    if usize::from(inside.height) >= rows.len() + 2 {
        rows.insert(0, ("min", last.min, all.min, USUAL));
        rows.insert(1, ("mean", last.mean, all.mean, USUAL));
    }
    for (row, (name, last, all, style)) in (0..).zip(rows) {
        put(inside, 0, row, name, style, buffer);
        put_right(inside, now, row, &milliseconds(last), STRONG, buffer);
        if now < total {
            put_right(inside, total, row, &milliseconds(all), USUAL, buffer);
        }
    }
}

pub(crate) fn generator(generator: &GeneratorSnapshot, area: Rect, buffer: &mut Buffer) {
    let figures = format!(
        "CPU {:.0}% of {}%, {} late (p99)",
        generator.cpu_percent,
        u64::from(generator.threads) * 100,
        milliseconds(generator.lag_ms_p99)
    );
    let column = put(area, 0, 0, "Generator", STRONG, buffer) + 1;
    if generator.saturated {
        let columns = put(area, column, 0, "IS THE BOTTLENECK", BAD, buffer);
        put(area, column + columns + 2, 0, &figures, BAD, buffer);
    } else {
        put(area, column, 0, &figures, USUAL, buffer);
    }
}
