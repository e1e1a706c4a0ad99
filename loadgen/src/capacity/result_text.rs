//! What a search has to say, in words.

use std::fmt::Write as _;

use crate::capacity::search::{Ending, SearchResult, SearchSettings, per_second};
use crate::capacity_result::{CapacityResult, Probe};
use crate::summary::Summary;
use crate::summary_text::{Colour, grouped, milliseconds, share};
use crate::threshold::Threshold;

/// Why a rate was not borne, one sentence; `None` if it was.
pub(crate) fn why_failed(summary: &Summary, objectives: &[Threshold], most_dropped: f64) -> Option<String> {
    if summary.dropped as f64 > summary.due as f64 * most_dropped {
        return Some(format!(
            "{} of {} iterations could not be started in time, all virtual users being busy",
            grouped(summary.dropped),
            grouped(summary.due)
        ));
    }
    let crossed = summary.thresholds.iter().zip(objectives);
    let missed = crossed
        .filter(|(verdict, _)| !verdict.passed)
        .map(|(verdict, objective)| {
            let value = verdict
                .value
                .map_or_else(|| "without a figure".to_owned(), |value| objective.with_unit(value));
            let beyond = verdict
                .exceeded_by
                .map(|share| format!(", {:.0}% beyond", share * 100.0))
                .unwrap_or_default();
            format!("{} was {value}{beyond}", verdict.expression)
        });
    let mut text = missed.collect::<Vec<_>>().join("; ");
    if text.is_empty() {
        return None;
    }
    if let Some(error) = summary.errors.first() {
        let _ = write!(text, "; {} × {}", grouped(error.count), error.kind);
    }
    Some(text)
}

/// How a search ended, one sentence.
pub(crate) fn conclusion(searched: &SearchResult, settings: &SearchSettings) -> String {
    let known = |rate: Option<f64>| match rate {
        Some(rate) => format!("; {} is known to be borne", per_second(rate)),
        None => "; no rate is known to be borne".to_owned(),
    };
    match searched.ending {
        Ending::Found => match (searched.rate, searched.failing_rate) {
            (Some(rate), Some(failing)) => format!(
                "the target bears {}, and does not bear {}; both were confirmed",
                per_second(rate),
                per_second(failing)
            ),
            _ => "the capacity was found".to_owned(),
        },
        Ending::HighestAllowed => format!(
            "the target bears {}, the highest rate allowed; raise --to to go on",
            per_second(settings.to)
        ),
        Ending::NotEvenLowest => format!(
            "not even {} meets the objectives; lower --from, or look at the target",
            per_second(settings.from)
        ),
        Ending::GeneratorLimit(rate) => format!(
            "the generator was the limit at {}, not the target{}; use a machine that does nothing else, or more cores",
            per_second(rate),
            known(searched.rate)
        ),
        Ending::NotRecovered(rate) => format!(
            "the target did not recover from {}{}; look at the target before going on",
            per_second(rate),
            known(searched.rate)
        ),
        Ending::OutOfTime => format!(
            "the time was up before the search was done{}; raise --max-time or --precision",
            known(searched.rate)
        ),
        Ending::Interrupted => format!("interrupted{}", known(searched.rate)),
    }
}

/// One trial on one line.
pub(crate) fn describe(probe: &Probe) -> String {
    let verdict = if probe.passed {
        "borne".to_owned()
    } else {
        format!("not borne: {}", probe.reason)
    };
    format!(
        "{}: {} for {:.0} s, p50 {} p99 {}: {verdict}",
        probe.phase.name(),
        per_second(probe.rate),
        probe.duration_s,
        milliseconds(probe.latency_ms.p50),
        milliseconds(probe.latency_ms.p99),
    )
}

/// The outcome of a search as aligned text of several lines.
pub fn render(result: &CapacityResult, colour: Colour) -> String {
    let mut text = String::from("\n");
    // Writing to a string cannot fail.
    let mut line = |label: &str, value: &str| {
        let _ = writeln!(text, "  {label:<11} {value}");
    };
    line("target", &result.run.target);
    line(
        "run",
        &format!(
            "{}, {:.0} s, {} trials",
            result.run.run_id,
            result.duration_s,
            result.probes.len()
        ),
    );
    line("objectives", &result.objectives.join(", "));
    match (result.rate, result.interval) {
        (Some(rate), Some((least, most))) => line(
            "capacity",
            &format!(
                "{}, between {} and {} with {:.0}% confidence",
                colour.good(&per_second(rate)),
                per_second(least),
                per_second(most),
                result.confidence * 100.0
            ),
        ),
        (Some(rate), None) => line("capacity", &colour.good(&per_second(rate))),
        (None, _) => line("capacity", &colour.bad("unknown")),
    }
    line("", &result.conclusion);
    if let Some(limit) = &result.limit {
        line("limit", limit);
    }
    text.push_str(&trials(&result.probes, colour));
    text
}

fn trials(probes: &[Probe], colour: Colour) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "\n  {:<8} {:>12} {:>12} {:>9} {:>9} {:>9} {:>9} {:>9}  verdict",
        "phase", "rate", "achieved", "p50", "p99", "max", "failed", "dropped"
    );
    for probe in probes {
        let verdict = if probe.passed {
            colour.good("borne")
        } else {
            colour.bad(&probe.reason)
        };
        let _ = writeln!(
            text,
            "  {:<8} {:>12} {:>12} {:>9} {:>9} {:>9} {:>9} {:>9}  {verdict}",
            probe.phase.name(),
            per_second(probe.rate),
            per_second(probe.achieved_rate.max(f64::MIN_POSITIVE)),
            milliseconds(probe.latency_ms.p50),
            milliseconds(probe.latency_ms.p99),
            milliseconds(probe.latency_ms.max),
            share(probe.failed, probe.requests),
            grouped(probe.dropped),
        );
    }
    text.push('\n');
    text
}
