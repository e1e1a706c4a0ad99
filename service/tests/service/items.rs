//! The rows of the API table: status, whole body, headers.

use serde_json::json;

use crate::running_service::RunningService;
use crate::stores::new_item;

on_both_stores!(
    create_answers_201_with_location,
    create_never_overwrites,
    read_gives_the_item,
    read_of_a_missing_item_is_404,
    update_renames,
    update_never_creates,
    update_takes_the_id_of_the_path_in_the_body,
    delete_deletes_once,
    a_deleted_id_can_be_created_again,
    head_answers_as_get_without_a_body,
    the_service_says_what_it_is_and_that_it_is_ready,
);

fn create_answers_201_with_location(service: &RunningService) {
    let answer = service.post("/items", &new_item("1", "First item"));
    answer.is(201, &json!({ "message": "Item created successfully" }));
    assert_eq!(answer.header("location"), "/items/1");
    service.get("/items/1").is(200, &new_item("1", "First item"));
}

fn create_never_overwrites(service: &RunningService) {
    service.create("1", "First item");
    let answer = service.post("/items", &new_item("1", "Other"));
    answer.is(409, &json!({ "error": "Item already exists" }));
    answer.refusal(409);
    assert!(!answer.headers.contains_key("location"));
    service.get("/items/1").is(200, &new_item("1", "First item"));
}

fn read_gives_the_item(service: &RunningService) {
    service.create("1", "First item");
    service.create("2", "Second item");
    service.get("/items/1").is(200, &new_item("1", "First item"));
    service.get("/items/2").is(200, &new_item("2", "Second item"));
}

fn read_of_a_missing_item_is_404(service: &RunningService) {
    let answer = service.get("/items/1");
    answer.is(404, &json!({ "error": "Item not found" }));
    answer.refusal(404);
}

fn update_renames(service: &RunningService) {
    service.create("1", "First item");
    service.create("2", "Second item");
    let answer = service.put("/items/1", &json!({ "name": "Renamed" }));
    answer.is(200, &json!({ "message": "Item updated successfully" }));
    service.get("/items/1").is(200, &new_item("1", "Renamed"));
    service.get("/items/2").is(200, &new_item("2", "Second item"));
}

fn update_never_creates(service: &RunningService) {
    let answer = service.put("/items/1", &json!({ "name": "Renamed" }));
    answer.is(404, &json!({ "error": "Item not found" }));
    service.get("/items/1").refusal(404);
    service.is_empty();
}

fn update_takes_the_id_of_the_path_in_the_body(service: &RunningService) {
    service.create("1", "First item");
    let answer = service.put("/items/1", &new_item("1", "Renamed"));
    answer.is(200, &json!({ "message": "Item updated successfully" }));
    service.get("/items/1").is(200, &new_item("1", "Renamed"));
}

fn delete_deletes_once(service: &RunningService) {
    service.create("1", "First item");
    service.create("2", "Second item");
    service
        .delete("/items/1")
        .is(200, &json!({ "message": "Item deleted successfully" }));
    service
        .delete("/items/1")
        .is(404, &json!({ "error": "Item not found" }));
    service.get("/items/1").refusal(404);
    service.get("/items/2").is(200, &new_item("2", "Second item"));
}

fn a_deleted_id_can_be_created_again(service: &RunningService) {
    service.create("1", "First item");
    assert_eq!(service.delete("/items/1").status, 200);
    service.create("1", "Another");
    service.get("/items/1").is(200, &new_item("1", "Another"));
}

fn head_answers_as_get_without_a_body(service: &RunningService) {
    service.create("1", "First item");
    for path in [
        "/",
        "/healthz",
        "/readyz",
        "/items",
        "/items/1",
        "/items/missing",
        "/nothing",
        "/openapi.json",
    ] {
        let get = service.get(path);
        let head = service.send(service.request("HEAD", path));
        assert_eq!(head.status, get.status, "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
        assert!(head.body.is_empty(), "{path}");
        if let Some(length) = head.headers.get("content-length") {
            assert_eq!(length.to_str().unwrap(), get.body.len().to_string(), "{path}");
        }
    }
}

fn the_service_says_what_it_is_and_that_it_is_ready(service: &RunningService) {
    let about = json!({ "service": "marketboro-service", "version": env!("CARGO_PKG_VERSION"), "status": "ok" });
    service.get("/").is(200, &about);
    service.get("/healthz").is(200, &json!({ "status": "ok" }));
    service.get("/readyz").is(200, &json!({ "status": "ok" }));
}
