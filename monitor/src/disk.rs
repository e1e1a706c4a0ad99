//! Room on the disk of a folder.

use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::StatVfsMountFlags;

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

/// Where the file system of a folder is mounted; the folder without links in its path.
pub fn mount_point(folder: &Path) -> PathBuf {
    let table = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let points = table.lines().filter_map(|line| line.split(' ').nth(4));
    let points = points.map(|point| PathBuf::from(point.replace(r"\040", " ")));
    let longest = points
        .filter(|point| folder.starts_with(point))
        .max_by_key(|point| point.as_os_str().len());
    longest.unwrap_or_else(|| PathBuf::from("/"))
}

/// Whether the file system of a folder takes no writes.
///
/// # Errors
/// As [`room`].
pub fn is_read_only(folder: &Path) -> io::Result<bool> {
    let disk = rustix::fs::statvfs(folder)?;
    Ok(disk.f_flag.contains(StatVfsMountFlags::RDONLY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mount_point_of_a_folder_is_above_it() {
        let folder = std::env::temp_dir().canonicalize().unwrap();
        assert!(folder.starts_with(mount_point(&folder)));
        assert_eq!(mount_point(Path::new("/proc/self")), Path::new("/proc"));
    }
}
