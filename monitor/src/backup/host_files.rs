//! What the host keeps besides the data of servers: its settings, passwords and tokens.
//!
//! They are in every backup, encrypted or not: InfluxDB's own data holds the same tokens, so a backup is as secret as
//! they are whatever is left out, and without them nobody could use what was restored.

use std::fs::File;
use std::path::PathBuf;

use tokio::task::block_in_place;

use super::error::BackupError;
use super::files;
use super::manifest::PartContent;
use super::writing::Writing;
use crate::layout::Layout;

/// Writes `settings.env` and `secrets/`.
pub(super) fn write(layout: &Layout, writing: &mut Writing<'_>) -> Result<(), BackupError> {
    let settings = layout.settings_file();
    let mut paths: Vec<PathBuf> = settings.is_file().then_some(settings).into_iter().collect();
    paths.extend(files::below(&layout.secrets())?);
    block_in_place(|| {
        let mut part = writing.part("host", PartContent::Host)?;
        let failed = BackupError::of_writing(part.place());
        let mut tar = tar::Builder::new(&mut part);
        for path in paths {
            let file = File::open(&path).map_err(BackupError::unreadable(&path))?;
            let size = file.metadata().map_err(BackupError::unreadable(&path))?.len();
            files::append(&mut tar, path.strip_prefix(layout.data()).unwrap_or(&path), file, size).map_err(&failed)?;
        }
        tar.finish().map_err(&failed)?;
        drop(tar);
        writing.finish(part)
    })
}
