//! The distribution of latencies: a histogram on a logarithmic axis with the percentiles marked on it.

use maud::{Markup, html};

use super::axis::Axis;
use super::chart::{self, Chart, Entry, Point};
use super::{format, tables};
use crate::summary::{DistributionBucket, Latency, Summary};

/// More bars than this are too thin to tell apart.
const MAX_BARS: usize = 72;
/// Pixels.
const BARS_HEIGHT: f64 = 180.0;
const LABEL_ROW: f64 = 16.0;
/// The narrowest plot and the width of a character there, pixels: labels that fit on a phone fit everywhere.
const NARROW_PLOT: f64 = 225.0;
const CHARACTER: f64 = 6.8;

/// A percentile to mark.
struct Marker {
    name: &'static str,
    text: String,
    at: f64,
    row: usize,
    /// Whether the text stands to the left of the line.
    leftward: bool,
}

pub(super) fn distribution(summary: &Summary, buckets: &[DistributionBucket]) -> Markup {
    const ID: &str = "latency-distribution";
    const TITLE: &str = "Latency distribution";
    let bars = bars(buckets);
    let (Some(first), Some(last)) = (bars.first(), bars.last()) else {
        return chart::empty(ID, TITLE, "No request ended, so there is no distribution to show.");
    };
    let total = bars.iter().map(|bar| bar.count).fold(0, u64::saturating_add);
    let margin = (last.to_ms / last.from_ms).max(1.01);
    let x = Axis::latency_log(first.from_ms / margin, last.to_ms.max(summary.latency_ms.max) * margin);
    let share = |count: u64| count as f64 / total as f64 * 100.0;
    let highest = bars.iter().map(|bar| share(bar.count)).fold(0.0, f64::max);
    let y = Axis::amount(highest, 4.0, "%");
    let markers = markers(&summary.latency_ms, &x);
    let top = markers.iter().map(|marker| marker.row + 1).max().unwrap_or(0) as f64 * LABEL_ROW + 6.0;
    let bottom = top + BARS_HEIGHT;
    let bar_height = |count: u64| {
        if count > 0 {
            (BARS_HEIGHT * y.position(share(count))).max(3.0)
        } else {
            0.0
        }
    };

    let mut so_far = 0;
    let points = bars
        .iter()
        .map(|bar| {
            so_far = bar.count.saturating_add(so_far);
            let at = (x.position(bar.from_ms) + x.position(bar.to_ms)) / 2.0;
            Point(
                chart::position(at),
                format!("{} – {}", format::latency(bar.from_ms), format::latency(bar.to_ms)),
                vec![
                    format!("{} ({})", format::count(bar.count), format::percent(bar.count, total)),
                    format::percent(so_far, total),
                ],
                vec![],
            )
        })
        .collect();

    Chart {
        id: ID,
        title: TITLE,
        note: "Share of requests by latency · logarithmic scale".to_owned(),
        meaning: String::new(),
        description: format!(
            "Latencies reach from {} to {}. Half of the requests took up to {}, 95% up to {}, 99% up to {}.",
            format::latency(summary.latency_ms.min),
            format::latency(summary.latency_ms.max),
            format::latency(summary.latency_ms.p50),
            format::latency(summary.latency_ms.p95),
            format::latency(summary.latency_ms.p99),
        ),
        height: bottom,
        whole: "All requests",
        legend: vec![
            Entry { class: "bars", name: "requests".into(), value: format!("{} (100%)", format::count(total)) },
            Entry { class: "cumulative", name: "up to here".into(), value: "100%".to_owned() },
        ],
        points,
        drawing: html! {
            (chart::grid(&y, top, BARS_HEIGHT))
            @for bar in bars.iter().filter(|bar| bar.count > 0) {
                @let (from, to) = (x.position(bar.from_ms), x.position(bar.to_ms));
                @let height = bar_height(bar.count);
                rect.bar x=(chart::percent(from)) width=(chart::percent(to - from)) y=(chart::px(bottom - height)) height=(chart::px(height)) {}
            }
            (chart::x_axis(&x, bottom))
            @for marker in &markers {
                line.marker.(marker.name) x1=(chart::percent(marker.at)) x2=(chart::percent(marker.at))
                    y1=(chart::px(LABEL_ROW * marker.row as f64)) y2=(chart::px(bottom)) {}
            }
            // After all lines, so that none runs through a text.
            @for marker in &markers {
                @let baseline = LABEL_ROW * (marker.row as f64 + 0.75);
                text.marker-label.(marker.name) x=(chart::percent(marker.at)) y=(chart::px(baseline))
                    dx=(if marker.leftward { "-5" } else { "5" }) text-anchor=(if marker.leftward { "end" } else { "start" }) {
                    (marker.text)
                }
            }
        },
        below: table(&bars, total),
    }
    .render()
}

fn table(bars: &[DistributionBucket], total: u64) -> Markup {
    let mut so_far = 0;
    tables::folded(
        "Figures of the distribution",
        &["Latency above", "up to", "Requests", "Share", "Up to here"],
        html! {
            @for bar in bars {
                @let () = so_far = bar.count.saturating_add(so_far);
                tr {
                    th scope="row" { (format::latency(bar.from_ms)) }
                    td { (format::latency(bar.to_ms)) }
                    td { (format::count(bar.count)) }
                    td { (format::percent(bar.count, total)) }
                    td { (format::percent(so_far, total)) }
                }
            }
        },
    )
}

/// Buckets from the first to the last that holds a request, neighbours joined until they are few enough. As buckets
/// grow geometrically, joining equally many keeps the bars equally wide.
fn bars(buckets: &[DistributionBucket]) -> Vec<DistributionBucket> {
    let first = buckets.iter().position(|bucket| bucket.count > 0);
    let last = buckets.iter().rposition(|bucket| bucket.count > 0);
    let (Some(first), Some(last)) = (first, last) else {
        return Vec::new();
    };
    let used = &buckets[first..=last];
    let mut bars: Vec<DistributionBucket> = used
        .chunks(used.len().div_ceil(MAX_BARS))
        .filter_map(|chunk| {
            let count = chunk.iter().map(|bucket| bucket.count).fold(0, u64::saturating_add);
            Some(DistributionBucket {
                from_ms: chunk.first()?.from_ms,
                to_ms: chunk.last()?.to_ms,
                count,
            })
        })
        .collect();
    // Zero is nowhere on a logarithmic axis: a bucket that starts there is drawn as wide as its neighbour.
    let ratio = bars
        .get(1)
        .filter(|bar| bar.from_ms > 0.0)
        .map_or(2.0, |bar| bar.to_ms / bar.from_ms);
    if let Some(bar) = bars.first_mut() {
        bar.to_ms = bar.to_ms.max(1e-6);
        if bar.from_ms <= 0.0 {
            bar.from_ms = bar.to_ms / ratio.max(1.01);
        }
    }
    bars
}

fn markers(latency: &Latency, x: &Axis) -> Vec<Marker> {
    let mut ends: Vec<f64> = Vec::new();
    let mut markers: Vec<Marker> = Vec::new();
    for (name, ms) in [
        ("p50", latency.p50),
        ("p95", latency.p95),
        ("p99", latency.p99),
        ("max", latency.max),
    ] {
        let text = format!("{name} {}", format::latency(ms));
        let width = (text.chars().count() as f64 * CHARACTER + 10.0) / NARROW_PLOT;
        let at = x.position(ms);
        let leftward = at + width > 1.0;
        let (from, to) = if leftward { (at - width, at) } else { (at, at + width) };
        // Markers come from left to right, so that a row is free if its last label has ended.
        let row = ends.iter().position(|end| *end <= from).unwrap_or(ends.len());
        if row == ends.len() {
            ends.push(to);
        } else {
            ends[row] = to;
        }
        markers.push(Marker {
            name,
            text,
            at,
            row,
            leftward,
        });
    }
    markers
}
