//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

/// Breaks what the service and loadgen depend on, and checks that they keep their promises.
#[derive(Debug, Parser)]
#[command(name = "faults", version, max_term_width = 120)]
pub(crate) struct Arguments {
    /// Scenarios to run; all unless named
    pub(crate) scenarios: Vec<String>,

    /// How long each fault lasts; telemetry is away 18 times as long
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(2..=600))]
    seconds: u64,

    /// What every choice by chance follows from; printed, so that a run can be repeated
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,

    /// List the scenarios
    #[arg(long)]
    pub(crate) list: bool,

    /// Write the table between the markers of this file, if all scenarios are run
    #[arg(long, value_name = "FILE")]
    pub(crate) markdown: Option<PathBuf>,
}

impl Arguments {
    pub(crate) fn seconds(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}
