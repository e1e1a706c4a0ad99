//! Which traces are recorded, decided when their first span begins: OpenTelemetry's standard samplers.

use opentelemetry::trace::{SpanContext, TraceId};

/// Keeps a share of the traces that begin here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadSampler {
    /// A trace is kept whose id, as a number of 63 bits, is below this.
    below: u64,
    /// Whether a caller's decision goes before the share.
    honours_parent: bool,
}

impl HeadSampler {
    /// Keeps `share` (0 to 1) of the traces.
    pub fn new(share: f64, honours_parent: bool) -> Self {
        const ALL: f64 = (1_u64 << 63) as f64;
        Self {
            // A share of 1 is just beyond the largest id.
            below: (share.clamp(0.0, 1.0) * ALL) as u64,
            honours_parent,
        }
    }

    /// True if the trace is to be recorded. Which ids that are is what the specification's `TraceIdRatioBased` says in
    /// OpenTelemetry's other implementations too, so that services agree.
    pub fn samples(&self, trace_id: TraceId, parent: Option<&SpanContext>) -> bool {
        match parent {
            Some(parent) if self.honours_parent => parent.is_sampled(),
            _ => {
                let [.., a, b, c, d, e, f, g, h] = trace_id.to_bytes();
                u64::from_be_bytes([a, b, c, d, e, f, g, h]) >> 1 < self.below
            }
        }
    }
}

/// `parentbased_always_on`.
impl Default for HeadSampler {
    fn default() -> Self {
        Self::new(1.0, true)
    }
}
