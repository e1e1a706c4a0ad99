//! What a process takes: CPU time and memory, as the kernel counts them.

use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use procfs::WithCurrentSystemInfo as _;
use procfs::process::Process;

use crate::error::BenchError;

/// Kilobytes, as the kernel calls them, to MB.
const MB_PER_KIB: f64 = 1024.0 / 1e6;

const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// CPU seconds of a process, of all its threads and for all it did.
pub(crate) fn cpu_seconds(id: u32) -> Result<f64, BenchError> {
    let stat = process(id)?.stat()?;
    Ok(seconds(stat.utime + stat.stime))
}

fn seconds(ticks: u64) -> f64 {
    ticks as f64 / procfs::ticks_per_second() as f64
}

/// The most memory that a process has had, in MB.
pub(crate) fn peak_mb(id: u32) -> Result<f64, BenchError> {
    let peak = process(id)?.status()?.vmhwm;
    Ok(peak.unwrap_or_default() as f64 * MB_PER_KIB)
}

/// The memory that a process has now, in MB.
pub(crate) fn resident_mb(id: u32) -> Result<f64, BenchError> {
    let bytes = process(id)?.stat()?.rss_bytes().get();
    Ok(bytes as f64 / 1e6)
}

/// The only child of a process.
pub(crate) fn child_of(id: u32) -> Result<u32, BenchError> {
    let is_child = |process: &Process| process.stat().is_ok_and(|stat| stat.ppid == id as i32);
    let child = procfs::process::all_processes()?.flatten().find(is_child);
    child
        .map(|process| process.pid as u32)
        .ok_or_else(|| BenchError::Wrong(format!("process {id} has no child")))
}

fn process(id: u32) -> Result<Process, BenchError> {
    Ok(Process::new(id as i32)?)
}

/// What a program did that ran to its end.
pub(crate) struct Ended {
    pub(crate) output: String,
    pub(crate) cpu_seconds: f64,
    /// What of it was not the kernel's.
    pub(crate) user_cpu_seconds: f64,
    pub(crate) peak_mb: f64,
}

/// Runs a program to its end.
pub(crate) fn run(tool: &str, command: &mut Command) -> Result<Ended, BenchError> {
    let system = || BenchError::system(format!("{tool} could not be run"));
    let mut output = tempfile::tempfile().map_err(system())?;
    let mut errors = tempfile::tempfile().map_err(system())?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(output.try_clone().map_err(system())?)
        .stderr(errors.try_clone().map_err(system())?)
        .spawn()
        .map_err(system())?;
    let process = process(child.id())?;
    let mut peak = 0;
    // Its CPU time is final when it has ended and can be read until it is waited for.
    let last = loop {
        let stat = process.stat()?;
        if stat.state == 'Z' {
            break stat;
        }
        peak = process.status()?.vmhwm.unwrap_or(peak);
        thread::sleep(POLL_INTERVAL);
    };
    let status = child.wait().map_err(system())?;
    if !status.success() {
        return Err(BenchError::Tool {
            tool: tool.to_owned(),
            status,
            output: tail(&mut errors) + &tail(&mut output),
        });
    }
    Ok(Ended {
        output: text(&mut output),
        cpu_seconds: seconds(last.utime + last.stime),
        user_cpu_seconds: seconds(last.utime),
        peak_mb: peak as f64 * MB_PER_KIB,
    })
}

fn text(file: &mut File) -> String {
    let mut bytes = Vec::new();
    // What cannot be read is missed by whoever looks for a figure in it.
    let _ = file.rewind().and_then(|()| file.read_to_end(&mut bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}

fn tail(file: &mut File) -> String {
    let text = text(file);
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(5)..].join("\n")
}
