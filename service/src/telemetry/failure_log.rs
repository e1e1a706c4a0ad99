//! Log lines about telemetry that is not delivered: few, whatever happens.

use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::span_queue::SpanQueue;

const LOG_INTERVAL: Duration = Duration::from_secs(60);

/// Logs that telemetry is not delivered, once a minute at most.
#[derive(Debug)]
pub(super) struct FailureLog {
    queue: Arc<SpanQueue>,
    state: Mutex<LogState>,
}

#[derive(Debug, Default)]
struct LogState {
    logged_at: Option<Instant>,
    missing_spans: u64,
}

impl FailureLog {
    pub(super) fn new(queue: Arc<SpanQueue>) -> Self {
        Self {
            queue,
            state: Mutex::default(),
        }
    }

    /// Tells of a failure at this endpoint, and of spans that were lost since the last line, if there is anything to tell.
    pub(super) fn after_export(&self, endpoint: &str, failure: Option<impl Display>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let missing = self.queue.missing();
        let lost = missing - state.missing_spans;
        let is_due = state.logged_at.is_none_or(|at| at.elapsed() >= LOG_INTERVAL);
        if !is_due || (failure.is_none() && lost == 0) {
            return;
        }
        *state = LogState {
            logged_at: Some(Instant::now()),
            missing_spans: missing,
        };
        let cause = match failure {
            Some(failure) => failure.to_string(),
            None => "spans come faster than they can be exported".to_owned(),
        };
        tracing::warn!(endpoint, spans_lost = lost, cause, "telemetry is not delivered");
    }
}
