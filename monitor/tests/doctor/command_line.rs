//! Flags, exit statuses, forms of output, interruption.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::host::{Findings, Host, SERVERS_ALONE, Servers};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_list_has_every_check_once() {
    let host = Host::new(Servers::shared());
    let output = host.doctor(&["--list", "--json"]).output().unwrap();
    let checks: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
    let names: BTreeSet<_> = checks.iter().map(|check| check["name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), checks.len());
    assert!(
        names
            .iter()
            .all(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '-')),
        "{names:?}"
    );
    let shown = text(&host.doctor(&["--list"]).output().unwrap().stdout);
    assert!(names.iter().all(|name| shown.contains(name)), "{shown}");
}

#[test]
fn a_quick_run_takes_two_seconds_at_most_even_where_a_server_hangs() {
    let servers = Servers::start(test_servers::Collector::options());
    let host = Host::new(&servers);
    servers.collector.pause().unwrap();
    let findings = host.examine_with(&["--quick"]);
    servers.collector.resume().unwrap();
    findings.assert_failed(&["otlp-grpc", "otlp-http"]);
    // Of its own accord; the machine may be busy with other tests.
    let seconds = findings.report["duration_s"].as_f64().unwrap();
    assert!(seconds < 4.0, "{seconds}");
}

#[test]
fn text_begins_with_what_failed_and_has_no_colours_in_a_pipe() {
    let mut host = Host::new(Servers::shared());
    host.set("OTLP_GRPC_PORT", "1");
    let output = host.doctor(&["--quick"]).args(SERVERS_ALONE).output().unwrap();
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(3), "{shown}");
    assert!(shown.starts_with("FAILED   otlp-grpc"), "{shown}");
    let lines: Vec<_> = shown.lines().collect();
    assert!(lines[1].contains("seen:") && lines[2].contains("to do:"), "{shown}");
    assert!(lines.last().unwrap().starts_with("not healthy: 1 failed"), "{shown}");
    assert!(!shown.contains('\x1b'), "{shown}");
}

#[test]
fn nothing_secret_is_shown() {
    let servers = Servers::shared();
    let findings = Host::new(servers).examine_with(&["--quick"]);
    for secret in [
        servers.influxdb.operator_token(),
        servers.influxdb.reader_token(),
        servers.influxdb.telemetry_writer_token(),
        "of the administrator",
    ] {
        assert!(!findings.text.contains(secret), "{}", findings.text);
    }
}

#[test]
fn a_check_that_there_is_not_is_a_wrong_command_line_and_none_left_is_an_error() {
    let host = Host::new(Servers::shared());
    let output = host.doctor(&["--only", "nonsense"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    let output = host.doctor(&["--quick", "--only", "otlp-traces"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("no check is left to run"));
}

#[test]
fn settings_that_cannot_be_read_are_one_sentence() {
    let host = Host::new(Servers::shared());
    host.write_settings("nonsense\n");
    let output = host.doctor(&["--quick"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let shown = text(&output.stderr);
    assert!(
        shown.trim_end().ends_with("settings.env, line 1: expected NAME=value"),
        "{shown}"
    );
}

#[test]
fn watching_goes_on_until_it_is_interrupted() {
    let host = Host::new(Servers::shared());
    let mut command = host.doctor(&["--quick", "--watch", "--interval", "100ms"]);
    let mut child = command.args(SERVERS_ALONE).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let runs = lines
        .map_while(Result::ok)
        .filter(|line| line.contains("healthy: "))
        .take(2)
        .count();
    assert_eq!(runs, 2);
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        assert!(Instant::now() < deadline, "it does not end");
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(status.code(), Some(130));
}

#[test]
fn offline_only_files_and_the_machine_are_looked_at() {
    let host = Host::new(Servers::shared());
    let mut command = host.doctor(&["--json", "--offline"]);
    let findings = Findings::of(&command.args(["--skip", "images", "--skip", "docker"]).output().unwrap());
    let checks = findings.report["checks"].as_array().unwrap().iter();
    let ran: BTreeSet<_> = checks.map(|check| check["name"].as_str().unwrap()).collect();
    assert_eq!(
        ran,
        BTreeSet::from(["disk", "files", "memory", "settings"]),
        "{}",
        findings.text
    );
    assert_eq!(findings.check("files")["outcome"], "ok", "{}", findings.text);
}

#[test]
fn without_docker_that_is_the_fault_and_what_needs_it_is_skipped() {
    let mut host = Host::new(Servers::shared());
    host.set("PATH", "/nonexistent");
    let output = host
        .doctor(&[
            "--json",
            "--quick",
            "--skip",
            "disk",
            "--skip",
            "root-disk",
            "--skip",
            "memory",
        ])
        .output()
        .unwrap();
    let findings = Findings::of(&output);
    findings.assert_failed(&["docker"]);
    findings.assert_says("docker", "docker cannot be run");
    assert_eq!(
        findings.check("containers")["seen"],
        "Docker cannot be asked; see the check docker"
    );
}
