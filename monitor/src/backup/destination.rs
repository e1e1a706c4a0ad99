//! Where backups lie: a folder, or a prefix in an S3 bucket.

mod folder;
#[cfg(feature = "aws")]
mod s3;

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::str::FromStr;

/// A place for backups, each in a folder of its own there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A folder of this machine.
    Folder(PathBuf),
    /// Objects whose keys begin with the prefix and a slash.
    S3 {
        /// The bucket's name.
        bucket: String,
        /// Without slashes at its ends; may be empty.
        prefix: String,
    },
}

/// Why a text names no place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum InvalidDestination {
    #[error("`{0}` names no bucket; write s3://bucket/prefix")]
    NoBucket(String),
    #[error("`{0}`: this build of monitor cannot reach S3; build it with `--features aws`, or name a folder")]
    NoS3(String),
    #[error("`{0}` is neither a folder nor s3://bucket/prefix")]
    OtherScheme(String),
    #[error("an empty text names no folder")]
    Empty,
}

/// Why a place for backups cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DestinationError {
    /// Something in it cannot be read.
    #[error("{place}: cannot be read ({reason}); check that it is there and that this user may read it")]
    Unreadable {
        /// Path or URL.
        place: String,
        /// What the system says.
        reason: String,
    },
    /// It is full.
    #[error(
        "{place}: there is no space left; free some, `monitor backup prune` drops old backups, or give --to another place"
    )]
    Full {
        /// Path or URL.
        place: String,
    },
    /// Something in it cannot be written or removed.
    #[error("{place}: cannot be written ({reason}); check that this user may write it, or give --to another place")]
    Unwritable {
        /// Path or URL.
        place: String,
        /// What the system says.
        reason: String,
    },
}

impl DestinationError {
    fn unreadable(place: impl fmt::Display, reason: impl fmt::Display) -> Self {
        Self::Unreadable {
            place: place.to_string(),
            reason: reason.to_string(),
        }
    }

    pub(super) fn unwritable(place: impl fmt::Display, reason: &io::Error) -> Self {
        let place = place.to_string();
        match reason.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { place },
            _ => Self::Unwritable {
                place,
                reason: reason.to_string(),
            },
        }
    }
}

impl FromStr for Destination {
    type Err = InvalidDestination;

    fn from_str(text: &str) -> Result<Self, InvalidDestination> {
        if text.is_empty() {
            return Err(InvalidDestination::Empty);
        }
        let Some((scheme, rest)) = text.split_once("://") else {
            return Ok(Self::Folder(PathBuf::from(text)));
        };
        if !scheme.eq_ignore_ascii_case("s3") {
            return Err(InvalidDestination::OtherScheme(text.to_owned()));
        }
        if !cfg!(feature = "aws") {
            return Err(InvalidDestination::NoS3(text.to_owned()));
        }
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let of_a_name = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:".contains(&byte);
        if bucket.is_empty() || !bucket.bytes().all(of_a_name) {
            return Err(InvalidDestination::NoBucket(text.to_owned()));
        }
        Ok(Self::S3 {
            bucket: bucket.to_owned(),
            prefix: prefix.trim_matches('/').to_owned(),
        })
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => path.display().fmt(formatter),
            Self::S3 { bucket, prefix } => write!(formatter, "s3://{bucket}/{prefix}"),
        }
    }
}

/// Names and sizes in bytes of the files of each backup.
pub(super) type Listing = BTreeMap<String, BTreeMap<String, u64>>;

/// A file being written; it is there only once finished.
pub(super) trait NewFile: Write + Send {
    /// Makes it durable and visible.
    fn finish(self: Box<Self>) -> io::Result<()>;
}

/// An opened destination. What blocks in it may be called on a thread of a multi-threaded runtime.
#[derive(Clone)]
pub struct Store(Kind);

#[derive(Clone)]
enum Kind {
    Folder(folder::Folder),
    #[cfg(feature = "aws")]
    S3(s3::Bucket),
}

impl Store {
    /// Connects to it; a folder need not be there yet.
    ///
    /// # Errors
    /// There is no way to reach it.
    pub async fn open(destination: &Destination) -> Result<Self, DestinationError> {
        match destination {
            Destination::Folder(path) => Ok(Self(Kind::Folder(folder::Folder::new(path.clone())))),
            #[cfg(feature = "aws")]
            Destination::S3 { bucket, prefix } => Ok(Self(Kind::S3(s3::Bucket::connect(bucket, prefix).await?))),
            #[cfg(not(feature = "aws"))]
            Destination::S3 { .. } => Err(DestinationError::unreadable(
                destination,
                "this build of monitor cannot reach S3",
            )),
        }
    }

    /// Path or URL of a backup or a file of it.
    pub(super) fn place(&self, id: &str, file: &str) -> String {
        match &self.0 {
            Kind::Folder(folder) => folder.path(id, file).display().to_string(),
            #[cfg(feature = "aws")]
            Kind::S3(bucket) => bucket.place(id, file),
        }
    }

    /// Its path, where it is a folder.
    pub(super) fn folder(&self) -> Option<&std::path::Path> {
        match &self.0 {
            Kind::Folder(folder) => Some(folder.root()),
            #[cfg(feature = "aws")]
            Kind::S3(_) => None,
        }
    }

    pub(super) async fn list(&self) -> Result<Listing, DestinationError> {
        match &self.0 {
            Kind::Folder(folder) => folder.list(),
            #[cfg(feature = "aws")]
            Kind::S3(bucket) => bucket.list().await,
        }
    }

    /// Begins a backup; false where there is one of that id already.
    pub(super) async fn claim(&self, id: &str) -> Result<bool, DestinationError> {
        match &self.0 {
            Kind::Folder(folder) => folder.claim(id),
            #[cfg(feature = "aws")]
            Kind::S3(bucket) => bucket.is_free(id).await,
        }
    }

    /// A small file; none where it is not there.
    pub(super) async fn read_whole(&self, id: &str, file: &str) -> Result<Option<Vec<u8>>, DestinationError> {
        match &self.0 {
            Kind::Folder(folder) => folder.read_whole(id, file),
            #[cfg(feature = "aws")]
            Kind::S3(bucket) => bucket.read_whole(id, file).await,
        }
    }

    /// Writes a small file, whole or not at all.
    pub(super) async fn write_whole(&self, id: &str, file: &str, content: Vec<u8>) -> Result<(), DestinationError> {
        match &self.0 {
            Kind::Folder(folder) => folder.write_whole(id, file, &content),
            #[cfg(feature = "aws")]
            Kind::S3(bucket) => bucket.write_whole(id, file, content).await,
        }
    }

    /// Begins a file of any size.
    pub(super) fn create(&self, id: &str, file: &str) -> Result<Box<dyn NewFile>, DestinationError> {
        match &self.0 {
            Kind::Folder(folder) => folder.create(id, file),
            #[cfg(feature = "aws")]
            Kind::S3(bucket) => Ok(bucket.create(id, file)),
        }
    }

    /// Reads a file of any size from its beginning.
    pub(super) fn read(&self, id: &str, file: &str) -> Result<Box<dyn Read + Send>, DestinationError> {
        match &self.0 {
            Kind::Folder(folder) => folder.read(id, file),
            #[cfg(feature = "aws")]
            Kind::S3(bucket) => bucket.read(id, file),
        }
    }

    /// Removes a backup, its manifest first, so that no remains of it look complete.
    pub(super) async fn remove(&self, id: &str) -> Result<(), DestinationError> {
        match &self.0 {
            Kind::Folder(folder) => folder.remove(id),
            #[cfg(feature = "aws")]
            Kind::S3(bucket) => bucket.remove(id).await,
        }
    }
}
