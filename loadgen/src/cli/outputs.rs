//! What a command shows and the files that it writes at its end.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use loadgen::output_file::{OutputError, OutputFile};
use loadgen::summary_text::Colour;

use super::Failure;

/// Where the outcome goes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Outputs")]
pub(crate) struct OutputArgs {
    /// Write the outcome as JSON; - for standard output, the text then goes to standard error.
    #[arg(long, value_name = "FILE")]
    summary_json: Option<PathBuf>,

    /// Write a report in HTML, one file that can be opened offline.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

const REPORT: &str = "--report";

/// The outputs, their files opened.
pub(crate) struct Outputs {
    document: DocumentOutput,
    report: Option<OutputFile>,
}

impl OutputArgs {
    /// Makes sure that everything can be written.
    pub(crate) fn prepare(&self) -> Result<Outputs, OutputError> {
        let report = self.report.as_deref();
        Ok(Outputs {
            document: DocumentOutput::prepare("--summary-json", self.summary_json.as_deref())?,
            report: report.map(|path| OutputFile::prepare(REPORT, path)).transpose()?,
        })
    }
}

impl Outputs {
    /// Shows the text and writes what can be written, even where another output fails.
    pub(crate) fn write(
        self,
        text: impl Fn(Colour) -> String,
        document: &impl Serialize,
        page: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        let page = self.report.map_or(Ok(()), |file| file.write(page().as_bytes()));
        self.document.write(text, document)?;
        Ok(page?)
    }
}

/// A document as JSON, on standard output or in a file, beside its text for people.
pub(crate) struct DocumentOutput {
    file: Option<OutputFile>,
    to_stdout: bool,
}

impl DocumentOutput {
    /// Makes sure that the file can be written; `flag` names it in errors.
    pub(crate) fn prepare(flag: &'static str, path: Option<&Path>) -> Result<Self, OutputError> {
        let to_stdout = path == Some(Path::new("-"));
        let file = path.filter(|_| !to_stdout);
        Ok(Self {
            file: file.map(|path| OutputFile::prepare(flag, path)).transpose()?,
            to_stdout,
        })
    }

    /// Shows the text, on standard error where the document goes to standard output, and writes the file even if nobody
    /// reads the text.
    pub(crate) fn write(self, text: impl Fn(Colour) -> String, document: &impl Serialize) -> Result<(), Failure> {
        let mut json = serde_json::to_vec_pretty(document)?;
        json.push(b'\n');
        let (mut stdout, mut stderr) = (std::io::stdout(), std::io::stderr());
        let shown = if self.to_stdout {
            // Nobody reads standard error: the figures still go where they were asked to go.
            let _ = stderr.write_all(text(colour(stderr.is_terminal())).as_bytes());
            stdout.write_all(&json)
        } else {
            stdout.write_all(text(colour(stdout.is_terminal())).as_bytes())
        };
        self.file.map_or(Ok(()), |file| file.write(&json))?;
        Ok(shown?)
    }
}

fn colour(is_terminal: bool) -> Colour {
    if is_terminal && !no_colour() {
        Colour::Ansi
    } else {
        Colour::Never
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one variable that is not a setting of a run"
)]
fn no_colour() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}
