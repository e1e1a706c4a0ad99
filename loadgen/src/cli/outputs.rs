//! The files that a command writes at its end.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use loadgen::output_file::{OutputError, OutputFile};
use loadgen::summary_text::Colour;

use super::colours;

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

const SUMMARY_JSON: &str = "--summary-json";
const REPORT: &str = "--report";

/// The files, opened.
pub(crate) struct Outputs {
    json: Option<OutputFile>,
    json_to_stdout: bool,
    report: Option<OutputFile>,
}

impl OutputArgs {
    /// Makes sure that everything can be written.
    pub(crate) fn prepare(&self) -> Result<Outputs, OutputError> {
        let json_to_stdout = self.summary_json.as_deref() == Some(Path::new("-"));
        let json = self.summary_json.as_deref().filter(|_| !json_to_stdout);
        let report = self.report.as_deref();
        Ok(Outputs {
            json: json.map(|path| OutputFile::prepare(SUMMARY_JSON, path)).transpose()?,
            json_to_stdout,
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
    ) -> Result<(), Box<dyn std::error::Error>> {
        let mut json = serde_json::to_vec_pretty(document)?;
        json.push(b'\n');
        let (on_stdout, on_stderr) = colours();
        let shown = if self.json_to_stdout {
            // Nobody reads standard error: the figures still go where they were asked to go.
            let _ = write!(std::io::stderr(), "{}", text(on_stderr));
            std::io::stdout().write_all(&json)
        } else {
            write!(std::io::stdout(), "{}", text(on_stdout))
        };
        let to_file = self.json.map_or(Ok(()), |file| file.write(SUMMARY_JSON, &json));
        let page = self.report.map_or(Ok(()), |file| file.write(REPORT, page().as_bytes()));
        to_file?;
        page?;
        shown?;
        Ok(())
    }
}
