//! `loadgen` beside the checking clients, and whether its summary is true.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use test_servers::{InfluxDb, built};

use crate::context::Context;
use crate::failure::Failure;

/// Iterations per second that are offered.
const RATE: u32 = 100;
/// What it takes from the end of the load to its own: requests in flight, cleaning up, InfluxDB.
const PATIENCE: Duration = Duration::from_secs(60);

/// What it writes when its own items are there.
const LOAD_BEGINS: &str = "load";

/// Exit statuses of a run that came to its end: done, and items left behind, which a fault may cause.
const ENDED: [Option<i32>; 2] = [Some(0), Some(1)];

pub(crate) struct LoadRun {
    child: Child,
    folder: PathBuf,
    duration: Duration,
}

impl LoadRun {
    /// Starts it; it writes its summary, its log and, where InfluxDB is away, its spool into the scenario's folder.
    pub(crate) fn start(
        context: &Context,
        url: &str,
        duration: Duration,
        influxdb: Option<&InfluxDb>,
    ) -> Result<Self, Failure> {
        let folder = context.folder.clone();
        let log = File::create(log_file(&folder)).map_err(Failure::system("loadgen's log"))?;
        let errors = log.try_clone().map_err(Failure::system("loadgen's log"))?;
        let mut command = loadgen()?;
        command
            .args(["run", url, "--scenario", "items", "--vus", "20", "--max-vus", "200"])
            .args([
                "--rate",
                &format!("{RATE}/s"),
                "--duration",
                &format!("{}ms", duration.as_millis()),
            ])
            .args(["--timeout", "10s", "--graceful-stop", "12s"])
            .args(["--run-id", &run_id(context)])
            .arg("--summary-json")
            .arg(summary_file(&folder))
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors);
        if let Some(influxdb) = influxdb {
            command
                .args(["--influx-url", &influxdb.url()])
                .arg("--influx-spool")
                .arg(spool(&folder))
                .env("INFLUX_TOKEN", influxdb.loadgen_writer_token());
        }
        let child = command.spawn().map_err(Failure::system("loadgen"))?;
        let run = Self {
            child,
            folder,
            duration,
        };
        // It first creates items, which a fault must not stop.
        context.poll("loadgen did not begin its load", PATIENCE, || {
            let log = fs::read_to_string(log_file(&run.folder)).map_err(Failure::system("loadgen's log"))?;
            Ok(log.lines().any(|line| line == LOAD_BEGINS).then_some(()))
        })?;
        Ok(run)
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end; its summary, which must be true in itself.
    pub(crate) fn finish(&mut self, context: &Context) -> Result<Value, Failure> {
        let status = context.poll("loadgen did not end", self.duration + PATIENCE, || {
            self.child.try_wait().map_err(Failure::system("loadgen"))
        })?;
        if !ENDED.contains(&status.code()) {
            return Err(Failure::broken(format!("loadgen ended with {status}")));
        }
        let text = fs::read(summary_file(&self.folder)).map_err(Failure::system("loadgen left no summary"))?;
        let summary = serde_json::from_slice(&text)
            .map_err(|error| Failure::broken(format!("loadgen's summary is not JSON: {error}")))?;
        check(&summary)?;
        Ok(summary)
    }
}

impl Drop for LoadRun {
    fn drop(&mut self) {
        // Failing, it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A name for the run that no other run of this campaign has.
pub(crate) fn run_id(context: &Context) -> String {
    format!("{}-{}", context.scenario, context.seed)
}

/// The program, with nothing of this process's environment but what finds other programs.
pub(crate) fn loadgen() -> Result<Command, Failure> {
    let mut command = Command::new(built("loadgen")?);
    command.env_clear();
    Ok(command)
}

/// Where its points wait for InfluxDB.
pub(crate) fn spool(folder: &Path) -> PathBuf {
    folder.join("loadgen-spool")
}

fn log_file(folder: &Path) -> PathBuf {
    folder.join("loadgen.log")
}

fn summary_file(folder: &Path) -> PathBuf {
    folder.join("loadgen-summary.json")
}

/// A number of a summary.
pub(crate) fn number(summary: &Value, pointer: &str) -> Result<u64, Failure> {
    let number = summary.pointer(pointer).and_then(Value::as_u64);
    number.ok_or_else(|| Failure::broken(format!("loadgen's summary has no {pointer}")))
}

/// Its counts add up.
fn check(summary: &Value) -> Result<(), Failure> {
    let requests = number(summary, "/requests")?;
    let by_status: u64 = counts(&summary["status"]).sum();
    let steps = summary["steps"].as_object().into_iter().flatten();
    let by_step: u64 = steps.filter_map(|(_, step)| step["requests"].as_u64()).sum();
    let failed = number(summary, "/failed")?;
    let errors = summary["errors"].as_array().into_iter().flatten();
    let by_error: u64 = errors.filter_map(|error| error["count"].as_u64()).sum();
    let started = number(summary, "/due")?.saturating_sub(number(summary, "/dropped")?);
    for (what, sum) in [("by status", by_status), ("by step", by_step)] {
        if sum != requests {
            return Err(Failure::broken(format!(
                "loadgen counts {requests} requests, and {sum} {what}"
            )));
        }
    }
    if by_error != failed {
        return Err(Failure::broken(format!(
            "loadgen counts {failed} failed requests, and {by_error} by error"
        )));
    }
    if requests == 0 || requests > started {
        return Err(Failure::broken(format!(
            "loadgen counts {requests} requests of {started} iterations that it started"
        )));
    }
    Ok(())
}

fn counts(object: &Value) -> impl Iterator<Item = u64> {
    object
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(_, count)| count.as_u64())
}
