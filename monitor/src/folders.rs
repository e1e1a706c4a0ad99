//! The folders of a host's data, with the owner and mode that its containers need.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use crate::layout::{Layout, SERVER_DIRECTORIES};

/// For the owner alone: what servers keep holds tokens.
const MODE: u32 = 0o700;

/// A folder cannot be made or given its owner.
#[derive(Debug, thiserror::Error)]
#[error("{path}: cannot be made ready ({reason}); give `--data-dir` a folder that this user may write", path = path.display())]
pub struct FolderError {
    path: PathBuf,
    reason: io::Error,
}

/// Makes the folders that are missing, and gives those that are there their owner and mode; returns what it changed.
///
/// # Errors
/// A folder cannot be made, or belongs to somebody else.
pub fn make_ready(layout: &Layout, owner: (u32, u32)) -> Result<Vec<PathBuf>, FolderError> {
    let mut changed = Vec::new();
    for path in all(layout) {
        let one = make_one_ready(&path, owner).map_err(|reason| FolderError {
            path: path.clone(),
            reason,
        })?;
        if one {
            changed.push(path);
        }
    }
    Ok(changed)
}

/// The data folder and those in it, outermost first.
pub fn all(layout: &Layout) -> Vec<PathBuf> {
    let mut folders = vec![layout.data().to_owned(), layout.secrets(), layout.backups()];
    folders.extend(SERVER_DIRECTORIES.iter().map(|(_, name)| layout.data().join(name)));
    folders
}

fn make_one_ready(path: &Path, owner: (u32, u32)) -> io::Result<bool> {
    let mut changed = false;
    if !path.is_dir() {
        DirBuilder::new().recursive(true).mode(MODE).create(path)?;
        changed = true;
    }
    let found = fs::metadata(path)?;
    if (found.uid(), found.gid()) != owner {
        chown(path, Some(owner.0), Some(owner.1))?;
        changed = true;
    }
    if found.permissions().mode() & 0o777 != MODE {
        fs::set_permissions(path, Permissions::from_mode(MODE))?;
        changed = true;
    }
    Ok(changed)
}
