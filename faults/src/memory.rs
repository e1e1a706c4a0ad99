//! Memory of a process, watched from outside.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use procfs::process::Process;

const INTERVAL: Duration = Duration::from_millis(100);

/// The most resident memory that a process has had since it began, in bytes.
fn peak(process: u32) -> Option<u64> {
    let kibibytes = Process::new(process.try_into().ok()?).ok()?.status().ok()?.vmhwm?;
    Some(kibibytes * 1024)
}

/// Remembers the most memory that a process had, also over restarts.
pub(crate) struct MemoryWatch {
    watched: Arc<Watched>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Watched {
    process: AtomicU32,
    peak: AtomicU64,
    stop: AtomicBool,
}

impl MemoryWatch {
    pub(crate) fn start(process: u32) -> Self {
        let watched = Arc::<Watched>::default();
        watched.process.store(process, Ordering::Relaxed);
        let here = Arc::clone(&watched);
        let thread = thread::spawn(move || {
            while !here.stop.load(Ordering::Relaxed) {
                here.look();
                thread::sleep(INTERVAL);
            }
        });
        Self {
            watched,
            thread: Some(thread),
        }
    }

    /// The process was started again.
    pub(crate) fn follow(&self, process: u32) {
        self.watched.process.store(process, Ordering::Relaxed);
    }

    /// Bytes.
    pub(crate) fn peak(&self) -> u64 {
        self.watched.look();
        self.watched.peak.load(Ordering::Relaxed)
    }
}

impl Watched {
    fn look(&self) {
        if let Some(peak) = peak(self.process.load(Ordering::Relaxed)) {
            self.peak.fetch_max(peak, Ordering::Relaxed);
        }
    }
}

impl Drop for MemoryWatch {
    fn drop(&mut self) {
        self.watched.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // It cannot panic.
            let _ = thread.join();
        }
    }
}
