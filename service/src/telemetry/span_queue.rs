//! The spans that wait for export: never more than fit, and every one that is lost is counted.

use std::collections::VecDeque;
use std::mem;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use opentelemetry::metrics::Meter;
use tokio::sync::Notify;

use super::metrics::{self, error_type};

/// A batch is closed at this size too: collectors refuse requests of some MB.
const MAX_BATCH_BYTES: usize = 1024 * 1024;

/// Spans that are exported together, encoded.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) bytes: Vec<u8>,
    pub(super) spans: usize,
}

#[derive(Debug, Default)]
struct Waiting {
    filling: Batch,
    full: VecDeque<Batch>,
}

impl Waiting {
    /// The next span begins a batch of its own.
    fn close_batch(&mut self) {
        if self.filling.spans > 0 {
            // Batches are alike: the next needs as much room.
            let next = Batch {
                bytes: Vec::with_capacity(self.filling.bytes.len()),
                spans: 0,
            };
            self.full.push_back(mem::replace(&mut self.filling, next));
        }
    }
}

/// Encoded spans in batches, bounded in number.
#[derive(Debug)]
pub(super) struct SpanQueue {
    capacity: usize,
    batch_size: usize,
    waiting: Mutex<Waiting>,
    full: Notify,
    queued: AtomicUsize,
    dropped: AtomicU64,
    handed_over: AtomicU64,
    exported: AtomicU64,
    lost: AtomicU64,
}

impl SpanQueue {
    /// Of at most `capacity` spans, in batches of `batch_size`.
    pub(super) fn new(capacity: usize, batch_size: usize) -> Self {
        Self {
            capacity,
            batch_size: batch_size.min(capacity),
            waiting: Mutex::default(),
            full: Notify::new(),
            queued: AtomicUsize::new(0),
            dropped: AtomicU64::new(0),
            handed_over: AtomicU64::new(0),
            exported: AtomicU64::new(0),
            lost: AtomicU64::new(0),
        }
    }

    /// Takes the span that `write` appends, if there is room.
    pub(super) fn push(&self, write: impl FnOnce(&mut Vec<u8>)) {
        if self.queued.fetch_add(1, Ordering::Relaxed) >= self.capacity {
            self.queued.fetch_sub(1, Ordering::Relaxed);
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let batch = &mut waiting.filling;
        write(&mut batch.bytes);
        batch.spans += 1;
        if batch.spans >= self.batch_size || batch.bytes.len() >= MAX_BATCH_BYTES {
            waiting.close_batch();
            drop(waiting);
            self.full.notify_one();
        }
    }

    /// Waits until a batch is full.
    pub(super) async fn batch_is_full(&self) {
        self.full.notified().await;
    }

    /// What has come in so far is to be exported, full or not.
    pub(super) fn close_batch(&self) {
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .close_batch();
    }

    /// The oldest batch that is full or closed; its spans then count as handed to the exporter.
    pub(super) fn next_batch(&self) -> Option<Batch> {
        let batch = self
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .full
            .pop_front()?;
        self.queued.fetch_sub(batch.spans, Ordering::Relaxed);
        self.handed_over.fetch_add(batch.spans as u64, Ordering::Relaxed);
        Some(batch)
    }

    /// Of the spans of one batch, `lost` could not be delivered.
    pub(super) fn end_export(&self, spans: usize, lost: usize) {
        self.exported.fetch_add((spans - lost) as u64, Ordering::Relaxed);
        self.lost.fetch_add(lost as u64, Ordering::Relaxed);
    }

    /// Gives up what is full or closed.
    pub(super) fn lose_all(&self) {
        while let Some(batch) = self.next_batch() {
            self.end_export(batch.spans, batch.spans);
        }
    }

    /// Spans that were never exported, for whichever reason.
    pub(super) fn missing(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed) + self.lost.load(Ordering::Relaxed)
    }

    /// Has `meter` report what became of the spans.
    pub(super) fn observe(self: &Arc<Self>, meter: &Meter) {
        let queue = Arc::clone(self);
        metrics::observable_counter(meter, metrics::SPANS_PROCESSED, move |observer| {
            observer.observe(queue.handed_over.load(Ordering::Relaxed), &[]);
            observer.observe(
                queue.dropped.load(Ordering::Relaxed),
                &[error_type(metrics::QUEUE_FULL)],
            );
        });
        let queue = Arc::clone(self);
        metrics::observable_counter(meter, metrics::SPANS_EXPORTED, move |observer| {
            observer.observe(queue.exported.load(Ordering::Relaxed), &[]);
            observer.observe(
                queue.lost.load(Ordering::Relaxed),
                &[error_type(metrics::EXPORT_FAILED)],
            );
        });
        let queue = Arc::clone(self);
        metrics::observable_up_down_counter(meter, metrics::SPAN_QUEUE_SIZE, move |observer| {
            observer.observe(metrics::whole(queue.queued.load(Ordering::Relaxed)), &[]);
        });
        let capacity = metrics::whole(self.capacity);
        metrics::observable_up_down_counter(meter, metrics::SPAN_QUEUE_CAPACITY, move |observer| {
            observer.observe(capacity, &[]);
        });
    }
}
