//! Progress of a run on standard error: a live line in a terminal, plain lines elsewhere.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::observer::{Observer, RunStage, Snapshot};
use crate::summary_text::{grouped, milliseconds, rate, share};

/// How often a plain line is written.
const PLAIN_LINES: Duration = Duration::from_secs(5);

/// Shows a run's progress on standard error.
pub enum Progress {
    /// One line that changes in place.
    Live(ProgressBar),
    /// A line now and then, for logs.
    Plain {
        /// When the next line is due, since the load began.
        next: Duration,
    },
    /// Nothing at all.
    Quiet,
}

impl Progress {
    /// What suits standard error: a live line if it is a terminal, otherwise plain lines.
    pub fn for_stderr() -> Self {
        if !std::io::stderr().is_terminal() {
            return Self::Plain { next: PLAIN_LINES };
        }
        let bar = ProgressBar::with_draw_target(Some(1), ProgressDrawTarget::stderr_with_hz(5));
        // The template is valid; if it were not, indicatif's own would do.
        if let Ok(style) = ProgressStyle::with_template("{wide_bar:.green/dim} {msg}") {
            bar.set_style(style.progress_chars("━╸─"));
        }
        Self::Live(bar)
    }

    /// Removes the live line.
    pub fn finish(&self) {
        if let Self::Live(bar) = self {
            bar.finish_and_clear();
        }
    }
}

impl Observer for Progress {
    fn note(&mut self, text: &str) {
        match self {
            Self::Live(bar) => bar.suspend(|| write_line(text)),
            Self::Plain { .. } => write_line(text),
            Self::Quiet => {}
        }
    }

    fn stage(&mut self, stage: RunStage) {
        if let Self::Live(bar) = self {
            bar.set_message(stage.name());
        }
    }

    fn progress(&mut self, snapshot: &Snapshot) {
        match self {
            Self::Live(bar) => {
                let duration = snapshot.duration.unwrap_or(snapshot.elapsed);
                bar.set_length(duration.as_millis() as u64);
                bar.set_position(snapshot.elapsed.min(duration).as_millis() as u64);
                bar.set_message(describe(snapshot));
            }
            Self::Plain { next } => {
                if snapshot.elapsed >= *next {
                    *next = snapshot.elapsed + PLAIN_LINES;
                    write_line(&describe(snapshot));
                }
            }
            Self::Quiet => {}
        }
    }
}

fn describe(snapshot: &Snapshot) -> String {
    let left = snapshot
        .duration
        .unwrap_or_default()
        .saturating_sub(snapshot.elapsed)
        .as_secs_f64();
    let left = if left > 0.0 {
        format!("{left:.0}s left")
    } else {
        "ending".to_owned()
    };
    let latency = &snapshot.latency_ms;
    format!(
        "{left}  {}/s  p50 {}  p95 {}  p99 {}  {} requests  {} failed ({})",
        rate(snapshot.rate),
        milliseconds(latency.p50),
        milliseconds(latency.p95),
        milliseconds(latency.p99),
        grouped(snapshot.requests),
        grouped(snapshot.failed),
        share(snapshot.failed, snapshot.requests),
    )
}

fn write_line(text: &str) {
    // Progress that nobody can read is no reason to end a run.
    let _ = writeln!(std::io::stderr(), "{text}");
}
