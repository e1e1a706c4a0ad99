//! `/openapi.json` describes what the service does, and `/docs` shows it without the internet.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::stores::{embedded, new_item};

const ROUTES: [(&str, &str); 8] = [
    ("/", "get"),
    ("/healthz", "get"),
    ("/readyz", "get"),
    ("/items", "get"),
    ("/items", "post"),
    ("/items/{id}", "get"),
    ("/items/{id}", "put"),
    ("/items/{id}", "delete"),
];

#[test]
fn the_description_is_openapi_3_1_and_holds_every_route() {
    let document = embedded().start().get("/openapi.json").json();
    let version = document["openapi"].as_str().unwrap();
    assert!(version.starts_with("3.1."), "{version}");
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    assert!(document["info"]["title"].is_string());
    let mut routes = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            assert!(
                operation["summary"].is_string() || operation["description"].is_string(),
                "{method} {path}"
            );
            assert!(
                operation["responses"]
                    .as_object()
                    .is_some_and(|answers| !answers.is_empty()),
                "{method} {path}"
            );
            routes.insert((path.as_str(), method.as_str()));
        }
    }
    assert_eq!(routes, BTreeSet::from(ROUTES));
}

#[test]
fn operation_ids_are_unique() {
    let document = embedded().start().get("/openapi.json").json();
    let ids: Vec<_> = ROUTES
        .iter()
        .map(|(path, method)| &document["paths"][path][method]["operationId"])
        .collect();
    let unique: BTreeSet<_> = ids.iter().map(|id| id.as_str().unwrap()).collect();
    assert_eq!(unique.len(), ids.len(), "{ids:?}");
}

#[test]
fn every_reference_leads_to_something() {
    let document = embedded().start().get("/openapi.json").json();
    let mut references = Vec::new();
    collect_references(&document, &mut references);
    assert!(!references.is_empty());
    for reference in references {
        let pointer = reference.strip_prefix('#').expect("a reference to elsewhere");
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    for schema in ["Item", "NewItem", "ItemUpdate", "ItemPage", "ErrorBody"] {
        let properties = &document["components"]["schemas"][schema]["properties"];
        assert!(
            properties.as_object().is_some_and(|properties| !properties.is_empty()),
            "{schema}"
        );
    }
    for (path, method) in ROUTES {
        for requirement in document["paths"][path][method]["security"]
            .as_array()
            .into_iter()
            .flatten()
        {
            for scheme in requirement.as_object().unwrap().keys() {
                assert!(
                    document["components"]["securitySchemes"][scheme].is_object(),
                    "{scheme}"
                );
            }
        }
    }
}

fn collect_references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(object) => {
            found.extend(object.get("$ref").and_then(Value::as_str));
            object.values().for_each(|value| collect_references(value, found));
        }
        Value::Array(array) => array.iter().for_each(|value| collect_references(value, found)),
        _ => {}
    }
}

#[test]
fn answers_are_as_described() {
    let service = embedded().start();
    let document = service.get("/openapi.json").json();
    let long_path = format!("/items/{}", "i".repeat(2049));
    let malformed = |method, path: &str| {
        service.send(
            service
                .request(method, path)
                .header("content-type", "application/json")
                .body("{"),
        )
    };
    let answers = [
        ("/", "get", 200, service.get("/")),
        ("/healthz", "get", 200, service.get("/healthz")),
        ("/readyz", "get", 200, service.get("/readyz")),
        ("/items", "post", 201, service.post("/items", &new_item("1", "a"))),
        ("/items", "post", 409, service.post("/items", &new_item("1", "a"))),
        ("/items", "post", 422, service.post("/items", &json!({}))),
        ("/items", "post", 400, malformed("POST", "/items")),
        (
            "/items",
            "post",
            415,
            service.send(service.request("POST", "/items").body("{}")),
        ),
        (
            "/items",
            "post",
            413,
            service.post("/items", &json!({ "name": "n".repeat(70_000) })),
        ),
        ("/items", "get", 200, service.get("/items")),
        ("/items", "get", 400, service.get("/items?limit=0")),
        ("/items/{id}", "get", 200, service.get("/items/1")),
        ("/items/{id}", "get", 404, service.get("/items/2")),
        ("/items/{id}", "get", 400, service.get(&long_path)),
        (
            "/items/{id}",
            "put",
            200,
            service.put("/items/1", &json!({ "name": "b" })),
        ),
        (
            "/items/{id}",
            "put",
            404,
            service.put("/items/2", &json!({ "name": "b" })),
        ),
        ("/items/{id}", "put", 422, service.put("/items/1", &json!({}))),
        ("/items/{id}", "put", 400, malformed("PUT", "/items/1")),
        (
            "/items/{id}",
            "put",
            415,
            service.send(service.request("PUT", "/items/1").body("{}")),
        ),
        (
            "/items/{id}",
            "put",
            413,
            service.put("/items/1", &json!({ "name": "n".repeat(70_000) })),
        ),
        ("/items/{id}", "delete", 200, service.delete("/items/1")),
        ("/items/{id}", "delete", 404, service.delete("/items/1")),
        ("/items/{id}", "delete", 400, service.delete(&long_path)),
    ];
    for (path, method, status, answer) in answers {
        assert_eq!(answer.status, status, "{method} {path}: {answer:?}");
        has_described_body(
            &document,
            &document["paths"][path][method]["responses"][status.to_string()],
            &answer,
        );
    }
    // What needs other settings to happen.
    for (path, method) in ROUTES.into_iter().filter(|(path, _)| path.starts_with("/items")) {
        let responses = &document["paths"][path][method]["responses"];
        assert!(
            responses["503"].is_object() && responses["504"].is_object(),
            "{method} {path}"
        );
        assert_eq!(responses["401"].is_object(), method != "get", "{method} {path}");
    }
}

/// The answer has the properties that its description has, no more and no fewer.
#[track_caller]
fn has_described_body(document: &Value, response: &Value, answer: &Answer) {
    let reference = response["content"]["application/json"]["schema"]["$ref"].as_str();
    let reference = reference.unwrap_or_else(|| panic!("not described: {answer:?}"));
    let schema = document.pointer(reference.strip_prefix('#').unwrap()).unwrap();
    let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(
        names(&schema["properties"]),
        names(&answer.json()),
        "{reference} {answer:?}"
    );
    let required = schema["required"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap().to_owned());
    assert_eq!(required.collect::<BTreeSet<_>>(), names(&answer.json()), "{reference}");
}

#[test]
fn the_page_to_try_it_comes_whole_from_the_service() {
    let service = embedded().start();
    let redirect = service.get("/docs");
    assert!(matches!(redirect.status, 301..=308), "{redirect:?}");
    assert_eq!(redirect.header("location"), "/docs/");
    let page = service.get("/docs/");
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").starts_with("text/html"), "{page:?}");
    let html = String::from_utf8(page.body).unwrap();

    let assets = references_of(&html);
    assert!(assets.len() >= 3, "{html}");
    for asset in &assets {
        assert!(!asset.contains("//"), "{asset} is elsewhere");
        let path = format!("/docs/{}", asset.trim_start_matches("./"));
        let answer = service.get(&path);
        assert_eq!(answer.status, 200, "{path}");
        assert!(!answer.body.is_empty(), "{path}");
        let content_type = answer.header("content-type");
        let expected = [(".css", "text/css"), (".js", "javascript"), (".png", "image/png")];
        let expected = expected.iter().find(|(suffix, _)| path.ends_with(suffix));
        assert!(
            expected.is_some_and(|(_, expected)| content_type.contains(expected)),
            "{path}: {content_type}"
        );
    }
    let configuration = service.get("/docs/swagger-initializer.js");
    let configuration = String::from_utf8(configuration.body).unwrap();
    assert!(configuration.contains("\"/openapi.json\""), "{configuration}");
    // Unless told, the page asks a validator on the internet for a badge.
    assert!(configuration.contains(r#""validatorUrl": "none""#), "{configuration}");
    assert!(!configuration.contains("http"), "{configuration}");
}

#[test]
fn a_missing_part_of_the_page_is_a_json_404() {
    let service = embedded().start();
    for path in ["/docs/nothing.js", "/docs/a/b", "/docs/..%2f..%2fetc%2fpasswd"] {
        service.connect().send("GET", path, b"").refusal(404);
    }
}

/// Values of `src` and `href`.
fn references_of(html: &str) -> Vec<&str> {
    let starts = ["src=\"", "href=\""]
        .into_iter()
        .flat_map(|name| html.match_indices(name).map(|(at, _)| at + name.len()));
    starts.filter_map(|start| html[start..].split('"').next()).collect()
}
