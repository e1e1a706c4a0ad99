//! Waiting for what tests wait for.

use std::thread;
use std::time::{Duration, Instant};

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Between two questions at first, and at most: what is asked has work to do as well.
const INTERVALS: [Duration; 2] = [Duration::from_millis(5), Duration::from_millis(100)];

/// Asks again and again until there is an answer.
///
/// # Panics
/// Where there is none within two minutes.
#[track_caller]
pub fn poll<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    let [mut interval, longest] = INTERVALS;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        thread::sleep(interval);
        interval = longest.min(interval * 2);
    }
}
