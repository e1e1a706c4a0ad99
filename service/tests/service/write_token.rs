//! `--write-token-file`: writes need the token, reads are free.

use rustix::process::Signal;
use serde_json::json;

use crate::answer::Answer;
use crate::running_service::{RunningService, ServiceCommand};
use crate::stores::{embedded, new_item};

const TOKEN: &str = "correct-horse-battery-staple";

/// A service that asks a token of writes, which is in this folder.
pub(crate) fn guarded(folder: &tempfile::TempDir) -> ServiceCommand {
    let file = folder.path().join("token");
    std::fs::write(&file, format!("{TOKEN}\n")).unwrap();
    embedded().args(["--write-token-file", file.to_str().unwrap(), "--log", "trace"])
}

fn writes(service: &RunningService, authorization: Option<&str>) -> [Answer; 3] {
    [("POST", "/items"), ("PUT", "/items/1"), ("DELETE", "/items/1")].map(|(method, path)| {
        let request = service.request(method, path).json(&new_item("1", "a"));
        service.send(match authorization {
            Some(value) => request.header("authorization", value),
            None => request,
        })
    })
}

#[test]
fn writes_need_the_token_and_reads_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let service = guarded(&folder).start();
    let wrong = [
        None,
        Some(""),
        Some("Bearer"),
        Some("Bearer "),
        Some("Bearer wrong-horse-battery-staple"),
        Some("Bearer correct-horse-battery-stapl"),
        Some("Bearer correct-horse-battery-staple2"),
        Some("Bearer CORRECT-HORSE-BATTERY-STAPLE"),
        Some("Basic correct-horse-battery-staple"),
        Some(TOKEN),
    ];
    for authorization in wrong {
        for answer in writes(&service, authorization) {
            answer.refusal_about(401, "Authorization: Bearer");
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
    }
    service.get("/items/1").refusal(404);
    for path in ["/", "/healthz", "/readyz", "/items", "/openapi.json", "/docs/"] {
        assert_eq!(service.get(path).status, 200, "{path}");
    }
}

#[test]
fn the_token_opens_every_write() {
    let folder = tempfile::tempdir().unwrap();
    let service = guarded(&folder).start();
    for scheme in ["Bearer", "bearer"] {
        let statuses = writes(&service, Some(&format!("{scheme} {TOKEN}"))).map(|answer| answer.status);
        assert_eq!(statuses, [201, 200, 200]);
    }
}

#[test]
fn the_token_is_never_logged() {
    let folder = tempfile::tempdir().unwrap();
    let mut service = guarded(&folder).start();
    let sent = "a-token-that-is-not-the-one";
    writes(&service, Some(&format!("Bearer {TOKEN}")));
    writes(&service, Some(&format!("Bearer {sent}")));
    service.signal(Signal::TERM);
    assert_eq!(service.wait().code, Some(0));
    let output = service.output();
    assert!(output.contains("serving"), "{output}");
    assert!(!output.contains(TOKEN) && !output.contains(sent), "{output}");
}

#[test]
fn without_a_token_file_anyone_writes() {
    let service = embedded().start();
    let answer = service.send(
        service
            .request("POST", "/items")
            .bearer_auth("any")
            .json(&new_item("1", "a")),
    );
    answer.is(201, &json!({ "message": "Item created successfully" }));
}

#[test]
fn the_description_says_whether_the_token_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let required = json!([{ "write_token": [] }]);
    let optional = json!([{}, { "write_token": [] }]);
    for (service, security) in [(guarded(&folder).start(), required), (embedded().start(), optional)] {
        let document = service.get("/openapi.json").json();
        for (path, method) in [("/items", "post"), ("/items/{id}", "put"), ("/items/{id}", "delete")] {
            let operation = &document["paths"][path][method];
            assert_eq!(operation["security"], security, "{method} {path}");
        }
        let read = &document["paths"]["/items/{id}"]["get"];
        assert!(read.get("security").is_none(), "{read}");
    }
}
