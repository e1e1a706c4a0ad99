//! Runs that are ended early.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::command::start_summary;
use crate::items_server::{self, is_as_found};
use crate::target_server::{Reply, TargetServer};

fn wait_for(mut condition: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !condition() {
        assert!(begin.elapsed() < Duration::from_secs(60), "it does not happen");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn everything_recorded_comes_out() {
    for signal in [Signal::INT, Signal::TERM] {
        let server = TargetServer::start(|_, _| Reply::status(200, "").after(Duration::from_millis(20)));
        let running = start_summary(&[
            &server.url("/"),
            "--vus",
            "5",
            "--duration",
            "10m",
            "--threshold",
            "count>1000000",
        ]);
        wait_for(|| server.requests() > 50);
        running.signal(signal);
        let (outcome, summary) = running.wait_summary();
        assert_eq!(outcome.code, Some(130), "{outcome:?}");
        assert_eq!(summary["interrupted"], true);
        assert_eq!(summary["requests"].as_u64(), Some(server.requests()));
        assert_eq!(summary["failed"], 0, "{summary:#}");
        assert_eq!(summary["thresholds"][0]["passed"], false);
    }
}

#[test]
fn an_iteration_under_way_sends_nothing_more() {
    let file = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
    std::fs::write(
        &file,
        "[[step]]\nname = \"a\"\npath = \"/a\"\n[[step]]\nname = \"b\"\npath = \"/b\"\n",
    )
    .unwrap();
    let paths = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&paths);
    let server = TargetServer::start(move |request, _| {
        noted.lock().unwrap().push(request.path.clone());
        let delay = if request.path == "/a" { 2 } else { 0 };
        Reply::status(200, "").after(Duration::from_secs(delay))
    });
    let scenario = file.path().to_str().unwrap();
    let running = start_summary(&[
        &server.url(""),
        "--scenario",
        scenario,
        "--vus",
        "1",
        "--duration",
        "10m",
    ]);
    wait_for(|| paths.lock().unwrap().len() == 3);
    running.signal(Signal::INT);
    let (outcome, summary) = running.wait_summary();
    assert_eq!(outcome.code, Some(130), "{outcome:?}");
    assert_eq!(*paths.lock().unwrap(), ["/a", "/b", "/a"]);
    assert_eq!((&summary["requests"], &summary["failed"]), (&3.into(), &0.into()));
}

#[test]
fn a_second_interrupt_waits_for_nothing() {
    let server = TargetServer::start(|_, number| {
        if number < 20 {
            Reply::status(200, "")
        } else {
            Reply::stall()
        }
    });
    let running = start_summary(&[&server.url("/"), "--vus", "3", "--duration", "10m", "--timeout", "5m"]);
    wait_for(|| server.requests() == 23);
    running.signal(Signal::INT);
    thread::sleep(Duration::from_millis(300));
    running.signal(Signal::INT);
    let (outcome, summary) = running.wait_summary();
    assert_eq!(outcome.code, Some(130), "{outcome:?}");
    assert!(outcome.took < Duration::from_secs(10), "{:?}", outcome.took);
    assert_eq!(summary["requests"], 20, "what had ended is recorded");
}

#[test]
fn interrupted_before_the_first_answer() {
    let server = TargetServer::start(|_, _| Reply::stall());
    let running = crate::command::start(&[&server.url("/"), "--timeout", "5m"]);
    wait_for(|| server.requests() == 1);
    running.signal(Signal::INT);
    let outcome = running.wait();
    assert_eq!(outcome.code, Some(130), "{outcome:?}");
    assert!(outcome.stderr.contains("before the first answer"), "{outcome:?}");
}

#[test]
fn items_are_cleaned_up_after_an_interrupt() {
    let (server, items) = items_server::start(|_, _| None);
    let running = start_summary(&[
        &server.url(""),
        "--scenario",
        "items",
        "--vus",
        "4",
        "--duration",
        "10m",
    ]);
    wait_for(|| server.requests() > 200);
    running.signal(Signal::INT);
    let (outcome, summary) = running.wait_summary();
    assert_eq!(outcome.code, Some(130), "{outcome:?}");
    assert!(is_as_found(&items), "{items:?}");
    assert_eq!(summary["failed"], 0, "{summary:#}");
    assert!(outcome.stderr.contains("clean-up: deleted"), "{}", outcome.stderr);
}

#[test]
fn a_second_interrupt_says_which_items_are_left() {
    let (server, items) =
        items_server::start(|request, _| (request.method == "DELETE").then_some(items_server::Wrong::Refused(503)));
    let running = start_summary(&[
        &server.url(""),
        "--scenario",
        "items",
        "--duration",
        "10m",
        "--run-id",
        "left",
    ]);
    wait_for(|| server.requests() > 200);
    running.signal(Signal::INT);
    thread::sleep(Duration::from_secs(1));
    running.signal(Signal::INT);
    let (outcome, _) = running.wait_summary();
    assert_eq!(outcome.code, Some(130), "{outcome:?}");
    assert!(outcome.stderr.contains("lg-left"), "{}", outcome.stderr);
    assert!(!is_as_found(&items));
}
