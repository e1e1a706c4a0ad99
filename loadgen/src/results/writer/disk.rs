//! The files of a folder of results while they grow.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::output_file::OutputFile;
use crate::results::{INTERVALS, RUN, ResultsError, TABLE, table};

/// A file that grows by whole entries.
struct Growing {
    file: File,
    length: u64,
}

impl Growing {
    /// Makes a file that was not there.
    fn new(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).open(path)?;
        Ok(Self { file, length: 0 })
    }

    /// Appends an entry; what an error leaves of it is cut off again, so that the file stays readable.
    fn append(&mut self, entry: &[u8]) -> io::Result<()> {
        match self.file.write_all(entry) {
            Ok(()) => {
                self.length += entry.len() as u64;
                Ok(())
            }
            Err(error) => {
                // Should this fail too, readers leave out a last line without its end.
                let _ = self.file.set_len(self.length);
                Err(error)
            }
        }
    }
}

/// Writes into a folder that nobody else writes into.
pub(in crate::results) struct Disk {
    folder: PathBuf,
    /// The folders that were made for these results, innermost first.
    made: Vec<PathBuf>,
    intervals: Growing,
    table: Growing,
    wrong: Option<ResultsError>,
}

impl Disk {
    /// Makes the folder and the files in it.
    pub(in crate::results) fn claim(folder: &Path) -> Result<Self, ResultsError> {
        let missing = |path: &&Path| !path.as_os_str().is_empty() && !path.exists();
        let made = folder.ancestors().take_while(missing).map(Path::to_owned).collect();
        std::fs::create_dir_all(folder).map_err(ResultsError::unwritable(folder))?;
        let new = |name: &str| {
            let path = folder.join(name);
            Growing::new(&path).map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => ResultsError::Taken {
                    path: folder.to_owned(),
                    holds: format!("{name}, perhaps of another run,"),
                },
                _ => ResultsError::unwritable(&path)(error),
            })
        };
        let intervals = new(INTERVALS)?;
        let mut table = new(TABLE)?;
        table
            .append(&table::header())
            .map_err(ResultsError::unwritable(&folder.join(TABLE)))?;
        Ok(Self {
            folder: folder.to_owned(),
            made,
            intervals,
            table,
            wrong: None,
        })
    }

    /// Appends one second, unless one before it could not be.
    pub(in crate::results) fn second(&mut self, second: u64, line: &[u8], rows: &[u8]) {
        if self.wrong.is_some() {
            return;
        }
        let written = self.intervals.append(line).and_then(|()| self.table.append(rows));
        if let Err(error) = written {
            self.wrong = Some(ResultsError::Incomplete {
                path: self.folder.clone(),
                second,
                reason: error.to_string(),
            });
        }
    }

    /// Writes a file, whole or not at all.
    pub(in crate::results) fn file(&mut self, name: &'static str, content: &[u8]) {
        let path = self.folder.join(name);
        let written = OutputFile::prepare("--out", &path).and_then(|file| file.write(content));
        if let Err(error) = written {
            self.wrong.get_or_insert(error.into());
        }
    }

    /// Hands everything to the disk. A folder in which no run began is left as it was found.
    pub(in crate::results) fn close(self) -> Result<(), ResultsError> {
        if let Some(wrong) = self.wrong {
            return Err(wrong);
        }
        if !self.folder.join(RUN).exists() {
            self.remove();
            return Ok(());
        }
        let synced = self.intervals.file.sync_all().and_then(|()| self.table.file.sync_all());
        synced.map_err(ResultsError::unwritable(&self.folder))
    }

    fn remove(self) {
        // What cannot be removed does no harm: readers pass over a folder without a run.
        for name in [INTERVALS, TABLE] {
            let _ = std::fs::remove_file(self.folder.join(name));
        }
        for folder in &self.made {
            // Succeeds only if nobody else has put anything into it.
            let _ = std::fs::remove_dir(folder);
        }
    }
}
