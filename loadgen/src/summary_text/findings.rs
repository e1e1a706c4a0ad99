//! What a run found out beside its figures: failures, checks, traces worth a look, verdicts, the generator's health.

use std::fmt::Write as _;

use super::{Colour, grouped, line, milliseconds, share};
use crate::progress::without_controls;
use crate::summary::{Summary, ThresholdResult, TracedRequest};
use crate::threshold::Threshold;

/// Requests shown of the slowest and of the failed ones; the summary's JSON has more.
const TRACES: usize = 3;

pub(super) fn errors(text: &mut String, summary: &Summary, colour: Colour) {
    if summary.errors.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n  {}", colour.bad("failures, each with the first example"));
    let width = summary.errors.iter().map(|error| error.kind.len()).max().unwrap_or(0);
    for error in &summary.errors {
        let _ = writeln!(
            text,
            "  {:>11} × {:<width$}  {}",
            grouped(error.count),
            error.kind,
            error.example
        );
    }
}

pub(super) fn checks(text: &mut String, summary: &Summary, colour: Colour) {
    let names: Vec<String> = summary
        .checks
        .iter()
        .map(|check| format!("{}: {}", check.step, check.name))
        .collect();
    let Some(width) = names.iter().map(|name| name.chars().count()).max() else {
        return;
    };
    let _ = writeln!(text, "\n  checks");
    for (check, name) in summary.checks.iter().zip(&names) {
        let count = format!("{} passed", grouped(check.passed));
        if check.failed == 0 {
            let _ = writeln!(text, "  {} {name:<width$}  {count}", colour.good("✓"));
        } else {
            let failed = format!(
                "{} failed ({})",
                grouped(check.failed),
                share(check.failed, check.passed + check.failed)
            );
            let _ = writeln!(
                text,
                "  {} {name:<width$}  {count}, {}",
                colour.bad("✗"),
                colour.bad(&failed)
            );
        }
    }
}

/// A few requests whose traces are worth a look.
pub(super) fn traces(text: &mut String, summary: &Summary, colour: Colour) {
    let traced = |requests: &[TracedRequest]| -> Vec<TracedRequest> {
        let with_id = requests.iter().filter(|request| !request.trace_id.is_empty());
        with_id.take(TRACES).cloned().collect()
    };
    let (slowest, failed) = (traced(&summary.slowest), traced(&summary.failures));
    let all = || slowest.iter().chain(&failed);
    let Some(step_width) = all().map(|request| request.step.chars().count()).max() else {
        return;
    };
    let status_width = all().map(|request| request.status.len()).max().unwrap_or(0);
    for (title, requests) in [("slowest requests", &slowest), ("first failures", &failed)] {
        if requests.is_empty() {
            continue;
        }
        let _ = writeln!(text, "\n  {title}");
        for request in requests {
            let place = match &request.trace_url {
                Some(url) => without_controls(url),
                None if request.sampled => format!("trace {}", request.trace_id),
                None => format!("trace {} {}", request.trace_id, colour.faint("(not sampled)")),
            };
            let _ = writeln!(
                text,
                "  {:>11}  {:<step_width$}  {:<status_width$}  {} {:>7} s  {place}",
                milliseconds(request.latency_ms),
                request.step,
                request.status,
                colour.faint("after"),
                format!("{:.1}", request.ended_s),
            );
        }
    }
}

pub(super) fn verdicts(text: &mut String, summary: &Summary, thresholds: &[Threshold], colour: Colour) {
    if summary.thresholds.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n  thresholds");
    let values: Vec<String> = summary
        .thresholds
        .iter()
        .zip(thresholds)
        .map(|(verdict, threshold)| {
            verdict
                .value
                .map_or_else(|| "no requests".to_owned(), |value| threshold.with_unit(value))
        })
        .collect();
    let width_of = |texts: &mut dyn Iterator<Item = &String>| texts.map(|text| text.chars().count()).max().unwrap_or(0);
    let expression_width = width_of(&mut summary.thresholds.iter().map(|verdict| &verdict.expression));
    let value_width = width_of(&mut values.iter());
    for (verdict, value) in summary.thresholds.iter().zip(&values) {
        let mark = if verdict.passed {
            format!("{} ", colour.good("✓ passed"))
        } else {
            colour.bad("✗ crossed")
        };
        let row = format!(
            "  {mark}  {:<expression_width$}  {value:<value_width$}  {}",
            verdict.expression,
            circumstances(verdict)
        );
        let _ = writeln!(text, "{}", row.trim_end());
    }
}

/// By how much it was crossed and when.
fn circumstances(verdict: &ThresholdResult) -> String {
    let mut parts = Vec::new();
    if let Some(share) = verdict.exceeded_by {
        let percent = share * 100.0;
        parts.push(if percent < 10.0 {
            format!("by {percent:.1}%")
        } else {
            format!("by {percent:.0}%")
        });
    }
    if let Some(seconds) = verdict.first_crossed_s {
        if verdict.passed {
            parts.push("had been crossed".to_owned());
        }
        parts.push(format!("first after {seconds:.1} s"));
    }
    parts.extend(verdict.note.clone());
    parts.join(", ")
}

pub(super) fn generator(text: &mut String, summary: &Summary, colour: Colour) {
    let health = &summary.generator;
    let (cpu, lag) = (health.cpu_percent, milliseconds(health.lag_ms_p99));
    let figures = if summary.generators.len() > 1 {
        format!("the busiest took {cpu:.0}% of one core, the latest acted {lag} late (p99)")
    } else {
        format!("CPU {cpu:.0}% of one core, acted {lag} late (p99)")
    };
    line(text, "generator", &figures);
    if health.saturated {
        let warning = "THE GENERATOR WAS THE BOTTLENECK: these latencies are partly its own";
        line(text, "", &colour.bad(warning));
        for reason in &health.reasons {
            line(text, "", &colour.bad(&format!("- {reason}")));
        }
    }
}
