//! The command line.

mod capacity;
pub(crate) mod check;
pub(crate) mod compare;
mod durations;
pub(crate) mod influxdb;
mod load;
pub(crate) mod manual;
pub(crate) mod merge;
mod outputs;
pub(crate) mod run;
mod target;
mod transport;
mod watchers;

use std::io::{IsTerminal as _, Write as _};

use clap::{Parser, Subcommand};

use loadgen::interrupt::Interrupt;
use loadgen::progress::Progress;
use loadgen::summary_text::Colour;

use capacity::CapacityArgs;
use check::CheckArgs;
use compare::{COMPARE_HELP, CompareArgs};
use influxdb::{PUSH_HELP, PushArgs};
use manual::{CompletionsArgs, ManArgs};
use merge::{MERGE_HELP, MergeArgs};
use run::RunArgs;

/// HTTP load generator: puts a target under load and says how it fared.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 110)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Put a target under load.
    #[command(after_long_help = run::HELP)]
    Run(Box<RunArgs>),
    /// Find the highest rate at which a target still meets its objectives.
    #[command(after_long_help = capacity::HELP)]
    Capacity(Box<CapacityArgs>),
    /// Join the results of several generators into those of their run.
    #[command(after_long_help = MERGE_HELP)]
    Merge(MergeArgs),
    /// Tell whether a run is worse than another, or whether it is noise.
    #[command(after_long_help = COMPARE_HELP)]
    Compare(CompareArgs),
    /// Send InfluxDB what it did not take during a run.
    #[command(after_long_help = PUSH_HELP)]
    Push(PushArgs),
    /// Look a scenario over without putting anything under load.
    Check(CheckArgs),
    /// Print completions for a shell.
    #[command(after_long_help = manual::COMPLETIONS_HELP)]
    Completions(CompletionsArgs),
    /// Write manual pages.
    Man(ManArgs),
}

/// Exit statuses.
pub(crate) const DONE: u8 = 0;
pub(crate) const COULD_NOT_RUN: u8 = 1;
pub(crate) const USAGE: u8 = 2;
pub(crate) const THRESHOLD_CROSSED: u8 = 99;
pub(crate) const INTERRUPTED: u8 = 130;

/// Says what went wrong; gives the status.
pub(crate) fn complain(error: &dyn std::fmt::Display, status: u8) -> u8 {
    // Without standard error the exit status has to do.
    let _ = writeln!(std::io::stderr(), "loadgen: {error}");
    status
}

/// What asks a run to end when the user does.
pub(crate) fn interrupt_on_signal() -> std::io::Result<Interrupt> {
    let interrupt = Interrupt::new();
    loadgen::signals::request_on_signal(&interrupt)?;
    Ok(interrupt)
}

/// How the progress of a run is shown.
pub(crate) fn progress(quiet: bool) -> Progress {
    if quiet { Progress::Quiet } else { Progress::for_stderr() }
}

/// Whether text on standard output and on standard error may carry colour.
pub(crate) fn colours() -> (Colour, Colour) {
    let colour = |is_terminal: bool| {
        if is_terminal && !no_colour() {
            Colour::Ansi
        } else {
            Colour::Never
        }
    };
    (
        colour(std::io::stdout().is_terminal()),
        colour(std::io::stderr().is_terminal()),
    )
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one variable that is not a setting of a run"
)]
fn no_colour() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// What is wrong with a command line, beyond what clap finds.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(String);

impl UsageError {
    pub(crate) fn new(reason: impl std::fmt::Display) -> Self {
        Self(reason.to_string())
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
