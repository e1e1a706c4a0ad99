//! Any id and any name go in and come out unchanged.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;
use proptest::test_runner::{TestCaseResult, TestRunner};
use serde_json::json;

use crate::running_service::RunningService;
use crate::stores::new_item;

on_both_stores!(
    any_id_and_name_come_out_unchanged,
    any_over_long_id_or_name_is_refused,
    any_body_is_answered_politely,
);

/// Text of at most so many bytes; half of the cases are near the limit.
fn text_of_bytes(limit: usize) -> impl Strategy<Value = String> {
    let to_limit = move |text: String| text[..text.floor_char_boundary(limit)].to_owned();
    prop_oneof![any_text(1..=40), any_text(limit / 4..=limit)].prop_map(to_limit)
}

fn any_text(chars: std::ops::RangeInclusive<usize>) -> impl Strategy<Value = String> {
    proptest::collection::vec(any::<char>(), chars).prop_map(String::from_iter)
}

/// Holds `test` against so many cases.
fn check<S: Strategy>(cases: u32, inputs: &S, test: impl Fn(S::Value) -> TestCaseResult) {
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        max_shrink_iters: 200,
        ..ProptestConfig::default()
    };
    let checked = TestRunner::new(config).run(inputs, test);
    checked.unwrap_or_else(|failure| panic!("{failure}"));
}

fn any_id_and_name_come_out_unchanged(service: &RunningService) {
    let names = prop_oneof![any_text(1..=40), any_text(1000..=1024)];
    check(48, &(text_of_bytes(2048), names), |(id, name)| {
        let mut connection = service.connect();
        let created = connection.send_json("POST", "/items", &new_item(&id, &name));
        prop_assert_eq!(created.status, 201, "{:?}", created);
        let location = created.header("location").to_owned();
        let encoded = format!("/items/{}", utf8_percent_encode(&id, NON_ALPHANUMERIC));
        for path in [&location, &encoded] {
            let read = connection.send("GET", path, b"");
            prop_assert_eq!(read.json(), new_item(&id, &name));
        }
        let listed = connection.send("GET", "/items", b"").json();
        prop_assert_eq!(listed, json!({ "items": [new_item(&id, &name)], "next_cursor": null }));
        // Leaves the table empty for the next case.
        prop_assert_eq!(connection.send("DELETE", &encoded, b"").status, 200);
        Ok(())
    });
}

fn any_over_long_id_or_name_is_refused(service: &RunningService) {
    let ids = any_text(1..=600).prop_map(|text| {
        let padding = 2049_usize.saturating_sub(text.len());
        text + &"i".repeat(padding)
    });
    check(24, &(ids, any_text(1025..=1100)), |(id, name)| {
        let mut connection = service.connect();
        let path = format!("/items/{}", utf8_percent_encode(&id, NON_ALPHANUMERIC));
        connection
            .send_json("POST", "/items", &new_item(&id, "a"))
            .refusal_about(422, "'id'");
        connection
            .send_json("POST", "/items", &new_item("1", &name))
            .refusal_about(422, "'name'");
        connection
            .send_json("PUT", "/items/1", &json!({ "name": name }))
            .refusal_about(422, "'name'");
        connection
            .send_json("PUT", &path, &json!({ "name": "a" }))
            .refusal_about(400, "id");
        connection.send("GET", &path, b"").refusal_about(400, "id");
        connection.send("DELETE", &path, b"").refusal_about(400, "id");
        Ok(())
    });
    service.is_empty();
}

fn any_body_is_answered_politely(service: &RunningService) {
    let pieces = proptest::sample::select(vec![
        "{", "}", "[", "]", "\"", ":", ",", "id", "name", "\"id\"", "\"name\"", "null", "1", "\\u0000", "\\ud800", " ",
        "1e999", "-", "\u{0}", "é", "true",
    ]);
    let bodies = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..200),
        proptest::collection::vec(pieces, 0..20).prop_map(|pieces| pieces.concat().into_bytes()),
    ];
    check(64, &bodies, |body| {
        let answer = service.connect().send("POST", "/items", &body);
        prop_assert!(matches!(answer.status, 400 | 422), "{:?}", answer);
        answer.refusal(answer.status);
        Ok(())
    });
}
