//! Writes results as a run goes, so that a generator that is killed leaves all but the second it was in.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, channel, sync_channel};
use std::time::Duration;

use super::folder::{RunFile, place};
use super::interval_line::LineEncoder;
use super::{Location, REPORT, RUN, ResultsError, SUMMARY, table};
use crate::interval::Interval;
use crate::observer::Observer;
use crate::run_info::RunInfo;
use crate::summary::RunResult;
pub(super) use disk::Disk;

mod disk;

/// Pieces that wait for a slow disk at most: ten minutes of seconds.
const LONGEST_QUEUE: usize = 600;
/// Bytes that wait for a slow disk at most.
const LARGEST_QUEUE: usize = 64 << 20;
/// How long the end of a run waits for the disk.
const PATIENCE: Duration = Duration::from_secs(30);

/// Something to be written.
enum Piece {
    /// One second: its line and its rows.
    Second { number: u64, line: Vec<u8>, rows: Vec<u8> },
    /// A whole file of the folder.
    File { name: &'static str, content: Vec<u8> },
}

impl Piece {
    fn bytes(&self) -> usize {
        match self {
            Self::Second { line, rows, .. } => line.len() + rows.len(),
            Self::File { content, .. } => content.len(),
        }
    }
}

/// Writes the results of one generator into a folder.
///
/// The thread that tells it how the run goes never waits for the disk: a thread of its own writes, and what that thread
/// cannot keep up with is left out and named by [`finish`](Self::finish).
pub struct ResultsWriter {
    folder: PathBuf,
    info: Option<RunInfo>,
    encoder: LineEncoder,
    pieces: Option<SyncSender<Piece>>,
    waiting: Arc<AtomicUsize>,
    outcome: Receiver<Result<(), ResultsError>>,
    /// The first second that the queue had no room for.
    lost: Option<u64>,
    #[cfg(feature = "s3")]
    upload: Option<super::s3::Upload>,
}

impl ResultsWriter {
    /// Takes a place for the results of a generator, which [`RunInfo::generator`] names, of a run.
    ///
    /// # Errors
    /// The folder cannot be written, or holds other results.
    pub fn prepare(location: &Location, run_id: &str, generator: &str) -> Result<Self, ResultsError> {
        match location {
            Location::Folder(folder) => Self::in_folder(&place(folder, run_id, generator)?),
            #[cfg(feature = "s3")]
            Location::S3 { bucket, prefix } => {
                let upload = super::s3::Upload::prepare(bucket, prefix, run_id, generator)?;
                let mut writer = Self::in_folder(upload.folder())?;
                writer.upload = Some(upload);
                Ok(writer)
            }
            #[cfg(not(feature = "s3"))]
            Location::S3 { .. } => Err(super::InvalidLocation::NoS3(location.to_string()).into()),
        }
    }

    fn in_folder(folder: &Path) -> Result<Self, ResultsError> {
        let mut disk = Disk::claim(folder)?;
        let (pieces, queue) = sync_channel::<Piece>(LONGEST_QUEUE);
        let (done, outcome) = channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let taken = Arc::clone(&waiting);
        let write = move || {
            for piece in queue {
                taken.fetch_sub(piece.bytes(), Ordering::Relaxed);
                match piece {
                    Piece::Second { number, line, rows } => disk.second(number, &line, &rows),
                    Piece::File { name, content } => disk.file(name, &content),
                }
            }
            // Nobody listens any more when the end of the run was too impatient.
            let _ = done.send(disk.close());
        };
        std::thread::Builder::new()
            .name("results".to_owned())
            .spawn(write)
            .map_err(ResultsError::unwritable(folder))?;
        Ok(Self {
            folder: folder.to_owned(),
            info: None,
            encoder: LineEncoder::new(),
            pieces: Some(pieces),
            waiting,
            outcome,
            lost: None,
            #[cfg(feature = "s3")]
            upload: None,
        })
    }

    /// Where the results are: a folder or a place in S3.
    pub fn place(&self) -> String {
        #[cfg(feature = "s3")]
        if let Some(upload) = &self.upload {
            return upload.place().to_owned();
        }
        self.folder.display().to_string()
    }

    /// Waits until everything is written. Call it after the run, whether it succeeded or not; a run whose load never
    /// began leaves nothing behind.
    ///
    /// # Errors
    /// Not everything could be written.
    pub fn finish(mut self) -> Result<(), ResultsError> {
        let written = self.close();
        #[cfg(feature = "s3")]
        if let Some(upload) = self.upload.take() {
            return written.and(upload.finish());
        }
        written
    }

    fn close(&mut self) -> Result<(), ResultsError> {
        if self.pieces.take().is_none() {
            return Ok(());
        }
        let incomplete = |second: u64, reason: String| ResultsError::Incomplete {
            path: self.folder.clone(),
            second,
            reason,
        };
        match self.outcome.recv_timeout(PATIENCE) {
            Ok(Ok(())) => match self.lost {
                Some(second) => Err(incomplete(second, "the disk was too slow".to_owned())),
                None => Ok(()),
            },
            Ok(Err(error)) => Err(error),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Err(incomplete(
                self.lost.unwrap_or_default(),
                format!("the disk did not take everything within {} s", PATIENCE.as_secs()),
            )),
        }
    }

    /// Whether there was room for it.
    fn queue(&self, piece: Piece) -> bool {
        let Some(pieces) = &self.pieces else {
            return false;
        };
        let bytes = piece.bytes();
        if self.waiting.fetch_add(bytes, Ordering::Relaxed) + bytes <= LARGEST_QUEUE {
            match pieces.try_send(piece) {
                Ok(()) => return true,
                Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {}
            }
        }
        self.waiting.fetch_sub(bytes, Ordering::Relaxed);
        false
    }
}

impl Observer for ResultsWriter {
    fn begin(&mut self, info: &RunInfo) {
        let content = RunFile::new(info, Vec::new()).to_json();
        if self.queue(Piece::File { name: RUN, content }) {
            self.info = Some(info.clone());
        } else {
            self.lost = Some(0);
        }
    }

    fn interval(&mut self, interval: &Interval) {
        let Some(info) = &self.info else {
            return;
        };
        let piece = Piece::Second {
            number: interval.number,
            line: self.encoder.encode(info, interval),
            rows: table::rows(info, interval),
        };
        if !self.queue(piece) {
            self.lost.get_or_insert(interval.number);
        }
    }

    fn end(&mut self, result: &RunResult) {
        if self.info.is_none() {
            return;
        }
        for (name, content) in ending_files(result) {
            if !self.queue(Piece::File { name, content }) {
                self.lost.get_or_insert(result.summary.duration_s.ceil() as u64);
            }
        }
    }
}

/// The files that describe a run as a whole.
pub(super) fn ending_files(result: &RunResult) -> [(&'static str, Vec<u8>); 2] {
    // Cannot fail: maps have strings as keys, and memory takes all that is written.
    let mut summary = serde_json::to_vec_pretty(&result.summary).unwrap_or_default();
    summary.push(b'\n');
    [(REPORT, crate::report::render(result).into_bytes()), (SUMMARY, summary)]
}

impl Drop for ResultsWriter {
    fn drop(&mut self) {
        // The run failed, and that is what is reported; what was recorded still gets its time to reach the disk.
        let _ = self.close();
        #[cfg(feature = "s3")]
        if let Some(upload) = self.upload.take() {
            let _ = upload.finish();
        }
    }
}
