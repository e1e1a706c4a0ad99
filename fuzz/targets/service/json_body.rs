//! Bodies of requests: taken if and only if they are what another reading of JSON says they should be, otherwise refused
//! with the status for what is wrong.

use axum::body::Body;
use axum::extract::FromRequest as _;
use axum::response::IntoResponse as _;
use futures_util::FutureExt as _;
use http::Request;
use serde::Deserialize;
use serde_json::Value;

use crate::http::json::{JsonBody, JsonObject};

#[derive(Deserialize)]
struct Object {
    id: Option<String>,
    name: String,
}

impl JsonObject for Object {
    const REQUIRED: &'static [(&'static str, &'static str)] = &[("name", "a string")];
    const OPTIONAL: &'static [(&'static str, &'static str)] = &[("id", "a string, or left out")];
}

pub(super) fn check(data: &[u8]) {
    let (content_type, body) = match data.split_first() {
        Some((b'\0', rest)) => rest.split_at(rest.iter().position(|byte| *byte == 0).unwrap_or(0)),
        _ => (&b"application/json"[..], data),
    };
    let Ok(request) = Request::post("/items")
        .header("content-type", content_type)
        .body(Body::from(body.to_vec()))
    else {
        return;
    };
    // A body that is there already is read at once.
    let Some(read) = JsonBody::<Object>::from_request(request, &()).now_or_never() else {
        return;
    };
    let value = serde_json::from_slice::<Value>(body);
    match read {
        Ok(JsonBody(Object { id, name })) => {
            let object = match value {
                Ok(Value::Object(object)) => object,
                // Of a field that is ignored.
                Err(error) if error.to_string().starts_with("number out of range") => return,
                other => panic!("taken, and no object: {other:?}"),
            };
            assert_eq!(object.get("name").and_then(Value::as_str), Some(name.as_str()));
            assert_eq!(object.get("id").and_then(Value::as_str), id.as_deref());
        }
        Err(error) => {
            let status = error.into_response().status().as_u16();
            match value {
                _ if status == 415 => assert!(!content_type.eq_ignore_ascii_case(b"application/json")),
                // Deeper than the library reads, or more than the service does.
                Ok(_) => assert!(status == 422 || (body.len() > 65_536 && status == 413), "{status}"),
                Err(_) => assert!(matches!(status, 400 | 413 | 422), "{status}"),
            }
        }
    }
}
