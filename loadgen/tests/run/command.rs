//! Runs the real binary.

use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::OnceLock;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;

/// No run of a test may take longer.
const DEADLINE: Duration = Duration::from_secs(120);

/// A run under way.
pub(crate) struct Running {
    child: Child,
    stdout: JoinHandle<String>,
    stderr: JoinHandle<String>,
}

/// A run that has ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

/// Runs a command that puts nothing under load to its end.
pub(crate) fn loadgen(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_loadgen"))
        .args(arguments)
        .output()
        .unwrap()
}

pub(crate) fn start(arguments: &[&str]) -> Running {
    start_with_input(arguments, "")
}

pub(crate) fn start_with_input(arguments: &[&str], input: &str) -> Running {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loadgen"));
    spawn(command.arg("run").args(arguments), input)
}

pub(crate) fn spawn(command: &mut Command, input: &str) -> Running {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command line that is refused is not read from.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let stdout = collect(child.stdout.take().unwrap());
    let stderr = collect(child.stderr.take().unwrap());
    Running { child, stdout, stderr }
}

fn collect(mut stream: impl Read + Send + 'static) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    })
}

impl Running {
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    pub(crate) fn wait(mut self) -> Outcome {
        let begin = Instant::now();
        let status: ExitStatus = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if begin.elapsed() > DEADLINE {
                let _ = self.child.kill();
                let _ = self.child.wait();
                panic!("the run does not end: {}", self.stderr.join().unwrap());
            }
            thread::sleep(Duration::from_millis(5));
        };
        Outcome {
            code: status.code(),
            stdout: self.stdout.join().unwrap(),
            stderr: self.stderr.join().unwrap(),
            took: begin.elapsed(),
        }
    }

    pub(crate) fn wait_summary(self) -> (Outcome, Value) {
        let outcome = self.wait();
        let summary: Value =
            serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{error}: {outcome:?}"));
        assert_valid(&summary);
        (outcome, summary)
    }
}

pub(crate) fn run(arguments: &[&str]) -> Outcome {
    start(arguments).wait()
}

/// Runs with the summary on standard output; gives it, checked against the schema.
pub(crate) fn summary(arguments: &[&str]) -> (Outcome, Value) {
    start_summary(arguments).wait_summary()
}

pub(crate) fn start_summary(arguments: &[&str]) -> Running {
    start(&[arguments, &["--summary-json", "-"]].concat())
}

/// Checks a summary against the published schema, and that its figures agree with each other.
pub(crate) fn assert_valid(summary: &Value) {
    static SCHEMA: OnceLock<jsonschema::Validator> = OnceLock::new();
    let schema = SCHEMA.get_or_init(|| {
        let schema: Value = serde_json::from_str(include_str!("../../summary.schema.json")).unwrap();
        jsonschema::meta::validate(&schema).unwrap();
        jsonschema::validator_for(&schema).unwrap()
    });
    let errors: Vec<String> = schema
        .iter_errors(summary)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:?}\n{summary:#}");
    let requests = summary["requests"].as_u64();
    let sum = |counts: &Value| {
        counts
            .as_object()
            .unwrap()
            .values()
            .filter_map(Value::as_u64)
            .sum::<u64>()
    };
    assert_eq!(Some(sum(&summary["status"])), requests, "{summary:#}");
    let steps = summary["steps"].as_object().unwrap();
    assert_eq!(
        Some(steps.values().filter_map(|step| step["requests"].as_u64()).sum::<u64>()),
        requests
    );
    assert_eq!(
        Some(steps.values().filter_map(|step| step["failed"].as_u64()).sum::<u64>()),
        summary["failed"].as_u64()
    );
    let errors = summary["errors"].as_array().unwrap();
    assert_eq!(
        Some(errors.iter().filter_map(|error| error["count"].as_u64()).sum::<u64>()),
        summary["failed"].as_u64()
    );
}
