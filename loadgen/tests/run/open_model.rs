//! The open model: iterations start when they are due, whatever the target does.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;

use crate::command::{run, start_summary, summary};
use crate::target_server::{Reply, TargetServer};

fn ok() -> TargetServer {
    TargetServer::start(|_, _| Reply::status(200, "ok"))
}

#[test]
fn as_many_iterations_start_as_the_schedule_asks_for() {
    let server = ok();
    let (outcome, summary) = summary(&[&server.url("/"), "--rate", "200/s", "--duration", "3s"]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert_eq!(summary["due"], 600, "{summary:#}");
    assert_eq!(summary["requests"], 600, "{summary:#}");
    assert_eq!(summary["dropped"], 0);
    assert_eq!(
        (&summary["model"], &summary["load"]),
        (&"open".into(), &"200/s for 3s".into())
    );
    assert!((summary["rate"].as_f64().unwrap() - 200.0).abs() < 4.0, "{summary:#}");
    // The opening request comes before the schedule.
    assert_eq!(server.requests(), 601);
}

#[test]
fn a_rate_that_rises_has_the_area_of_its_stages() {
    let server = ok();
    let (_, summary) = summary(&[&server.url("/"), "--stages", "2s:100,1s:100,0s:40,1s:40"]);
    assert_eq!(summary["due"], 100 + 100 + 40, "{summary:#}");
    assert_eq!(summary["requests"], 240);
}

#[test]
fn a_stall_is_in_the_corrected_latencies_even_of_few_virtual_users() {
    // Everything that reaches the server between 2 s and 3 s is answered at 3 s.
    let begin: Arc<Mutex<Option<Instant>>> = Arc::default();
    let seen = Arc::clone(&begin);
    let server = TargetServer::start(move |_, number| {
        let begin = *seen.lock().unwrap().get_or_insert_with(Instant::now);
        let since = begin.elapsed();
        let stalled = number > 0 && (Duration::from_secs(2)..Duration::from_secs(3)).contains(&since);
        let delay = if stalled {
            Duration::from_secs(3) - since
        } else {
            Duration::ZERO
        };
        Reply::status(200, "ok").after(delay)
    });
    let (outcome, summary) = summary(&[
        &server.url("/"),
        "--rate",
        "200/s",
        "--duration",
        "5s",
        "--vus",
        "4",
        "--max-vus",
        "8",
    ]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert_eq!((&summary["requests"], &summary["dropped"]), (&1000.into(), &0.into()));
    // A fifth of the requests was due during the stall and waited for 0 to 1 s, evenly.
    let corrected = &summary["latency_ms"];
    for (percentile, truth) in [("p90", 500.0), ("p95", 750.0), ("p99", 950.0)] {
        let measured = corrected[percentile].as_f64().unwrap();
        assert!(
            (measured - truth).abs() < 60.0,
            "{percentile}: {measured} ms instead of {truth}"
        );
    }
    // Eight virtual users sent eight requests into the stall: from the instant of sending hardly any was slow.
    let uncorrected = &summary["uncorrected_latency_ms"];
    assert!(uncorrected["p95"].as_f64().unwrap() < 100.0, "{summary:#}");
    assert!(uncorrected["max"].as_f64().unwrap() > 900.0, "{summary:#}");
}

#[test]
fn what_cannot_be_started_is_counted_as_dropped() {
    let server = TargetServer::answering_once();
    let (_, summary) = summary(&[
        &server.url("/"),
        "--rate",
        "100/s",
        "--duration",
        "2s",
        "--timeout",
        "500ms",
        "--max-vus",
        "5",
        "--threshold",
        "dropped==0",
    ]);
    let count = |name: &str| summary[name].as_u64().unwrap();
    assert_eq!(count("due"), 200, "{summary:#}");
    assert_eq!(count("requests") + count("dropped"), 200, "{summary:#}");
    assert!(count("dropped") > 150, "{summary:#}");
    assert_eq!(
        summary["status"]["timeout"], summary["requests"],
        "failures stay in the figures"
    );
    assert_eq!(summary["vus"], 5);
    assert_eq!(summary["thresholds"][0]["passed"], false);
}

#[test]
fn what_still_waits_when_the_graceful_stop_runs_out_is_dropped() {
    let server = TargetServer::answering_once();
    let (_, summary) = summary(&[
        &server.url("/"),
        "--rate",
        "100/s",
        "--iterations",
        "50",
        "--duration",
        "1s",
        "--max-vus",
        "2",
        "--timeout",
        "30s",
        "--graceful-stop",
        "200ms",
    ]);
    let count = |name: &str| summary[name].as_u64().unwrap();
    assert_eq!(
        (count("due"), count("requests"), count("dropped")),
        (50, 2, 48),
        "{summary:#}"
    );
}

#[test]
fn virtual_users_are_added_only_when_all_are_busy() {
    let server = TargetServer::start(|_, _| Reply::status(200, "ok").after(Duration::from_millis(200)));
    let (_, summary) = summary(&[&server.url("/"), "--rate", "50/s", "--duration", "2s", "--vus", "1"]);
    // 50/s that take 0.2 s each keep 10 busy.
    let vus = summary["vus"].as_u64().unwrap();
    assert!((10..20).contains(&vus), "{vus}");
    assert_eq!(summary["dropped"], 0);
    assert_eq!(server.connections(), vus);
}

#[test]
fn a_number_of_iterations_ends_either_model() {
    let server = ok();
    let (_, closed) = summary(&[&server.url("/"), "--vus", "4", "--iterations", "57"]);
    assert_eq!(closed["requests"], 57, "{closed:#}");
    assert_eq!(server.requests(), 57);
    let (_, open) = summary(&[&server.url("/"), "--rate", "300/s", "--iterations", "90"]);
    assert_eq!((&open["due"], &open["requests"]), (&90.into(), &90.into()), "{open:#}");
}

#[test]
fn a_warm_up_is_kept_out_of_the_figures() {
    let server = TargetServer::start(|_, number| {
        let delay = if number < 150 { 100 } else { 0 };
        Reply::status(200, "ok").after(Duration::from_millis(delay))
    });
    let (_, summary) = summary(&[
        &server.url("/"),
        "--rate",
        "100/s",
        "--warmup",
        "2s",
        "--duration",
        "2s",
    ]);
    assert_eq!((&summary["due"], &summary["requests"]), (&200.into(), &200.into()));
    assert_eq!(server.requests(), 1 + 200 + 200);
    assert!(summary["latency_ms"]["p99"].as_f64().unwrap() < 90.0, "{summary:#}");
    let load = summary["load"].as_str().unwrap();
    assert!(load.contains("after a warm-up of 2s"), "{load}");
}

#[test]
fn the_number_of_virtual_users_follows_its_stages() {
    let server = TargetServer::start(|_, _| Reply::status(200, "ok").after(Duration::from_millis(10)));
    let (_, summary) = summary(&[&server.url("/"), "--vus", "1s:6,1s:6,0s:1,1s:1"]);
    assert_eq!((&summary["vus"], &summary["model"]), (&6.into(), &"closed".into()));
    assert_eq!(server.connections(), 6);
    // 3.5 + 6 + 1 seconds of a virtual user that manages a little less than 100 requests a second; each stage ends with
    // requests under way.
    let requests = summary["requests"].as_u64().unwrap();
    assert!((300..=1070).contains(&requests), "{requests}");
}

#[test]
fn segments_divide_a_run_exactly_and_begin_together() {
    let arrivals: Arc<Mutex<Vec<(String, Instant)>>> = Arc::default();
    let seen = Arc::clone(&arrivals);
    let server = TargetServer::start(move |request, _| {
        let run = request.header("baggage").unwrap_or_default().to_owned();
        seen.lock().unwrap().push((run, Instant::now()));
        Reply::status(200, "ok")
    });
    let start = SystemTime::now() + Duration::from_secs(3);
    let start = humantime::format_rfc3339_millis(start).to_string();
    let url = server.url("/");
    let running: Vec<_> = ["1/3", "2/3", "3/3"]
        .iter()
        .map(|segment| {
            start_summary(&[
                &url,
                "--rate",
                "100/s",
                "--duration",
                "2s",
                "--segment",
                segment,
                "--start-at",
                &start,
                "--run-id",
                "together",
            ])
        })
        .collect();
    let summaries: Vec<Value> = running.into_iter().map(|running| running.wait_summary().1).collect();
    let due: Vec<u64> = summaries
        .iter()
        .map(|summary| summary["due"].as_u64().unwrap())
        .collect();
    assert_eq!(due, [67, 67, 66]);
    let starts: BTreeSet<&str> = summaries
        .iter()
        .map(|summary| summary["started_at"].as_str().unwrap())
        .collect();
    assert_eq!(starts, BTreeSet::from([start.as_str()]));
    let generators: Vec<&Value> = summaries.iter().map(|summary| &summary["generators"][0]).collect();
    assert_eq!(generators, ["1/3", "2/3", "3/3"]);
    let arrivals = arrivals.lock().unwrap();
    assert_eq!(arrivals.len(), 200 + 3);
    assert!(arrivals.iter().all(|(run, _)| run == "loadgen.run_id=together"));
}

#[test]
fn a_share_without_virtual_users_and_a_start_in_the_past_are_refused() {
    let server = ok();
    let url = server.url("/");
    let empty = run(&[&url, "--vus", "2", "--segment", "3/3"]);
    assert_eq!(empty.code, Some(1), "{empty:?}");
    assert!(
        empty.stderr.contains("segment 3/3 of 2 virtual users has none"),
        "{empty:?}"
    );
    let late = run(&[&url, "--start-at", "2020-01-01T00:00:00Z"]);
    assert_eq!(late.code, Some(1), "{late:?}");
    assert!(late.stderr.contains("has passed"), "{late:?}");
    assert_eq!(server.requests(), 0);
}

#[test]
fn a_share_of_the_traces_is_asked_for() {
    let flags: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = Arc::clone(&flags);
    let server = TargetServer::start(move |request, number| {
        let parent = request.header("traceparent").unwrap_or_default().to_owned();
        seen.lock().unwrap().push(parent);
        Reply::status(if number % 10 == 9 { 503 } else { 200 }, "x")
    });
    let (_, summary) = summary(&[
        &server.url("/"),
        "--iterations",
        "2000",
        "--trace-sample",
        "0.2",
        "--trace-url",
        "http://traces.example/trace/{trace_id}",
    ]);
    let flags = flags.lock().unwrap();
    let sampled = flags.iter().filter(|parent| parent.ends_with("-01")).count();
    assert!(
        flags
            .iter()
            .all(|parent| parent.ends_with("-01") || parent.ends_with("-00"))
    );
    assert!((300..500).contains(&sampled), "{sampled} of 2000");
    let listed = |name: &str| summary[name].as_array().unwrap().clone();
    assert_eq!(listed("slowest").len(), 10);
    assert!(!listed("failures").is_empty());
    for request in listed("slowest").iter().chain(&listed("failures")) {
        let id = request["trace_id"].as_str().unwrap();
        let sent = flags.iter().find(|parent| parent.contains(id)).unwrap();
        assert_eq!(request["sampled"], sent.ends_with("-01"));
        let link = format!("http://traces.example/trace/{id}");
        let expected = if sent.ends_with("-01") {
            Value::from(link)
        } else {
            Value::Null
        };
        assert_eq!(
            request["trace_url"], expected,
            "links only where the trace was recorded"
        );
    }
    assert!(listed("failures").iter().all(|request| request["status"] == "503"));
}

#[test]
fn a_crossed_threshold_ends_the_run_if_asked_to() {
    let server = TargetServer::start(|_, _| Reply::status(500, "no"));
    let (outcome, summary) = summary(&[
        &server.url("/"),
        "--rate",
        "50/s",
        "--duration",
        "60s",
        "--threshold",
        "error_rate<10% for 2s",
        "--abort-on-threshold",
    ]);
    assert_eq!(outcome.code, Some(99), "{outcome:?}");
    assert!(outcome.took < Duration::from_secs(30), "{outcome:?}");
    assert!(outcome.stderr.contains("error_rate<10% for 2s"), "{outcome:?}");
    let verdict = &summary["thresholds"][0];
    assert_eq!(verdict["passed"], false);
    assert_eq!(verdict["first_crossed_s"], 2.0, "{summary:#}");
}

#[test]
fn a_generator_that_is_the_bottleneck_says_so_and_fails_if_asked_to() {
    let server = ok();
    let arguments = [
        &server.url("/"),
        "--rate",
        "10000000/s",
        "--max-vus",
        "4",
        "--duration",
        "2s",
    ];
    let (outcome, summary) = summary(&[&arguments[..], &["--fail-on-saturation"]].concat());
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert_eq!(summary["generator"]["saturated"], true, "{summary:#}");
    assert!(!summary["generator"]["reasons"].as_array().unwrap().is_empty());
    assert!(
        outcome.stderr.contains("THE GENERATOR WAS THE BOTTLENECK"),
        "{outcome:?}"
    );
}
