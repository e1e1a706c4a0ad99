//! Limits: requests at once, time of a request. A proxy before DynamoDB Local holds answers back.

use std::thread;

use serde_json::json;
use test_servers::poll;

use crate::stores::{embedded, new_item, on_dynamodb};
use test_servers::dynamodb_double::Proxy;

#[test]
fn requests_over_the_limit_are_shed_while_health_checks_pass() {
    let proxy = Proxy::start();
    let limits = ["--create-table", "--max-in-flight", "1", "--request-timeout", "10m"];
    let service = on_dynamodb(&proxy.endpoint).args(limits).start();
    service.create("1", "First item");
    proxy.hold();
    thread::scope(|scope| {
        let slow = scope.spawn(|| service.get("/items/1"));
        poll("the slow request", || (proxy.held() == 1).then_some(()));
        for answer in [
            service.get("/items/1"),
            service.get("/items"),
            service.post("/items", &new_item("2", "b")),
        ] {
            answer.refusal(503);
            answer.asks_to_come_back();
        }
        for path in ["/healthz", "/", "/openapi.json"] {
            assert_eq!(service.get(path).status, 200, "{path}");
        }
        proxy.release();
        slow.join().unwrap().is(200, &new_item("1", "First item"));
    });
    // Its place is free again, and what was shed has left nothing behind.
    service.get("/items").is(
        200,
        &json!({ "items": [new_item("1", "First item")], "next_cursor": null }),
    );
}

#[test]
fn refused_and_failed_requests_give_their_place_back() {
    let service = embedded().args(["--max-in-flight", "1"]).start();
    for _ in 0..20 {
        service.post("/items", &json!({})).refusal(422);
        service.get("/items/missing").refusal(404);
        service.request("POST", "/items").send().unwrap();
    }
    let head = "POST /items HTTP/1.1\r\nhost: service\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n";
    for _ in 0..20 {
        let mut abandoned = service.connect();
        abandoned.write(head).unwrap();
    }
    poll("a place", || (service.get("/items").status == 200).then_some(()));
}

#[test]
fn a_client_that_leaves_gives_its_place_back() {
    let proxy = Proxy::start();
    let limits = ["--create-table", "--max-in-flight", "1", "--request-timeout", "10m"];
    let service = on_dynamodb(&proxy.endpoint).args(limits).start();
    proxy.hold();
    let mut leaving = service.connect();
    leaving.write("GET /items/1 HTTP/1.1\r\nhost: service\r\n\r\n").unwrap();
    poll("the request", || (proxy.held() == 1).then_some(()));
    service.get("/items/1").refusal(503);
    drop(leaving);
    thread::scope(|scope| {
        let next = scope.spawn(|| {
            poll("a place", || {
                Some(service.get("/items/1")).filter(|answer| answer.status != 503)
            })
            .refusal(404);
        });
        // The next one is let in while the answer to the first is still held back.
        poll("the next request", || (proxy.held() == 2).then_some(()));
        proxy.release();
        next.join().unwrap();
    });
}

#[test]
fn a_body_that_stalls_is_given_up() {
    let service = embedded().args(["--request-timeout", "300ms"]).start();
    let mut connection = service.connect();
    let head =
        "POST /items HTTP/1.1\r\nhost: service\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    connection.write(head).unwrap();
    connection.read().unwrap().unwrap().refusal(504);
}
