//! `loadgen capacity` from outside, against a server whose capacity is known.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../run/target_server.rs"]
#[expect(dead_code, reason = "what other tests ask of it")]
mod target_server;

use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use target_server::{Reply, TargetServer};

/// Requests per second that the server bears: four workers that take ten milliseconds each.
const CAPACITY: f64 = 400.0;
const WORKERS: usize = 4;
const SERVICE_TIME: Duration = Duration::from_millis(10);

/// A server with one queue. Whoever comes is told when a worker will be done with it, so that its capacity is exact
/// whatever the machine does.
fn server() -> TargetServer {
    let free: Arc<Mutex<[Instant; WORKERS]>> = Arc::new(Mutex::new([Instant::now(); WORKERS]));
    TargetServer::start(move |_, _| {
        let now = Instant::now();
        let done = {
            let mut free = free.lock().unwrap();
            let next = free.iter_mut().min().unwrap();
            *next = (*next).max(now) + SERVICE_TIME;
            *next
        };
        Reply::status(200, "ok").after(done - now)
    })
}

fn capacity(url: &str, arguments: &[&str]) -> (Output, Option<Value>) {
    let output = Command::new(env!("CARGO_BIN_EXE_loadgen"))
        .args(["capacity", url, "--summary-json", "-"])
        .args(arguments)
        .output()
        .unwrap();
    let document = serde_json::from_slice(&output.stdout).ok();
    (output, document)
}

#[test]
fn a_known_capacity_is_found_within_five_percent() {
    let server = server();
    let report = tempfile::NamedTempFile::new().unwrap();
    let (output, document) = capacity(
        &server.url("/"),
        &[
            "--slo",
            "p(95)<100ms",
            "--from",
            "100/s",
            "--precision",
            "3%",
            "--hold",
            "4s",
            "--confirm-hold",
            "6s",
            "--settle",
            "500ms",
            "--report",
            report.path().to_str().unwrap(),
        ],
    );
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{text}");
    let document = document.unwrap();
    let rate = document["rate"].as_f64().unwrap();
    assert!((rate / CAPACITY - 1.0).abs() <= 0.05, "{rate}/s: {text}");
    let failing = document["failing_rate"].as_f64().unwrap();
    assert!(failing > rate && failing / rate < 1.04, "{failing}/s: {text}");
    let bounds = document["interval"].as_array().unwrap();
    assert!(
        bounds[0].as_f64().unwrap() <= rate * 1.001 && rate <= bounds[1].as_f64().unwrap() * 1.001,
        "{text}"
    );
    // Why the next rate failed, and what was tried.
    let limit = document["limit"].as_str().unwrap();
    assert!(limit.contains("p(95)<100ms was"), "{limit}");
    assert_eq!(
        document["objectives"],
        serde_json::json!(["p(95)<100ms", "error_rate<1%"])
    );
    let probes = document["probes"].as_array().unwrap();
    assert!(
        probes.len() > 5 && probes.iter().any(|probe| probe["phase"] == "confirm"),
        "{text}"
    );
    assert!(text.contains("ramp: 200/s for 4 s"), "{text}");
    let page = std::fs::read_to_string(report.path()).unwrap();
    assert!(page.contains("<svg") && page.contains("p(95)&lt;100ms"));
}

#[test]
fn a_target_below_the_lowest_rate_crosses_its_objective() {
    let server = TargetServer::start(|_, number| match number {
        0 => Reply::status(200, "ok"),
        _ => Reply::status(503, "busy"),
    });
    let (output, document) = capacity(
        &server.url("/"),
        &[
            "--slo",
            "p(99)<1s",
            "--from",
            "20/s",
            "--hold",
            "1s",
            "--confirm-hold",
            "1s",
            "--settle",
            "0s",
        ],
    );
    assert_eq!(output.status.code(), Some(99), "{output:?}");
    let document = document.unwrap();
    assert_eq!(
        (&document["rate"], &document["failing_rate"]),
        (&Value::Null, &20.0.into())
    );
    let limit = document["limit"].as_str().unwrap();
    assert!(limit.contains("error_rate<1%") && limit.contains("503"), "{limit}");
}

#[test]
fn what_makes_no_sense_is_refused() {
    for (arguments, words) in [
        (&[][..], "--slo"),
        (
            &["--slo", "p(99)<250ms", "--from", "9/s", "--to", "5/s"],
            "--from is more than --to",
        ),
        (&["--slo", "p(99)<250"], "unit"),
        (&["--slo", "nothing: p(99)<250ms"], "nothing"),
        (&["--slo", "p(99)<250ms", "--precision", "90%"], "2%"),
    ] {
        let (output, _) = capacity("http://127.0.0.1:9/", arguments);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains(words), "{text}");
    }
}
