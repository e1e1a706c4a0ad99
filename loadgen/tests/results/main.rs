//! `loadgen merge` and `loadgen compare` on folders of the documented format, written here by its documentation alone.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod folder;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use folder::Results;

fn loadgen(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_loadgen"))
        .args(arguments)
        .output()
        .unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn merged_percentiles_are_those_of_all_requests() {
    let folder = tempfile::tempdir().unwrap();
    // A fast generator and a slow one: the mean of their percentiles would be far from the truth.
    Results::new("1/2")
        .seconds(10, 90, |_, _| 10.0)
        .write(&folder.path().join("1-of-2"));
    Results::new("2/2")
        .seconds(10, 10, |_, _| 500.0)
        .write(&folder.path().join("2-of-2"));
    let out = folder.path().join("whole");
    let merged = loadgen(&[
        "merge",
        text(folder.path()),
        "--summary-json",
        "-",
        "--threshold",
        "p(89)<11ms",
        "--threshold",
        "count==1000",
        "--out",
        text(&out),
        "--report",
        text(&folder.path().join("whole.html")),
    ]);
    assert_eq!(merged.status.code(), Some(0), "{}", complaint(&merged));
    let summary = json(&merged);
    let close = |figure: &str, value: f64| {
        let found = summary["latency_ms"][figure].as_f64().unwrap();
        assert!((found - value).abs() <= value / 1000.0, "{figure}: {found}");
    };
    close("p90", 10.0);
    close("p95", 500.0);
    close("mean", 59.0);
    assert_eq!(summary["requests"], 1000);
    assert_eq!(summary["generators"], serde_json::json!(["1/2", "2/2"]));
    assert!(out.join("2-of-2/intervals.jsonl").exists() && folder.path().join("whole.html").exists());

    let crossed = loadgen(&["merge", text(&out), "--threshold", "p(95)<11ms"]);
    assert_eq!(crossed.status.code(), Some(99), "{}", complaint(&crossed));
    let unknown = loadgen(&["merge", text(&out), "--threshold", "nowhere: p(95)<11ms"]);
    assert_eq!(unknown.status.code(), Some(2), "{}", complaint(&unknown));
}

#[test]
fn what_is_missing_is_named_and_what_is_damaged_refused() {
    let folder = tempfile::tempdir().unwrap();
    let first = folder.path().join("1-of-2");
    Results::new("1/2").seconds(3, 10, |_, _| 10.0).write(&first);
    let merged = loadgen(&["merge", text(folder.path())]);
    assert_eq!(merged.status.code(), Some(0));
    let warnings = complaint(&merged);
    assert!(
        warnings.contains("(2/2)") && warnings.contains("did not come to its end"),
        "{warnings}"
    );

    std::fs::write(first.join("intervals.jsonl"), "{}\n").unwrap();
    let damaged = loadgen(&["merge", text(folder.path())]);
    assert_eq!(damaged.status.code(), Some(1));
    assert!(
        complaint(&damaged).contains("intervals.jsonl, line 1: "),
        "{}",
        complaint(&damaged)
    );
    let missing = loadgen(&["compare", text(&first.join("nothing")), text(&first)]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(
        complaint(&missing).contains("there are no results"),
        "{}",
        complaint(&missing)
    );
}

#[test]
fn files_are_written_even_if_nobody_reads_the_text() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    Results::new("1/1").seconds(3, 10, |_, _| 10.0).write(&at("run"));
    let (run, out) = (at("run"), at("out"));
    let (report, summary, comparison) = (at("report.html"), at("summary.json"), at("comparison.json"));
    let (merged, written) = (["merge", text(&run), "--out", text(&out)], ["--report", text(&report)]);
    for arguments in [
        [&merged[..], &written, &["--summary-json", text(&summary)]].concat(),
        vec!["compare", text(&run), text(&run), "--json", text(&comparison)],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = Command::new(env!("CARGO_BIN_EXE_loadgen"));
        let status = command.args(arguments).stdout(writer).stderr(Stdio::null()).status();
        assert_eq!(status.unwrap().code(), Some(1), "it is not what was asked for");
    }
    for file in [report, summary, comparison, out.join("summary.json")] {
        assert!(file.metadata().unwrap().len() > 0, "{file:?}");
    }
}

#[test]
fn a_regression_ends_with_status_99_and_noise_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    // Latencies that differ from request to request and a little from second to second.
    let latency = |second: u64, request: u64| {
        let of_request = (request * 7919 % 101) as f64 / 10.0;
        let of_second = (second * 31 % 17) as f64 / 20.0;
        20.0 + of_request + of_second
    };
    Results::new("1/1").seconds(60, 101, latency).write(&at("base"));
    Results::new("1/1")
        .seconds(60, 101, |second, request| latency(second + 5, request))
        .write(&at("same"));
    Results::new("1/1")
        .seconds(60, 101, |second, request| 1.2 * latency(second, request))
        .write(&at("slower"));
    let mut other = Results::new("1/1").seconds(60, 101, latency);
    other.load = "9/s".to_owned();
    other.write(&at("other"));

    let compare = |new: &str, more: &[&str]| {
        let (base, new) = (at("base"), at(new));
        loadgen(&[&["compare", text(&base), text(&new)], more].concat())
    };
    let same = compare("same", &[]);
    assert_eq!(same.status.code(), Some(0), "{}", complaint(&same));
    assert!(
        String::from_utf8_lossy(&same.stdout).contains("no regression"),
        "{same:?}"
    );

    let slower = compare("slower", &["--json", "-"]);
    assert_eq!(slower.status.code(), Some(99), "{}", complaint(&slower));
    let comparison = json(&slower);
    let figures = comparison["figures"].as_array().unwrap();
    let p99 = figures.iter().find(|figure| figure["figure"] == "p99").unwrap();
    assert_eq!(p99["verdict"], "worse");
    let change = p99["change"]["value"].as_f64().unwrap();
    assert!((change - 0.2).abs() < 0.02, "{change}");
    assert!(
        complaint(&slower).contains("regression: "),
        "the table goes to standard error"
    );
    let tolerated = compare("slower", &["--tolerance", "30%"]);
    assert_eq!(tolerated.status.code(), Some(0));

    let refused = compare("other", &[]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        complaint(&refused).contains("their loads differ"),
        "{}",
        complaint(&refused)
    );
    assert_eq!(compare("other", &["--force"]).status.code(), Some(0));
}
