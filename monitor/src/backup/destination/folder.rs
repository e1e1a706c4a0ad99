//! Backups in a folder, each in a sub-folder of its own that is for its owner alone.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::super::manifest;
use super::{DestinationError, Listing, NewFile};
use crate::durable_file;

/// Bytes after which the system is asked to write what it holds, so that a large backup does not fill memory with it.
const SYNC_EVERY: u64 = 64 * 1024 * 1024;

#[derive(Clone)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    pub(super) fn root(&self) -> &Path {
        &self.0
    }

    pub(super) fn path(&self, id: &str, file: &str) -> PathBuf {
        let folder = self.0.join(id);
        if file.is_empty() { folder } else { folder.join(file) }
    }

    pub(super) fn list(&self) -> Result<Listing, DestinationError> {
        let mut listing = Listing::new();
        for (id, path) in entries(&self.0)? {
            if !path.is_dir() {
                continue;
            }
            let files = listing.entry(id).or_default();
            for (name, path) in entries(&path)? {
                // A draft becomes a file, and what is pruned goes, while this looks.
                if let Some(metadata) = there(&path, fs::symlink_metadata(&path))? {
                    files.insert(name, metadata.len());
                }
            }
        }
        Ok(listing)
    }

    pub(super) fn claim(&self, id: &str) -> Result<bool, DestinationError> {
        let path = self.path(id, "");
        let claim = || {
            DirBuilder::new().recursive(true).mode(0o700).create(&self.0)?;
            DirBuilder::new().mode(0o700).create(&path)
        };
        match claim() {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(DestinationError::unwritable(path.display(), &error)),
        }
    }

    pub(super) fn read_whole(&self, id: &str, file: &str) -> Result<Option<Vec<u8>>, DestinationError> {
        let path = self.path(id, file);
        there(&path, fs::read(&path))
    }

    pub(super) fn write_whole(&self, id: &str, file: &str, content: &[u8]) -> Result<(), DestinationError> {
        let path = self.path(id, file);
        let written = durable_file::write(&path, content, None);
        written.map_err(|error| DestinationError::unwritable(path.display(), &error))
    }

    pub(super) fn create(&self, id: &str, file: &str) -> Result<Box<dyn NewFile>, DestinationError> {
        let path = self.path(id, file);
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Ok(file) => Ok(Box::new(Growing { file, unsynced: 0 })),
            Err(error) => Err(DestinationError::unwritable(path.display(), &error)),
        }
    }

    pub(super) fn read(&self, id: &str, file: &str) -> Result<Box<dyn Read + Send>, DestinationError> {
        let path = self.path(id, file);
        match File::open(&path) {
            Ok(file) => Ok(Box::new(file)),
            Err(error) => Err(DestinationError::unreadable(path.display(), error)),
        }
    }

    pub(super) fn remove(&self, id: &str) -> Result<(), DestinationError> {
        let path = self.path(id, "");
        let gone = |result: io::Result<()>| match result {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        };
        let manifest = gone(fs::remove_file(path.join(manifest::FILE)));
        manifest
            .and_then(|()| gone(fs::remove_dir_all(&path)))
            .map_err(|error| DestinationError::unwritable(path.display(), &error))
    }
}

/// Nothing of what is not there.
fn there<T>(path: &Path, found: io::Result<T>) -> Result<Option<T>, DestinationError> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(DestinationError::unreadable(path.display(), error)),
    }
}

/// Names and paths in a folder.
fn entries(folder: &Path) -> Result<Vec<(String, PathBuf)>, DestinationError> {
    let found = there(folder, fs::read_dir(folder))?.into_iter().flatten();
    let named = found.map(|entry| {
        let entry = entry.map_err(|error| DestinationError::unreadable(folder.display(), error))?;
        Ok((entry.file_name().to_string_lossy().into_owned(), entry.path()))
    });
    named.collect()
}

struct Growing {
    file: File,
    unsynced: u64,
}

impl io::Write for Growing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.unsynced += written as u64;
        if self.unsynced >= SYNC_EVERY {
            self.file.sync_data()?;
            self.unsynced = 0;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl NewFile for Growing {
    fn finish(self: Box<Self>) -> io::Result<()> {
        self.file.sync_all()
    }
}
