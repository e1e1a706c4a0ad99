//! From a span that has begun to one in the queue.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use opentelemetry::trace::SpanContext;

use super::otlp_span::{Attributes, EndedSpan, SharedFields, Value};
use super::sampling::HeadSampler;
use super::span_queue::SpanQueue;

/// Decides which traces are recorded, and takes their spans.
#[derive(Clone, Debug)]
pub(crate) struct Tracer {
    queue: Arc<SpanQueue>,
    sampler: HeadSampler,
}

impl Tracer {
    pub(super) fn new(queue: Arc<SpanQueue>, sampler: HeadSampler) -> Self {
        Self { queue, sampler }
    }

    pub(crate) fn sampler(&self) -> HeadSampler {
        self.sampler
    }
}

/// A span that is being recorded.
#[derive(Debug)]
pub(super) struct ActiveSpan {
    context: SpanContext,
    parent: Option<SpanContext>,
    started: SystemTime,
    attributes: Attributes,
}

impl ActiveSpan {
    pub(super) fn begin(context: SpanContext, parent: Option<SpanContext>) -> Self {
        Self {
            context,
            parent,
            started: SystemTime::now(),
            attributes: Attributes::new(),
        }
    }

    /// Adds attributes of its own.
    pub(super) fn set<'a>(&mut self, attributes: impl IntoIterator<Item = (&'static str, Value<'a>)>) {
        for (name, value) in attributes {
            self.attributes.push(name, value);
        }
    }

    /// Hands it over to be exported, with what it shares with others.
    pub(super) fn end(self, tracer: &Tracer, shared: &SharedFields, elapsed: Duration) {
        let span = EndedSpan {
            context: &self.context,
            parent: self.parent.as_ref(),
            started: self.started,
            elapsed,
            shared,
            attributes: &self.attributes,
        };
        tracer.queue.push(|spans| span.write(spans));
    }
}
