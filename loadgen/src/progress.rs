//! Progress of a run on standard error: a live view in a terminal, plain lines elsewhere.

mod line_writer;

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use crate::observer::{Observer, RunStage, Snapshot};
use crate::run_info::RunInfo;
use crate::summary_text::{grouped, milliseconds, rate, share};
use crate::terminal_view::{self, Palette, TerminalView};

use line_writer::LineWriter;

/// How often a plain line is written.
const PLAIN_LINES: Duration = Duration::from_secs(5);

/// Shows a run's progress on standard error.
pub enum Progress {
    /// A view that changes in place.
    View(TerminalView),
    /// A line now and then, for logs.
    Plain(PlainLines),
    /// Nothing at all.
    Quiet,
}

impl Progress {
    /// What suits standard error: a view if it is a terminal that is large and able enough, otherwise plain lines.
    pub fn for_stderr() -> Self {
        if std::io::stderr().is_terminal() && moves_the_cursor() && terminal_view::fits(terminal_view::size_of_stderr())
        {
            let palette = if is_set("NO_COLOR") {
                Palette::Plain
            } else {
                Palette::Colour
            };
            // Without a thread for the view there may still be one for lines, or none for either.
            if let Ok(view) = TerminalView::start(palette) {
                return Self::View(view);
            }
        }
        LineWriter::start().map_or(Self::Quiet, |writer| Self::Plain(PlainLines::new(writer)))
    }

    /// Removes the view and writes what is still to be written; does not wait long for a terminal that takes nothing.
    /// To be called before anything else is written to the terminal.
    pub fn finish(&mut self) {
        // Either way of showing it ends so when it is dropped.
        *self = Self::Quiet;
    }
}

impl Observer for Progress {
    fn note(&mut self, text: &str) {
        match self {
            Self::View(view) => view.note(text),
            Self::Plain(lines) => lines.writer.write(without_controls(text)),
            Self::Quiet => {}
        }
    }

    fn stage(&mut self, stage: RunStage) {
        match self {
            Self::View(view) => view.stage(stage),
            Self::Plain(lines) => lines.writer.write(stage.name().to_owned()),
            Self::Quiet => {}
        }
    }

    fn begin(&mut self, info: &RunInfo) {
        match self {
            Self::View(view) => view.begin(info),
            Self::Plain(lines) => lines.last = Instant::now(),
            Self::Quiet => {}
        }
    }

    fn progress(&mut self, snapshot: &Snapshot) {
        match self {
            Self::View(view) => view.progress(snapshot),
            Self::Plain(lines) => {
                let now = Instant::now();
                if now.duration_since(lines.last) >= PLAIN_LINES {
                    lines.last = now;
                    lines.writer.write(describe(snapshot));
                }
            }
            Self::Quiet => {}
        }
    }
}

/// Progress as lines that are written now and then.
pub struct PlainLines {
    writer: LineWriter,
    last: Instant,
}

impl PlainLines {
    fn new(writer: LineWriter) -> Self {
        Self {
            writer,
            last: Instant::now(),
        }
    }
}

fn describe(snapshot: &Snapshot) -> String {
    let mut parts = vec![left(snapshot)];
    parts.push(match snapshot.target_rate {
        Some(target) => format!("{}/s of {}/s", rate(snapshot.rate), rate(target)),
        None => format!("{}/s", rate(snapshot.rate)),
    });
    let latency = &snapshot.latency_ms;
    for (name, value) in [("p50", latency.p50), ("p95", latency.p95), ("p99", latency.p99)] {
        parts.push(format!("{name} {}", milliseconds(value)));
    }
    parts.push(format!("{} requests", grouped(snapshot.requests)));
    parts.push(format!(
        "{} failed ({})",
        grouped(snapshot.failed),
        share(snapshot.failed, snapshot.requests)
    ));
    if snapshot.dropped > 0 {
        parts.push(format!("{} dropped", grouped(snapshot.dropped)));
    }
    if snapshot.generator.saturated {
        let lag = milliseconds(snapshot.generator.lag_ms_p99);
        parts.push(format!("generator {lag} late (p99)"));
        parts.push("THE GENERATOR IS THE BOTTLENECK".to_owned());
    }
    parts.join("  ")
}

fn left(snapshot: &Snapshot) -> String {
    if let Some((done, all)) = snapshot.iterations {
        return format!("{} of {} iterations", grouped(done), grouped(all));
    }
    let left = snapshot
        .duration
        .unwrap_or_default()
        .saturating_sub(snapshot.elapsed)
        .as_secs_f64();
    if left > 0.0 {
        format!("{left:.0}s left")
    } else {
        "ending".to_owned()
    }
}

/// Text that cannot steer a terminal: names and answers come from elsewhere.
pub(crate) fn without_controls(text: &str) -> String {
    text.chars()
        .map(|character| {
            if character == '\n' || character == '\t' {
                ' '
            } else {
                character
            }
        })
        .filter(|character| !character.is_control() && !reorders(*character))
        .collect()
}

/// Characters that change the direction of what follows, by which text can pose as other text.
fn reorders(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[expect(
    clippy::disallowed_methods,
    reason = "what the terminal can do is no setting of a run"
)]
fn moves_the_cursor() -> bool {
    std::env::var_os("TERM").is_some_and(|name| !name.is_empty() && name != "dumb")
}

#[expect(
    clippy::disallowed_methods,
    reason = "what the terminal can do is no setting of a run"
)]
fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal_view::sample::snapshot;

    #[test]
    fn a_line_says_what_matters_and_only_that() {
        let mut snapshot = snapshot();
        snapshot.dropped = 0;
        snapshot.generator.saturated = false;
        snapshot.generator.lag_ms_p99 = 0.2;
        let line = describe(&snapshot);
        assert!(line.starts_with("37s left  498.2/s of 500.0/s  p50 1.31ms"), "{line}");
        assert!(!line.contains("dropped") && !line.contains("generator"), "{line}");
        snapshot.dropped = 3;
        snapshot.generator.saturated = true;
        snapshot.target_rate = None;
        snapshot.iterations = Some((1_200, 5_000));
        let line = describe(&snapshot);
        assert!(line.starts_with("1 200 of 5 000 iterations  498.2/s  p50"), "{line}");
        assert!(line.contains("3 dropped") && line.ends_with("BOTTLENECK"), "{line}");
    }

    #[test]
    fn text_from_elsewhere_does_not_steer_the_terminal() {
        assert_eq!(
            without_controls("a\x1b[2Jb\u{9b}1mc\nd\u{202e}e\r"),
            "a[2Jb1mc de",
            "escape sequences are text"
        );
    }
}
