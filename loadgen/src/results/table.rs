//! Intervals as a table for spreadsheets: for each second a row of all steps and one of each step.

use std::time::{Duration, UNIX_EPOCH};

use hdrhistogram::Histogram;

use crate::distribution::latency_ms;
use crate::interval::Interval;
use crate::recorder::latency_histogram;
use crate::run_info::RunInfo;
use crate::summary::Latency;

/// The columns; later versions add some at the end.
pub(super) const COLUMNS: [&str; 29] = [
    "time",
    "second",
    "length_s",
    "scope",
    "step",
    "requests",
    "rate",
    "failed",
    "error_rate",
    "min_ms",
    "mean_ms",
    "p50_ms",
    "p90_ms",
    "p95_ms",
    "p99_ms",
    "p99_9_ms",
    "max_ms",
    "uncorrected_p50_ms",
    "uncorrected_p95_ms",
    "uncorrected_p99_ms",
    "uncorrected_max_ms",
    "bytes_sent",
    "bytes_received",
    "due",
    "dropped",
    "vus",
    "cpu_percent",
    "lag_ms_p99",
    "generator",
];

/// The first row.
pub(super) fn header() -> Vec<u8> {
    let mut row = COLUMNS.join(",").into_bytes();
    row.push(b'\n');
    row
}

/// What one row is about.
struct Row<'a> {
    scope: &'static str,
    step: &'a str,
    latency: &'a Histogram<u64>,
    uncorrected: Option<&'a Histogram<u64>>,
    failed: u64,
    sent: u64,
    received: u64,
}

/// The rows of one interval.
pub(super) fn rows(info: &RunInfo, interval: &Interval) -> Vec<u8> {
    let mut latency = latency_histogram();
    let mut uncorrected = latency_histogram();
    let has_uncorrected = interval.steps.iter().any(|step| step.uncorrected.is_some());
    for step in &interval.steps {
        // Cannot fail: all histograms have the same bounds.
        let _ = latency.add(&step.latency);
        let _ = step.uncorrected.as_ref().map(|part| uncorrected.add(part));
    }
    let all = Row {
        scope: "all",
        step: "",
        latency: &latency,
        uncorrected: has_uncorrected.then_some(&uncorrected),
        failed: interval.failed(),
        sent: interval.steps.iter().map(|step| step.sent).sum(),
        received: interval.steps.iter().map(|step| step.received).sum(),
    };
    let steps = info.steps.iter().zip(&interval.steps).map(|(spec, figures)| Row {
        scope: "step",
        step: &spec.name,
        latency: &figures.latency,
        uncorrected: figures.uncorrected.as_ref(),
        failed: figures.failed,
        sent: figures.sent,
        received: figures.received,
    });
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in std::iter::once(all).chain(steps) {
        // Cannot fail: memory takes all that is written, and every row has the same length.
        let _ = writer.write_record(cells(info, interval, &row));
    }
    writer.into_inner().unwrap_or_default()
}

fn cells(info: &RunInfo, interval: &Interval, row: &Row<'_>) -> [String; COLUMNS.len()] {
    let seconds = interval.length.as_secs_f64();
    let per_second = |count: f64| if seconds > 0.0 { count / seconds } else { 0.0 };
    let requests = row.latency.len();
    let began = UNIX_EPOCH
        + Duration::from_millis(info.started_at_ms.min(LATEST_MS))
        + Duration::from_secs(interval.number.min(LATEST_MS / 1000));
    let figures = |histogram: &Histogram<u64>| (!histogram.is_empty()).then(|| latency_ms(histogram));
    let (latency, sent_latency) = (figures(row.latency), row.uncorrected.and_then(figures));
    let ms = |latency: Option<Latency>, pick: fn(Latency) -> f64| {
        latency.map_or_else(String::new, |latency| format!("{:.6}", pick(latency)))
    };
    let corrected = |pick| ms(latency, pick);
    let uncorrected = |pick| ms(sent_latency, pick);
    // Figures of the generator as a whole stand in the row of all steps alone, so that columns can be summed up.
    let whole = |text: String| if row.scope == "all" { text } else { String::new() };
    let cpu: f64 = interval.cpu.iter().map(Duration::as_secs_f64).sum();
    [
        humantime::format_rfc3339_millis(began).to_string(),
        interval.number.to_string(),
        format!("{seconds:.3}"),
        row.scope.to_owned(),
        row.step.to_owned(),
        requests.to_string(),
        format!("{:.3}", per_second(requests as f64)),
        row.failed.to_string(),
        if requests == 0 {
            String::new()
        } else {
            format!("{:.6}", row.failed as f64 / requests as f64)
        },
        corrected(|latency| latency.min),
        corrected(|latency| latency.mean),
        corrected(|latency| latency.p50),
        corrected(|latency| latency.p90),
        corrected(|latency| latency.p95),
        corrected(|latency| latency.p99),
        corrected(|latency| latency.p99_9),
        corrected(|latency| latency.max),
        uncorrected(|latency| latency.p50),
        uncorrected(|latency| latency.p95),
        uncorrected(|latency| latency.p99),
        uncorrected(|latency| latency.max),
        row.sent.to_string(),
        row.received.to_string(),
        whole(interval.due.to_string()),
        whole(interval.dropped.to_string()),
        whole(interval.vus.to_string()),
        whole(format!("{:.1}", per_second(cpu) * 100.0)),
        whole(ms(figures(&interval.lag), |lag| lag.p99)),
        info.generator.clone(),
    ]
}

/// The last instant that RFC 3339 can write: the end of the year 9999, halved so that sums stay below it.
const LATEST_MS: u64 = 253_402_300_799_000 / 2;
