//! The spans that wait for export: never more than fit, and every one that is lost is counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry::metrics::Meter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, Span, SpanData, SpanExporter, SpanProcessor};

use super::metrics::{self, error_type};

/// What became of the spans so far.
#[derive(Debug, Default)]
pub(super) struct SpanCounts {
    capacity: usize,
    queued: AtomicUsize,
    dropped: AtomicU64,
    handed_over: AtomicU64,
    exported: AtomicU64,
    lost: AtomicU64,
}

impl SpanCounts {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            ..Self::default()
        }
    }

    /// Spans that were never exported, for whichever reason.
    pub(super) fn missing(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed) + self.lost.load(Ordering::Relaxed)
    }

    /// The exporter took these spans out of the queue.
    pub(super) fn begin_export(&self, spans: usize) {
        self.queued.fetch_sub(spans, Ordering::Relaxed);
        self.handed_over.fetch_add(spans as u64, Ordering::Relaxed);
    }

    /// The exporter has delivered or lost these spans.
    pub(super) fn end_export(&self, spans: usize, delivered: bool) {
        let count = if delivered { &self.exported } else { &self.lost };
        count.fetch_add(spans as u64, Ordering::Relaxed);
    }

    /// Has `meter` report these counts.
    pub(super) fn observe(self: &Arc<Self>, meter: &Meter) {
        let counts = Arc::clone(self);
        metrics::observable_counter(meter, metrics::SPANS_PROCESSED, move |observer| {
            observer.observe(counts.handed_over.load(Ordering::Relaxed), &[]);
            observer.observe(
                counts.dropped.load(Ordering::Relaxed),
                &[error_type(metrics::QUEUE_FULL)],
            );
        });
        let counts = Arc::clone(self);
        metrics::observable_counter(meter, metrics::SPANS_EXPORTED, move |observer| {
            observer.observe(counts.exported.load(Ordering::Relaxed), &[]);
            observer.observe(
                counts.lost.load(Ordering::Relaxed),
                &[error_type(metrics::EXPORT_FAILED)],
            );
        });
        let counts = Arc::clone(self);
        metrics::observable_up_down_counter(meter, metrics::SPAN_QUEUE_SIZE, move |observer| {
            observer.observe(saturating(counts.queued.load(Ordering::Relaxed)), &[]);
        });
        let capacity = saturating(self.capacity);
        metrics::observable_up_down_counter(meter, metrics::SPAN_QUEUE_CAPACITY, move |observer| {
            observer.observe(capacity, &[]);
        });
    }
}

fn saturating(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The SDK's batches behind a door of our own, since the SDK does not tell how many spans it turned away.
#[derive(Debug)]
pub(super) struct SpanQueue {
    batches: BatchSpanProcessor,
    counts: Arc<SpanCounts>,
}

impl SpanQueue {
    pub(super) fn new(exporter: impl SpanExporter + 'static, resource: &Resource, counts: Arc<SpanCounts>) -> Self {
        // Delay and size of a batch come from the environment.
        let config = BatchConfigBuilder::default()
            .with_max_queue_size(counts.capacity)
            .build();
        let mut batches = BatchSpanProcessor::new(exporter, config);
        batches.set_resource(resource);
        Self { batches, counts }
    }
}

impl SpanProcessor for SpanQueue {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        if self.counts.queued.fetch_add(1, Ordering::Relaxed) < self.counts.capacity {
            self.batches.on_end(span);
        } else {
            self.counts.queued.fetch_sub(1, Ordering::Relaxed);
            self.counts.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.batches.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.batches.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.batches.set_resource(resource);
    }
}
