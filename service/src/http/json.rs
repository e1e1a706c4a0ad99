//! The JSON body of a request, with errors that name the field and the remedy.

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, Request};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::ApiError;

/// The largest body that is read. The longest id and name, every character escaped, take about 25 KiB.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// A body of type `T`, read whole.
pub struct JsonBody<T>(pub T);

/// A JSON object of string fields.
pub trait JsonObject: DeserializeOwned {
    /// Name of each required field and what it must be.
    const REQUIRED: &'static [(&'static str, &'static str)];
    /// The same for fields that may be left out.
    const OPTIONAL: &'static [(&'static str, &'static str)];
}

impl<S: Sync, T: JsonObject> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        if !parts.headers.get(CONTENT_TYPE).is_some_and(is_json) {
            return Err(ApiError::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "The body must be JSON; send it with the header Content-Type: application/json",
            ));
        }
        let bytes = read(&parts.headers, body).await?;
        // serde_json does not look for it in fields that it ignores.
        let text = std::str::from_utf8(&bytes).map_err(|error| not_utf8::<T>(&error))?;
        let value = serde_json::from_str(text).map_err(|error| fault::<T>(text, &error))?;
        // An array of the fields' values would deserialize as well.
        if text.trim_ascii_start().starts_with('{') {
            Ok(Self(value))
        } else {
            Err(not_an_object::<T>())
        }
    }
}

/// `application/json` or a type with the suffix `+json` (RFC 6839).
fn is_json(content_type: &HeaderValue) -> bool {
    let essence = content_type
        .as_bytes()
        .split(|&byte| byte == b';')
        .next()
        .unwrap_or_default();
    let essence = essence.trim_ascii();
    let suffix = essence.iter().rposition(|&byte| byte == b'+').map(|at| &essence[at..]);
    essence.eq_ignore_ascii_case(b"application/json")
        || suffix.is_some_and(|suffix| suffix.eq_ignore_ascii_case(b"+json"))
}

async fn read(headers: &HeaderMap, body: Body) -> Result<bytes::Bytes, ApiError> {
    let too_large = || {
        ApiError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("The body is larger than {MAX_BODY_BYTES} bytes; send a shorter id or name"),
        )
    };
    // Refused by its own word, before the client has sent it all.
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: u64| length > MAX_BODY_BYTES as u64) {
        return Err(too_large());
    }
    to_bytes(body, MAX_BODY_BYTES).await.map_err(|error| {
        let over_limit = std::error::Error::source(&error)
            .is_some_and(<dyn std::error::Error>::is::<http_body_util::LengthLimitError>);
        if over_limit {
            too_large()
        } else {
            ApiError::bad_request("The body ended before it was complete; send it again")
        }
    })
}

/// Says what is wrong with a body that did not deserialize. Reads it a second time: only failed requests pay for it.
fn fault<T: JsonObject>(text: &str, error: &serde_json::Error) -> ApiError {
    let value = serde_json::from_str(text);
    // An array of too many values is a fault of syntax by serde_json's word.
    if !error.is_data() && value.is_err() {
        return ApiError::bad_request(format!(
            "The body is not valid JSON, at line {} column {}; send an object such as {}",
            error.line(),
            error.column(),
            example::<T>()
        ));
    }
    let Ok(Value::Object(object)) = value else {
        return not_an_object::<T>();
    };
    for (name, expected) in T::REQUIRED.iter().chain(T::OPTIONAL) {
        match object.get(*name) {
            None if T::OPTIONAL.iter().any(|(optional, _)| optional == name) => {}
            None => return ApiError::unprocessable(format!("The field '{name}' is missing; it must be {expected}")),
            Some(Value::String(_)) => {}
            Some(other) => {
                let found = json_type(other);
                return ApiError::unprocessable(format!("The field '{name}' is {found}; it must be {expected}"));
            }
        }
    }
    ApiError::unprocessable(format!(
        "A field is given twice; send an object such as {}",
        example::<T>()
    ))
}

/// As RFC 8259, 8.1, asks for.
fn not_utf8<T: JsonObject>(error: &std::str::Utf8Error) -> ApiError {
    ApiError::bad_request(format!(
        "The body is not UTF-8, at byte {}; send JSON such as {}",
        error.valid_up_to() + 1,
        example::<T>()
    ))
}

fn not_an_object<T: JsonObject>() -> ApiError {
    ApiError::unprocessable(format!("The body must be a JSON object such as {}", example::<T>()))
}

fn example<T: JsonObject>() -> String {
    let fields: Vec<_> = T::REQUIRED
        .iter()
        .map(|(name, _)| format!("\"{name}\": \"…\""))
        .collect();
    format!("{{{}}}", fields.join(", "))
}

fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
