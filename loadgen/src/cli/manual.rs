//! `loadgen completions` and `loadgen man`: what the command line says of itself.

use std::io::Write as _;
use std::path::PathBuf;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{COULD_NOT_RUN, Cli, DONE, Failure};

pub(crate) const COMPLETIONS_HELP: &str = "\
Examples:
  loadgen completions bash > /etc/bash_completion.d/loadgen
  loadgen completions zsh > \"${fpath[1]}/_loadgen\"
  loadgen completions fish > ~/.config/fish/completions/loadgen.fish";

/// Settings of `loadgen completions`.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell.
    shell: Shell,
}

/// Settings of `loadgen man`.
#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// Folder for loadgen.1 and a page for each command.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

impl CompletionsArgs {
    /// Prints the completions; gives the exit status.
    pub(crate) fn run(&self) -> Result<u8, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "loadgen", &mut script);
        let unwritten = |error| Failure::new(COULD_NOT_RUN, format!("the completions could not be written: {error}"));
        std::io::stdout().write_all(&script).map_err(unwritten)?;
        Ok(DONE)
    }
}

impl ManArgs {
    /// Writes the pages; gives the exit status.
    pub(crate) fn run(&self) -> Result<u8, Failure> {
        let unwritten = |error| {
            let folder = self.folder.display();
            let advice = "give a folder that exists and is writable";
            Failure::new(
                COULD_NOT_RUN,
                format!("{folder}: the pages could not be written ({error}); {advice}"),
            )
        };
        clap_mangen::generate_to(Cli::command(), &self.folder).map_err(unwritten)?;
        Ok(DONE)
    }
}
