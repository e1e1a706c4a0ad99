//! The file that keeps what one run of the watchdog knows for the next, of this boot alone.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::decision::State;
use crate::durable_file;

/// New with each boot of the kernel.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";
/// Bytes of a file that is taken for one of ours.
const LARGEST: u64 = 64 << 10;

/// The file of the state.
#[derive(Clone, Debug)]
pub(super) struct StateFile {
    path: PathBuf,
    boot_id: String,
}

#[derive(Serialize, Deserialize)]
struct Content {
    boot_id: String,
    #[serde(flatten)]
    state: State,
}

impl StateFile {
    pub(super) fn new(path: PathBuf) -> Self {
        let boot_id = fs::read_to_string(BOOT_ID).unwrap_or_default().trim().to_owned();
        Self { path, boot_id }
    }

    /// The state of this boot; none where there is no file, or it is of an earlier boot.
    ///
    /// # Errors
    /// What is there cannot be used; and why.
    pub(super) fn read(&self) -> Result<Option<State>, String> {
        let text = match read_bounded(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.complaint(&error)),
        };
        let content: Content = serde_json::from_str(&text).map_err(|error| self.complaint(&error))?;
        Ok(Some(content.state).filter(|_| content.boot_id == self.boot_id))
    }

    /// Keeps it.
    ///
    /// # Errors
    /// The file cannot be written; and why.
    pub(super) fn write(&self, state: &State) -> Result<(), String> {
        let content = Content {
            boot_id: self.boot_id.clone(),
            state: state.clone(),
        };
        let write = || {
            fs::create_dir_all(self.path.parent().unwrap_or(Path::new(".")))?;
            durable_file::write(&self.path, &serde_json::to_vec(&content)?, None)
        };
        write().map_err(|error: io::Error| self.complaint(&error))
    }

    fn complaint(&self, reason: &dyn std::fmt::Display) -> String {
        format!(
            "{}: {reason}; how long faults have lasted is not known",
            self.path.display()
        )
    }
}

/// The text of a file that should be small.
pub(super) fn read_bounded(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(LARGEST).read_to_string(&mut text)?;
    Ok(text)
}
