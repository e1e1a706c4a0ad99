//! Reads what one generator wrote, as far as it got.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use super::folder::{RunFile, generators_of};
use super::interval_line::LineDecoder;
use super::lines::{Next, next_line, read_bounded};
use super::{INTERVALS, Location, ResultsError, SUMMARY};
use crate::interval::Interval;
use crate::run_info::RunInfo;
use crate::summary::Summary;

/// Bytes of `summary.json` at most.
const LONGEST_SUMMARY: u64 = 64 << 20;
/// Steps of a scenario at most.
const MOST_STEPS: usize = 10_000;

/// The results of one generator.
#[derive(Debug)]
pub(crate) struct GeneratorResults {
    folder: PathBuf,
    /// For people.
    place: String,
    info: RunInfo,
    summary: Option<Summary>,
    /// Keeps a copy as long as somebody reads it.
    #[cfg(feature = "s3")]
    _copy: Option<std::sync::Arc<tempfile::TempDir>>,
}

impl GeneratorResults {
    /// The results of all generators that have left some in a folder, in the order of their sub-folders' names. One
    /// that ended before its load began has left none.
    ///
    /// # Errors
    /// There are none, or they cannot be read.
    pub(crate) fn of_folder(folder: &Path) -> Result<Vec<Self>, ResultsError> {
        let mut found = Vec::new();
        for folder in generators_of(folder)? {
            // What was merged from generators is not one itself.
            let run = RunFile::read(&folder)?.filter(|run| run.merged_from.is_empty());
            if let Some(run) = run {
                found.push(Self::open(folder, run)?);
            }
        }
        if found.is_empty() {
            return Err(ResultsError::Missing(folder.to_owned()));
        }
        Ok(found)
    }

    /// Those in a place; of one in S3, a copy is made that lives as long as they do.
    ///
    /// # Errors
    /// There are none, or they cannot be read.
    pub(crate) fn at(location: &Location) -> Result<Vec<Self>, ResultsError> {
        match location {
            Location::Folder(folder) => Self::of_folder(folder),
            #[cfg(feature = "s3")]
            Location::S3 { bucket, prefix } => super::s3::download(bucket, prefix),
            #[cfg(not(feature = "s3"))]
            Location::S3 { .. } => Err(super::InvalidLocation::NoS3(location.to_string()).into()),
        }
    }

    fn open(folder: PathBuf, run: RunFile) -> Result<Self, ResultsError> {
        let damaged = |file: &str, reason: String| ResultsError::Damaged {
            path: folder.join(file),
            reason,
        };
        if run.info.steps.len() > MOST_STEPS {
            return Err(damaged(super::RUN, format!("it names more than {MOST_STEPS} steps")));
        }
        let path = folder.join(SUMMARY);
        let summary = match read_bounded(&path, LONGEST_SUMMARY) {
            Ok(json) => Some(serde_json::from_slice(&json).map_err(|error| damaged(SUMMARY, error.to_string()))?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(ResultsError::unreadable(&path)(error)),
        };
        Ok(Self {
            place: folder.display().to_string(),
            folder,
            info: run.info,
            summary,
            #[cfg(feature = "s3")]
            _copy: None,
        })
    }

    /// The folder that holds them, or a copy of them.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where they are, for people.
    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// Says that the folder is a copy, and of what.
    #[cfg(feature = "s3")]
    pub(super) fn copied_from(&mut self, place: String, copy: std::sync::Arc<tempfile::TempDir>) {
        self.place = place;
        self._copy = Some(copy);
    }

    /// What the run is.
    pub(crate) fn info(&self) -> &RunInfo {
        &self.info
    }

    /// The summary that the generator drew up; `None` if it was killed before its end.
    pub(crate) fn summary(&self) -> Option<&Summary> {
        self.summary.as_ref()
    }

    /// All seconds, in order.
    ///
    /// # Errors
    /// The file is not there or may not be read.
    pub(crate) fn intervals(&self) -> Result<Intervals<'_>, ResultsError> {
        let path = self.folder.join(INTERVALS);
        let file = File::open(&path).map_err(ResultsError::unreadable(&path))?;
        Ok(Intervals {
            path,
            info: &self.info,
            reader: BufReader::with_capacity(1 << 16, file),
            decoder: LineDecoder::new(),
            line: Vec::new(),
            number: 0,
            last: None,
            done: false,
        })
    }
}

/// The seconds of one generator, in order. A last line that was not written to its end is left out.
pub(crate) struct Intervals<'a> {
    path: PathBuf,
    info: &'a RunInfo,
    reader: BufReader<File>,
    decoder: LineDecoder,
    line: Vec<u8>,
    number: u64,
    last: Option<u64>,
    done: bool,
}

impl Intervals<'_> {
    fn read(&mut self) -> Result<Option<Interval>, ResultsError> {
        self.number += 1;
        let next = next_line(&mut self.reader, &mut self.line).map_err(ResultsError::unreadable(&self.path))?;
        if next == Next::End {
            return Ok(None);
        }
        let damaged = |reason| ResultsError::DamagedLine {
            path: self.path.clone(),
            line: self.number,
            reason,
        };
        let interval = match self.decoder.decode(self.info, &self.line) {
            Ok(interval) => interval,
            Err(_) if next == Next::Unfinished => return Ok(None),
            Err(reason) => return Err(damaged(reason)),
        };
        if self.last.is_some_and(|last| last >= interval.number) {
            return Err(damaged(format!("second {} comes out of order", interval.number)));
        }
        self.last = Some(interval.number);
        Ok(Some(interval))
    }
}

impl Iterator for Intervals<'_> {
    type Item = Result<Interval, ResultsError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let read = self.read().transpose();
        self.done = !matches!(read, Some(Ok(_)));
        read
    }
}
