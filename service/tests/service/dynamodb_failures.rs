//! What clients see when DynamoDB is away, silent, throttling or loses answers. Doubles of DynamoDB do that.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use test_servers::dynamodb_double::{self, Proxy, Treatment};
use test_servers::http_message::Message;
use test_servers::poll;

use crate::answer::Answer;
use crate::running_service::RunningService;
use crate::stores::{new_item, on_dynamodb};

/// One request for each operation on items, at the same time since each takes its retries.
fn each_operation(service: &RunningService) -> Vec<Answer> {
    let operations = [
        ("GET", "/items"),
        ("GET", "/items/1"),
        ("POST", "/items"),
        ("PUT", "/items/1"),
        ("DELETE", "/items/1"),
    ];
    let request = |(method, path)| service.connect().send_json(method, path, &new_item("1", "a"));
    thread::scope(|scope| {
        let requests = operations.map(|operation| scope.spawn(move || request(operation)));
        requests.into_iter().map(|request| request.join().unwrap()).collect()
    })
}

#[test]
fn an_absent_dynamodb_makes_items_503_and_the_service_not_ready() {
    let service = on_dynamodb(&dynamodb_double::absent()).start();
    assert_eq!(service.get("/healthz").status, 200);
    assert_eq!(service.get("/").status, 200);
    let ready = service.get("/readyz");
    ready.refusal(503);
    ready.asks_to_come_back();
    for answer in each_operation(&service) {
        answer.refusal(503);
        answer.asks_to_come_back();
    }
}

#[test]
fn a_service_becomes_ready_when_dynamodb_comes_back() {
    let proxy = Proxy::start();
    let service = on_dynamodb(&proxy.endpoint)
        .args(["--create-table", "--request-timeout", "1s"])
        .start();
    assert_eq!(service.get("/readyz").status, 200);
    proxy.hold();
    poll("readiness to go", || {
        (service.get("/readyz").status == 503).then_some(())
    });
    proxy.release();
    poll("readiness to return", || {
        (service.get("/readyz").status == 200).then_some(())
    });
    service.create("1", "First item");
}

#[test]
fn a_double_that_never_answers_makes_items_504_in_time_and_the_service_not_ready() {
    let service = on_dynamodb(&dynamodb_double::silent())
        .args(["--request-timeout", "1s"])
        .start();
    assert_eq!(service.get("/healthz").status, 200);
    let begin = Instant::now();
    for answer in each_operation(&service) {
        answer.refusal(504);
    }
    // The timeout, and a busy machine's share.
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
    let ready = service.get("/readyz");
    ready.refusal(503);
    ready.asks_to_come_back();
}

#[test]
fn a_double_that_throttles_makes_items_503() {
    let check = |code| {
        let service = on_dynamodb(&dynamodb_double::refusing("400 Bad Request", code)).start();
        for answer in each_operation(&service) {
            answer.refusal_about(503, "limit");
            answer.asks_to_come_back();
        }
    };
    thread::scope(|scope| {
        for code in [
            "ProvisionedThroughputExceededException",
            "RequestLimitExceeded",
            "ThrottlingException",
        ] {
            scope.spawn(move || check(code));
        }
    });
}

#[test]
fn a_double_that_fails_makes_items_503() {
    let double = dynamodb_double::refusing("500 Internal Server Error", "InternalServerError");
    let service = on_dynamodb(&double).start();
    for answer in each_operation(&service) {
        answer.refusal(503);
        answer.asks_to_come_back();
    }
}

#[test]
fn a_double_that_answers_nonsense_makes_items_503() {
    let proxy = Proxy::start();
    let service = on_dynamodb(&proxy.endpoint).arg("--create-table").start();
    for body in ["<html>Captive portal</html>", r#"{"Item":{"id":{"S":"1""#] {
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes();
        proxy.treat(move |_| Treatment::AnswerInstead(answer.clone()));
        for answer in each_operation(&service) {
            answer.refusal(503);
            answer.asks_to_come_back();
        }
    }
}

#[test]
fn an_answer_that_was_changed_on_the_way_is_not_believed() {
    fn changed(answer: &Message) -> Vec<u8> {
        let text = String::from_utf8(answer.to_bytes()).unwrap();
        text.replace("First item", "Other item").into_bytes()
    }
    let proxy = Proxy::start();
    let service = on_dynamodb(&proxy.endpoint).arg("--create-table").start();
    service.create("1", "First item");
    let is_changed = AtomicBool::new(false);
    proxy.treat(move |_| match is_changed.swap(true, Ordering::Relaxed) {
        false => Treatment::Spoil(changed),
        true => Treatment::Pass,
    });
    service.get("/items/1").is(200, &new_item("1", "First item"));
    proxy.treat(|_| Treatment::Spoil(changed));
    service.get("/items/1").refusal(503);
}

#[test]
fn a_create_whose_first_answer_is_lost_is_created_once() {
    let proxy = Proxy::start();
    let service = on_dynamodb(&proxy.endpoint).arg("--create-table").start();
    proxy.lose_next_answer("PutItem");
    let created = service.post("/items", &new_item("1", "First item"));
    assert!(proxy.has_lost());
    created.is(201, &json!({ "message": "Item created successfully" }));
    assert_eq!(created.header("location"), "/items/1");
    service.get("/items/1").is(200, &new_item("1", "First item"));
    service.post("/items", &new_item("1", "First item")).refusal(409);
}

#[test]
fn a_create_of_an_existing_item_whose_first_answer_is_lost_is_409() {
    let proxy = Proxy::start();
    let service = on_dynamodb(&proxy.endpoint).arg("--create-table").start();
    service.create("1", "First item");
    proxy.lose_next_answer("PutItem");
    service.post("/items", &new_item("1", "Other")).refusal(409);
    assert!(proxy.has_lost());
    service.get("/items/1").is(200, &new_item("1", "First item"));
}

#[test]
fn an_update_whose_first_answer_is_lost_happens() {
    let proxy = Proxy::start();
    let service = on_dynamodb(&proxy.endpoint).arg("--create-table").start();
    service.create("1", "First item");
    proxy.lose_next_answer("PutItem");
    assert_eq!(service.put("/items/1", &json!({ "name": "Renamed" })).status, 200);
    assert!(proxy.has_lost());
    service.get("/items/1").is(200, &new_item("1", "Renamed"));
}
