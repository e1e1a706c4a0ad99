//! Durations and spans of what is done over and over, by what tells one kind from another. Each series has a histogram of
//! its own and fields that its spans share, so that neither attributes are hashed nor names encoded each time.

use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{BoundHistogram, Histogram};

use super::otlp_span::{Kind, SharedFields};
use super::tracer::{ActiveSpan, Tracer};

/// Records what is told apart by `K`.
#[derive(Debug)]
pub(super) struct SeriesRecorder<K> {
    tracer: Option<Tracer>,
    kind: Kind,
    durations: Histogram<f64>,
    all: RwLock<Vec<Series<K>>>,
}

#[derive(Debug)]
struct Series<K> {
    key: K,
    durations: BoundHistogram<f64>,
    span: SharedFields,
}

/// A series as others see it.
pub(super) struct Description<K> {
    pub(super) key: K,
    pub(super) span_name: String,
    /// Of the histogram and of each span.
    pub(super) attributes: Vec<KeyValue>,
    /// The status of its spans.
    pub(super) is_error: bool,
}

impl<K> SeriesRecorder<K> {
    /// Spans go to `tracer`, durations in seconds to `durations`.
    pub(super) fn new(tracer: Option<Tracer>, kind: Kind, durations: Histogram<f64>) -> Self {
        Self {
            tracer,
            kind,
            durations,
            all: RwLock::default(),
        }
    }

    pub(super) fn tracer(&self) -> Option<&Tracer> {
        self.tracer.as_ref()
    }

    /// Records what took `elapsed`, and its span if it has one, in the series that `is_meant` picks; `describe` says what
    /// a new one is like.
    pub(super) fn record(
        &self,
        elapsed: Duration,
        span: Option<ActiveSpan>,
        is_meant: impl Fn(&K) -> bool,
        describe: impl FnOnce() -> Description<K>,
    ) {
        // Written only when a series is new, so that readers do not wait for each other.
        let all = self.all.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(series) = all.iter().find(|series| is_meant(&series.key)) {
            return self.record_in(series, elapsed, span);
        }
        drop(all);
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        // It may have come in between.
        let place = all.iter().position(|series| is_meant(&series.key)).unwrap_or_else(|| {
            let Description {
                key,
                span_name,
                attributes,
                is_error,
            } = describe();
            all.push(Series {
                key,
                durations: self.durations.bind(&attributes),
                span: SharedFields::new(&span_name, self.kind, &attributes, is_error),
            });
            all.len() - 1
        });
        self.record_in(&all[place], elapsed, span);
    }

    fn record_in(&self, series: &Series<K>, elapsed: Duration, span: Option<ActiveSpan>) {
        series.durations.record(elapsed.as_secs_f64());
        if let (Some(span), Some(tracer)) = (span, &self.tracer) {
            span.end(tracer, &series.span, elapsed);
        }
    }
}
