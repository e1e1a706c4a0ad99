//! What a client is told when a request fails. What the operator is told goes to the log, at the place it happens.

use std::borrow::Cow;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

/// The body of every answer that is not a success.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorBody {
    /// What went wrong and what to do about it.
    #[schema(example = "Item not found")]
    pub error: Cow<'static, str>,
}

/// Failures of every request on items, for the API's description.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only described")]
pub(super) enum AnyFailure {
    /// Overloaded; come back after Retry-After
    #[response(status = 503)]
    Overloaded(ErrorBody),
    /// The request took too long
    #[response(status = 504)]
    TimedOut(ErrorBody),
}

/// Failures of every write.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only described")]
pub(super) enum WriteFailure {
    /// The service asks a bearer token of writes
    #[response(status = 401)]
    Unauthorized(ErrorBody),
}

/// Failures of every request with a body.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only described")]
pub(super) enum BodyFailure {
    /// The body is too large
    #[response(status = 413)]
    TooLarge(ErrorBody),
    /// The body is not declared as JSON
    #[response(status = 415)]
    NotJson(ErrorBody),
    /// A field is at fault
    #[response(status = 422)]
    FieldAtFault(ErrorBody),
}

/// A failed request: its status, one sentence for the client and the header that goes with the status.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    message: Cow<'static, str>,
    header: Option<(HeaderName, HeaderValue)>,
}

/// Seconds after which a shed or throttled request is worth trying again.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("1");

impl ApiError {
    /// An error with this status and message.
    pub fn new(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            message: message.into(),
            header: None,
        }
    }

    /// 400: the request cannot be read.
    pub fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// 422: a field is at fault; the message names it.
    pub fn unprocessable(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, message)
    }

    /// 401: the bearer token is missing or wrong.
    pub fn unauthorized(message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            header: Some((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
            ..Self::new(StatusCode::UNAUTHORIZED, message)
        }
    }

    /// 503 that asks the client to come back.
    pub fn unavailable(message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            header: Some((RETRY_AFTER, RETRY_AFTER_SECONDS)),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, message)
        }
    }

    /// 504: the request took longer than it may.
    pub fn timed_out() -> Self {
        Self::new(
            StatusCode::GATEWAY_TIMEOUT,
            "The request took too long; a write may or may not have happened: read the item, then try again",
        )
    }

    /// 500: a fault of the service, described in its log.
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "The service failed on this request; try again, and report the x-request-id of this answer if it persists",
        )
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = Json(ErrorBody { error: self.message });
        let mut response = (self.status, body).into_response();
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, value);
        }
        response
    }
}
