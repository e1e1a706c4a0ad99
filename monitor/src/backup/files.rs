//! Files of the host on their way into a backup.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use tokio::task::block_in_place;

use super::error::BackupError;
use super::manifest::PartContent;
use super::writing::Writing;

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

/// Writes a part that is a tar of files, named from `root` on. Of each it holds as many bytes as the file has when its
/// turn comes, whether it grows or is cut meanwhile.
pub(super) fn write_tar(
    writing: &mut Writing<'_>,
    name: &str,
    content: PartContent,
    root: &Path,
    files: impl IntoIterator<Item = Result<(PathBuf, File), BackupError>>,
) -> Result<(), BackupError> {
    block_in_place(|| {
        let mut part = writing.part(name, content)?;
        let failed = BackupError::of_writing(part.place());
        let mut tar = tar::Builder::new(&mut part);
        for file in files {
            let (path, file) = file?;
            let size = file.metadata().map_err(BackupError::unreadable(&path))?.len();
            let mut header = tar::Header::new_gnu();
            header.set_size(size);
            header.set_mode(0o600);
            let bytes = file.take(size).chain(io::repeat(0)).take(size);
            let name = path.strip_prefix(root).unwrap_or(&path);
            tar.append_data(&mut header, name, bytes).map_err(&failed)?;
        }
        tar.finish().map_err(&failed)?;
        drop(tar);
        writing.finish(part)
    })
}

pub(super) fn open(path: PathBuf) -> Result<(PathBuf, File), BackupError> {
    match File::open(&path) {
        Ok(file) => Ok((path, file)),
        Err(error) => Err(BackupError::unreadable(&path)(error)),
    }
}
