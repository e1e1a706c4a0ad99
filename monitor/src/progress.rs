//! What is being done, for whoever waits: a line on standard error for each change, in a terminal or not.

use std::io::Write as _;
use std::time::{Duration, Instant};

/// Lines on standard error with the seconds since the beginning.
#[derive(Debug)]
pub struct Progress {
    begun: Instant,
}

impl Default for Progress {
    fn default() -> Self {
        Self { begun: Instant::now() }
    }
}

/// How often it is told how far things are.
const TOLD_EVERY: Duration = Duration::from_secs(5);

impl Progress {
    /// Says how far something is, every few seconds; `told` is when that was done last.
    pub(crate) fn now_and_then(&self, told: &mut Instant, text: impl FnOnce() -> String) {
        if told.elapsed() >= TOLD_EVERY {
            self.line(&text());
            *told = Instant::now();
        }
    }

    /// Says that something began, changed or is done.
    pub fn line(&self, text: &str) {
        // Progress that nobody can read is no reason to stop.
        let _ = writeln!(
            std::io::stderr(),
            "[{:3}s] {}",
            self.begun.elapsed().as_secs(),
            without_controls(text)
        );
    }
}

/// Text of containers and servers, which must not steer the terminal.
pub fn without_controls(text: &str) -> String {
    text.chars()
        .map(|character| if character == '\t' { ' ' } else { character })
        .filter(|character| !character.is_control())
        .collect()
}
