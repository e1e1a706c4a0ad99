//! Files that are there whole or not at all, whatever becomes of this program and of the machine.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::chown;
use std::path::Path;

/// Writes a file of mode 0600 into a folder that is there, in place of the one before; `owner` are the user and group
/// that it is for, if not this process's.
pub(crate) fn write(path: &Path, content: &[u8], owner: Option<(u32, u32)>) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    // It has mode 0600 from its beginning.
    let mut draft = tempfile::NamedTempFile::new_in(folder)?;
    draft.write_all(content)?;
    if let Some((user, group)) = owner {
        chown(draft.path(), Some(user), Some(group))?;
    }
    draft.as_file().sync_all()?;
    draft.persist(path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}
