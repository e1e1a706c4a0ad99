//! The two charts over time: latency, and rate with failures.

use std::fmt::Write as _;

use maud::{Markup, html};

use super::axis::Axis;
use super::chart::{self, Chart, Entry, Point};
use super::format;
use super::timeline::{Timeline, end};
use crate::summary::{Latency, Summary, TimelinePoint};

/// Pixels.
const LATENCY_HEIGHT: f64 = 230.0;
const RATE_TOP: f64 = 20.0;
const RATE_HEIGHT: f64 = 150.0;
const FAILED_TOP: f64 = 206.0;
const FAILED_HEIGHT: f64 = 56.0;

/// From this ratio of the highest p99 to the usual p50 on, a linear scale would flatten everything but the peak.
const LOG_SCALE_FROM: f64 = 100.0;

type Percentile = (&'static str, fn(&Latency) -> f64);

/// From top to bottom.
const PERCENTILES: [Percentile; 3] = [("p99", |l| l.p99), ("p95", |l| l.p95), ("p50", |l| l.p50)];

pub(super) fn latency(summary: &Summary, timeline: &Timeline) -> Markup {
    const ID: &str = "latency-over-time";
    const TITLE: &str = "Latency over time";
    let busy: Vec<&TimelinePoint> = timeline
        .intervals
        .iter()
        .filter(|interval| interval.requests > 0)
        .collect();
    let (Some(highest), Some(lowest)) = (
        busy.iter()
            .copied()
            .max_by(|a, b| a.latency_ms.p99.total_cmp(&b.latency_ms.p99)),
        busy.iter()
            .map(|interval| interval.latency_ms.p99)
            .min_by(f64::total_cmp),
    ) else {
        return chart::empty(ID, TITLE, "No request ended, so there is no latency to show.");
    };
    let x = Axis::elapsed(timeline.total_s());
    let y = latency_axis(&busy, highest.latency_ms.p99);
    let height = |ms: f64| LATENCY_HEIGHT * (1.0 - y.position(ms));

    let series = |percentile: fn(&Latency) -> f64| -> Vec<Option<(f64, f64)>> {
        let at = |interval: &TimelinePoint| {
            (interval.requests > 0).then(|| (middle(&x, interval), height(percentile(&interval.latency_ms))))
        };
        timeline.intervals.iter().map(at).collect()
    };
    let band: Vec<Option<(f64, f64, f64)>> = timeline
        .intervals
        .iter()
        .map(|interval| {
            let latency = &interval.latency_ms;
            (interval.requests > 0).then(|| (middle(&x, interval), height(latency.p99), height(latency.p50)))
        })
        .collect();
    let last = busy.last().map_or(&summary.latency_ms, |interval| &interval.latency_ms);
    let gaps = gaps(&timeline.intervals);
    let mut note = note(timeline);
    if timeline.merged > 1 {
        let _ = write!(
            note,
            ", with the highest percentile of the {} recorded in each",
            timeline.merged
        );
    }
    if y.is_logarithmic() {
        note.push_str(" · logarithmic scale");
    }
    if !gaps.is_empty() {
        note.push_str(" · shaded where no request ended");
    }
    let points = timeline
        .intervals
        .iter()
        .map(|interval| {
            let values: Vec<f64> = PERCENTILES
                .iter()
                .map(|(_, percentile)| percentile(&interval.latency_ms))
                .collect();
            let (texts, marks) = match interval.requests {
                0 => (vec![format::NONE.to_owned(); values.len()], Vec::new()),
                _ => (
                    values.iter().map(|ms| format::latency(*ms)).collect(),
                    values.iter().map(|ms| tenth(height(*ms))).collect(),
                ),
            };
            Point(position(middle(&x, interval)), label(timeline, interval), texts, marks)
        })
        .collect();

    Chart {
        id: ID,
        title: TITLE,
        note,
        description: format!(
            "p50, p95 and p99 of the latency in {} intervals. p99 lies between {} and {}; it is highest at {}. {}.",
            format::count(timeline.intervals.len() as u64),
            format::latency(lowest),
            format::latency(highest.latency_ms.p99),
            label(timeline, highest),
            match timeline.intervals.len() - busy.len() {
                0 => "Requests ended in every interval".to_owned(),
                silent => format!("In {} of the intervals no request ended", format::count(silent as u64)),
            }
        ),
        height: LATENCY_HEIGHT,
        whole: "Whole run",
        legend: PERCENTILES
            .iter()
            .map(|(name, percentile)| Entry {
                class: name,
                name,
                value: format::latency(percentile(&summary.latency_ms)),
            })
            .collect(),
        points,
        drawing: html! {
            @for (from, to) in gaps {
                rect.gap x=(chart::percent(x.position(from))) width=(chart::percent(x.position(to) - x.position(from)))
                    y="0" height=(chart::px(LATENCY_HEIGHT)) {}
            }
            (chart::grid(&y, 0.0, LATENCY_HEIGHT))
            (chart::x_axis(&x, LATENCY_HEIGHT))
            (chart::band("spread", &band, LATENCY_HEIGHT))
            @for (name, percentile) in PERCENTILES { (chart::line(name, &series(percentile), LATENCY_HEIGHT)) }
            (chart::end_labels(&PERCENTILES.map(|(name, percentile)| (name, height(percentile(last)))), LATENCY_HEIGHT))
        },
    }
    .render()
}

pub(super) fn rate(summary: &Summary, timeline: &Timeline) -> Markup {
    const ID: &str = "rate-over-time";
    const TITLE: &str = "Rate and failures over time";
    if summary.requests == 0 || timeline.intervals.is_empty() {
        return chart::empty(ID, TITLE, "No request ended, so there is no rate to show.");
    }
    let rate = |interval: &TimelinePoint| interval.requests as f64 / interval.length_s;
    let failures = |interval: &TimelinePoint| interval.failed as f64 / interval.length_s;
    let highest = |of: &dyn Fn(&TimelinePoint) -> f64| timeline.intervals.iter().map(of).fold(0.0, f64::max);
    let (peak, failed_peak) = (highest(&rate), highest(&failures));
    let lowest = timeline.intervals.iter().map(rate).fold(f64::INFINITY, f64::min);
    let x = Axis::elapsed(timeline.total_s());
    let y = Axis::amount(peak, 4.0, "");
    let mut failed_y = Axis::amount(failed_peak, 2.0, "");
    if failed_peak == 0.0 {
        failed_y.ticks.truncate(1);
    }
    let bottom = FAILED_TOP + FAILED_HEIGHT;
    let height = |rate: f64| RATE_TOP + RATE_HEIGHT * (1.0 - y.position(rate));
    // A single failure in a long run must not vanish.
    let failed_height = |rate: f64| {
        if rate > 0.0 {
            (FAILED_HEIGHT * failed_y.position(rate)).max(2.0)
        } else {
            0.0
        }
    };

    let span = |interval: &TimelinePoint| (x.position(interval.start_s), x.position(end(interval)));
    let spans: Vec<(f64, f64, f64)> = timeline
        .intervals
        .iter()
        .map(|interval| (span(interval).0, span(interval).1, height(rate(interval))))
        .collect();
    let failed_intervals = timeline.intervals.iter().filter(|interval| interval.failed > 0);
    let points = timeline
        .intervals
        .iter()
        .map(|interval| {
            let mut marks = vec![tenth(height(rate(interval)))];
            if interval.failed > 0 {
                marks.push(tenth(bottom - failed_height(failures(interval))));
            }
            let failed = match interval.failed {
                0 => "0".to_owned(),
                failed => format!(
                    "{} ({})",
                    format::count(failed),
                    format::percent(failed, interval.requests)
                ),
            };
            Point(
                position(middle(&x, interval)),
                label(timeline, interval),
                vec![format::rate(rate(interval)), failed],
                marks,
            )
        })
        .collect();

    Chart {
        id: ID,
        title: TITLE,
        note: note(timeline),
        description: format!(
            "Requests per second lie between {} and {}. {}.",
            format::significant(lowest),
            format::significant(peak),
            match failed_intervals.clone().count() {
                0 => "No request failed".to_owned(),
                intervals => format!(
                    "Requests failed in {} of {} intervals, at most {} per second",
                    format::count(intervals as u64),
                    format::count(timeline.intervals.len() as u64),
                    format::significant(failed_peak)
                ),
            }
        ),
        height: bottom,
        whole: "Whole run",
        legend: vec![
            Entry { class: "rate", name: "requests", value: format::rate(summary.rate) },
            Entry {
                class: "failed",
                name: "failed",
                value: match summary.failed {
                    0 => "0".to_owned(),
                    failed => format!("{} ({})", format::count(failed), format::percent(failed, summary.requests)),
                },
            },
        ],
        points,
        drawing: html! {
            text.panel x="0" y="10" { "Requests per second" }
            (chart::grid(&y, RATE_TOP, RATE_HEIGHT))
            (chart::steps("rate", &spans, RATE_TOP + RATE_HEIGHT))
            text.panel x="0" y=(chart::px(FAILED_TOP - 10.0)) { "Failed per second" }
            (chart::grid(&failed_y, FAILED_TOP, FAILED_HEIGHT))
            (chart::x_axis(&x, bottom))
            @if failed_peak == 0.0 {
                text.all-clear x="50%" y=(chart::px(FAILED_TOP + FAILED_HEIGHT / 2.0)) dy="0.35em" text-anchor="middle" {
                    "✓ no request failed"
                }
            }
            @for interval in failed_intervals {
                @let (from, to) = span(interval);
                @let height = failed_height(failures(interval));
                rect.failed x=(chart::percent(from)) width=(chart::percent(to - from)) y=(chart::px(bottom - height)) height=(chart::px(height)) {}
            }
        },
    }
    .render()
}

fn latency_axis(busy: &[&TimelinePoint], highest: f64) -> Axis {
    let mut medians: Vec<f64> = busy.iter().map(|interval| interval.latency_ms.p50).collect();
    medians.sort_by(f64::total_cmp);
    let usual = medians.get(medians.len() / 2).copied().unwrap_or_default();
    match medians.iter().copied().find(|median| *median > 0.0) {
        Some(lowest) if usual > 0.0 && highest / usual >= LOG_SCALE_FROM => {
            Axis::latency_log(lowest * 0.8, highest * 1.2)
        }
        _ => Axis::latency(highest),
    }
}

/// Stretches of time, in seconds, in which no request ended.
fn gaps(intervals: &[TimelinePoint]) -> Vec<(f64, f64)> {
    let silent = intervals.split(|interval| interval.requests > 0);
    silent
        .filter_map(|run| Some((run.first()?.start_s, end(run.last()?))))
        .collect()
}

fn note(timeline: &Timeline) -> String {
    let length = timeline.intervals.first().map_or(0.0, |interval| interval.length_s);
    format!("Intervals of {}", format::length(length))
}

fn label(timeline: &Timeline, interval: &TimelinePoint) -> String {
    let resolution = timeline.intervals.first().map_or(1.0, |first| first.length_s);
    let at = |seconds| format::elapsed(seconds, resolution, timeline.total_s());
    format!("{} – {}", at(interval.start_s), at(end(interval)))
}

fn middle(x: &Axis, interval: &TimelinePoint) -> f64 {
    x.position(interval.start_s + interval.length_s / 2.0)
}

fn tenth(pixels: f64) -> f64 {
    (pixels * 10.0).round() / 10.0
}

fn position(share: f64) -> f64 {
    (share * 1e4).round() / 1e4
}
