//! What every request goes through before and after its handler: ids, telemetry, load shedding, timeout, and an answer
//! even when the handler panics.

use std::any::Any;
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;
use http::header::CONNECTION;
use http::{HeaderValue, Request};
use hyper::body::Body as HttpBody;
use tower::ServiceExt as _;

use super::error::ApiError;
use super::health::Draining;
use super::request_context::{self, RequestContext};
use super::unread_body::DrainedBody;
use crate::telemetry::http_server::HttpServer;

/// Limits that all workers share.
#[derive(Clone, Debug)]
pub struct Limits {
    in_flight: Arc<AtomicUsize>,
    max_in_flight: usize,
    request_timeout: Duration,
}

impl Limits {
    /// At most `max_in_flight` item requests at once, none longer than `request_timeout`.
    pub fn new(max_in_flight: usize, request_timeout: Duration) -> Self {
        Self {
            in_flight: Arc::default(),
            max_in_flight,
            request_timeout,
        }
    }

    /// A place among the requests in flight, if one is free.
    fn admit(&self) -> Option<InFlight<'_>> {
        let place = InFlight(&self.in_flight);
        let before = self.in_flight.fetch_add(1, Ordering::Relaxed);
        (before < self.max_in_flight).then_some(place)
    }
}

/// Gives its place back when dropped, however the request ends.
struct InFlight<'a>(&'a AtomicUsize);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Answers requests.
#[derive(Clone)]
pub struct Dispatch {
    router: Router,
    limits: Limits,
    draining: Draining,
    telemetry: Option<Arc<HttpServer>>,
}

impl Dispatch {
    /// Passes what is within `limits` on to `router`.
    pub fn new(router: Router, limits: Limits, draining: Draining) -> Self {
        Self {
            router,
            limits,
            draining,
            telemetry: None,
        }
    }

    /// Records requests where telemetry is on.
    pub(crate) fn recorded_by(self, telemetry: Option<Arc<HttpServer>>) -> Self {
        Self { telemetry, ..self }
    }

    /// Answers one request.
    pub async fn answer<B>(self, request: Request<B>) -> Result<Response, Infallible>
    where
        B: HttpBody<Data = bytes::Bytes, Error: Into<axum::BoxError>> + Send + Unpin + 'static,
    {
        let telemetry = self.telemetry.as_ref();
        let caller = request_context::remote_parent(request.headers());
        let sampler = telemetry.and_then(|telemetry| telemetry.sampler());
        let context = RequestContext::new(request.headers(), caller.as_ref(), sampler);
        let active = telemetry.map(|telemetry| telemetry.begin(&request, context.span(), caller));
        let request = request.map(|body| Body::new(DrainedBody::new(body)));
        let mut response = context
            .scope(answer_within(
                &self.limits,
                self.router,
                request,
                self.telemetry.as_deref(),
            ))
            .await;
        if let Some(active) = active {
            active.finish(response.status(), context.route());
        }
        context.write(response.headers_mut());
        if self.draining.is_begun() {
            response
                .headers_mut()
                .insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(response)
    }
}

async fn answer_within(
    limits: &Limits,
    router: Router,
    request: Request<Body>,
    telemetry: Option<&HttpServer>,
) -> Response {
    // Health checks and documents are answered under any load.
    let place = if request.uri().path().starts_with("/items") {
        let Some(place) = limits.admit() else {
            if let Some(telemetry) = telemetry {
                telemetry.shed();
            }
            return ApiError::unavailable("The service is at its limit; try again in a second").into_response();
        };
        Some(place)
    } else {
        None
    };
    let handled = AssertUnwindSafe(router.oneshot(request)).catch_unwind();
    let response = match tokio::time::timeout(limits.request_timeout, handled).await {
        Ok(Ok(Ok(response))) => response,
        Ok(Err(panic)) => {
            tracing::error!(panic = panic_message(panic.as_ref()), "the handler panicked");
            ApiError::internal().into_response()
        }
        Err(_) => {
            tracing::warn!("the request took too long");
            if let Some(telemetry) = telemetry {
                telemetry.timed_out();
            }
            ApiError::timed_out().into_response()
        }
    };
    drop(place);
    response
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
