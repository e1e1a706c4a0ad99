//! `monitor demo` from outside: the real binary, which runs the service and the load generator.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};

fn demo(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_monitor"));
    command
        .arg("demo")
        .args(arguments)
        .current_dir(folder)
        .env("TMPDIR", folder)
        .stdin(Stdio::null());
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn status(output: &Output) -> i32 {
    output.status.code().unwrap()
}

/// Waits until the load has begun.
fn wait_for_load(child: &mut Child) {
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut lines = lines.map_while(Result::ok);
    assert!(lines.any(|line| line.contains(" requests ")), "no progress was shown");
    // Somebody must go on reading, or the program would wait for it.
    std::thread::spawn(move || lines.for_each(drop));
}

#[test]
fn every_request_of_a_short_demonstration_succeeds_and_nothing_stays_behind() {
    let folder = tempfile::tempdir().unwrap();
    let output = demo(folder.path(), &["--duration", "2s", "--vus", "4"])
        .output()
        .unwrap();
    let shown = text(&output.stdout);
    assert_eq!(status(&output), 0, "{shown}{}", text(&output.stderr));
    assert!(shown.contains("Report: demo-report.html"), "{shown}");
    let report = std::fs::read_to_string(folder.path().join("demo-report.html")).unwrap();
    assert!(
        report.contains("<svg") && report.contains("update"),
        "the report has no charts or no steps"
    );
    let left: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["demo-report.html"]);
}

#[test]
fn an_interrupted_demonstration_still_shows_and_writes_what_it_found() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = demo(folder.path(), &["--duration", "120s", "--vus", "2"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_for_load(&mut child);
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(status(&output), 130, "{}", text(&output.stdout));
    assert!(text(&output.stdout).contains("read"), "{}", text(&output.stdout));
    assert!(folder.path().join("demo-report.html").exists());
}

#[test]
fn a_reader_that_goes_away_costs_no_report() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = demo(folder.path(), &["--duration", "1s", "--vus", "1"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop((child.stdout.take(), child.stderr.take()));
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(folder.path().join("demo-report.html").exists());
}

#[test]
fn a_port_in_use_is_named_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = demo(folder.path(), &["--port", &port]).output().unwrap();
    let complaint = text(&output.stderr);
    assert_eq!(status(&output), 1);
    assert_eq!(complaint.lines().count(), 1, "{complaint}");
    assert!(complaint.contains("--port") && complaint.contains(&port), "{complaint}");
}

#[test]
fn a_report_that_cannot_be_written_is_refused_before_the_load() {
    let folder = tempfile::tempdir().unwrap();
    let output = demo(folder.path(), &["--report", "no/such/folder/report.html"])
        .output()
        .unwrap();
    let complaint = text(&output.stderr);
    assert_eq!(status(&output), 1);
    assert!(
        complaint.lines().count() == 1 && complaint.contains("--report"),
        "{complaint}"
    );
}
