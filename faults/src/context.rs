//! What a scenario is run with.

use std::fmt::Display;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::Failure;

const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// What a scenario is run with.
pub(crate) struct Context {
    pub(crate) scenario: &'static str,
    /// Every choice by chance follows from it.
    pub(crate) seed: u64,
    /// How long the fault lasts.
    pub(crate) seconds: Duration,
    /// Files of this scenario; kept where it breaks a promise.
    pub(crate) folder: PathBuf,
    pub(crate) interrupted: Arc<AtomicBool>,
}

impl Context {
    /// A generator of its own for each use.
    pub(crate) fn random(&self, purpose: u64) -> fastrand::Rng {
        fastrand::Rng::with_seed(self.seed.wrapping_add(purpose.wrapping_mul(0x9E37_79B9_7F4A_7C15)))
    }

    /// How long things are watched without a fault, before and after it.
    pub(crate) fn calm(&self) -> Duration {
        (self.seconds / 5).clamp(Duration::from_secs(1), Duration::from_secs(2))
    }

    /// Lets time pass.
    pub(crate) fn wait(&self, time: Duration) -> Result<(), Failure> {
        let end = Instant::now() + time;
        loop {
            if self.interrupted.load(Ordering::Relaxed) {
                return Err(Failure::Interrupted);
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            thread::sleep(left.min(POLL_INTERVAL));
        }
    }

    /// Asks again and again until there is an answer; broken after `patience`, with `what` as the sentence.
    pub(crate) fn poll<T>(
        &self,
        what: &str,
        patience: Duration,
        mut ask: impl FnMut() -> Result<Option<T>, Failure>,
    ) -> Result<T, Failure> {
        let begin = Instant::now();
        loop {
            if let Some(answer) = ask()? {
                return Ok(answer);
            }
            if begin.elapsed() > patience {
                return Err(Failure::broken(format!("{what} within {} s", patience.as_secs())));
            }
            self.wait(POLL_INTERVAL)?;
        }
    }

    /// A line of progress.
    pub(crate) fn say(&self, text: impl Display) {
        println!("{:>20}  {text}", self.scenario);
    }
}
