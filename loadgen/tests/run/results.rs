//! What several processes leave behind with `--out`, and what becomes of it.

use std::path::Path;
use std::process::Output;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;

use crate::command::{assert_valid, loadgen, start, start_summary};
use crate::target_server::{Reply, TargetServer};

fn merged(folder: &Path, arguments: &[&str]) -> (Output, Value) {
    let folder = folder.to_str().unwrap();
    let output = loadgen(&[&["merge", folder, "--summary-json", "-"], arguments].concat());
    let summary = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    assert_valid(&summary);
    (output, summary)
}

fn in_three_seconds() -> String {
    humantime::format_rfc3339_millis(SystemTime::now() + Duration::from_secs(3)).to_string()
}

#[test]
fn generators_of_one_run_are_merged_into_what_the_server_saw() {
    let server = TargetServer::start(|_, number| Reply::status(if number % 20 == 19 { 503 } else { 200 }, "x"));
    let folder = tempfile::tempdir().unwrap();
    let (url, out, start_at) = (server.url("/"), folder.path().to_str().unwrap(), in_three_seconds());
    let running: Vec<_> = ["1/3", "2/3", "3/3"]
        .iter()
        .map(|segment| {
            start_summary(&[
                &url,
                "--rate",
                "150/s",
                "--duration",
                "3s",
                "--segment",
                segment,
                "--start-at",
                &start_at,
                "--run-id",
                "joined",
                "--out",
                out,
                "--threshold",
                "count>=1",
            ])
        })
        .collect();
    let parts: Vec<Value> = running.into_iter().map(|running| running.wait_summary().1).collect();
    let (output, whole) = merged(
        folder.path(),
        &["--threshold", "count==450", "--threshold", "error_rate<1%"],
    );
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(99), "a twentieth failed: {text}");
    let sum = |name: &str| parts.iter().map(|part| part[name].as_u64().unwrap()).sum::<u64>();
    for name in ["requests", "failed", "due", "dropped", "bytes_sent", "bytes_received"] {
        assert_eq!(whole[name].as_u64(), Some(sum(name)), "{name}");
    }
    // Each generator's opening request is not in the figures.
    assert_eq!(whole["requests"].as_u64(), Some(server.requests() - 3));
    assert_eq!(whole["generators"], serde_json::json!(["1/3", "2/3", "3/3"]));
    let passed: Vec<&Value> = whole["thresholds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|verdict| &verdict["passed"])
        .collect();
    assert_eq!(passed, [true, false]);
    let slowest = |summary: &Value| summary["latency_ms"]["max"].as_f64().unwrap();
    let slowest_part = parts.iter().map(slowest).fold(0.0, f64::max);
    assert!((slowest(&whole) / slowest_part - 1.0).abs() < 0.01, "{whole:#}");
    let again = loadgen(&["run", &url, "--iterations", "1", "--out", out, "--run-id", "another"]);
    assert_eq!(
        again.status.code(),
        Some(1),
        "results of two runs are not mixed: {again:?}"
    );
}

#[test]
fn a_killed_generator_leaves_every_whole_second() {
    let server = TargetServer::start(|_, _| Reply::status(200, "x"));
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let running = start(&[&server.url("/"), "--rate", "100/s", "--duration", "60s", "--out", out]);
    let intervals = folder.path().join("intervals.jsonl");
    let deadline = Instant::now() + Duration::from_secs(30);
    let lines = || std::fs::read_to_string(&intervals).map_or(0, |text| text.lines().count());
    while lines() < 3 {
        assert!(Instant::now() < deadline, "no intervals appear");
        thread::sleep(Duration::from_millis(50));
    }
    running.signal(rustix::process::Signal::KILL);
    let killed = running.wait();
    assert_eq!(killed.code, None, "{killed:?}");
    let (output, summary) = merged(folder.path(), &[]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("warning"), "{text}");
    let requests = summary["requests"].as_u64().unwrap();
    assert!((250..=server.requests()).contains(&requests), "{requests}");
}

#[test]
fn a_run_is_compared_with_another() {
    let directory = tempfile::tempdir().unwrap();
    let run = |name: &str, delay: u64| {
        let server = TargetServer::start(move |_, _| Reply::status(200, "x").after(Duration::from_millis(delay)));
        let out = directory.path().join(name);
        let (url, out_text) = (server.url("/"), out.to_str().unwrap());
        let output = loadgen(&["run", &url, "--rate", "100/s", "--duration", "20s", "--out", out_text]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        out
    };
    let (base, slower) = thread::scope(|scope| {
        let base = scope.spawn(|| run("base", 5));
        let slower = scope.spawn(|| run("slower", 30));
        (base.join().unwrap(), slower.join().unwrap())
    });
    let compare = |base: &Path, new: &Path| {
        // Each run had a server of its own.
        loadgen(&["compare", base.to_str().unwrap(), new.to_str().unwrap(), "--force"])
    };
    let worse = compare(&base, &slower);
    assert_eq!(worse.status.code(), Some(99), "{worse:?}");
    let text = String::from_utf8_lossy(&worse.stdout).into_owned();
    assert!(text.contains("worse"), "{text}");
    let same = compare(&base, &base);
    assert_eq!(same.status.code(), Some(0), "{same:?}");
}
