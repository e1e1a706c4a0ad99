//! Load by loadgen.

use std::path::PathBuf;
use std::process::Command;
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::error::BenchError;
use crate::plan::Plan;
use crate::usage;

/// Virtual users, and so connections, wherever nothing else is said.
pub(crate) const CONNECTIONS: &str = "50";

/// loadgen's program.
pub(crate) struct Loadgen {
    program: PathBuf,
    folder: TempDir,
}

/// What came of a run.
pub(crate) struct Run {
    summary: Value,
    pub(crate) cpu_seconds: f64,
    /// What of it was not the kernel's.
    pub(crate) user_cpu_seconds: f64,
    pub(crate) peak_mb: f64,
}

impl Loadgen {
    pub(crate) fn new(plan: &Plan) -> Result<Self, BenchError> {
        Ok(Self {
            program: plan.program("loadgen")?,
            folder: tempfile::tempdir().map_err(BenchError::system("no folder for loadgen"))?,
        })
    }

    /// `loadgen run`; an answer that is an error is an error here, too, for its cost is not what is measured.
    pub(crate) fn run(&self, url: &str, arguments: &[&str], duration: Duration) -> Result<Run, BenchError> {
        let duration = format!("{}ms", duration.as_millis());
        let mut command = Command::new(&self.program);
        command.args(["run", url, "--duration", &duration]).args(arguments);
        self.finish(&mut command)
    }

    /// Saturation by [`CONNECTIONS`].
    pub(crate) fn saturate(&self, url: &str, method: Method, duration: Duration) -> Result<Run, BenchError> {
        let arguments = [method.arguments(), &["--vus", CONNECTIONS]].concat();
        self.run(url, &arguments, duration)
    }

    /// The open model at so many requests a second, with a second of warm-up.
    pub(crate) fn offer(&self, url: &str, method: Method, rate: u32, duration: Duration) -> Result<Run, BenchError> {
        let rate = format!("{rate}/s");
        let arguments = [
            method.arguments(),
            &["--rate", &rate, "--vus", CONNECTIONS, "--warmup", "1s"],
        ]
        .concat();
        self.run(url, &arguments, duration)
    }

    /// Its command, for runs that [`Loadgen::run`] does not do.
    pub(crate) fn command(&self) -> Command {
        Command::new(&self.program)
    }

    /// Runs a command to its end and reads its summary.
    pub(crate) fn finish(&self, command: &mut Command) -> Result<Run, BenchError> {
        let file = self.folder.path().join(format!("summary-{:x}.json", fastrand::u64(..)));
        if command.get_args().next().is_some_and(|name| name == "run") {
            command.arg("--quiet");
        }
        let ended = usage::run("loadgen", command.arg("--summary-json").arg(&file))?;
        let json = std::fs::read(&file).map_err(BenchError::system("loadgen left no summary"))?;
        let run = Run {
            summary: serde_json::from_slice(&json).map_err(BenchError::unreadable("loadgen"))?,
            cpu_seconds: ended.cpu_seconds,
            user_cpu_seconds: ended.user_cpu_seconds,
            peak_mb: ended.peak_mb,
        };
        if run.figure("/failed") > 0.0 {
            let what = format!(
                "{} of {} requests failed: {}",
                run.figure("/failed"),
                run.requests(),
                run.summary["errors"]
            );
            return Err(BenchError::Wrong(what));
        }
        Ok(run)
    }
}

impl Run {
    /// A number of the summary; zero where there is none.
    pub(crate) fn figure(&self, pointer: &str) -> f64 {
        self.summary
            .pointer(pointer)
            .and_then(Value::as_f64)
            .unwrap_or_default()
    }

    pub(crate) fn requests(&self) -> f64 {
        self.figure("/requests")
    }

    pub(crate) fn rate(&self) -> f64 {
        self.figure("/rate")
    }

    /// Latency in milliseconds; in the open model from when a request was due.
    pub(crate) fn latency_ms(&self, percentile: &str) -> f64 {
        self.figure(&format!("/latency_ms/{percentile}"))
    }

    /// loadgen's own CPU time for a request, in microseconds.
    pub(crate) fn cpu_us(&self) -> f64 {
        self.cpu_seconds / self.requests() * 1e6
    }
}

/// Runs so many generators at once, which are told their numbers, from 1 on.
pub(crate) fn at_once(
    generators: u32,
    run: impl Fn(u32) -> Result<Run, BenchError> + Sync,
) -> Result<Vec<Run>, BenchError> {
    thread::scope(|scope| {
        let run = &run;
        let threads: Vec<_> = (1..=generators).map(|index| scope.spawn(move || run(index))).collect();
        let panicked = |_| BenchError::Wrong("a generator's thread panicked".to_owned());
        let join = |thread: ScopedJoinHandle<'_, _>| thread.join().map_err(panicked)?;
        threads.into_iter().map(join).collect()
    })
}

/// What is asked of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Put,
}

impl Method {
    pub(crate) const BOTH: [Self; 2] = [Self::Get, Self::Put];

    /// As names of figures have it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Put => "put",
        }
    }

    /// Without trace headers: what is asked to be sampled would be, whatever the service is set to.
    pub(crate) fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Get => &["--no-trace-headers"],
            Self::Put => &[
                "--no-trace-headers",
                "-X",
                "PUT",
                "-H",
                "Content-Type: application/json",
                "-d",
                r#"{"name":"Updated K6"}"#,
            ],
        }
    }
}
