//! Room on the disk of a folder.

use std::io;
use std::path::{Path, PathBuf};

/// Room on a disk, for those without root's reserve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Bytes that are free.
    pub free: u64,
    /// Bytes in all.
    pub size: u64,
    /// Inodes that are free, and all of them; none on file systems that make them as needed.
    pub inodes: Option<(u64, u64)>,
}

/// Asks the file system of a folder that is there; may wait as long as a disk that hangs.
///
/// # Errors
/// The folder is not there, or the disk does not answer.
pub fn room(folder: &Path) -> io::Result<Room> {
    let disk = rustix::fs::statvfs(folder)?;
    Ok(Room {
        free: disk.f_bavail.saturating_mul(disk.f_frsize),
        size: disk.f_blocks.saturating_mul(disk.f_frsize),
        inodes: (disk.f_files > 0).then_some((disk.f_favail, disk.f_files)),
    })
}

/// The folder itself, or the nearest one above it that is there.
pub fn nearest(folder: &Path) -> PathBuf {
    let found = folder.ancestors().find(|folder| folder.exists());
    // A relative path has nothing above its first part.
    found.unwrap_or(Path::new(".")).to_owned()
}
