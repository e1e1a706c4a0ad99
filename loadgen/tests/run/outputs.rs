//! What a run writes, and where.

use std::time::Duration;

use serde_json::Value;

use crate::command::{assert_valid, run, summary};
use crate::target_server::{Reply, TargetServer};

fn server() -> TargetServer {
    TargetServer::start(|_, _| Reply::status(200, "").after(Duration::from_millis(2)))
}

#[test]
fn thresholds_decide_the_exit_status() {
    let server = TargetServer::start(|_, number| Reply::status(if number % 2 == 0 { 200 } else { 500 }, ""));
    let url = server.url("/");
    let arguments = [&url, "--vus", "2", "--duration", "300ms", "--threshold"];
    let outcome = run(&[&arguments[..], &["p(99)<1m", "--threshold", "error_rate<80%"]].concat());
    assert_eq!(outcome.code, Some(2), "minutes are no unit: {outcome:?}");
    let (outcome, figures) = summary(&[&arguments[..], &["p(99)<60s", "--threshold", "count>=2"]].concat());
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(outcome.stderr.contains("✓ passed   p(99)<60s"), "{}", outcome.stderr);
    assert_eq!(figures["thresholds"][1]["value"], figures["requests"].as_f64().unwrap());
    let (outcome, figures) = summary(&[&arguments[..], &["request: error_rate<1%"]].concat());
    assert_eq!(outcome.code, Some(99), "{outcome:?}");
    assert!(
        outcome.stderr.contains("✗ crossed  request: error_rate<1%"),
        "{}",
        outcome.stderr
    );
    assert_eq!(figures["thresholds"][0]["passed"], false);
    let value = figures["thresholds"][0]["value"].as_f64().unwrap();
    let share = figures["failed"].as_f64().unwrap() / figures["requests"].as_f64().unwrap();
    assert!((value - share).abs() < 1e-9);
}

#[test]
fn files_appear_whole_and_say_no_secrets() {
    let server = server();
    let directory = tempfile::tempdir().unwrap();
    let json = directory.path().join("summary.json");
    let report = directory.path().join("report.html");
    let outcome = run(&[
        &format!("http://me:hunter2@{}/?token=hunter2", server.address),
        "--vus",
        "2",
        "--duration",
        "300ms",
        "-H",
        "Authorization: Bearer hunter2",
        "--header=Cookie: hunter2",
        "--summary-json",
        json.to_str().unwrap(),
        "--report",
        report.to_str().unwrap(),
    ]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let text = std::fs::read_to_string(&json).unwrap();
    let summary: Value = serde_json::from_str(&text).unwrap();
    assert_valid(&summary);
    assert_eq!(summary["requests"].as_u64(), Some(server.requests()));
    let page = std::fs::read_to_string(&report).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>"), "{}", &page[..page.len().min(80)]);
    for (name, text) in [
        ("json", &text),
        ("report", &page),
        ("stdout", &outcome.stdout),
        ("stderr", &outcome.stderr),
    ] {
        assert!(!text.contains("hunter2"), "{name}: {text}");
    }
    assert!(
        outcome.stdout.contains("requests") && outcome.stdout.contains("p99"),
        "{}",
        outcome.stdout
    );
    assert!(
        !outcome.stdout.contains('\u{1b}'),
        "no colour where there is no terminal"
    );
    assert_eq!(
        std::fs::read_dir(directory.path()).unwrap().count(),
        2,
        "no draft is left"
    );
}

#[test]
fn a_path_that_cannot_be_written_fails_before_the_run() {
    let server = server();
    for option in ["--summary-json", "--report"] {
        let outcome = run(&[&server.url("/"), "--duration", "60s", option, "/no/such/directory/file"]);
        assert_eq!(outcome.code, Some(1), "{outcome:?}");
        assert!(
            outcome.stderr.contains(option) && outcome.stderr.contains("/no/such/directory"),
            "{outcome:?}"
        );
    }
    assert_eq!(server.requests(), 0);
}

#[test]
fn progress_is_plain_lines_where_there_is_no_terminal() {
    let server = server();
    let outcome = run(&[&server.url("/"), "--vus", "2", "--duration", "6s"]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(!outcome.stderr.contains(['\x1b', '\r']), "{outcome:?}");
    let lines: Vec<&str> = outcome.stderr.lines().collect();
    assert_eq!(lines[0], "load");
    for word in ["s left  ", "/s", "p50", "p95", "p99", "requests", "0 failed"] {
        assert!(lines[1].contains(word), "{lines:?}");
    }
    let outcome = run(&[&server.url("/"), "--vus", "2", "--duration", "200ms", "--quiet"]);
    assert_eq!(outcome.stderr, "");
    assert!(outcome.stdout.contains("requests"));
}
