//! From a span that has begun to one in the queue.
//!
//! Spans are made whole when they end, without the SDK's own spans: those cost each request several allocations and
//! copies more, also where nothing is recorded.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks, SpanProcessor as _};

use super::SCOPE;
use super::sampling::HeadSampler;
use super::span_queue::SpanQueue;

/// Decides which spans are recorded, and takes them.
#[derive(Clone, Debug)]
pub(crate) struct Tracer {
    queue: Arc<SpanQueue>,
    scope: InstrumentationScope,
    sampler: HeadSampler,
}

impl Tracer {
    pub(super) fn new(queue: SpanQueue, sampler: HeadSampler) -> Self {
        Self {
            queue: Arc::new(queue),
            scope: InstrumentationScope::builder(SCOPE).build(),
            sampler,
        }
    }

    pub(crate) fn sampler(&self) -> HeadSampler {
        self.sampler
    }

    /// Exports what is left, for this long at most.
    pub(super) fn shutdown(&self, timeout: Duration) -> OTelSdkResult {
        self.queue.shutdown_with_timeout(timeout)
    }
}

/// A span that is being recorded.
#[derive(Debug)]
pub(super) struct ActiveSpan {
    context: SpanContext,
    parent: Option<SpanContext>,
    kind: SpanKind,
    started: SystemTime,
    /// What is known of it so far.
    pub(super) attributes: Vec<KeyValue>,
}

impl ActiveSpan {
    /// Of `attributes` attributes at most.
    pub(super) fn begin(context: SpanContext, parent: Option<SpanContext>, kind: SpanKind, attributes: usize) -> Self {
        Self {
            context,
            parent,
            kind,
            started: SystemTime::now(),
            attributes: Vec::with_capacity(attributes),
        }
    }

    /// Hands it over to be exported.
    pub(super) fn end(self, tracer: &Tracer, name: Cow<'static, str>, elapsed: Duration, is_error: bool) {
        tracer.queue.on_end(SpanData {
            parent_span_id: self.parent.as_ref().map_or(SpanId::INVALID, SpanContext::span_id),
            parent_span_is_remote: self.parent.as_ref().is_some_and(SpanContext::is_remote),
            span_context: self.context,
            span_kind: self.kind,
            name,
            start_time: self.started,
            end_time: self.started + elapsed,
            attributes: self.attributes,
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: if is_error { Status::error("") } else { Status::Unset },
            instrumentation_scope: tracer.scope.clone(),
        });
    }
}
