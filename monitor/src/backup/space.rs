//! Space on the disks that a backup or restore needs, looked at before anything is begun.

use std::path::{Path, PathBuf};

use rustix::fs::statvfs;

use super::error::BackupError;
use super::jaeger::files;

const MIB: u64 = 1024 * 1024;
/// Left free besides what is needed.
const SPARE: u64 = 16 * MIB;

/// Refuses where a folder, or the nearest one above it that is there, has less than `needed` bytes free.
pub(super) fn require(folder: &Path, needed: u64) -> Result<(), BackupError> {
    let mut existing = folder;
    while !existing.exists() {
        match existing.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => existing = parent,
            _ => existing = Path::new("."),
        }
    }
    let disk = statvfs(existing).map_err(|error| BackupError::unreadable(existing)(error.into()))?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
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
    let files = files(folder)?;
    // What has gone meanwhile takes no space.
    Ok(files.iter().filter_map(|path| Some(path.metadata().ok()?.len())).sum())
}
