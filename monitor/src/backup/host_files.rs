//! What the host keeps besides the data of servers: its settings, passwords and tokens.
//!
//! They are in every backup, encrypted or not: InfluxDB's own data holds the same tokens, so a backup is as secret as
//! they are whatever is left out, and without them nobody could use what was restored.

use std::path::PathBuf;

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
    let opened = paths.into_iter().map(files::open);
    files::write_tar(writing, "host", PartContent::Host, layout.data(), opened)
}
