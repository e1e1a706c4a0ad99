//! What can be wrong with a folder of results.

use std::io;
use std::path::{Path, PathBuf};

use crate::output_file::OutputError;

/// Why results cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum ResultsError {
    #[error("--out {}: cannot be written ({reason}); name a folder that can be made or is writable", path.display())]
    Unwritable { path: PathBuf, reason: io::Error },
    #[error("--out {}: holds the results of {holds} already; name another folder, or remove that one", path.display())]
    Taken { path: PathBuf, holds: String },
    #[error(
        "--out {}: the generators that share a folder must belong to one run, and this one holds the run {other:?}; give all \
         generators the same --run-id, or name another folder", path.display()
    )]
    OtherRun { path: PathBuf, other: String },
    #[error("--out {}: results are missing from second {second} on ({reason}); what came before is whole", path.display())]
    Incomplete { path: PathBuf, second: u64, reason: String },
    #[error("{}: there are no results; name a folder that `loadgen run --out` wrote", .0.display())]
    Missing(PathBuf),
    #[error(
        "{}: is a file; name the folder that `loadgen run --out` wrote, as only that holds the histograms", .0.display()
    )]
    NotAFolder(PathBuf),
    #[error("{}: cannot be read ({reason})", path.display())]
    Unreadable { path: PathBuf, reason: io::Error },
    #[error("{}: has the format {format}, of a later version of loadgen; use that version", path.display())]
    LaterFormat { path: PathBuf, format: u32 },
    #[error("{}: {reason}; the file is damaged, copy it again from where it was written", path.display())]
    Damaged { path: PathBuf, reason: String },
    #[error("{}, line {line}: {reason}; the file is damaged, copy it again from where it was written", path.display())]
    DamagedLine { path: PathBuf, line: u64, reason: String },
    #[error("{}: holds more than {most} folders of results", path.display())]
    TooMany { path: PathBuf, most: usize },
    #[error("{place}: {reason}")]
    S3 { place: String, reason: String },
    #[error(transparent)]
    File(#[from] OutputError),
    #[error(transparent)]
    Location(#[from] super::InvalidLocation),
}

impl ResultsError {
    pub(super) fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |reason| Self::Unreadable { path, reason }
    }

    pub(super) fn unwritable(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |reason| Self::Unwritable { path, reason }
    }
}
