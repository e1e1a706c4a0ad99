//! The command line.

mod capacity;
mod check;
mod compare;
mod durations;
mod failure;
mod influxdb;
mod load;
mod manual;
mod merge;
mod outputs;
mod run;
mod target;
mod transport;
mod watchers;

use clap::{Parser, Subcommand};

use loadgen::interrupt::Interrupt;
use loadgen::progress::Progress;

use capacity::CapacityArgs;
use check::CheckArgs;
use compare::CompareArgs;
pub(crate) use failure::Failure;
use influxdb::PushArgs;
use manual::{CompletionsArgs, ManArgs};
use merge::MergeArgs;
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
    #[command(after_long_help = merge::HELP)]
    Merge(MergeArgs),
    /// Tell whether a run is worse than another, or whether it is noise.
    #[command(after_long_help = compare::HELP)]
    Compare(CompareArgs),
    /// Send InfluxDB what it did not take during a run.
    #[command(after_long_help = influxdb::PUSH_HELP)]
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

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
