//! Lines that InfluxDB has not acknowledged, on disk.
//!
//! A spool is a folder of one generator's run: [`DESTINATION_FILE`] says where the lines belong (without the token), files
//! `NNNNNN.lp` hold whole lines of line protocol, and [`LOCK_FILE`] is locked by whoever works on it. What a process wrote
//! survives its being killed: a line without its end is no line. Sending a line twice changes nothing, so nothing needs
//! to be known of what was sent but that a file is gone when all of it was acknowledged.

use std::collections::VecDeque;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::points::Lines;
use super::settings::Destination;

/// Where the lines belong.
pub(crate) const DESTINATION_FILE: &str = "destination.json";
const LOCK_FILE: &str = "lock";
const EXTENSION: &str = "lp";

/// Bytes of a file, after which the next one begins.
const SEGMENT: u64 = 4 << 20;
/// Bytes of a spool; beyond it the oldest file goes, so that the end of a run is kept.
pub(crate) const LARGEST: u64 = 512 << 20;
/// A crash of the machine costs at most the lines of this time.
const SYNC_INTERVAL: Duration = Duration::from_secs(5);
/// Spools of runs of the same name beside each other.
const MOST_NAMESAKES: u32 = 1000;

/// A spool that this process works on.
pub(crate) struct Spool {
    folder: PathBuf,
    _lock: File,
    /// Oldest first.
    segments: VecDeque<Segment>,
    /// The last segment, while lines may be appended.
    open: Option<File>,
    next_number: u64,
    /// On disk, what was skipped included.
    bytes: u64,
    largest: u64,
    skipped: u64,
    synced: Instant,
}

struct Segment {
    path: PathBuf,
    /// Of whole lines.
    bytes: u64,
    points: u64,
    /// Bytes that were acknowledged.
    done: u64,
}

/// The oldest lines of a spool.
pub(crate) struct Chunk {
    pub(crate) lines: Lines,
    segment: PathBuf,
}

/// Why a spool cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SpoolError {
    #[error("another loadgen works on it")]
    Locked,
    #[error("{DESTINATION_FILE} in it is damaged ({0})")]
    Destination(serde_json::Error),
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Spool {
    /// A new spool in the folder `root`, named after a run.
    pub(crate) fn create(root: &Path, name: &str, destination: &Destination, largest: u64) -> Result<Self, SpoolError> {
        private_folder().recursive(true).create(root)?;
        let folder = (1..=MOST_NAMESAKES)
            .map(|number| match number {
                1 => root.join(name),
                _ => root.join(format!("{name}-{number}")),
            })
            .find_map(|folder| match private_folder().create(&folder) {
                Ok(()) => Some(Ok(folder)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => None,
                Err(error) => Some(Err(error)),
            })
            .unwrap_or_else(|| Err(io::ErrorKind::AlreadyExists.into()))?;
        let lock = lock(&folder)?;
        let written = serde_json::to_vec(destination)
            .map_err(SpoolError::Destination)
            .and_then(|json| Ok(private_file(&folder.join(DESTINATION_FILE))?.write_all(&json)?));
        let spool = Self::new(folder, lock, largest);
        match written {
            Ok(()) => Ok(spool),
            Err(error) => {
                spool.remove();
                Err(error)
            }
        }
    }

    /// The spool in a folder, with where its lines belong.
    pub(crate) fn open(folder: &Path) -> Result<(Self, Destination), SpoolError> {
        let lock = lock(folder)?;
        let destination = fs::read(folder.join(DESTINATION_FILE))?;
        let destination = serde_json::from_slice(&destination).map_err(SpoolError::Destination)?;
        let mut spool = Self::new(folder.to_owned(), lock, LARGEST);
        let mut paths: Vec<PathBuf> = fs::read_dir(folder)?
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == EXTENSION))
            .collect();
        paths.sort();
        for path in paths {
            let (bytes, points) = whole_lines(&path)?;
            spool.bytes += bytes;
            spool.segments.push_back(Segment {
                path,
                bytes,
                points,
                done: 0,
            });
        }
        Ok((spool, destination))
    }

    fn new(folder: PathBuf, lock: File, largest: u64) -> Self {
        Self {
            folder,
            _lock: lock,
            segments: VecDeque::new(),
            open: None,
            next_number: 0,
            bytes: 0,
            largest,
            skipped: 0,
            synced: Instant::now(),
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Lines that are not acknowledged; some may be there twice.
    pub(crate) fn points(&self) -> u64 {
        self.segments.iter().map(|segment| segment.points).sum()
    }

    /// Points in files that [`Spool::skip_oldest`] left where they are.
    pub(crate) fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Appends lines; gives the number of older ones that had to go to keep within bounds.
    ///
    /// # Errors
    /// The disk is full or the like: none of the lines is there then.
    pub(crate) fn append(&mut self, lines: &Lines) -> io::Result<u64> {
        let length = lines.text.len() as u64;
        let last = self.segments.back();
        let is_full = last.is_some_and(|segment| segment.bytes + length > self.segment_size());
        if is_full || self.synced.elapsed() >= SYNC_INTERVAL {
            self.sync()?;
        }
        if is_full {
            self.open = None;
        }
        if self.open.is_none() {
            let path = self.folder.join(format!("{:06}.{EXTENSION}", self.next_number));
            self.next_number += 1;
            self.open = Some(private_file(&path)?);
            self.segments.push_back(Segment {
                path,
                bytes: 0,
                points: 0,
                done: 0,
            });
        }
        let (Some(file), Some(segment)) = (&mut self.open, self.segments.back_mut()) else {
            return Ok(0);
        };
        if let Err(error) = file.write_all(&lines.text) {
            // Where even this fails, a line without its end is left, which is no line, and no other is added to it.
            let _ = file.set_len(segment.bytes);
            self.open = None;
            return Err(error);
        }
        segment.bytes += length;
        segment.points += lines.points;
        self.bytes += length;
        Ok(self.shorten())
    }

    /// Small beside the bound, since whole files go when it is reached.
    fn segment_size(&self) -> u64 {
        SEGMENT.min(self.largest / 8)
    }

    /// Removes the oldest files while there is too much; gives the number of lines in them.
    fn shorten(&mut self) -> u64 {
        let mut lost = 0;
        while self.bytes > self.largest && self.segments.len() > 1 {
            lost += self.remove_oldest();
        }
        lost
    }

    fn pop_oldest(&mut self) -> Option<Segment> {
        let segment = self.segments.pop_front();
        if self.segments.is_empty() {
            self.open = None;
        }
        segment
    }

    fn remove_oldest(&mut self) -> u64 {
        let Some(segment) = self.pop_oldest() else {
            return 0;
        };
        self.bytes -= segment.bytes;
        // What cannot be removed is sent again by a later push, which changes nothing.
        let _ = fs::remove_file(&segment.path);
        segment.points
    }

    /// The oldest lines, about `bytes` of them; `None` if there are none.
    pub(crate) fn oldest(&mut self, bytes: u64) -> io::Result<Option<Chunk>> {
        while self
            .segments
            .front()
            .is_some_and(|segment| segment.done >= segment.bytes)
        {
            self.remove_oldest();
        }
        let Some(segment) = self.segments.front() else {
            return Ok(None);
        };
        let mut file = File::open(&segment.path)?;
        file.seek(SeekFrom::Start(segment.done))?;
        let mut file = BufReader::new(file.take(segment.bytes - segment.done));
        let mut lines = Lines::default();
        while (lines.text.len() as u64) < bytes {
            if file.read_until(b'\n', &mut lines.text)? == 0 {
                break;
            }
            lines.points += 1;
        }
        if lines.points == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(Some(Chunk {
            lines,
            segment: segment.path.clone(),
        }))
    }

    /// Notes that InfluxDB has what [`Spool::oldest`] gave, or that it will never have it.
    pub(crate) fn done(&mut self, chunk: &Chunk) {
        // The file may have gone since to make room.
        let segment = self
            .segments
            .front_mut()
            .filter(|segment| segment.path == chunk.segment);
        let Some(segment) = segment else { return };
        segment.done += chunk.lines.text.len() as u64;
        segment.points = segment.points.saturating_sub(chunk.lines.points);
        if segment.done >= segment.bytes {
            self.remove_oldest();
        }
    }

    /// Leaves the oldest file where it is and goes on with the next one.
    pub(crate) fn skip_oldest(&mut self) {
        self.skipped += self.pop_oldest().map_or(0, |segment| segment.points);
    }

    /// Makes sure that a crash of the machine does not cost what was appended.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        self.synced = Instant::now();
        self.open.as_ref().map_or(Ok(()), File::sync_data)
    }

    /// Removes the folder of a spool without lines; files that loadgen did not write keep it.
    pub(crate) fn remove(self) {
        for file in [DESTINATION_FILE, LOCK_FILE] {
            // What stays is an empty spool, which does no harm.
            let _ = fs::remove_file(self.folder.join(file));
        }
        let _ = fs::remove_dir(&self.folder);
    }
}

/// The length and the number of a file's whole lines.
fn whole_lines(path: &Path) -> io::Result<(u64, u64)> {
    let mut file = BufReader::new(File::open(path)?);
    let (mut read, mut bytes, mut points) = (0, 0, 0);
    loop {
        let buffer = file.fill_buf()?;
        if buffer.is_empty() {
            return Ok((bytes, points));
        }
        for (index, byte) in buffer.iter().enumerate() {
            if *byte == b'\n' {
                points += 1;
                bytes = read + index as u64 + 1;
            }
        }
        let length = buffer.len();
        read += length as u64;
        file.consume(length);
    }
}

fn lock(folder: &Path) -> Result<File, SpoolError> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    let file = private(&mut options).open(folder.join(LOCK_FILE))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(SpoolError::Locked),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create_new(true).write(true);
    private(&mut options).open(path)
}

/// Files are for their owner alone: names of steps and tags are nobody else's business.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

fn private_folder() -> DirBuilder {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "modes are Unix's"))]
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

#[cfg(test)]
mod tests;
