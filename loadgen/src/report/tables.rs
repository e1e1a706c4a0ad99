//! The tables of the report.

use maud::{Markup, html};

use super::format;
use crate::summary::{Latency, Summary, ThresholdResult};

/// Characters of an error's example; the rest is in the summary JSON.
const EXAMPLE_LIMIT: usize = 600;
/// Characters of a name in a row's head.
const NAME_LIMIT: usize = 120;

pub(super) fn thresholds(summary: &Summary) -> Markup {
    table(
        "Thresholds",
        &["Expression", "Verdict", "Measured"],
        html! {
            @for threshold in &summary.thresholds {
                tr {
                    (row_head(html! { code { (format::excerpt(&threshold.expression, EXAMPLE_LIMIT)) } }))
                    td {
                        @if threshold.passed { span.mark.passed { "✓ met" } } @else { span.mark.failed { "✗ crossed" } }
                    }
                    td { (measured(threshold)) }
                }
            }
        },
    )
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
            @for (name, step) in &summary.steps {
                tr {
                    (row_head(html! { (format::excerpt(name, NAME_LIMIT)) }))
                    td { (format::count(step.requests)) }
                    td { (format::rate(step.rate)) }
                    (failed_cell(step.failed, step.requests))
                    (latency_cells(&step.latency_ms, step.requests))
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
            @for (status, count) in statuses {
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

pub(super) fn errors(summary: &Summary) -> Markup {
    if summary.errors.is_empty() {
        return html! { section.card { h2 { "Errors" } p.empty { "✓ None." } } };
    }
    table(
        "Errors",
        &["Kind", "Requests", "Share", "Example"],
        html! {
            @for error in &summary.errors {
                tr {
                    (row_head(html! { (format::excerpt(&error.kind, NAME_LIMIT)) }))
                    td { (format::count(error.count)) }
                    td { (format::percent(error.count, summary.requests)) }
                    td.text { (format::excerpt(&error.example, EXAMPLE_LIMIT)) }
                }
            }
        },
    )
}

pub(super) fn slowest(summary: &Summary) -> Markup {
    table(
        "Slowest requests",
        &["Rank", "Latency", "Status", "Sent by", "Trace id"],
        html! {
            @for (index, request) in summary.slowest.iter().enumerate() {
                tr {
                    th scope="row" { (index + 1) }
                    td { (format::latency(request.latency_ms)) }
                    td.text { (format::excerpt(&request.status, NAME_LIMIT)) }
                    td.text { (format::excerpt(&request.step, NAME_LIMIT)) }
                    td.text { code.trace-id { (format::excerpt(&request.trace_id, NAME_LIMIT)) } }
                }
            }
        },
    )
}

/// A table that scrolls sideways by itself where the page is narrow, by pointer or keyboard.
fn table(title: &str, heads: &[&str], rows: Markup) -> Markup {
    // Few columns of figures, spread over the page, are hard to follow with the eye.
    let narrow = heads.len() < 5 && !heads.iter().skip(1).any(|head| is_text(head));
    html! {
        section.card {
            h2 { (title) }
            div.scroll role="region" aria-label=(title) tabindex="0" {
                table.narrow[narrow] {
                    thead { tr { @for head in heads { th scope="col" .text[is_text(head)] { (head) } } } }
                    tbody { (rows) }
                }
            }
        }
    }
}

fn row_head(name: Markup) -> Markup {
    html! { th scope="row" { span.name { (name) } } }
}

/// Columns of words, set from the left; figures are set from the right.
fn is_text(head: &str) -> bool {
    matches!(head, "Example" | "Status" | "Sent by" | "Trace id")
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

/// The figure a threshold was held against, in the unit its expression implies.
fn measured(threshold: &ThresholdResult) -> String {
    let Some(value) = threshold.value else {
        return "no request".to_owned();
    };
    // A step's name comes before a colon and may be anything.
    let figure = threshold.expression.rsplit(':').next().unwrap_or_default().trim_start();
    let is = |name: &str| figure.starts_with(name);
    if is("error_rate") {
        format!("{}%", format::significant(value * 100.0))
    } else if is("rate") {
        format::rate(value)
    } else if is("dropped") || is("count") {
        format::fixed(value, 0)
    } else {
        format::latency(value)
    }
}
