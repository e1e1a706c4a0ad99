//! The load over time: its rate beside the one asked for, the virtual users it took, and how the generator fared.

use maud::Markup;

use super::axis::Axis;
use super::chart;
use super::crossings::Crossings;
use super::format;
use super::panels::{Panel, Panels, Series, Shape};
use super::timeline::Timeline;
use crate::run_info::LoadModel;
use crate::summary::{Summary, TimelinePoint};

/// Pixels.
const RATE_HEIGHT: f64 = 150.0;
const COUNTS_HEIGHT: f64 = 56.0;
const SMALL_HEIGHT: f64 = 72.0;

fn per_second(count: u64, interval: &TimelinePoint) -> f64 {
    count as f64 / interval.length_s
}

fn rate_of(interval: &TimelinePoint) -> f64 {
    per_second(interval.requests, interval)
}

pub(super) fn rate(summary: &Summary, timeline: &Timeline, crossings: &Crossings) -> Markup {
    const ID: &str = "rate-over-time";
    let open = summary.model == LoadModel::Open;
    let title = if open {
        "Rate against target, drops and failures over time"
    } else {
        "Rate and failures over time"
    };
    if timeline.intervals.is_empty() || (summary.requests == 0 && summary.due == 0) {
        return chart::empty(ID, title, "No request ended, so there is no rate to show.");
    }
    let mut rates = vec![Series {
        class: "rate",
        name: "requests",
        shape: Shape::Area,
        value: rate_of,
        text: |interval| format::rate(rate_of(interval)),
        whole: format::rate(summary.rate),
    }];
    let mut panels = Vec::new();
    if open {
        let due = summary.due as f64 / summary.duration_s;
        rates.push(Series {
            class: "due",
            name: "iterations due",
            shape: Shape::Line,
            value: |interval| per_second(interval.due, interval),
            text: |interval| format::rate(per_second(interval.due, interval)),
            whole: format::rate(due),
        });
        panels.push(Panel {
            name: "Dropped per second",
            height: COUNTS_HEIGHT,
            axis: |max| Axis::amount(max, 2.0, ""),
            series: vec![Series {
                class: "dropped",
                name: "dropped",
                shape: Shape::Bars,
                value: |interval| per_second(interval.dropped, interval),
                text: |interval| part(interval.dropped, interval.due),
                whole: part(summary.dropped, summary.due),
            }],
            all_clear: Some("✓ no iteration was dropped"),
        });
    }
    panels.insert(
        0,
        Panel {
            name: "Requests per second",
            height: RATE_HEIGHT,
            axis: |max| Axis::amount(max, 4.0, ""),
            series: rates,
            all_clear: None,
        },
    );
    panels.push(Panel {
        name: "Failed per second",
        height: COUNTS_HEIGHT,
        axis: |max| Axis::amount(max, 2.0, ""),
        series: vec![Series {
            class: "failed",
            name: "failed",
            shape: Shape::Bars,
            value: |interval| per_second(interval.failed, interval),
            text: |interval| part(interval.failed, interval.requests),
            whole: part(summary.failed, summary.requests),
        }],
        all_clear: Some("✓ no request failed"),
    });
    let mut note = timeline.note();
    if open && summary.steps.len() > 1 {
        note.push_str(" · an iteration may send more than one request");
    }
    Panels {
        id: ID,
        title,
        note,
        description: description(summary, timeline, open),
        panels,
    }
    .render(timeline, crossings)
}

fn description(summary: &Summary, timeline: &Timeline, open: bool) -> String {
    let rates = || timeline.intervals.iter().map(rate_of);
    let intervals = format::count(timeline.intervals.len() as u64);
    let happened = |of: fn(&TimelinePoint) -> u64| {
        let peak = timeline
            .intervals
            .iter()
            .map(|interval| per_second(of(interval), interval));
        let count = timeline.intervals.iter().filter(|interval| of(interval) > 0).count();
        (count as u64, format::significant(peak.fold(0.0, f64::max)))
    };
    let mut text = format!(
        "Requests per second lie between {} and {}. ",
        format::significant(rates().fold(f64::INFINITY, f64::min)),
        format::significant(rates().fold(0.0, f64::max))
    );
    text += &match happened(|interval| interval.failed) {
        (0, _) => "No request failed.".to_owned(),
        (count, peak) => format!(
            "Requests failed in {} of {intervals} intervals, at most {peak} per second.",
            format::count(count)
        ),
    };
    if open {
        text += &match happened(|interval| interval.dropped) {
            (0, _) => format!(" All {} iterations due were started.", format::count(summary.due)),
            (count, peak) => format!(
                " Iterations were dropped in {} of {intervals} intervals, at most {peak} per second.",
                format::count(count)
            ),
        };
    }
    text
}

pub(super) fn users(summary: &Summary, timeline: &Timeline, crossings: &Crossings) -> Markup {
    let vus = || timeline.intervals.iter().map(|interval| interval.vus);
    let (least, most) = (vus().min().unwrap_or(0), vus().max().unwrap_or(0));
    if most == 0 {
        return Markup::default();
    }
    Panels {
        id: "users-over-time",
        title: "Virtual users over time",
        note: "At the end of each interval".to_owned(),
        description: format!(
            "Virtual users lie between {} and {}.",
            format::count(least.into()),
            format::count(most.into())
        ),
        panels: vec![Panel {
            name: "Virtual users",
            height: SMALL_HEIGHT,
            axis: |max| Axis::amount(max, 3.0, ""),
            series: vec![Series {
                class: "users",
                name: "virtual users",
                shape: Shape::Area,
                value: |interval| interval.vus.into(),
                text: |interval| format::count(interval.vus.into()),
                whole: format!("at most {}", format::count(summary.vus.into())),
            }],
            all_clear: None,
        }],
    }
    .render(timeline, crossings)
}

pub(super) fn generator(summary: &Summary, timeline: &Timeline, crossings: &Crossings) -> Markup {
    let measured = |interval: &TimelinePoint| interval.cpu_percent > 0.0 || interval.lag_ms_p99 > 0.0;
    if !timeline.intervals.iter().any(measured) {
        return Markup::default();
    }
    let highest = |of: fn(&TimelinePoint) -> f64| timeline.intervals.iter().map(of).fold(0.0, f64::max);
    let cpu = |percent: f64| format!("{}%", format::significant(percent));
    Panels {
        id: "generator-over-time",
        title: "Generator over time",
        note: "CPU of one core, and the 99th percentile of how late it acted".to_owned(),
        description: format!(
            "The generator used at most {} of one core and was at most {} late.",
            cpu(highest(|interval| interval.cpu_percent)),
            format::latency(highest(|interval| interval.lag_ms_p99))
        ),
        panels: vec![
            Panel {
                name: "CPU, % of one core",
                height: SMALL_HEIGHT,
                axis: |max| Axis::amount(max, 3.0, "%"),
                series: vec![Series {
                    class: "cpu",
                    name: "CPU",
                    shape: Shape::Area,
                    value: |interval| interval.cpu_percent,
                    text: |interval| format!("{}%", format::significant(interval.cpu_percent)),
                    whole: cpu(summary.generator.cpu_percent),
                }],
                all_clear: None,
            },
            Panel {
                name: "Scheduling lag, p99",
                height: SMALL_HEIGHT,
                axis: Axis::latency,
                series: vec![Series {
                    class: "lag",
                    name: "lag",
                    shape: Shape::Area,
                    value: |interval| interval.lag_ms_p99,
                    text: |interval| format::latency(interval.lag_ms_p99),
                    whole: format::latency(summary.generator.lag_ms_p99),
                }],
                all_clear: None,
            },
        ],
    }
    .render(timeline, crossings)
}

/// A count with its share, or nothing but 0.
fn part(count: u64, of: u64) -> String {
    match count {
        0 => "0".to_owned(),
        count => format!("{} ({})", format::count(count), format::percent(count, of)),
    }
}
