//! The summary for people.

mod figures;
mod findings;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::engine::Housekeeping;
use crate::run_info::LoadModel;
use crate::run_result;
use crate::summary::{Latency, Summary};
use crate::threshold::Threshold;
use figures::bytes;
pub(crate) use figures::{grouped, milliseconds, rate, share};

/// Whether text may carry colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Plain text.
    Never,
    /// ANSI sequences.
    Ansi,
}

impl Colour {
    fn paint(self, code: &str, text: &str) -> String {
        match self {
            Self::Never => text.to_owned(),
            Self::Ansi => format!("\x1b[{code}m{text}\x1b[0m"),
        }
    }

    /// Something that is as it should be.
    pub(crate) fn good(self, text: &str) -> String {
        self.paint("32", text)
    }

    /// Something that needs attention.
    pub(crate) fn bad(self, text: &str) -> String {
        self.paint("1;31", text)
    }

    fn strong(self, text: &str) -> String {
        self.paint("1", text)
    }

    fn faint(self, text: &str) -> String {
        self.paint("2", text)
    }
}

/// Renders a summary as aligned text of several lines; `thresholds` are those that the summary has the verdicts on.
pub fn render(
    summary: &Summary,
    thresholds: &[Threshold],
    housekeeping: Option<&Housekeeping>,
    colour: Colour,
) -> String {
    let mut text = String::new();
    headline(&mut text, summary, colour);
    requests(&mut text, summary, colour);
    latency(&mut text, summary, colour);
    if summary.steps.len() > 1 {
        steps(&mut text, summary, colour);
    }
    findings::errors(&mut text, summary, colour);
    findings::checks(&mut text, summary, colour);
    findings::traces(&mut text, summary, colour);
    findings::verdicts(&mut text, summary, thresholds, colour);
    text.push('\n');
    if let Some(housekeeping) = housekeeping {
        let Housekeeping {
            created,
            deleted,
            left_behind,
        } = housekeeping;
        line(&mut text, "set-up", &format!("created {created} items"));
        line(&mut text, "clean-up", &format!("deleted {deleted} items"));
        if let Some(left) = left_behind {
            line(&mut text, "", &colour.bad(left));
        }
    }
    findings::generator(&mut text, summary, colour);
    text
}

fn line(text: &mut String, label: &str, value: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "  {label:<11} {value}");
}

fn headline(text: &mut String, summary: &Summary, colour: Colour) {
    let ended = if summary.interrupted {
        colour.bad(", interrupted")
    } else {
        String::new()
    };
    text.push('\n');
    line(text, "target", &colour.strong(&summary.target));
    line(
        text,
        "run",
        &format!("{}, {:.1} s{ended}", summary.run_id, summary.duration_s),
    );
    let users = match summary.vus {
        1 => "1 virtual user".to_owned(),
        vus => format!("{vus} virtual users"),
    };
    let load = match summary.model {
        LoadModel::Open => format!("{}, {users} at most", summary.load),
        LoadModel::Closed if summary.load.is_empty() => users,
        LoadModel::Closed => summary.load.clone(),
    };
    line(text, "load", &load);
    if summary.generators.len() > 1 {
        line(text, "generators", &summary.generators.join(", "));
    }
    if !summary.tags.is_empty() {
        let tags: Vec<String> = summary
            .tags
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        line(text, "tags", &tags.join("  "));
    }
}

/// A count with its share of all, red if it should be 0 and is not.
fn count_of(count: u64, whole: u64, colour: Colour) -> String {
    let text = format!("{} ({})", grouped(count), share(count, whole));
    if count == 0 {
        colour.good(&text)
    } else {
        colour.bad(&text)
    }
}

fn requests(text: &mut String, summary: &Summary, colour: Colour) {
    if summary.model == LoadModel::Open {
        let due = format!(
            "{} iterations, dropped {}",
            grouped(summary.due),
            count_of(summary.dropped, summary.due, colour)
        );
        line(text, "due", &due);
    }
    line(
        text,
        "requests",
        &format!(
            "{}, {}/s",
            colour.strong(&grouped(summary.requests)),
            rate(summary.rate)
        ),
    );
    line(text, "failed", &count_of(summary.failed, summary.requests, colour));
    let status = match statuses(&summary.status, "   ") {
        status if status.is_empty() => "none".to_owned(),
        status => status,
    };
    line(text, "status", &status);
    let seconds = summary.duration_s;
    line(
        text,
        "data",
        &format!(
            "sent {} ({}/s), received {} ({}/s)",
            bytes(summary.bytes_sent as f64),
            bytes(run_result::rate(summary.bytes_sent, seconds)),
            bytes(summary.bytes_received as f64),
            bytes(run_result::rate(summary.bytes_received, seconds)),
        ),
    );
}

fn statuses(counts: &BTreeMap<String, u64>, between: &str) -> String {
    let each = counts
        .iter()
        .map(|(name, count)| format!("{name}: {}", grouped(*count)));
    each.collect::<Vec<_>>().join(between)
}

fn figures_of(latency: &Latency) -> [(&'static str, f64); 8] {
    let Latency {
        min,
        mean,
        p50,
        p90,
        p95,
        p99,
        p99_9,
        max,
    } = *latency;
    [
        ("min", min),
        ("mean", mean),
        ("p50", p50),
        ("p90", p90),
        ("p95", p95),
        ("p99", p99),
        ("p99.9", p99_9),
        ("max", max),
    ]
}

/// One line in the closed model. In the open one a table: from the instant due, which is what users of the target
/// would have met, and from the instant sent.
fn latency(text: &mut String, summary: &Summary, colour: Colour) {
    let Some(uncorrected) = &summary.uncorrected_latency_ms else {
        let figures: Vec<String> = figures_of(&summary.latency_ms)
            .iter()
            .map(|(name, value)| format!("{} {}", colour.faint(name), milliseconds(*value)))
            .collect();
        line(text, "latency", &figures.join("  "));
        return;
    };
    let row = |cells: [String; 8]| cells.map(|cell| format!("{cell:>8}")).join(" ");
    let names = figures_of(uncorrected).map(|(name, _)| name.to_owned());
    line(text, "", &colour.faint(&row(names)));
    for (label, figures, since) in [
        ("latency", &summary.latency_ms, "from when due"),
        ("uncorrected", uncorrected, "from when sent"),
    ] {
        let cells = figures_of(figures).map(|(_, value)| milliseconds(value));
        line(text, label, &format!("{}  {}", row(cells), colour.faint(since)));
    }
}

fn steps(text: &mut String, summary: &Summary, colour: Colour) {
    let width = summary
        .steps
        .keys()
        .map(|name| name.chars().count())
        .max()
        .unwrap_or(0)
        .max(4);
    let header = format!(
        "  {:<width$} {:>11} {:>10} {:>9} {:>9} {:>9} {:>9} {:>9}  status",
        "step", "requests", "rate", "failed", "p50", "p95", "p99", "max"
    );
    let _ = writeln!(text, "\n{}", colour.faint(&header));
    for (name, step) in &summary.steps {
        let failed = format!("{:>9}", grouped(step.failed));
        let _ = writeln!(
            text,
            "  {name:<width$} {:>11} {:>10} {} {:>9} {:>9} {:>9} {:>9}  {}",
            grouped(step.requests),
            format!("{}/s", rate(step.rate)),
            if step.failed == 0 { failed } else { colour.bad(&failed) },
            milliseconds(step.latency_ms.p50),
            milliseconds(step.latency_ms.p95),
            milliseconds(step.latency_ms.p99),
            milliseconds(step.latency_ms.max),
            statuses(&step.status, "  "),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run_info::Environment;
    use crate::summary::{Check, ErrorKind, Generator, SCHEMA, Step, ThresholdResult, TracedRequest};

    fn troubled() -> Summary {
        let latency = |factor: f64| Latency {
            min: 0.2 * factor,
            mean: 2.0 * factor,
            p50: 1.5 * factor,
            p90: 4.0 * factor,
            p95: 8.0 * factor,
            p99: 120.0 * factor,
            p99_9: 950.0 * factor,
            max: 10_001.0 * factor,
        };
        let traced = |n: u32, status: &str| TracedRequest {
            trace_id: format!("{n:032x}"),
            sampled: n.is_multiple_of(2),
            trace_url: n
                .is_multiple_of(2)
                .then(|| format!("http://localhost:16686/trace/{n:032x}")),
            ended_s: f64::from(n),
            latency_ms: 10_001.0 / f64::from(n),
            status: status.to_owned(),
            step: "read".to_owned(),
        };
        let step = |requests, failed| Step {
            requests,
            rate: requests as f64 / 60.0,
            failed,
            status: [("200".to_owned(), requests - failed), ("timeout".to_owned(), failed)].into(),
            latency_ms: latency(1.0),
            uncorrected_latency_ms: Some(latency(0.5)),
            bytes_sent: 1,
            bytes_received: 2,
            tags: [("kind".to_owned(), "read".to_owned())].into(),
        };
        let verdict = |expression: &str, value, passed, exceeded_by, first_crossed_s| ThresholdResult {
            expression: expression.to_owned(),
            value,
            passed,
            exceeded_by,
            first_crossed_s,
            note: None,
        };
        Summary {
            schema: SCHEMA,
            run_id: "20261125T043000Z-abc123".to_owned(),
            loadgen_version: "0.1.0".to_owned(),
            command: "loadgen run localhost:8080".to_owned(),
            scenario: "shop".to_owned(),
            target: "http://localhost:8080/".to_owned(),
            started_at: "2026-11-25T04:30:00Z".to_owned(),
            duration_s: 60.0,
            vus: 80,
            model: LoadModel::Open,
            load: "500/s for 1m".to_owned(),
            generators: vec!["1/2".to_owned(), "2/2".to_owned()],
            tags: [("branch".to_owned(), "main".to_owned())].into(),
            interrupted: false,
            requests: 29_970,
            rate: 499.5,
            failed: 42,
            due: 30_000,
            dropped: 30,
            status: [("200".to_owned(), 29_928), ("timeout".to_owned(), 42)].into(),
            errors: vec![ErrorKind {
                kind: "timeout".to_owned(),
                count: 42,
                example: "read: no answer within 10s".to_owned(),
            }],
            latency_ms: latency(1.0),
            uncorrected_latency_ms: Some(latency(0.5)),
            bytes_sent: 3_000_000,
            bytes_received: 9_000_000,
            steps: [
                ("read".to_owned(), step(20_000, 42)),
                ("write".to_owned(), step(9_970, 0)),
            ]
            .into(),
            checks: vec![
                Check {
                    step: "read".to_owned(),
                    name: "has an id".to_owned(),
                    passed: 19_958,
                    failed: 0,
                },
                Check {
                    step: "read".to_owned(),
                    name: "name is not empty".to_owned(),
                    passed: 19_950,
                    failed: 8,
                },
            ],
            thresholds: vec![
                verdict("p(99)<100ms for 30s", Some(312.0), false, Some(2.12), Some(31.0)),
                verdict("error_rate<1%", Some(0.0014), true, None, Some(12.0)),
                verdict("dropped==0", Some(30.0), false, None, Some(4.0)),
                ThresholdResult {
                    note: Some("the run was shorter than the window, so all of it was judged".to_owned()),
                    ..verdict("rate>100/s for 2m", Some(499.5), true, None, None)
                },
                verdict("purge: p(95)<1s", None, false, None, None),
            ],
            generator: Generator {
                cpu_percent: 187.0,
                lag_ms_p99: 12.5,
                saturated: true,
                reasons: vec!["generator 2/2: a generator thread was busy 95% of the time: use fewer --vus".to_owned()],
            },
            environment: Environment::default(),
            slowest: (1..=5).map(|n| traced(n, "timeout")).collect(),
            failures: (1..=5).map(|n| traced(n + 10, "timeout")).collect(),
        }
    }

    #[test]
    fn everything_that_went_wrong_is_there_and_red() {
        let summary = troubled();
        let thresholds: Vec<Threshold> = summary
            .thresholds
            .iter()
            .map(|verdict| verdict.expression.parse().unwrap())
            .collect();
        let text = render(&summary, &thresholds, None, Colour::Never);
        for part in [
            "load        500/s for 1m, 80 virtual users at most",
            "due         30 000 iterations, dropped 30 (0.10%)",
            "generators  1/2, 2/2",
            "uncorrected   0.10ms",
            "✗ crossed  p(99)<100ms for 30s  312.00ms     by 212%, first after 31.0 s",
            "✓ passed   error_rate<1%        0.14%        had been crossed, first after 12.0 s",
            "✗ crossed  purge: p(95)<1s      no requests",
            "so all of it was judged",
            "✗ read: name is not empty",
            "http://localhost:16686/trace/00000000000000000000000000000002",
            "THE GENERATOR WAS THE BOTTLENECK",
            "generator 2/2: a generator thread was busy",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        assert!(!text.contains("000000005"), "three of each are enough: {text}");
        assert!(text.lines().all(|line| !line.ends_with(' ')), "{text}");
        let painted = render(&summary, &thresholds, None, Colour::Ansi);
        for red in ["30 (0.10%)", "42 (0.14%)", "✗ crossed"] {
            assert!(
                painted.contains(&format!("\x1b[1;31m{red}\x1b[0m")),
                "{red} is not red in {painted}"
            );
        }
    }

    #[test]
    fn a_quiet_run_of_the_closed_model_is_short() {
        let mut summary = troubled();
        summary.model = LoadModel::Closed;
        summary.load = "10 virtual users for 1m".to_owned();
        summary.uncorrected_latency_ms = None;
        summary.errors.clear();
        summary.checks.clear();
        summary.thresholds.clear();
        summary.slowest.clear();
        summary.failures.clear();
        summary.generators.truncate(1);
        summary.tags.clear();
        summary.steps.clear();
        summary.generator = Generator::default();
        let text = render(&summary, &[], None, Colour::Never);
        assert!(text.contains("load        10 virtual users for 1m\n"), "{text}");
        assert!(text.contains("latency     min 0.20ms  mean 2.00ms"), "{text}");
        assert_eq!(text.trim().lines().count(), 10, "{text}");
        assert!(!text.contains("due") && !text.contains("BOTTLENECK"), "{text}");
    }
}
