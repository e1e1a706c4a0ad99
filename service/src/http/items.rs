//! `/items`: create, read, update, delete and list.

use axum::Json;
use axum::extract::{FromRequestParts, Path, Query, State};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::LOCATION;
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::error::{AnyFailure, ApiError, BodyFailure, ErrorBody, WriteFailure};
use super::json::{JsonBody, JsonObject};
use crate::item::{ID_RULE, Item, NAME_RULE, is_valid_id, is_valid_name};
use crate::store::{ItemStore, StoreError};

/// Items of a page unless `limit` says otherwise.
const DEFAULT_LIMIT: u16 = 100;
/// The most items of one page.
const MAX_LIMIT: u16 = 1000;

/// What RFC 3986 lets stand in a path segment.
const PATH_SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'~');

/// The body of `POST /items`.
#[derive(Deserialize, ToSchema)]
pub struct NewItem {
    /// 1 to 2048 bytes of UTF-8.
    #[schema(example = "1", min_length = 1)]
    id: String,
    /// 1 to 1024 characters.
    #[schema(example = "First item", min_length = 1, max_length = 1024)]
    name: String,
}

impl JsonObject for NewItem {
    const REQUIRED: &'static [(&'static str, &'static str)] = &[("id", ID_RULE), ("name", NAME_RULE)];
    const OPTIONAL: &'static [(&'static str, &'static str)] = &[];
}

/// The body of `PUT /items/{id}`.
#[derive(Deserialize, ToSchema)]
pub struct ItemUpdate {
    /// May be left out; otherwise the id of the path, or the answer is 422.
    id: Option<String>,
    /// 1 to 1024 characters.
    #[schema(example = "Renamed item", min_length = 1, max_length = 1024)]
    name: String,
}

impl JsonObject for ItemUpdate {
    const REQUIRED: &'static [(&'static str, &'static str)] = &[("name", NAME_RULE)];
    const OPTIONAL: &'static [(&'static str, &'static str)] = &[("id", "the id of the path, or left out")];
}

/// The body of a write that succeeded.
#[derive(Serialize, ToSchema)]
pub struct Message {
    /// What happened.
    message: &'static str,
}

/// A page of items.
#[derive(Serialize, ToSchema)]
pub struct ItemPage {
    /// In no particular order; fewer than `limit` do not mean that these are the last.
    items: Vec<Item>,
    /// Give it as `cursor` for the next page; null on the last.
    #[schema(required, format = "cursor")]
    next_cursor: Option<String>,
}

/// Which page of items.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Page {
    /// Items of a page.
    #[param(minimum = 1, maximum = 1000, default = 100, value_type = Option<u16>)]
    limit: Option<String>,
    /// `next_cursor` of the page before; nothing else is one.
    #[param(min_length = 1, format = "cursor")]
    cursor: Option<String>,
}

/// The id in a path: percent-decoded UTF-8 within the limits of an id.
pub struct ItemId(String);

impl<S: Send + Sync> FromRequestParts<S> for ItemId {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(id)) if is_valid_id(&id) => Ok(Self(id)),
            _ => Err(invalid_path_id()),
        }
    }
}

fn invalid_path_id() -> ApiError {
    ApiError::bad_request(format!(
        "The id in the path must be {ID_RULE}, percent-encoded where it is not a plain path segment"
    ))
}

/// Any request to `/items/`, where the id is missing.
pub(super) async fn empty_id() -> ApiError {
    invalid_path_id()
}

/// Create an item
#[utoipa::path(post, path = "/items", tag = "items", request_body = NewItem, responses(
    (status = 201, body = Message, headers(("Location" = String, description = "Path of the item"))),
    (status = 400, description = "The body is not valid JSON", body = ErrorBody),
    (status = 409, description = "Item already exists", body = ErrorBody),
    BodyFailure,
    WriteFailure,
    AnyFailure,
), security((), ("write_token" = [])))]
pub(super) async fn create(
    State(store): State<ItemStore>,
    JsonBody(NewItem { id, name }): JsonBody<NewItem>,
) -> Result<Response, ApiError> {
    if !is_valid_id(&id) {
        return Err(ApiError::unprocessable(format!("The field 'id' must be {ID_RULE}")));
    }
    check_name(&name)?;
    let location = location(&id);
    store.create(Item { id, name }).await?;
    let message = Json(Message {
        message: "Item created successfully",
    });
    Ok((StatusCode::CREATED, [(LOCATION, location)], message).into_response())
}

/// Read an item
#[utoipa::path(get, path = "/items/{id}", tag = "items", params(("id" = String, Path)), responses(
    (status = 200, body = Item),
    (status = 400, description = "The id is empty, too long or not UTF-8", body = ErrorBody),
    (status = 404, description = "Item not found", body = ErrorBody),
    AnyFailure,
))]
pub(super) async fn read(State(store): State<ItemStore>, ItemId(id): ItemId) -> Result<Json<Item>, ApiError> {
    Ok(Json(store.read(id).await?))
}

/// Update an item
///
/// Never creates one.
#[utoipa::path(put, path = "/items/{id}", tag = "items", params(("id" = String, Path)), request_body = ItemUpdate,
    responses(
    (status = 200, body = Message),
    (status = 400, description = "The id or the body cannot be read", body = ErrorBody),
    (status = 404, description = "Item not found", body = ErrorBody),
    BodyFailure,
    WriteFailure,
    AnyFailure,
), security((), ("write_token" = [])))]
pub(super) async fn update(
    State(store): State<ItemStore>,
    ItemId(id): ItemId,
    JsonBody(update): JsonBody<ItemUpdate>,
) -> Result<Json<Message>, ApiError> {
    if update.id.is_some_and(|body_id| body_id != id) {
        return Err(ApiError::unprocessable(
            "The field 'id' differs from the id in the path; leave it out, or create a new item to rename it",
        ));
    }
    check_name(&update.name)?;
    store.update(Item { id, name: update.name }).await?;
    Ok(Json(Message {
        message: "Item updated successfully",
    }))
}

/// Delete an item
#[utoipa::path(delete, path = "/items/{id}", tag = "items", params(("id" = String, Path)), responses(
    (status = 200, body = Message),
    (status = 400, description = "The id is empty, too long or not UTF-8", body = ErrorBody),
    (status = 404, description = "Item not found", body = ErrorBody),
    WriteFailure,
    AnyFailure,
), security((), ("write_token" = [])))]
pub(super) async fn delete(State(store): State<ItemStore>, ItemId(id): ItemId) -> Result<Json<Message>, ApiError> {
    store.delete(id).await?;
    Ok(Json(Message {
        message: "Item deleted successfully",
    }))
}

/// List items
#[utoipa::path(get, path = "/items", tag = "items", params(Page), responses(
    (status = 200, body = ItemPage),
    (status = 400, description = "The limit or the cursor is not valid", body = ErrorBody),
    AnyFailure,
))]
pub(super) async fn list(
    State(store): State<ItemStore>,
    page: Result<Query<Page>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<ItemPage>, ApiError> {
    let Query(page) = page.map_err(|_| {
        ApiError::bad_request("The query string cannot be read; give 'limit' and 'cursor' at most once each")
    })?;
    let limit = match page.limit.as_deref().map(str::parse) {
        None => DEFAULT_LIMIT,
        Some(Ok(limit @ 1..=MAX_LIMIT)) => limit,
        Some(_) => {
            return Err(ApiError::bad_request(format!(
                "The parameter 'limit' must be a whole number from 1 to {MAX_LIMIT}"
            )));
        }
    };
    let start_after = page.cursor.as_deref().map(decode_cursor).transpose()?;
    let (items, last_id) = store.list(limit, start_after).await?;
    Ok(Json(ItemPage {
        items,
        next_cursor: last_id.as_deref().map(encode_cursor),
    }))
}

fn check_name(name: &str) -> Result<(), ApiError> {
    if is_valid_name(name) {
        Ok(())
    } else {
        Err(ApiError::unprocessable(format!("The field 'name' must be {NAME_RULE}")))
    }
}

/// `.` and `..` are encoded too, since clients resolve them away otherwise.
pub(crate) fn location(id: &str) -> HeaderValue {
    let path = format!("/items/{}", utf8_percent_encode(id, PATH_SEGMENT));
    // Percent-encoded text is ASCII.
    HeaderValue::from_str(&path).unwrap_or(HeaderValue::from_static("/items"))
}

/// First byte of a decoded cursor, so that its content may change some day.
const CURSOR_VERSION: u8 = 1;

/// Opaque to clients: the id after which the next page starts.
pub(crate) fn encode_cursor(last_id: &str) -> String {
    URL_SAFE_NO_PAD.encode([&[CURSOR_VERSION], last_id.as_bytes()].concat())
}

pub(crate) fn decode_cursor(cursor: &str) -> Result<String, ApiError> {
    URL_SAFE_NO_PAD
        .decode(cursor)
        .ok()
        .filter(|bytes| bytes.first() == Some(&CURSOR_VERSION))
        .and_then(|bytes| String::from_utf8(bytes[1..].to_vec()).ok())
        .filter(|id| is_valid_id(id))
        .ok_or_else(|| {
            ApiError::bad_request(
                "The parameter 'cursor' is not one that this service gave; leave it out to start at the first page",
            )
        })
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::AlreadyExists => Self::new(StatusCode::CONFLICT, "Item already exists"),
            StoreError::NotFound => Self::new(StatusCode::NOT_FOUND, "Item not found"),
            StoreError::Throttled => Self::unavailable("The database is at its limit; try again in a second"),
            StoreError::Unavailable(cause) => {
                tracing::error!(cause, "DynamoDB did not answer");
                Self::unavailable("The database does not answer; try again in a second")
            }
            StoreError::TimedOut => Self::timed_out(),
            StoreError::Rejected(cause) => {
                tracing::error!(cause, "DynamoDB refused the operation");
                Self::internal()
            }
        }
    }
}
