//! The ids a request is known by, in its answer and in the log.

use std::collections::BTreeSet;

use rustix::process::Signal;

use crate::answer::Answer;
use crate::running_service::RunningService;
use crate::stores::{embedded, on_dynamodb};
use test_servers::{dynamodb_double, poll};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN: &str = "b7ad6b7169203331";

fn get_with(service: &RunningService, header: &str, value: &str) -> Answer {
    service.send(service.request("GET", "/items/1").header(header, value))
}

#[test]
fn a_request_id_of_the_caller_comes_back() {
    let service = embedded().start();
    for id in [
        "a",
        "order-17/retry.2",
        "Root=1-67891233-abcdef012345678912345678",
        &"x".repeat(128),
    ] {
        assert_eq!(get_with(&service, "x-request-id", id).header("x-request-id"), id);
    }
}

#[test]
fn a_request_without_a_usable_id_gets_one() {
    let service = embedded().start();
    let mut given = BTreeSet::new();
    for id in ["", "two words", "tab\there", "caf\u{e9}", &"x".repeat(129)] {
        let answer = get_with(&service, "x-request-id", id);
        let made = answer.header("x-request-id");
        assert_ne!(made, id);
        assert!(
            !made.is_empty() && made.bytes().all(|byte| byte.is_ascii_graphic()),
            "{made}"
        );
        given.insert(made.to_owned());
    }
    given.insert(service.get("/healthz").header("x-request-id").to_owned());
    assert_eq!(given.len(), 6, "{given:?}");
}

#[test]
fn a_trace_is_continued_with_a_span_of_its_own() {
    let service = embedded().start();
    for flags in ["00", "01"] {
        let answer = get_with(&service, "traceparent", &format!("00-{TRACE}-{SPAN}-{flags}"));
        let [trace_id, span_id, answered_flags] = answer.ids();
        assert_eq!((&*trace_id, &*answered_flags), (TRACE, flags));
        assert_ne!(span_id, SPAN);
    }
}

#[test]
fn a_trace_is_made_where_none_or_a_broken_one_came() {
    let service = embedded().start();
    let trace_id = |answer: Answer| answer.ids()[0].clone();
    let mut made = BTreeSet::from(["/", "/nothing"].map(|path| trace_id(service.get(path))));
    let zero = "0".repeat(32);
    let broken = [
        String::new(),
        "nonsense".to_owned(),
        format!("00-{TRACE}-{SPAN}"),
        format!("00-{TRACE}-{SPAN}-01-more"),
        format!("ff-{TRACE}-{SPAN}-01"),
        format!("00-{}-{SPAN}-01", TRACE.to_uppercase()),
        format!("00-{zero}-{SPAN}-01"),
        format!("00-{TRACE}-{}-01", &zero[..16]),
        format!("00-{TRACE}x{SPAN}-01"),
        format!("00-{}g-{SPAN}-01", &TRACE[1..]),
    ];
    for value in &broken {
        made.insert(trace_id(get_with(&service, "traceparent", value)));
    }
    assert_eq!(made.len(), 2 + broken.len(), "{made:?}");
    assert!(!made.contains(TRACE));
}

#[test]
fn every_answer_carries_ids() {
    let service = embedded().start();
    for path in [
        "/",
        "/healthz",
        "/readyz",
        "/items",
        "/items/",
        "/items/1",
        "/nothing",
        "/openapi.json",
        "/docs/",
    ] {
        let answer = service.get(path);
        answer.ids();
        answer.header("x-request-id");
    }
}

#[test]
fn log_lines_of_a_failed_request_carry_its_ids() {
    let service = on_dynamodb(&dynamodb_double::absent()).start();
    let traced = service
        .request("GET", "/items/1")
        .header("traceparent", format!("00-{TRACE}-{SPAN}-01"));
    let answer = service.send(traced.header("x-request-id", "order-17"));
    answer.refusal(503);
    let [_, span_id, _] = answer.ids();
    let line = poll("a log line of the request", || {
        service
            .log_lines()
            .into_iter()
            .find(|line| line["request_id"] == "order-17")
    });
    assert_eq!(
        (&line["trace_id"], &line["span_id"]),
        (&TRACE.into(), &span_id.into()),
        "{line}"
    );
    assert!(matches!(line["level"].as_str(), Some("WARN" | "ERROR")), "{line}");
    assert!(
        line["timestamp"].as_str().is_some_and(|time| time.ends_with('Z')),
        "{line}"
    );
    assert!(line["message"].is_string() && line["target"].is_string(), "{line}");
}

#[test]
fn what_a_client_sends_cannot_forge_a_log_line() {
    let mut service = on_dynamodb(&dynamodb_double::absent()).start();
    let path = "/items/%0A%7B%22level%22%3A%22ERROR%22%2C%22message%22%3A%22forged%22%7D";
    service.get(path).refusal(503);
    service
        .send(
            service
                .request("GET", path)
                .header("x-request-id", "\"},\"message\":\"forged"),
        )
        .refusal(503);
    service.signal(Signal::TERM);
    assert_eq!(service.wait().code, Some(0));
    let lines = service.log_lines();
    assert!(
        lines.len() > 2 && lines.iter().all(|line| line["message"] != "forged"),
        "{lines:?}"
    );
}
