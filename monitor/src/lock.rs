//! One at a time for what changes a host.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use crate::layout::Layout;

/// Attempts to take it, and time between two.
const ATTEMPTS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(40);

/// Held while a command changes the host; given back when dropped, and when the process ends in any way.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Why the host may not be changed now.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another command holds it.
    #[error("another `monitor` (process {holder}) is changing this host; wait until it is done, then run this again")]
    Held {
        /// Its process id, as it wrote it.
        holder: String,
    },
    /// The file cannot be made or locked.
    #[error("{path}: cannot be locked ({reason}); give `--data-dir` a folder of this machine that this user may write", path = path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: io::Error,
    },
}

impl Lock {
    /// Takes the lock of the host in `layout`, whose data folder must be there.
    ///
    /// # Errors
    /// Somebody else has it, or the data folder cannot be written.
    pub fn take(layout: &Layout) -> Result<Self, LockError> {
        let path = layout.lock_file();
        let unusable = |reason| LockError::Unusable {
            path: path.clone(),
            reason,
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(&path).map_err(unusable)?;
        let mut attempts = 1;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                // Somebody may just be looking who holds it.
                Err(TryLockError::WouldBlock) if attempts < ATTEMPTS => {
                    attempts += 1;
                    std::thread::sleep(PAUSE);
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(LockError::Held {
                        holder: named(&mut file),
                    });
                }
                Err(TryLockError::Error(reason)) => return Err(unusable(reason)),
            }
        }
        file.set_len(0).map_err(unusable)?;
        writeln!(file, "{}", std::process::id()).map_err(unusable)?;
        Ok(Self { _file: file })
    }

    /// Process id of who holds the lock, as it wrote it; none where nobody does.
    pub fn holder(layout: &Layout) -> Option<String> {
        let mut file = File::open(layout.lock_file()).ok()?;
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => Some(named(&mut file)),
            // Given back at once.
            Ok(()) | Err(TryLockError::Error(_)) => None,
        }
    }
}

/// What it is for is a hint.
fn named(file: &mut File) -> String {
    let mut holder = String::new();
    // An id has some ten digits.
    let _ = file.take(32).read_to_string(&mut holder);
    holder.trim().to_owned()
}
