//! Files that a run writes at its end, opened at its beginning so that a bad path is found in time.

use std::fs::Permissions;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// A file that appears, whole, when it is written; until then a file of that name stays as it is.
#[derive(Debug)]
pub struct OutputFile {
    option: &'static str,
    path: PathBuf,
    draft: NamedTempFile,
}

/// Why a file cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("{option} {path}: cannot be written ({reason}); give a file in a directory that exists and is writable")]
pub struct OutputError {
    option: &'static str,
    path: String,
    reason: io::Error,
}

impl OutputFile {
    /// Makes sure that the file can be written; `option` names the flag in errors.
    ///
    /// # Errors
    /// The directory is missing or not writable, or the path is a directory.
    pub fn prepare(option: &'static str, path: &Path) -> Result<Self, OutputError> {
        let wrong = |reason| OutputError {
            option,
            path: path.display().to_string(),
            reason,
        };
        if path.is_dir() {
            return Err(wrong(io::Error::from(io::ErrorKind::IsADirectory)));
        }
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        // As any new file of the user would be, unlike the private ones that are the default.
        let draft = tempfile::Builder::new()
            .prefix(".loadgen-")
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(directory)
            .map_err(wrong)?;
        Ok(Self {
            option,
            path: path.to_owned(),
            draft,
        })
    }

    /// Writes the file, whole or not at all.
    ///
    /// # Errors
    /// The disk is full or the like.
    pub fn write(mut self, content: &[u8]) -> Result<(), OutputError> {
        let path = self.path.display().to_string();
        let option = self.option;
        let written = self
            .draft
            .write_all(content)
            .and_then(|()| self.draft.as_file().sync_all());
        written
            .and_then(|()| self.draft.persist(&self.path).map(drop).map_err(|error| error.error))
            .map_err(|reason| OutputError { option, path, reason })
    }
}
