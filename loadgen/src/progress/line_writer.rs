//! Lines on standard error, written by a thread of their own: whoever reads them slowly, or has stopped reading, does not
//! hold up the run.

use std::io::{self, Write};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;
use std::time::Duration;

/// Lines that may wait to be written; those beyond are lost.
const WAITING_LINES: usize = 256;
/// How long the last lines may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// Writes lines to standard error.
pub(crate) struct LineWriter {
    /// Closed to end the thread.
    lines: Option<SyncSender<String>>,
    /// Closed by the thread when it has written everything.
    done: Receiver<()>,
}

impl LineWriter {
    /// # Errors
    /// The system refuses a thread.
    pub(crate) fn start() -> io::Result<Self> {
        let (lines, waiting) = mpsc::sync_channel::<String>(WAITING_LINES);
        let (ended, done) = mpsc::sync_channel::<()>(0);
        thread::Builder::new().name("progress".to_owned()).spawn(move || {
            for line in waiting {
                // Progress that nobody can read is no reason to end a run.
                let _ = io::stderr().write_all(line.as_bytes());
            }
            drop(ended);
        })?;
        Ok(Self {
            lines: Some(lines),
            done,
        })
    }

    /// Writes a line, soon.
    pub(crate) fn write(&self, mut line: String) {
        line.push('\n');
        if let Some(lines) = &self.lines {
            // Full: the reader is slow, and the next line will say more than this one.
            let _ = lines.try_send(line);
        }
    }
}

/// Waits, not for long, until everything is written.
impl Drop for LineWriter {
    fn drop(&mut self) {
        self.lines = None;
        // An error says that the thread has ended, or that patience has.
        let _ = self.done.recv_timeout(PATIENCE);
    }
}
