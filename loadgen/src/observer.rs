//! Who watches a run.

use std::time::Duration;

use crate::summary::Latency;

/// Is told how a run goes, on the thread that called [`crate::run`]; must not block.
pub trait Observer {
    /// Something the user should know, one line.
    fn note(&mut self, text: &str);

    /// A new stage of the run begins: `set-up`, `load` or `clean-up`.
    fn stage(&mut self, name: &str);

    /// How the load goes, about four times a second.
    fn progress(&mut self, snapshot: &Snapshot);
}

/// Figures of a run under way.
#[derive(Clone, Copy, Debug)]
pub struct Snapshot {
    /// Since the load began.
    pub elapsed: Duration,
    /// How long it is to last.
    pub duration: Duration,
    /// Virtual users.
    pub vus: u32,
    /// Requests that ended so far.
    pub requests: u64,
    /// Of these, the failed ones.
    pub failed: u64,
    /// Requests per second, lately.
    pub rate: f64,
    /// Latency, lately.
    pub latency_ms: Latency,
}
