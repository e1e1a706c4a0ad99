//! The scenario of items leaves a service as it found it.

use std::time::Duration;

use crate::command::{run, summary};
use crate::items_server::{self, Wrong, is_as_found};
use crate::target_server::{Reply, TargetServer};

#[test]
fn every_status_is_as_expected_and_nothing_is_left() {
    let (server, items) = items_server::start(|_, _| None);
    let (outcome, figures) = summary(&[
        &server.url("/"),
        "--scenario",
        "items",
        "--vus",
        "4",
        "--duration",
        "2s",
        "--threshold",
        "error_rate==0",
        "--threshold",
        "create: p(99)<30s",
    ]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(is_as_found(&items), "{items:?}");
    assert_eq!(
        (figures["failed"].as_u64(), figures["scenario"].as_str()),
        (Some(0), Some("items")),
        "{figures:#}"
    );
    let steps = figures["steps"].as_object().unwrap();
    assert!(
        steps.keys().eq(["create", "delete", "list", "read", "update"]),
        "{steps:?}"
    );
    let requests = figures["requests"].as_u64().unwrap();
    assert!(requests > 200, "{requests}");
    for (step, status, percent) in [
        ("create", "201", 10.0),
        ("read", "200", 60.0),
        ("update", "200", 20.0),
        ("list", "200", 5.0),
        ("delete", "200", 5.0),
    ] {
        let count = steps[step]["requests"].as_u64().unwrap();
        assert_eq!(steps[step]["status"][status].as_u64(), Some(count), "{step}");
        let share = count as f64 / requests as f64 * 100.0;
        assert!((share - percent).abs() < 12.0, "{step}: {share} %");
    }
    assert!(
        outcome.stderr.contains("set-up: created 16 items"),
        "{}",
        outcome.stderr
    );
    // Set-up and clean-up are no part of the figures: each created item is deleted once.
    let created = 16 + steps["create"]["requests"].as_u64().unwrap();
    let by_clean_up = created - steps["delete"]["requests"].as_u64().unwrap();
    assert!(
        outcome
            .stderr
            .contains(&format!("clean-up: deleted {by_clean_up} items")),
        "{}",
        outcome.stderr
    );
    assert_eq!(server.requests(), requests + 16 + by_clean_up);
}

#[test]
fn late_writes_are_waited_for() {
    // Creates that get no answer appear two seconds after the client has given up on them.
    let (server, items) = items_server::start(|request, number| {
        (request.method == "POST" && number > 40 && number % 5 == 0).then_some(Wrong::Late(Duration::from_secs(3)))
    });
    let (outcome, summary) = summary(&[
        &server.url(""),
        "--scenario",
        "items",
        "--vus",
        "3",
        "--duration",
        "2s",
        "--timeout",
        "1s",
    ]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let late = summary["steps"]["create"]["status"]["timeout"].as_u64().unwrap_or(0);
    assert!(late > 0, "{summary:#}");
    assert_eq!(summary["failed"], summary["status"]["timeout"], "{summary:#}");
    // By now every late create has been carried out.
    std::thread::sleep(Duration::from_secs(3));
    assert!(is_as_found(&items), "{items:?}");
}

#[test]
fn what_cannot_be_removed_is_said() {
    let (server, items) = items_server::start(|request, _| (request.method == "DELETE").then_some(Wrong::Refused(500)));
    let (outcome, summary) = summary(&[
        &server.url(""),
        "--scenario",
        "items",
        "--vus",
        "2",
        "--duration",
        "200ms",
        "--run-id",
        "stuck",
    ]);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert!(
        outcome.stderr.contains("lg-stuck") && outcome.stderr.contains("could not be removed"),
        "{outcome:?}"
    );
    assert!(!is_as_found(&items));
    assert!(
        summary["requests"].as_u64().unwrap() > 0,
        "the figures come out all the same"
    );
}

#[test]
fn a_target_without_items_is_refused_before_the_load() {
    let server = TargetServer::start(|_, _| Reply::status(404, "nothing here"));
    let outcome = run(&[&server.url(""), "--scenario", "items", "--duration", "60s"]);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert!(
        outcome.stderr.contains("set-up failed") && outcome.stderr.contains("nothing here"),
        "{outcome:?}"
    );
    assert_eq!(server.requests(), 1);
}

#[test]
fn a_failed_set_up_removes_what_it_created() {
    let (server, items) =
        items_server::start(|request, number| (request.method == "POST" && number > 6).then_some(Wrong::Refused(422)));
    let outcome = run(&[
        &server.url(""),
        "--scenario",
        "items",
        "--vus",
        "4",
        "--duration",
        "60s",
    ]);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert!(
        outcome.stderr.contains("set-up failed") && outcome.stderr.contains("422"),
        "{outcome:?}"
    );
    assert!(is_as_found(&items), "{items:?}");
}

#[test]
fn a_body_without_the_item_is_a_failure() {
    let (server, _) = items_server::start(|request, _| {
        (request.method == "GET" && request.path.starts_with("/items/")).then_some(Wrong::Refused(200))
    });
    let (_, summary) = summary(&[
        &server.url(""),
        "--scenario",
        "items",
        "--vus",
        "1",
        "--duration",
        "300ms",
    ]);
    let reads = &summary["steps"]["read"];
    assert!(reads["requests"].as_u64().unwrap() > 0);
    assert_eq!(reads["status"]["unexpected_body"], reads["requests"], "{summary:#}");
}
