//! Memory of the collector: what it takes at rest, and what each span adds that waits for its trace's decision, fitted
//! to the fewest and the most spans a second that were measured. The measurements between them are for the checks.

use super::costs_per_unit::median;
use crate::figures::Figures;

/// Where nothing was measured.
pub(super) const ASSUMED_REST_MB: f64 = 90.0;

/// A measured run: `collector.REQUESTS.WAIT.…`.
#[derive(Clone, Debug)]
pub(super) struct Run {
    /// Seconds from a trace's first span to its decision.
    pub(super) wait: f64,
    pub(super) spans_per_second: f64,
    pub(super) peak_mb: f64,
}

impl Run {
    /// Spans that wait at a time.
    pub(super) fn pending(&self) -> f64 {
        self.wait * self.spans_per_second
    }

    /// All that were measured, those with fewer waiting spans first.
    pub(super) fn all(figures: &Figures) -> Vec<Self> {
        let mut runs: Vec<Self> = figures
            .figures
            .keys()
            .filter_map(|name| {
                let run = name.strip_prefix("collector.")?.strip_suffix(".peak_mb")?;
                let (_, wait) = run.split_once('.')?;
                let requests = median(figures, &format!("collector.{run}.requests_per_second"))?;
                Some(Self {
                    wait: wait.parse().ok()?,
                    spans_per_second: requests * median(figures, "pipeline.service.spans_per_request")?,
                    peak_mb: median(figures, name)?,
                })
            })
            .collect();
        runs.sort_by(|a, b| a.pending().total_cmp(&b.pending()));
        runs
    }
}

/// A line through two runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fit {
    pub(super) rest_mb: f64,
    pub(super) pending_span_bytes: f64,
}

impl Fit {
    /// None where fewer than two runs were measured.
    pub(super) fn of(figures: &Figures) -> Option<Self> {
        let runs = Run::all(figures);
        let (fewest, most) = (runs.first()?, runs.last()?);
        let line = super::checks::line((fewest.pending(), fewest.peak_mb), (most.pending(), most.peak_mb));
        (fewest.pending() < most.pending()).then_some(Self {
            rest_mb: line.start,
            pending_span_bytes: line.slope * 1e6,
        })
    }

    /// Megabytes with so many waiting spans.
    pub(super) fn megabytes(&self, pending: f64) -> f64 {
        self.rest_mb + self.pending_span_bytes * pending / 1e6
    }
}
