//! Ids that clients and proxies mangle, through their whole life.

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::json;

use crate::listing::pages;
use crate::running_service::RunningService;
use crate::stores::new_item;

on_both_stores!(
    awkward_ids_live_through_their_location,
    awkward_ids_are_listed_as_they_are,
    ids_that_look_alike_are_different_items,
    a_path_need_not_be_encoded_as_the_location_is,
);

fn awkward_ids() -> Vec<String> {
    let plain = [
        ".",
        "..",
        "...",
        "../..",
        "a/b",
        "/",
        "//",
        "/items/1",
        "%2F",
        "%",
        "%zz",
        "%00",
        "?",
        "?a=b",
        "#",
        "#a",
        "&",
        "=",
        ";",
        ",",
        ":",
        "@",
        "+",
        " ",
        "  ",
        " a ",
        "\t",
        "\n",
        "\r\n",
        "\0",
        "a\0b",
        "\u{1}",
        "\u{7f}",
        "\u{85}",
        "\\",
        "\"",
        "'",
        "`",
        "{id}",
        "{}",
        "<script>",
        "$(x)",
        "🦀",
        "👩‍👩‍👧‍👦",
        "e\u{301}",
        "\u{202e}",
        "\u{feff}",
        "\u{fffd}",
        "\u{10ffff}",
        "日本語",
        "'; DROP TABLE items; --",
        "null",
        "true",
        "-1",
        "1e9",
        "items",
    ];
    let long = [
        "i".repeat(2048),
        "é".repeat(1024),
        "🦀".repeat(512),
        "/".repeat(2048),
        ".".repeat(2048),
    ];
    plain.map(str::to_owned).into_iter().chain(long).collect()
}

fn awkward_ids_live_through_their_location(service: &RunningService) {
    let mut connection = service.connect();
    for id in awkward_ids() {
        let created = connection.send_json("POST", "/items", &new_item(&id, "First"));
        assert_eq!(created.status, 201, "{id:?} {created:?}");
        let location = created.header("location");
        let segment = location.strip_prefix("/items/").unwrap();
        assert!(
            !segment.contains(['/', '?', '#', '.']),
            "{location} would be resolved or split on the way"
        );
        assert_eq!(percent_decode_str(segment).decode_utf8().unwrap(), id);

        connection.send("GET", location, b"").is(200, &new_item(&id, "First"));
        let updated = connection.send_json("PUT", location, &new_item(&id, "Second"));
        assert_eq!(updated.status, 200, "{id:?} {updated:?}");
        connection.send("GET", location, b"").is(200, &new_item(&id, "Second"));
        assert_eq!(connection.send("DELETE", location, b"").status, 200, "{id:?}");
        connection.send("GET", location, b"").refusal(404);
    }
}

fn awkward_ids_are_listed_as_they_are(service: &RunningService) {
    let mut ids = awkward_ids();
    let mut connection = service.connect();
    for id in &ids {
        assert_eq!(
            connection
                .send_json("POST", "/items", &new_item(id, id.get(..1).unwrap_or("x")))
                .status,
            201
        );
    }
    // One at a time, so that each id is a cursor once.
    let pages = pages(service, Some(1)).into_iter().flatten();
    let mut listed: Vec<_> = pages.map(|(id, _)| id).collect();
    ids.sort();
    listed.sort();
    assert_eq!(listed, ids);
}

fn ids_that_look_alike_are_different_items(service: &RunningService) {
    let alike = [
        "a", "A", "a ", "a\0", "é", "e\u{301}", "a/b", "a%2Fb", "a+b", "a b", "1", "01", "1.0", "ß", "ss", "ﬁ", "fi",
    ];
    let mut connection = service.connect();
    for (n, id) in alike.iter().enumerate() {
        let created = connection.send_json("POST", "/items", &new_item(id, &n.to_string()));
        assert_eq!(created.status, 201, "{id:?} {created:?}");
    }
    for (n, id) in alike.iter().enumerate() {
        let path = format!("/items/{}", utf8_percent_encode(id, NON_ALPHANUMERIC));
        connection
            .send("GET", &path, b"")
            .is(200, &new_item(id, &n.to_string()));
    }
}

fn a_path_need_not_be_encoded_as_the_location_is(service: &RunningService) {
    service.create("a.b+c", "First");
    let mut connection = service.connect();
    for path in [
        "/items/a.b+c",
        "/items/a%2Eb%2bc",
        "/items/%61%2e%62%2B%63",
        "/items/a.b+c?more=1",
    ] {
        connection.send("GET", path, b"").is(200, &new_item("a.b+c", "First"));
    }
    let update = connection.send_json("PUT", "/items/a.b%2Bc", &json!({ "name": "Second" }));
    assert_eq!(update.status, 200);
    connection
        .send("GET", "/items/a.b+c", b"")
        .is(200, &new_item("a.b+c", "Second"));
}
