//! What the service says of itself: `/`, `/healthz`, `/readyz`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use tokio::sync::Mutex;
use utoipa::ToSchema;

use super::error::{ApiError, ErrorBody};
use crate::store::{ItemStore, StoreError};

/// How long an answer of the table stands for the next ones.
const PROBE_INTERVAL: Duration = Duration::from_secs(1);

/// Whether the service is shutting down, shared by all that must know.
#[derive(Clone, Debug, Default)]
pub struct Draining(Arc<AtomicBool>);

impl Draining {
    /// From now on `/readyz` says 503, and every answer closes its connection.
    pub fn begin(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// True once the service has been told to stop.
    pub fn is_begun(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// The body of `GET /`.
#[derive(Serialize, ToSchema)]
pub struct About {
    #[schema(example = "marketboro-service")]
    service: &'static str,
    #[schema(example = "1.0.0")]
    version: &'static str,
    #[schema(example = "ok")]
    status: &'static str,
}

/// The body of a health check that passed.
#[derive(Serialize, ToSchema)]
pub struct Healthy {
    #[schema(example = "ok")]
    status: &'static str,
}

/// Which service this is
#[utoipa::path(get, path = "/", tag = "service", responses((status = 200, body = About)))]
pub(super) async fn about() -> Json<About> {
    Json(About {
        service: crate::SERVICE_NAME,
        version: env!("CARGO_PKG_VERSION"),
        status: "ok",
    })
}

/// Is the process alive?
///
/// For the balancer: says nothing of the database, whose faults must not drain every task.
#[utoipa::path(get, path = "/healthz", tag = "service", responses((status = 200, body = Healthy)))]
pub(super) async fn live() -> Json<Healthy> {
    Json(Healthy { status: "ok" })
}

/// Can it serve items?
///
/// Asks the table.
#[utoipa::path(get, path = "/readyz", tag = "service", responses(
    (status = 200, body = Healthy),
    (status = 503, description = "The table does not answer, or the service is shutting down", body = ErrorBody),
))]
pub(super) async fn ready(
    State(store): State<ItemStore>,
    State(draining): State<Draining>,
    State(last_probe): State<LastProbe>,
) -> Result<Json<Healthy>, ApiError> {
    if draining.is_begun() {
        return Err(ApiError::unavailable(
            "The service is shutting down; send requests to another instance",
        ));
    }
    if last_probe.passes(&store).await {
        Ok(Json(Healthy { status: "ok" }))
    } else {
        Err(ApiError::unavailable(
            "The table does not answer; the service's log says why",
        ))
    }
}

/// What the table last answered. Callers of `/readyz` share it, so that they cannot turn into load on the table.
#[derive(Clone, Debug)]
pub struct LastProbe {
    last: Arc<Mutex<Option<(Instant, bool)>>>,
    timeout: Duration,
}

impl LastProbe {
    /// A table that takes longer than `timeout` does not answer.
    pub fn new(timeout: Duration) -> Self {
        Self {
            last: Arc::default(),
            timeout,
        }
    }

    async fn passes(&self, store: &ItemStore) -> bool {
        // Held while asking: those who come meanwhile wait for the same answer.
        let mut last = self.last.lock().await;
        if let Some((at, passed)) = *last
            && at.elapsed() < PROBE_INTERVAL
        {
            return passed;
        }
        let outcome = tokio::time::timeout(self.timeout, store.probe()).await;
        let passed = match outcome.unwrap_or(Err(StoreError::TimedOut)) {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(%error, "not ready");
                false
            }
        };
        *last = Some((Instant::now(), passed));
        passed
    }
}
