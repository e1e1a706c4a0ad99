//! The tables of figures, and what every table is made of.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::timeline::Timeline;
use super::{crossings, format, objective};
use crate::summary::{Latency, Summary, ThresholdResult, TimelinePoint};

/// Characters of a text in a cell; the rest is in the summary JSON.
pub(super) const TEXT_LIMIT: usize = 600;
/// Characters of a name in a row's head.
pub(super) const NAME_LIMIT: usize = 120;
/// Rows of a table of things that a scenario may have any number of.
pub(super) const ROW_LIMIT: usize = 200;
/// Rows of the figures over time: finer ones are in the files that a run writes.
const TIME_ROWS: usize = 120;

pub(super) fn thresholds(thresholds: &[ThresholdResult], total_s: f64) -> Markup {
    table(
        "Thresholds",
        &[
            "Expression",
            "Verdict",
            "Measured",
            "Beyond the bound by",
            "First crossed at",
        ],
        html! {
            @for (index, threshold) in thresholds.iter().enumerate().take(ROW_LIMIT) {
                tr {
                    (row_head(html! {
                        span.number { (crossings::name(index + 1)) } " "
                        code { (format::excerpt(&threshold.expression, TEXT_LIMIT)) }
                    }))
                    td.text { (met(threshold.passed)) }
                    td { (objective::measured(threshold)) }
                    td { (exceeded_by(threshold)) }
                    td {
                        @match threshold.first_crossed_s {
                            Some(second) => {
                                (format::elapsed(second, 0.1, total_s.max(second)))
                                @if threshold.passed { " (recovered)" }
                            },
                            None => (format::NONE),
                        }
                    }
                }
            }
        },
    )
}

/// Whether an objective was met.
fn met(passed: bool) -> Markup {
    html! {
        @if passed { span.mark.passed { "✓ met" } } @else { span.mark.failed { "✗ crossed" } }
    }
}

fn exceeded_by(threshold: &ThresholdResult) -> String {
    match threshold.exceeded_by {
        Some(share) if share.is_finite() => format!("{}%", format::significant(share * 100.0)),
        _ => format::NONE.to_owned(),
    }
}

pub(super) fn percentiles(summary: &Summary) -> Markup {
    let heads = ["Latency", "Min", "Mean", "p50", "p90", "p95", "p99", "p99.9", "Max"];
    table(
        "Latency percentiles",
        &heads,
        html! {
            tr {
                th scope="row" { @if summary.uncorrected_latency_ms.is_some() { "from the instant due" } @else { "all requests" } }
                (latency_cells(&summary.latency_ms, summary.requests))
            }
            @if let Some(uncorrected) = &summary.uncorrected_latency_ms {
                tr {
                    th scope="row" { "from the instant sent" }
                    (latency_cells(uncorrected, summary.requests))
                }
            }
        },
    )
}

pub(super) fn steps(summary: &Summary) -> Markup {
    let heads = [
        "Step", "Requests", "Rate", "Failed", "Min", "Mean", "p50", "p90", "p95", "p99", "p99.9", "Max",
    ];
    table(
        "Steps",
        &heads,
        html! {
            @for (name, step) in summary.steps.iter().take(ROW_LIMIT) {
                tr {
                    (row_head(html! { (format::excerpt(name, NAME_LIMIT)) (tags(&step.tags)) }))
                    td { (format::count(step.requests)) }
                    td { (format::rate(step.rate)) }
                    (failed_cell(step.failed, step.requests))
                    (latency_cells(&step.latency_ms, step.requests))
                }
                @if let Some(uncorrected) = &step.uncorrected_latency_ms {
                    tr.sub {
                        th scope="row" { "from the instant sent" }
                        td {} td {} td {}
                        (latency_cells(uncorrected, step.requests))
                    }
                }
            }
        },
    )
}

fn tags(tags: &BTreeMap<String, String>) -> Markup {
    html! {
        @for (key, value) in tags.iter().take(10) {
            " " span.tag { (format::excerpt(key, 40)) "=" (format::excerpt(value, 60)) }
        }
    }
}

pub(super) fn checks(summary: &Summary) -> Markup {
    table(
        "Checks",
        &["Check", "Step", "Passed", "Answers", "Failed"],
        html! {
            @for check in summary.checks.iter().take(ROW_LIMIT) {
                @let answers = check.passed.saturating_add(check.failed);
                tr {
                    (row_head(html! { (format::excerpt(&check.name, NAME_LIMIT)) }))
                    td.text { (format::excerpt(&check.step, NAME_LIMIT)) }
                    td {
                        @if check.failed == 0 && answers > 0 { span.mark.passed { "✓ 100%" } }
                        @else { (format::percent(check.passed, answers)) }
                    }
                    td { (format::count(answers)) }
                    (failed_cell(check.failed, answers))
                }
            }
        },
    )
}

/// The figures behind the charts over time.
pub(super) fn over_time(summary: &Summary, points: &[TimelinePoint]) -> Markup {
    let timeline = Timeline::of_at_most(TIME_ROWS, points);
    let open = summary.due > 0;
    let mut heads = vec!["Time", "Requests", "Rate", "Failed"];
    if open {
        heads.extend(["Due", "Dropped"]);
    }
    heads.extend(["p50", "p95", "p99", "Max", "Virtual users", "CPU", "Lag, p99"]);
    folded(
        "Figures over time",
        &heads,
        html! {
            @for interval in &timeline.intervals {
                tr {
                    th scope="row" { (timeline.label(interval)) }
                    td { (format::count(interval.requests)) }
                    td { (format::rate(interval.requests as f64 / interval.length_s)) }
                    td { (format::count(interval.failed)) }
                    @if open {
                        td { (format::count(interval.due)) }
                        td { (format::count(interval.dropped)) }
                    }
                    @let latency = &interval.latency_ms;
                    @for ms in [latency.p50, latency.p95, latency.p99, latency.max] {
                        td { @if interval.requests > 0 { (format::latency(ms)) } @else { (format::NONE) } }
                    }
                    td { (format::count(interval.vus.into())) }
                    td { (format::significant(interval.cpu_percent)) "%" }
                    td { (format::latency(interval.lag_ms_p99)) }
                }
            }
        },
    )
}

pub(super) fn statuses(summary: &Summary) -> Markup {
    let mut statuses: Vec<(&String, u64)> = summary.status.iter().map(|(status, count)| (status, *count)).collect();
    statuses.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let failed = |status: &str| {
        summary
            .errors
            .iter()
            .filter(|error| error.kind == status)
            .map(|error| error.count)
            .sum()
    };
    table(
        "Statuses",
        &["Status", "Requests", "Share", "Of these failed"],
        html! {
            @for (status, count) in statuses.into_iter().take(ROW_LIMIT) {
                tr {
                    (row_head(html! { (format::excerpt(status, NAME_LIMIT)) }))
                    td { (format::count(count)) }
                    td { (format::percent(count, summary.requests)) }
                    (failed_cell(failed(status), count))
                }
            }
        },
    )
}

/// A table that scrolls sideways by itself where the page is narrow, by pointer or keyboard.
pub(super) fn table(title: &str, heads: &[&str], rows: Markup) -> Markup {
    html! {
        section.card {
            h2 { (title) }
            (scrolling(title, heads, &rows))
        }
    }
}

/// A table to be opened: the figures behind a chart.
pub(super) fn folded(title: &str, heads: &[&str], rows: Markup) -> Markup {
    html! {
        details.figures-table {
            summary { (title) }
            (scrolling(title, heads, &rows))
        }
    }
}

fn scrolling(title: &str, heads: &[&str], rows: &Markup) -> Markup {
    // Few columns of figures, spread over the page, are hard to follow with the eye.
    let narrow = heads.len() < 6 && !heads.iter().skip(1).any(|head| is_text(head));
    html! {
        div.scroll role="region" aria-label=(title) tabindex="0" {
            table.narrow[narrow] {
                thead { tr { @for head in heads { th scope="col" .text[is_text(head)] { (head) } } } }
                tbody { (rows) }
            }
        }
    }
}

pub(super) fn row_head(name: Markup) -> Markup {
    html! { th scope="row" { span.name { (name) } } }
}

/// Columns of words, set from the left; figures are set from the right.
fn is_text(head: &str) -> bool {
    matches!(
        head,
        "Example" | "Status" | "Step" | "Sent by" | "Trace id" | "Phase" | "Verdict"
    )
}

fn latency_cells(latency: &Latency, requests: u64) -> Markup {
    let figures = [
        latency.min,
        latency.mean,
        latency.p50,
        latency.p90,
        latency.p95,
        latency.p99,
        latency.p99_9,
        latency.max,
    ];
    html! {
        @for ms in figures {
            td { @if requests > 0 { (format::latency(ms)) } @else { (format::NONE) } }
        }
    }
}

fn failed_cell(failed: u64, requests: u64) -> Markup {
    html! {
        @if failed > 0 {
            td { span.mark.failed { "✗ " (format::count(failed)) " (" (format::percent(failed, requests)) ")" } }
        } @else {
            td { "0" }
        }
    }
}
