//! Asking a run to end early.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// A handle by which a run is asked to end; clones are the same handle.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    requests: Arc<AtomicU8>,
}

impl Interrupt {
    /// A handle nobody has asked through.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the run to end. The first time no new request is sent, those in flight may end and clean-up is done; the
    /// second time the run gives up what it is doing.
    pub fn request(&self) {
        // Stays at its maximum instead of wrapping.
        let _ = self
            .requests
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| count.checked_add(1));
    }

    /// Whether the run has been asked to end.
    pub fn is_requested(&self) -> bool {
        self.requests.load(Ordering::Relaxed) >= 1
    }

    /// Whether the run has been asked to end at once.
    pub(crate) fn is_insistent(&self) -> bool {
        self.requests.load(Ordering::Relaxed) >= 2
    }
}
