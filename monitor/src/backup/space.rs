//! Space on the disks that a backup or restore needs, looked at before anything is begun.

use std::path::{Path, PathBuf};

use super::error::BackupError;
use super::files;
use crate::disk;

const MIB: u64 = 1024 * 1024;
/// Left free besides what is needed.
const SPARE: u64 = 16 * MIB;

/// Refuses where a folder, or the nearest one above it that is there, has less than `needed` bytes free.
pub(super) fn require(folder: &Path, needed: u64) -> Result<(), BackupError> {
    let existing = disk::nearest(folder);
    let free = disk::room(&existing).map_err(BackupError::unreadable(&existing))?.free;
    let needed = needed.saturating_add(SPARE);
    if free >= needed {
        return Ok(());
    }
    Err(BackupError::NoSpace {
        path: PathBuf::from(folder),
        needed_mib: needed.div_ceil(MIB),
        free_mib: free / MIB,
    })
}

/// Bytes of the files below a folder.
pub(super) fn bytes(folder: &Path) -> Result<u64, BackupError> {
    let files = files::below(folder)?;
    // What has gone meanwhile takes no space.
    Ok(files.iter().filter_map(|path| Some(path.metadata().ok()?.len())).sum())
}
