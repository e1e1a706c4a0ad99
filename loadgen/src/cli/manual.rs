//! `loadgen completions` and `loadgen man`: what the command line says of itself.

use std::io::Write as _;
use std::path::PathBuf;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{COULD_NOT_RUN, Cli, DONE, complain};

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
    pub(crate) fn run(&self) -> u8 {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "loadgen", &mut script);
        match std::io::stdout().write_all(&script) {
            Ok(()) => DONE,
            Err(error) => complain(&format!("the completions could not be written: {error}"), COULD_NOT_RUN),
        }
    }
}

impl ManArgs {
    /// Writes the pages; gives the exit status.
    pub(crate) fn run(&self) -> u8 {
        match clap_mangen::generate_to(Cli::command(), &self.folder) {
            Ok(()) => DONE,
            Err(error) => {
                let folder = self.folder.display();
                complain(
                    &format!(
                        "{folder}: the pages could not be written ({error}); give a folder that exists and is writable"
                    ),
                    COULD_NOT_RUN,
                )
            }
        }
    }
}
