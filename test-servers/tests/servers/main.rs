//! The servers themselves: that what is sent arrives, that they stop and start as said, and that nothing is left.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod chain;
mod flood;
mod lives;
mod otlp;
mod remains;

use std::thread;
use std::time::{Duration, Instant};

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks again and again until there is an answer.
#[track_caller]
fn poll<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(50));
    }
}
