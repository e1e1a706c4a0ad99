//! Requests that are refused, each with a sentence that says why.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::running_service::RunningService;

on_both_stores!(
    malformed_json_is_400,
    a_body_cut_short_is_400,
    json_nested_10_000_deep_is_refused,
    another_content_type_is_415,
    json_content_types_are_taken,
    a_large_body_is_413,
    an_early_answer_reaches_a_client_that_is_still_sending,
    a_field_at_fault_is_named,
    the_longest_id_and_name_are_taken,
    an_id_in_the_body_that_differs_from_the_path_is_422,
    another_method_is_405_with_allow,
    an_unknown_path_is_404,
    a_bad_id_in_the_path_is_400,
    a_request_that_is_not_http_leaves_the_service_well,
);

const BODY_LIMIT: usize = 64 * 1024;

/// Sends this body to both routes that take one.
fn to_both_routes(service: &RunningService, content_type: Option<&str>, body: &[u8]) -> [Answer; 2] {
    [("POST", "/items"), ("PUT", "/items/1")].map(|(method, path)| {
        let request = service.request(method, path).body(body.to_vec());
        service.send(match content_type {
            Some(content_type) => request.header("content-type", content_type),
            None => request,
        })
    })
}

fn as_json(service: &RunningService, body: impl AsRef<[u8]>) -> [Answer; 2] {
    to_both_routes(service, Some("application/json"), body.as_ref())
}

fn malformed_json_is_400(service: &RunningService) {
    let malformed: [&[u8]; 12] = [
        b"",
        b" ",
        b"{",
        b"{\"id\":\"1\",\"name\":\"a\"",
        b"{\"id\":\"1\",\"name\":\"a\",}",
        b"{'id':'1','name':'a'}",
        b"{\"id\":\"1\",\"name\":\"a\"} and more",
        b"{\"id\":\"1\",\"name\":\"line\nbreak\"}",
        b"{\"id\":\"1\",\"name\":\"\\ud800\"}",
        b"{\"id\":\"1\",\"name\":\"\xff\"}",
        b"{\"id\":\"1\",\"name\":\"a\",\"ignored\":\"\xff\"}",
        b"\xef\xbb\xbf{\"id\":\"1\",\"name\":\"a\"}",
    ];
    for body in malformed {
        for answer in as_json(service, body) {
            answer.refusal_about(400, "JSON");
        }
    }
    service.is_empty();
}

fn a_body_cut_short_is_400(service: &RunningService) {
    let head = "POST /items HTTP/1.1\r\nhost: service\r\ncontent-type: application/json\r\n";
    let cut_short = [
        format!("{head}content-length: 100\r\n\r\n{{\"id\":\"1\",\"name\":\"a\"}}"),
        format!("{head}transfer-encoding: chunked\r\n\r\n64\r\n{{\"id\":\"1\",\"name\":\"a\"}}"),
        format!("{head}transfer-encoding: chunked\r\n\r\nnot a length\r\n"),
    ];
    for request in cut_short {
        let mut connection = service.connect();
        connection.write(request).unwrap();
        connection.finish_writing().unwrap();
        // A client that hangs up may not be there for an answer.
        if let Some(answer) = connection.read().unwrap() {
            answer.refusal(400);
        }
    }
    service.get("/items/1").refusal(404);
}

fn json_nested_10_000_deep_is_refused(service: &RunningService) {
    let deep = |open: &str, close: &str| open.repeat(10_000) + &close.repeat(10_000);
    let nested = [
        deep("[", "]"),
        deep("{\"a\":", "}"),
        format!("{{\"id\":\"1\",\"name\":{}}}", deep("[", "]")),
        "[".repeat(10_000),
    ];
    for body in nested {
        for answer in as_json(service, body) {
            assert!(matches!(answer.status, 400 | 422), "{answer:?}");
            answer.refusal(answer.status);
        }
    }
    // A field that is not asked for is passed over, whatever it holds.
    let body = format!("{{\"id\":\"1\",\"more\":{},\"name\":\"a\"}}", deep("[", "]"));
    let [created, updated] = as_json(service, body);
    assert_eq!((created.status, updated.status), (201, 200));
}

fn another_content_type_is_415(service: &RunningService) {
    let body = br#"{"id":"1","name":"a"}"#;
    // The first is what curl -d sends unless told.
    let refused = [
        "application/x-www-form-urlencoded",
        "text/plain",
        "text/json",
        "application/jsonp",
        "json",
        "",
        "*/*",
    ];
    for content_type in refused.into_iter().map(Some).chain([None]) {
        for answer in to_both_routes(service, content_type, body) {
            answer.refusal_about(415, "Content-Type: application/json");
        }
    }
    service.get("/items/1").refusal(404);
}

fn json_content_types_are_taken(service: &RunningService) {
    let taken = [
        "application/json",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        "Application/JSON",
        "application/vnd.api+json",
        "application/merge-patch+json; charset=utf-8",
    ];
    for (n, content_type) in taken.into_iter().enumerate() {
        let body = json!({ "id": n.to_string(), "name": "a" }).to_string();
        let create = service
            .request("POST", "/items")
            .header("content-type", content_type)
            .body(body);
        assert_eq!(service.send(create).status, 201, "{content_type}");
        let update = service
            .request("PUT", &format!("/items/{n}"))
            .header("content-type", content_type);
        assert_eq!(
            service.send(update.body(r#"{"name":"b"}"#)).status,
            200,
            "{content_type}"
        );
    }
}

fn a_large_body_is_413(service: &RunningService) {
    for (method, path) in [("POST", "/items"), ("PUT", "/items/1")] {
        let head = format!("{method} {path} HTTP/1.1\r\nhost: service\r\ncontent-type: application/json\r\n");
        let announced = format!("{head}content-length: {}\r\n\r\n", BODY_LIMIT + 1);
        let huge = format!("{head}content-length: 99999999999999\r\n\r\n");
        // What was announced is refused before it is sent, so that a client that waits is answered too.
        for request in [announced, huge] {
            let mut connection = service.connect();
            connection.write(request).unwrap();
            connection.read().unwrap().unwrap().refusal_about(413, "65536 bytes");
        }
        let mut connection = service.connect();
        connection
            .write(format!("{head}transfer-encoding: chunked\r\n\r\n"))
            .unwrap();
        for _ in 0..=BODY_LIMIT / 1024 {
            connection.write(format!("400\r\n{}\r\n", "a".repeat(1024))).unwrap();
        }
        connection.read().unwrap().unwrap().refusal_about(413, "65536 bytes");
    }
    // A client that sends all of it gets the answer as well.
    for size in [BODY_LIMIT + 1, 2 * BODY_LIMIT] {
        for answer in as_json(service, vec![b' '; size]) {
            answer.refusal_about(413, "65536 bytes");
        }
    }
    // The limit itself is within it.
    let mut body = br#"{"id":"1","name":"a"}"#.to_vec();
    body.resize(BODY_LIMIT, b' ');
    let [created, updated] = as_json(service, body);
    assert_eq!((created.status, updated.status), (201, 200));
}

fn an_early_answer_reaches_a_client_that_is_still_sending(service: &RunningService) {
    let megabyte = vec![b' '; 1 << 20];
    let refused = [
        ("POST", "/items", "application/json", 413),
        ("POST", "/items", "text/plain", 415),
        ("PUT", "/items/%FF", "application/json", 400),
        ("POST", "/nothing", "application/json", 404),
        ("PATCH", "/items/1", "application/json", 405),
    ];
    for (method, path, content_type, status) in refused {
        for _ in 0..3 {
            let request = service.request(method, path).header("content-type", content_type);
            service.send(request.body(megabyte.clone())).refusal(status);
        }
    }
}

fn a_field_at_fault_is_named(service: &RunningService) {
    let (long_id, long_name) = ("i".repeat(2049), "n".repeat(1025));
    let wide_id = "é".repeat(1024) + "i";
    let creates = [
        (json!({}), "'id'"),
        (json!({ "name": "a" }), "'id'"),
        (json!({ "id": "1" }), "'name'"),
        (json!({ "id": null, "name": "a" }), "'id'"),
        (json!({ "id": 1, "name": "a" }), "'id'"),
        (json!({ "id": ["1"], "name": "a" }), "'id'"),
        (json!({ "id": { "S": "1" }, "name": "a" }), "'id'"),
        (json!({ "id": true, "name": "a" }), "'id'"),
        (json!({ "id": "1", "name": null }), "'name'"),
        (json!({ "id": "1", "name": 1.5 }), "'name'"),
        (json!({ "id": "1", "name": [] }), "'name'"),
        (json!({ "id": "", "name": "a" }), "'id'"),
        (json!({ "id": "1", "name": "" }), "'name'"),
        (json!({ "id": long_id, "name": "a" }), "'id'"),
        (json!({ "id": wide_id, "name": "a" }), "'id'"),
        (json!({ "id": "1", "name": long_name }), "'name'"),
        (json!({ "Id": "1", "Name": "a" }), "'id'"),
    ];
    for (body, field) in &creates {
        service.post("/items", body).refusal_about(422, field);
    }
    let updates = [
        (json!({}), "'name'"),
        (json!({ "name": null }), "'name'"),
        (json!({ "name": 7 }), "'name'"),
        (json!({ "name": "" }), "'name'"),
        (json!({ "name": long_name }), "'name'"),
        (json!({ "id": 1, "name": "a" }), "'id'"),
    ];
    for (body, field) in &updates {
        service.put("/items/1", body).refusal_about(422, field);
    }
    for body in [
        "null",
        "1",
        "\"text\"",
        "[]",
        "[\"1\", \"a\"]",
        "[\"1\", \"a\", 2]",
        "true",
    ] {
        for answer in as_json(service, body) {
            answer.refusal_about(422, "JSON object");
        }
    }
    for body in [
        r#"{"id":"1","name":"a","name":"b"}"#,
        r#"{"id":"1","id":"2","name":"a"}"#,
    ] {
        for answer in as_json(service, body) {
            answer.refusal_about(422, "twice");
        }
    }
    service.is_empty();
}

fn the_longest_id_and_name_are_taken(service: &RunningService) {
    for (id, name) in [
        ("i".repeat(2048), "n".repeat(1024)),
        ("é".repeat(1024), "🦀".repeat(1024)),
    ] {
        let answer = service.post("/items", &json!({ "id": id, "name": name }));
        assert_eq!(answer.status, 201, "{answer:?}");
        let location = answer.header("location").to_owned();
        service.get(&location).is(200, &json!({ "id": id, "name": name }));
    }
}

fn an_id_in_the_body_that_differs_from_the_path_is_422(service: &RunningService) {
    service.create("1", "First item");
    service
        .put("/items/1", &json!({ "id": "2", "name": "b" }))
        .refusal_about(422, "'id'");
    service
        .get("/items/1")
        .is(200, &json!({ "id": "1", "name": "First item" }));
}

fn another_method_is_405_with_allow(service: &RunningService) {
    let routes: [(&str, &[&str]); 8] = [
        ("/", &["GET", "HEAD"]),
        ("/healthz", &["GET", "HEAD"]),
        ("/readyz", &["GET", "HEAD"]),
        ("/items", &["GET", "HEAD", "POST"]),
        ("/items/1", &["DELETE", "GET", "HEAD", "PUT"]),
        ("/openapi.json", &["GET", "HEAD"]),
        ("/docs", &["GET", "HEAD"]),
        ("/docs/", &["GET", "HEAD"]),
    ];
    for (path, allowed) in routes {
        for method in [
            "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND",
        ] {
            if allowed.contains(&method) {
                continue;
            }
            let request = service.request(method, path).header("content-type", "application/json");
            let answer = service.send(request.body("{}"));
            answer.refusal_about(405, method);
            let allow: BTreeSet<_> = answer.header("allow").split(',').map(str::trim).collect();
            assert_eq!(allow, BTreeSet::from_iter(allowed.iter().copied()), "{method} {path}");
        }
    }
}

fn an_unknown_path_is_404(service: &RunningService) {
    for path in [
        "/nothing",
        "/item",
        "/items/1/2",
        "/items/1/",
        "/Items",
        "/healthz/",
        "//items",
    ] {
        for method in ["GET", "POST", "PUT", "DELETE"] {
            let answer = service.connect().send(method, path, b"{}");
            answer.refusal_about(404, "path");
        }
    }
}

fn a_bad_id_in_the_path_is_400(service: &RunningService) {
    let too_long = format!("/items/{}", "i".repeat(2049));
    let too_long_encoded = format!("/items/{}", "%C3%A9".repeat(1024) + "i");
    for path in ["/items/", "/items/%FF", "/items/a%C3", &too_long, &too_long_encoded] {
        for method in ["GET", "PUT", "DELETE"] {
            let answer = service.connect().send(method, path, br#"{"name":"a"}"#);
            answer.refusal_about(400, "id");
        }
    }
}

fn a_request_that_is_not_http_leaves_the_service_well(service: &RunningService) {
    let too_long = format!("GET /items/{} HTTP/1.1\r\nhost: service\r\n\r\n", "a".repeat(100_000));
    let too_many = format!("GET / HTTP/1.1\r\nhost: service\r\n{}\r\n", "x: y\r\n".repeat(50_000));
    for request in [
        "nonsense\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "\0\0\0\0",
        &too_long,
        &too_many,
    ] {
        let mut connection = service.connect();
        // The service may hang up before it has all of it.
        let _ = connection.write(request).and_then(|()| connection.finish_writing());
        if let Ok(Some(answer)) = connection.read() {
            assert!((400..500).contains(&answer.status), "{answer:?}");
        }
    }
    assert_eq!(service.get("/healthz").json(), Value::from_iter([("status", "ok")]));
}
