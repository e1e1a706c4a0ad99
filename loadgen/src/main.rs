//! The command `loadgen`.

mod cli;
mod redact;

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;

use loadgen::engine::Finished;
use loadgen::interrupt::Interrupt;
use loadgen::output_file::{OutputError, OutputFile};
use loadgen::progress::Progress;
use loadgen::run_error::RunError;
use loadgen::summary_text::{self, Colour};

use cli::{Cli, Command, RunArgs};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const DONE: u8 = 0;
const COULD_NOT_RUN: u8 = 1;
const USAGE: u8 = 2;
const THRESHOLD_CROSSED: u8 = 99;
const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    let command_line: Vec<String> = std::env::args_os()
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    let on = |stream: bool| {
        if stream && !no_colour() {
            Colour::Ansi
        } else {
            Colour::Never
        }
    };
    let stdout = on(std::io::stdout().is_terminal());
    let stderr = on(std::io::stderr().is_terminal());
    let done = match Cli::parse().command {
        Command::Run(args) => Ok(run(&args, &command_line)),
        Command::Merge(args) => args.run(stdout, stderr),
        Command::Compare(args) => args.run(stdout, stderr),
    };
    ExitCode::from(done.unwrap_or_else(|error| complain(&*error, COULD_NOT_RUN)))
}

/// Does the run; gives the exit status.
fn run(args: &RunArgs, command_line: &[String]) -> u8 {
    let settings = match args.settings(command_line) {
        Ok(settings) => settings,
        Err(error) => return complain(&error, USAGE),
    };
    let outputs = match Outputs::prepare(args) {
        Ok(outputs) => outputs,
        Err(error) => return complain(&error, COULD_NOT_RUN),
    };
    let interrupt = Interrupt::new();
    if let Err(error) = loadgen::signals::request_on_signal(&interrupt) {
        return complain(&error, COULD_NOT_RUN);
    }
    let mut progress = if args.quiet {
        Progress::Quiet
    } else {
        Progress::for_stderr()
    };
    let finished = loadgen::run(&settings, &interrupt, &mut progress);
    progress.finish();
    let finished = match finished {
        Ok(finished) => finished,
        Err(error) if error.is_interruption() => return complain(&error, INTERRUPTED),
        Err(error @ RunError::Threshold(_)) => return complain(&error, USAGE),
        Err(error) => return complain(&error, COULD_NOT_RUN),
    };
    let colour = |is_terminal: bool| {
        if is_terminal && !no_colour() {
            Colour::Ansi
        } else {
            Colour::Never
        }
    };
    let text = |colour| {
        let summary = &finished.result.summary;
        summary_text::render(summary, &settings.thresholds, finished.housekeeping.as_ref(), colour)
    };
    let written = if outputs.json_to_stdout {
        let shown = write!(std::io::stderr(), "{}", text(colour(std::io::stderr().is_terminal())));
        // Nobody reads standard error: the figures still go where they were asked to go.
        drop(shown);
        outputs.write(&finished)
    } else {
        let shown = write!(std::io::stdout(), "{}", text(colour(std::io::stdout().is_terminal())));
        outputs.write(&finished).and(shown.map_err(Into::into))
    };
    if let Err(error) = written {
        return complain(&*error, COULD_NOT_RUN);
    }
    status(&finished, args.fail_on_saturation)
}

fn status(finished: &Finished, fail_on_saturation: bool) -> u8 {
    let summary = &finished.result.summary;
    let left_behind = finished
        .housekeeping
        .as_ref()
        .is_some_and(|housekeeping| housekeeping.left_behind.is_some());
    if summary.interrupted {
        INTERRUPTED
    } else if left_behind || (fail_on_saturation && summary.generator.saturated) {
        COULD_NOT_RUN
    } else if finished.aborted_by.is_some() || summary.thresholds.iter().any(|threshold| !threshold.passed) {
        THRESHOLD_CROSSED
    } else {
        DONE
    }
}

/// The files a run writes.
struct Outputs {
    json: Option<OutputFile>,
    json_to_stdout: bool,
    report: Option<OutputFile>,
}

const SUMMARY_JSON: &str = "--summary-json";
const REPORT: &str = "--report";

impl Outputs {
    fn prepare(args: &RunArgs) -> Result<Self, OutputError> {
        let json_to_stdout = args.summary_json.as_deref() == Some(Path::new("-"));
        let json = args.summary_json.as_deref().filter(|_| !json_to_stdout);
        Ok(Self {
            json: json.map(|path| OutputFile::prepare(SUMMARY_JSON, path)).transpose()?,
            json_to_stdout,
            report: args
                .report
                .as_deref()
                .map(|path| OutputFile::prepare(REPORT, path))
                .transpose()?,
        })
    }

    /// Writes what can be written, even where another output fails.
    fn write(self, finished: &Finished) -> Result<(), Box<dyn std::error::Error>> {
        let mut json = serde_json::to_vec_pretty(&finished.result.summary)?;
        json.push(b'\n');
        let to_file = self.json.map_or(Ok(()), |file| file.write(SUMMARY_JSON, &json));
        let to_stdout = if self.json_to_stdout {
            std::io::stdout().write_all(&json)
        } else {
            Ok(())
        };
        let page = self.report.map_or(Ok(()), |file| {
            file.write(REPORT, loadgen::report::render(&finished.result).as_bytes())
        });
        to_file?;
        to_stdout?;
        page?;
        Ok(())
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one variable that is not a setting of a run"
)]
fn no_colour() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

fn complain(error: &dyn std::fmt::Display, status: u8) -> u8 {
    // Without standard error the exit status has to do.
    let _ = writeln!(std::io::stderr(), "loadgen: {error}");
    status
}
