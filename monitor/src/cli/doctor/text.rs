//! What the doctor found, for people.

use std::io::{self, Write};
use std::time::SystemTime;

use monitor::doctor::{CHECKS, CheckReport, Depth, Outcome, Report};

/// Columns of the longest name of a check, and of an outcome.
const NAME: usize = 22;
const OUTCOME: usize = 7;

/// Writes a report: what failed first, with what to do about it.
pub(super) fn write(out: &mut impl Write, report: &Report, is_coloured: bool) -> io::Result<()> {
    for check in &report.checks {
        let outcome = painted(check.outcome, is_coloured);
        if check.faults.is_empty() {
            writeln!(out, "{outcome}  {:NAME$}  {}", check.name, plain(&check.seen))?;
            continue;
        }
        writeln!(out, "{outcome}  {:NAME$}  expected: {}", check.name, check.expected)?;
        for fault in &check.faults {
            writeln!(out, "{:OUTCOME$}  {:NAME$}  seen:     {}", "", "", plain(&fault.seen))?;
            writeln!(out, "{:OUTCOME$}  {:NAME$}  to do:    {}", "", "", plain(&fault.advice))?;
        }
    }
    writeln!(out, "\n{}", summary(report))
}

/// Writes a line for the run, and one for each fault: for a log.
pub(super) fn write_lines(out: &mut impl Write, report: &Report) -> io::Result<()> {
    let now = humantime::format_rfc3339_seconds(SystemTime::now());
    writeln!(out, "{now} {}", summary(report))?;
    for check in &report.checks {
        for fault in &check.faults {
            let outcome = word(check.outcome);
            writeln!(
                out,
                "{now} {outcome} {}: {}; to do: {}",
                check.name,
                plain(&fault.seen),
                plain(&fault.advice)
            )?;
        }
    }
    Ok(())
}

/// Writes what the checks expect.
pub(super) fn write_list(out: &mut impl Write) -> io::Result<()> {
    let mut group = "";
    for check in CHECKS {
        if check.group != group {
            group = check.group;
            writeln!(out, "{group}")?;
        }
        let runs = match check.from {
            Depth::Offline => "always",
            Depth::Quick => "quick",
            Depth::Full => "full",
        };
        writeln!(out, "  {:NAME$}  {runs:6}  {}", check.name, check.expected)?;
    }
    writeln!(
        out,
        "\nalways: also with --offline; quick: also with --quick; full: without either"
    )
}

fn summary(report: &Report) -> String {
    let counts = [
        (Outcome::Failed, "failed"),
        (Outcome::Warning, "with a warning"),
        (Outcome::Skipped, "skipped"),
        (Outcome::Ok, "ok"),
    ];
    let counts = counts.map(|(outcome, word)| (report.count(outcome), word));
    let counts: Vec<_> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let verdict = if report.healthy { "healthy" } else { "not healthy" };
    format!("{verdict}: {} in {:.1} s", counts.join(", "), report.duration_s)
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Failed => "FAILED",
        Outcome::Warning => "WARNING",
        Outcome::Skipped => "skipped",
        Outcome::Ok => "ok",
    }
}

fn painted(outcome: Outcome, is_coloured: bool) -> String {
    let word = format!("{:OUTCOME$}", word(outcome));
    let colour = match outcome {
        Outcome::Failed => "1;31",
        Outcome::Warning => "33",
        Outcome::Skipped => "2",
        Outcome::Ok => "32",
    };
    if is_coloured {
        format!("\x1b[{colour}m{word}\x1b[0m")
    } else {
        word
    }
}

/// What servers say must not steer the terminal, nor break the line.
fn plain(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split(char::is_whitespace).filter(|word| !word.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(word.chars().filter(|character| !character.is_control()));
    }
    line
}

/// What is still running, on standard error.
pub(super) struct Progress {
    is_terminal: bool,
}

impl Progress {
    /// Where standard error is no terminal one line has to do, and a quick run needs none.
    pub(super) fn new(is_terminal: bool, depth: Depth) -> Self {
        if !is_terminal && depth == Depth::Full {
            let _ = writeln!(
                io::stderr(),
                "running {} checks; a trace needs some 12 s to arrive",
                CHECKS.len()
            );
        }
        Self { is_terminal }
    }

    pub(super) fn show(&self, last: &CheckReport, running: &[&str]) {
        if !self.is_terminal {
            return;
        }
        let outcome = word(last.outcome);
        let line = format!("{} {outcome}; running: {}", last.name, running.join(", "));
        let line: String = line.chars().take(100).collect();
        // Progress that nobody can read is no reason to stop.
        let _ = write!(io::stderr(), "\r\x1b[K{line}");
    }

    pub(super) fn clear(&self) {
        if self.is_terminal {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
