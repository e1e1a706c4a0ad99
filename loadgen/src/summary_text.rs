//! The summary for people.

use std::fmt::Write as _;

use crate::engine::Housekeeping;
use crate::summary::{Latency, Summary};
use crate::threshold::Threshold;

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
    fn good(self, text: &str) -> String {
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

/// Renders a summary as aligned text of several lines.
pub fn render(
    summary: &Summary,
    thresholds: &[Threshold],
    housekeeping: Option<&Housekeeping>,
    colour: Colour,
) -> String {
    let mut text = String::new();
    headline(&mut text, summary, colour);
    if summary.steps.len() > 1 {
        steps(&mut text, summary, colour);
    }
    errors(&mut text, summary, colour);
    verdicts(&mut text, summary, thresholds, colour);
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
    generator(&mut text, summary, colour);
    text
}

fn line(text: &mut String, label: &str, value: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "  {label:<11} {value}");
}

fn headline(text: &mut String, summary: &Summary, colour: Colour) {
    let users = if summary.vus == 1 {
        "virtual user"
    } else {
        "virtual users"
    };
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
        &format!(
            "{}, {} {users}, {:.1} s{ended}",
            summary.run_id, summary.vus, summary.duration_s
        ),
    );
    line(
        text,
        "requests",
        &format!(
            "{}, {}/s",
            colour.strong(&grouped(summary.requests)),
            rate(summary.rate)
        ),
    );
    let failed = format!(
        "{} ({})",
        grouped(summary.failed),
        share(summary.failed, summary.requests)
    );
    line(
        text,
        "failed",
        &if summary.failed == 0 {
            colour.good(&failed)
        } else {
            colour.bad(&failed)
        },
    );
    let status: Vec<String> = summary
        .status
        .iter()
        .map(|(name, count)| format!("{name}: {}", grouped(*count)))
        .collect();
    line(
        text,
        "status",
        &if status.is_empty() {
            "none".to_owned()
        } else {
            status.join("   ")
        },
    );
    let Latency {
        min,
        mean,
        p50,
        p90,
        p95,
        p99,
        p99_9,
        max,
    } = summary.latency_ms;
    let figures = [
        ("min", min),
        ("mean", mean),
        ("p50", p50),
        ("p90", p90),
        ("p95", p95),
        ("p99", p99),
        ("p99.9", p99_9),
        ("max", max),
    ];
    let figures: Vec<String> = figures
        .iter()
        .map(|(name, value)| format!("{} {}", colour.faint(name), milliseconds(*value)))
        .collect();
    line(text, "latency", &figures.join("  "));
    let seconds = summary.duration_s;
    line(
        text,
        "data",
        &format!(
            "sent {} ({}/s), received {} ({}/s)",
            bytes(summary.bytes_sent as f64),
            bytes(per_second(summary.bytes_sent, seconds)),
            bytes(summary.bytes_received as f64),
            bytes(per_second(summary.bytes_received, seconds)),
        ),
    );
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
        let status: Vec<String> = step
            .status
            .iter()
            .map(|(key, count)| format!("{key}: {}", grouped(*count)))
            .collect();
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
            status.join("  "),
        );
    }
}

fn errors(text: &mut String, summary: &Summary, colour: Colour) {
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

fn verdicts(text: &mut String, summary: &Summary, thresholds: &[Threshold], colour: Colour) {
    if summary.thresholds.is_empty() {
        text.push('\n');
        return;
    }
    let _ = writeln!(text, "\n  thresholds");
    let width = summary
        .thresholds
        .iter()
        .map(|verdict| verdict.expression.chars().count())
        .max()
        .unwrap_or(0);
    for (verdict, threshold) in summary.thresholds.iter().zip(thresholds) {
        let value = verdict
            .value
            .map_or_else(|| "no requests".to_owned(), |value| threshold.with_unit(value));
        let mark = if verdict.passed {
            colour.good("✓ passed ")
        } else {
            colour.bad("✗ crossed")
        };
        let _ = writeln!(text, "  {mark}  {:<width$}  {value}", verdict.expression);
    }
    text.push('\n');
}

fn generator(text: &mut String, summary: &Summary, colour: Colour) {
    let health = &summary.generator;
    let figures = format!(
        "CPU {:.0}% of one core, woke {} late (p99)",
        health.cpu_percent,
        milliseconds(health.lag_ms_p99)
    );
    line(text, "generator", &figures);
    if health.saturated {
        let warning = "THE GENERATOR WAS THE BOTTLENECK: these latencies are partly its own. Use fewer --vus, more cores, or \
                       a machine that does nothing else.";
        line(text, "", &colour.bad(warning));
    }
}

/// A count with its thousands set apart.
pub(crate) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

pub(crate) fn rate(per_second: f64) -> String {
    if per_second >= 1000.0 {
        grouped(per_second.round() as u64)
    } else {
        format!("{per_second:.1}")
    }
}

/// Milliseconds with about three digits.
pub(crate) fn milliseconds(value: f64) -> String {
    if value >= 10_000.0 {
        format!("{:.2}s", value / 1000.0)
    } else if value >= 100.0 {
        format!("{value:.0}ms")
    } else if value >= 10.0 {
        format!("{value:.1}ms")
    } else {
        format!("{value:.2}ms")
    }
}

pub(crate) fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        "0.00%".to_owned()
    } else {
        format!("{:.2}%", part as f64 / whole as f64 * 100.0)
    }
}

fn per_second(count: u64, seconds: f64) -> f64 {
    if seconds > 0.0 { count as f64 / seconds } else { 0.0 }
}

fn bytes(count: f64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut value = count;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 {
        format!("{value:.0} B")
    } else {
        format!("{value:.1} {}", UNITS[unit])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short() {
        assert_eq!(
            [grouped(0), grouped(999), grouped(1000), grouped(1_234_567)],
            ["0", "999", "1 000", "1 234 567"]
        );
        assert_eq!(
            [bytes(0.0), bytes(999.0), bytes(1000.0), bytes(2.5e9)],
            ["0 B", "999 B", "1.0 kB", "2.5 GB"]
        );
        assert_eq!(
            [milliseconds(0.123), milliseconds(12.34), milliseconds(12_345.0)],
            ["0.12ms", "12.3ms", "12.35s"]
        );
    }
}
