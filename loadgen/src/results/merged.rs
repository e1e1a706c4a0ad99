//! The folder that a merge writes: the results of the whole, and of each generator in a sub-folder as they were.

use std::path::Path;

use super::folder::{RunFile, is_taken, sub_folder};
use super::interval_line::LineEncoder;
use super::writer::{Disk, ending_files};
use super::{GeneratorResults, INTERVALS, REPORT, RUN, ResultsError, SUMMARY, TABLE, table};
use crate::interval::Interval;
use crate::run_info::RunInfo;
use crate::summary::RunResult;

/// Writes merged results.
pub(crate) struct MergedWriter {
    info: RunInfo,
    encoder: LineEncoder,
    disk: Disk,
}

impl MergedWriter {
    /// Copies the generators' results and makes the files of the whole.
    pub(crate) fn new(folder: &Path, info: &RunInfo, parts: &[&GeneratorResults]) -> Result<Self, ResultsError> {
        if is_taken(folder) {
            return Err(ResultsError::Taken {
                path: folder.to_owned(),
                holds: "a run".to_owned(),
            });
        }
        let mut names: Vec<String> = Vec::new();
        let mut copies = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            let name = sub_folder(&part.info().generator).unwrap_or_else(|| "1-of-1".to_owned());
            // Of different runs, several may have the same name.
            let name = if names.contains(&name) {
                format!("{name}-{}", index + 1)
            } else {
                name
            };
            let to = folder.join(&name);
            if !to.exists() {
                copies.push((part.folder(), to));
            } else if !is_same(&to, part.folder()) {
                return Err(ResultsError::Taken {
                    path: to,
                    holds: "another generator".to_owned(),
                });
            }
            names.push(name);
        }
        let mut disk = Disk::claim(folder)?;
        for (from, to) in copies {
            copy(from, &to)?;
        }
        disk.file(RUN, &RunFile::new(info, names).to_json());
        Ok(Self {
            info: info.clone(),
            encoder: LineEncoder::new(),
            disk,
        })
    }

    /// Writes one second of the whole.
    pub(crate) fn interval(&mut self, interval: &Interval) {
        let line = self.encoder.encode(&self.info, interval);
        self.disk
            .second(interval.number, &line, &table::rows(&self.info, interval));
    }

    /// Writes the figures of the whole.
    ///
    /// # Errors
    /// Not everything could be written.
    pub(crate) fn finish(mut self, result: &RunResult) -> Result<(), ResultsError> {
        for (name, content) in ending_files(result) {
            self.disk.file(name, &content);
        }
        self.disk.close()
    }
}

fn copy(from: &Path, to: &Path) -> Result<(), ResultsError> {
    std::fs::create_dir(to).map_err(ResultsError::unwritable(to))?;
    for name in [RUN, INTERVALS, TABLE, SUMMARY, REPORT] {
        let source = from.join(name);
        if source.exists() {
            std::fs::copy(&source, to.join(name)).map_err(ResultsError::unwritable(&to.join(name)))?;
        }
    }
    Ok(())
}

/// Whether two paths lead to one folder.
fn is_same(a: &Path, b: &Path) -> bool {
    a.canonicalize().is_ok_and(|a| b.canonicalize().is_ok_and(|b| a == b))
}
