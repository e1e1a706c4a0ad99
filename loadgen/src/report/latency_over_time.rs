//! The latency over time, as three percentiles.

use std::fmt::Write as _;

use maud::{Markup, html};

use super::axis::{Axis, suitable_latency};
use super::chart::{self, Chart, Entry, Point};
use super::crossings::Crossings;
use super::format;
use super::timeline::{Timeline, end};
use crate::summary::{Latency, Summary, TimelinePoint};

/// Pixels.
const HEIGHT: f64 = 230.0;

type Percentile = (&'static str, fn(&Latency) -> f64);

/// From top to bottom.
const PERCENTILES: [Percentile; 3] = [("p99", |l| l.p99), ("p95", |l| l.p95), ("p50", |l| l.p50)];

pub(super) fn latency_over_time(summary: &Summary, timeline: &Timeline, crossings: &Crossings) -> Markup {
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
    let y = axis(&busy, highest.latency_ms.p99);
    let top = crossings.room();
    let bottom = top + HEIGHT;
    let height = |ms: f64| top + HEIGHT * (1.0 - y.position(ms));
    let middle = |interval: &TimelinePoint| x.position(interval.start_s + interval.length_s / 2.0);

    let series = |percentile: fn(&Latency) -> f64| -> Vec<Option<(f64, f64)>> {
        let at = |interval: &TimelinePoint| {
            (interval.requests > 0).then(|| (middle(interval), height(percentile(&interval.latency_ms))))
        };
        timeline.intervals.iter().map(at).collect()
    };
    let band: Vec<Option<(f64, f64, f64)>> = timeline
        .intervals
        .iter()
        .map(|interval| {
            let latency = &interval.latency_ms;
            (interval.requests > 0).then(|| (middle(interval), height(latency.p99), height(latency.p50)))
        })
        .collect();
    let last = busy.last().map_or(&summary.latency_ms, |interval| &interval.latency_ms);
    let gaps = gaps(&timeline.intervals);
    let mut note = timeline.note();
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
    note.push_str(crossings.explanation());
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
                    values.iter().map(|ms| chart::tenth(height(*ms))).collect(),
                ),
            };
            Point(
                chart::position(middle(interval)),
                timeline.label(interval),
                texts,
                marks,
            )
        })
        .collect();

    Chart {
        id: ID,
        title: TITLE,
        note,
        meaning: String::new(),
        description: format!(
            "p50, p95 and p99 of the latency in {} intervals. p99 lies between {} and {}; it is highest at {}. {}.",
            format::count(timeline.intervals.len() as u64),
            format::latency(lowest),
            format::latency(highest.latency_ms.p99),
            timeline.label(highest),
            match timeline.intervals.len() - busy.len() {
                0 => "Requests ended in every interval".to_owned(),
                silent => format!("In {} of the intervals no request ended", format::count(silent as u64)),
            }
        ),
        height: bottom,
        whole: "Whole run",
        legend: PERCENTILES
            .iter()
            .map(|(name, percentile)| Entry {
                class: name,
                name: (*name).into(),
                value: format::latency(percentile(&summary.latency_ms)),
            })
            .collect(),
        points,
        drawing: html! {
            @for (from, to) in gaps {
                rect.gap x=(chart::percent(x.position(from))) width=(chart::percent(x.position(to) - x.position(from)))
                    y=(chart::px(top)) height=(chart::px(HEIGHT)) {}
            }
            (chart::grid(&y, top, HEIGHT))
            (chart::x_axis(&x, bottom))
            (chart::band("spread", &band, bottom))
            @for (name, percentile) in PERCENTILES { (chart::line(name, &series(percentile), bottom)) }
            (chart::end_labels(&PERCENTILES.map(|(name, percentile)| (name, height(percentile(last)))), bottom))
            (crossings.draw(&x, bottom))
        },
        below: html! {},
    }
    .render()
}

fn axis(busy: &[&TimelinePoint], highest: f64) -> Axis {
    let mut medians: Vec<f64> = busy.iter().map(|interval| interval.latency_ms.p50).collect();
    medians.sort_by(f64::total_cmp);
    let usual = medians.get(medians.len() / 2).copied().unwrap_or_default();
    let lowest = medians.iter().copied().find(|median| *median > 0.0);
    suitable_latency(lowest, usual, highest)
}

/// Stretches of time, in seconds, in which no request ended.
fn gaps(intervals: &[TimelinePoint]) -> Vec<(f64, f64)> {
    let silent = intervals.split(|interval| interval.requests > 0);
    silent
        .filter_map(|run| Some((run.first()?.start_s, end(run.last()?))))
        .collect()
}
