//! The percentile spectrum: the latency at every percentile, with as much room for the slowest hundredth as for the
//! nine before it.

use maud::{Markup, html};

use super::axis::{Axis, one_in, suitable_latency};
use super::chart::{self, Chart, Entry, Point};
use super::format;
use crate::summary::{Latency, SpectrumPoint, Summary};

/// Pixels.
const HEIGHT: f64 = 240.0;
/// More points than this are not visible.
const MAX_POINTS: usize = 300;
/// From this share of the latency on, the time between due and sent is worth a word.
const NOTABLE_GAP: f64 = 0.05;

pub(super) fn spectrum(summary: &Summary, spectrum: &[SpectrumPoint]) -> Markup {
    let points = thinned(spectrum);
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return Markup::default();
    };
    let slowest = points
        .iter()
        .map(|point| one_in(point.percentile))
        .filter(|one_in| one_in.is_finite())
        .fold(0.0, f64::max);
    // The slowest of all has no percentile of its own: it stands a little further than the last one that has.
    let x = Axis::percentiles(slowest * 2.0);
    let uncorrected = |point: &SpectrumPoint| point.uncorrected_latency_ms.filter(|ms| ms.is_finite());
    let open = points.iter().any(|point| uncorrected(point).is_some());
    let latencies = || {
        points
            .iter()
            .flat_map(|point| [Some(point.latency_ms), uncorrected(point)])
            .flatten()
    };
    let y = suitable_latency(
        latencies().filter(|ms| *ms > 0.0).min_by(f64::total_cmp),
        summary
            .uncorrected_latency_ms
            .map_or(summary.latency_ms.p50, |latency| latency.p50),
        latencies().fold(0.0, f64::max),
    );
    let height = |ms: f64| HEIGHT * (1.0 - y.position(ms));
    let at = |point: &SpectrumPoint| x.position(one_in(point.percentile));
    let due: Vec<Option<(f64, f64)>> = points
        .iter()
        .map(|point| Some((at(point), height(point.latency_ms))))
        .collect();
    let sent: Vec<Option<(f64, f64)>> = points
        .iter()
        .map(|point| uncorrected(point).map(|ms| (at(point), height(ms))))
        .collect();

    let mut legend = vec![Entry {
        class: "due",
        name: if open {
            "from the instant due".into()
        } else {
            "latency".into()
        },
        value: format::latency(summary.latency_ms.max),
    }];
    let mut ends = vec![(if open { "due" } else { "all" }, height(last.latency_ms))];
    if open {
        legend.push(Entry {
            class: "sent",
            name: "from the instant sent".into(),
            value: uncorrected(last).map_or_else(|| format::NONE.to_owned(), format::latency),
        });
        ends.push(("sent", uncorrected(last).map_or(HEIGHT, height)));
    }
    let read_out = points
        .iter()
        .map(|point| {
            let mut texts = vec![format::latency(point.latency_ms)];
            let mut marks = vec![chart::tenth(height(point.latency_ms))];
            if open {
                let ms = uncorrected(point);
                texts.push(ms.map_or_else(|| format::NONE.to_owned(), format::latency));
                marks.extend(ms.map(|ms| chart::tenth(height(ms))));
            }
            Point(chart::position(at(point)), percentile(point.percentile), texts, marks)
        })
        .collect();
    Chart {
        id: "latency-spectrum",
        title: "Latency by percentile",
        note: format!(
            "Each further nine takes as much room as the one before{}",
            if y.is_logarithmic() {
                " · logarithmic scale"
            } else {
                ""
            }
        ),
        meaning: summary
            .uncorrected_latency_ms
            .map(|uncorrected| gap(&summary.latency_ms, &uncorrected))
            .unwrap_or_default(),
        description: format!(
            "From {} at {} to {} at {}.",
            format::latency(first.latency_ms),
            percentile(first.percentile),
            format::latency(last.latency_ms),
            percentile(last.percentile)
        ),
        height: HEIGHT,
        whole: "Slowest of all",
        legend,
        points: read_out,
        drawing: html! {
            (chart::grid(&y, 0.0, HEIGHT))
            (chart::x_axis(&x, HEIGHT))
            @if open { (chart::line("sent", &sent, HEIGHT)) }
            (chart::line("due", &due, HEIGHT))
            @if open { (chart::end_labels(&ends, HEIGHT)) }
        },
        below: html! {},
    }
    .render()
}

/// What the two curves have to do with each other.
fn gap(due: &Latency, sent: &Latency) -> String {
    let widest = [
        ("p50", due.p50, sent.p50),
        ("p90", due.p90, sent.p90),
        ("p99", due.p99, sent.p99),
        ("p99.9", due.p99_9, sent.p99_9),
        ("the slowest", due.max, sent.max),
    ]
    .into_iter()
    .max_by(|a, b| (a.1 - a.2).total_cmp(&(b.1 - b.2)));
    match widest {
        Some((name, due, sent)) if due > 0.0 && (due - sent) / due >= NOTABLE_GAP => format!(
            "Requests waited for their turn: counted from the instant they were due, {name} is {}, from the instant they \
             were sent only {}. Those who arrive at this rate meet the first figure; the second leaves out the time \
             in which the target kept later requests from being sent.",
            format::latency(due),
            format::latency(sent)
        ),
        _ => "Both curves agree: requests were sent when they were due, so that nothing waited unseen.".to_owned(),
    }
}

/// As many nines as it takes: `99.9%`, `99.998%`.
fn percentile(percentile: f64) -> String {
    let decimals = (one_in(percentile).log10() - 0.5).clamp(0.0, 7.0).ceil() as usize;
    let text = format!("{percentile:.decimals$}");
    format!("{}%", format::without_idle_decimals(&text))
}

fn thinned(spectrum: &[SpectrumPoint]) -> Vec<SpectrumPoint> {
    let sound: Vec<SpectrumPoint> = spectrum
        .iter()
        .copied()
        .filter(|point| (0.0..=100.0).contains(&point.percentile) && point.latency_ms.is_finite())
        .collect();
    let every = sound.len().div_ceil(MAX_POINTS).max(1);
    let last = sound.len().saturating_sub(1);
    let kept = |index: &usize| index.is_multiple_of(every) || *index == last;
    (0..sound.len()).filter(kept).map(|index| sound[index]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_have_the_decimals_they_need() {
        for (value, text) in [
            (0.0, "0%"),
            (50.0, "50%"),
            (99.9, "99.9%"),
            (99.998, "99.998%"),
            (99.999_99, "99.99999%"),
            (100.0, "100%"),
        ] {
            assert_eq!(percentile(value), text);
        }
    }

    #[test]
    fn a_gap_is_explained_by_where_it_is_widest() {
        let sent = Latency {
            p50: 2.0,
            p99: 9.0,
            max: 1_000.0,
            ..Latency::default()
        };
        let due = Latency { p99: 900.0, ..sent };
        assert!(gap(&due, &sent).contains("p99 is 900"));
        assert!(gap(&sent, &sent).starts_with("Both curves agree"));
    }
}
