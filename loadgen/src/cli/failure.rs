//! Why a command ended without doing what it was asked, and the exit status that says so.

use std::fmt::Display;
use std::io::{self, Write as _};

use loadgen::run_error::RunError;

use super::{COULD_NOT_RUN, INTERRUPTED, USAGE};

/// One sentence for the user, and a status. Any error becomes one with the status [`COULD_NOT_RUN`].
#[derive(Debug)]
pub(crate) struct Failure {
    status: u8,
    sentence: String,
}

impl Failure {
    pub(crate) fn new(status: u8, reason: impl Display) -> Self {
        Self {
            status,
            sentence: reason.to_string(),
        }
    }

    /// What is wrong with the command line, beyond what clap finds.
    pub(crate) fn usage(reason: impl Display) -> Self {
        Self::new(USAGE, reason)
    }

    /// For `map_err`: the argument whose file could not be read.
    pub(crate) fn unreadable(argument: impl Display) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::usage(format!("{argument}: {error}; give a file that can be read"))
    }

    /// Of a run or a search.
    pub(crate) fn of_run(error: RunError) -> Self {
        let status = match &error {
            RunError::Threshold(_) => USAGE,
            error if error.is_interruption() => INTERRUPTED,
            _ => COULD_NOT_RUN,
        };
        Self::new(status, error)
    }

    /// Says what went wrong; gives the status.
    pub(crate) fn tell(self) -> u8 {
        // Without standard error the exit status has to do.
        let _ = writeln!(io::stderr(), "loadgen: {}", self.sentence);
        self.status
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::new(COULD_NOT_RUN, error)
    }
}
