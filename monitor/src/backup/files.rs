//! Files of the host on their way into a backup.

use std::fs;
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};

use super::error::BackupError;

/// Regular files below a folder, by name; none where it is not there.
pub(super) fn below(folder: &Path) -> Result<Vec<PathBuf>, BackupError> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(BackupError::unreadable(&folder)(error)),
        };
        for entry in entries {
            let entry = entry.map_err(BackupError::unreadable(&folder))?;
            let kind = entry.file_type().map_err(BackupError::unreadable(&folder))?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Adds a file to a tar: exactly `size` bytes, whether the file has grown or been cut meanwhile.
pub(super) fn append(
    tar: &mut tar::Builder<impl Write>,
    name: &Path,
    file: impl io::Read,
    size: u64,
) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(size);
    header.set_mode(0o600);
    let content = file.take(size).chain(io::repeat(0)).take(size);
    tar.append_data(&mut header, name, content)
}
