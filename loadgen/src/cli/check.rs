//! `loadgen check`.

use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;

use loadgen::scenario::file;

use super::target::VarArgs;
use super::{COULD_NOT_RUN, DONE, Failure};

/// Settings of `loadgen check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The scenario: a TOML file, or `items`.
    #[arg(value_name = "FILE")]
    scenario: PathBuf,

    #[command(flatten)]
    vars: VarArgs,
}

impl CheckArgs {
    /// Says what the scenario does, or everything that is wrong with it; gives the exit status.
    pub(crate) fn run(&self) -> Result<u8, Failure> {
        let written = match file::check(&self.scenario, &self.vars.read()?) {
            Ok(report) => write!(std::io::stdout(), "{report}").map(|()| DONE),
            Err(mistakes) => {
                let shown = mistakes
                    .iter()
                    .try_for_each(|mistake| writeln!(std::io::stderr(), "{mistake}"));
                shown.map(|()| COULD_NOT_RUN)
            }
        };
        Ok(written.unwrap_or(COULD_NOT_RUN))
    }
}
