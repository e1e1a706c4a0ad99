//! The command line.

pub(crate) mod compare;
mod durations;
mod load;
pub(crate) mod merge;
mod run;
mod target;
mod transport;

use clap::{Parser, Subcommand};

pub(crate) use run::RunArgs;

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
