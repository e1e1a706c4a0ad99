//! Puts restored data in the place of what is there, so that whatever happens one of the two is whole.
//!
//! `.restore/new` is filled first. Then the marker is written, and each folder is renamed: the old one to `.restore/old`,
//! the new one into its place. While the marker is there the swap can be undone, by this run or by a later one; once it
//! is removed, what is in place stays.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::error::BackupError;
use super::extract::make_folder;
use crate::durable_file;
use crate::layout::Layout;

/// What a restore replaces. The collector's queue holds what has not yet arrived, and goes on.
const REPLACED: [&str; 4] = ["influxdb", "grafana", "jaeger", "secrets"];
/// Settings are those of this machine; only a host that has none takes them from a backup.
const SETTINGS: &str = "settings.env";

/// A restore on its way.
#[derive(Clone, Debug)]
pub struct Swap {
    data: PathBuf,
}

impl Swap {
    /// Of the host in `layout`.
    pub fn of(layout: &Layout) -> Self {
        Self {
            data: layout.data().to_owned(),
        }
    }

    /// Whether a restore was interrupted while it put data in place; [`Self::undo`] must come before anything else.
    pub fn is_pending(&self) -> bool {
        self.marker().exists()
    }

    /// Refuses while a restore is pending.
    pub(super) fn refuse_pending(&self) -> Result<(), BackupError> {
        if self.is_pending() {
            return Err(BackupError::Pending { path: self.folder() });
        }
        Ok(())
    }

    /// The first place that holds data, if any does.
    pub(super) fn occupied(&self) -> Result<Option<PathBuf>, BackupError> {
        for name in REPLACED {
            let path = self.data.join(name);
            match fs::read_dir(&path) {
                Ok(mut entries) => {
                    if entries.next().is_some() {
                        return Ok(Some(path));
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(BackupError::unreadable(&path)(error)),
            }
        }
        Ok(None)
    }

    /// An empty folder for the new data, on the same file system as the old.
    pub(super) fn prepare(&self) -> Result<PathBuf, BackupError> {
        self.clear()?;
        let new = self.new_data();
        make_folder(&new)?;
        Ok(new)
    }

    /// Puts the new data in place.
    pub(super) fn replace(&self) -> Result<(), BackupError> {
        let names: Vec<_> = REPLACED
            .iter()
            .chain((!self.data.join(SETTINGS).exists()).then_some(&SETTINGS))
            .collect();
        let names: Vec<_> = names
            .into_iter()
            .filter(|name| self.new_data().join(name).exists())
            .collect();
        make_folder(&self.old_data())?;
        self.write_marker(&names.iter().map(|name| format!("{name}\n")).collect::<String>())?;
        for name in names {
            let place = self.data.join(name);
            if place.exists() {
                rename(&place, &self.old_data().join(name))?;
            }
            rename(&self.new_data().join(name), &place)?;
        }
        self.sync()
    }

    /// Puts the old data back where a swap had begun; gives whether one had. Servers must not run.
    ///
    /// # Errors
    /// Something cannot be renamed; the next try goes on from there.
    pub fn undo(&self) -> Result<bool, BackupError> {
        let marker = self.marker();
        let names = match fs::read_to_string(&marker) {
            Ok(names) => names,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(BackupError::unreadable(&marker)(error)),
        };
        let known = REPLACED.iter().chain([&SETTINGS]);
        for name in known.filter(|name| names.lines().any(|line| line == **name)) {
            let (place, old, new) = (
                self.data.join(name),
                self.old_data().join(name),
                self.new_data().join(name),
            );
            // What was in place and is the backup's goes back among the new.
            if !new.exists() && place.exists() {
                rename(&place, &new)?;
            }
            if old.exists() {
                rename(&old, &place)?;
            }
        }
        self.sync()?;
        self.finish()?;
        Ok(true)
    }

    /// Drops the old data: from here on what is in place stays.
    pub(super) fn finish(&self) -> Result<(), BackupError> {
        let marker = self.marker();
        fs::remove_file(&marker).map_err(BackupError::unwritable(&marker))?;
        self.sync()?;
        self.clear()
    }

    /// Drops whatever a restore left that had not yet touched anything, or was done.
    pub(super) fn clear(&self) -> Result<(), BackupError> {
        self.refuse_pending()?;
        let folder = self.folder();
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(BackupError::unwritable(&folder)(error)),
            _ => Ok(()),
        }
    }

    fn write_marker(&self, names: &str) -> Result<(), BackupError> {
        let marker = self.marker();
        durable_file::write(&marker, names.as_bytes(), None).map_err(BackupError::unwritable(&marker))
    }

    fn sync(&self) -> Result<(), BackupError> {
        for folder in [&self.data, &self.folder()] {
            let synced = File::open(folder).and_then(|folder| folder.sync_all());
            synced.map_err(BackupError::unwritable(folder))?;
        }
        Ok(())
    }

    fn folder(&self) -> PathBuf {
        self.data.join(".restore")
    }

    fn marker(&self) -> PathBuf {
        self.folder().join("replacing")
    }

    fn new_data(&self) -> PathBuf {
        self.folder().join("new")
    }

    fn old_data(&self) -> PathBuf {
        self.folder().join("old")
    }
}

fn rename(from: &Path, to: &Path) -> Result<(), BackupError> {
    fs::rename(from, to).map_err(BackupError::unwritable(from))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Host {
        folder: tempfile::TempDir,
    }

    impl Host {
        /// Old data in two of the folders, new data ready for all.
        fn with_new_data() -> Self {
            let folder = tempfile::tempdir().unwrap();
            for name in ["influxdb", "secrets"] {
                fs::create_dir(folder.path().join(name)).unwrap();
                fs::write(folder.path().join(name).join("data"), "old").unwrap();
            }
            let host = Self { folder };
            let new = host.swap().prepare().unwrap();
            for name in REPLACED {
                fs::create_dir(new.join(name)).unwrap();
                fs::write(new.join(name).join("data"), "new").unwrap();
            }
            fs::write(new.join(SETTINGS), "new").unwrap();
            host
        }

        fn swap(&self) -> Swap {
            Swap::of(&Layout::new(PathBuf::new(), self.folder.path().to_owned(), None))
        }

        fn content(&self, name: &str) -> Option<String> {
            let path = self.folder.path().join(name);
            fs::read_to_string(if path.is_dir() { path.join("data") } else { path }).ok()
        }

        fn is_old(&self) -> bool {
            self.content("influxdb").as_deref() == Some("old")
                && self.content("secrets").as_deref() == Some("old")
                && ["grafana", "jaeger", SETTINGS]
                    .iter()
                    .all(|name| self.content(name).is_none())
                && !self.folder.path().join(".restore").exists()
        }
    }

    #[test]
    fn a_swap_is_undone_from_wherever_it_was_cut_off() {
        // Renames are done one after the other; cutting off after each of them leaves these states.
        for cut in 0..=7 {
            let host = Host::with_new_data();
            let swap = host.swap();
            make_folder(&swap.old_data()).unwrap();
            swap.write_marker("influxdb\ngrafana\njaeger\nsecrets\nsettings.env\n")
                .unwrap();
            let data = host.folder.path();
            let renames = [
                (data.join("influxdb"), swap.old_data().join("influxdb")),
                (swap.new_data().join("influxdb"), data.join("influxdb")),
                (swap.new_data().join("grafana"), data.join("grafana")),
                (swap.new_data().join("jaeger"), data.join("jaeger")),
                (data.join("secrets"), swap.old_data().join("secrets")),
                (swap.new_data().join("secrets"), data.join("secrets")),
                (swap.new_data().join(SETTINGS), data.join(SETTINGS)),
            ];
            for (from, to) in renames.iter().take(cut) {
                fs::rename(from, to).unwrap();
            }
            assert!(swap.is_pending() && swap.clear().is_err());
            assert!(swap.undo().unwrap());
            assert!(host.is_old(), "cut off after {cut}");
            assert!(!swap.undo().unwrap(), "once is enough");
        }
    }

    #[test]
    fn what_is_in_place_stays_once_the_swap_is_finished() {
        let host = Host::with_new_data();
        let swap = host.swap();
        swap.replace().unwrap();
        assert!(REPLACED.iter().all(|name| host.content(name).as_deref() == Some("new")));
        assert_eq!(host.content(SETTINGS).as_deref(), Some("new"));
        swap.finish().unwrap();
        assert!(!swap.undo().unwrap());
        assert_eq!(host.content("influxdb").as_deref(), Some("new"));
    }

    #[test]
    fn settings_of_this_machine_stay() {
        let host = Host::with_new_data();
        fs::write(host.folder.path().join(SETTINGS), "old").unwrap();
        host.swap().replace().unwrap();
        assert_eq!(host.content(SETTINGS).as_deref(), Some("old"));
        assert!(host.swap().undo().unwrap());
        assert_eq!(host.content(SETTINGS).as_deref(), Some("old"));
    }
}
