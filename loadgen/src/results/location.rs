//! Where results are: a folder, or a prefix in an S3 bucket.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// A place for results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
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
pub enum InvalidLocation {
    #[error("`{0}` names no bucket; write s3://bucket/prefix")]
    NoBucket(String),
    #[error(
        "`{0}`: this build of loadgen cannot reach S3; build it with `cargo build --release -p loadgen --features s3`, or name \
         a folder"
    )]
    NoS3(String),
    #[error("`{0}` is neither a folder nor s3://bucket/prefix")]
    OtherScheme(String),
    #[error("an empty text names no folder")]
    Empty,
}

impl FromStr for Location {
    type Err = InvalidLocation;

    fn from_str(text: &str) -> Result<Self, InvalidLocation> {
        if text.is_empty() {
            return Err(InvalidLocation::Empty);
        }
        let Some((scheme, rest)) = text.split_once("://") else {
            return Ok(Self::Folder(PathBuf::from(text)));
        };
        if !scheme.eq_ignore_ascii_case("s3") {
            return Err(InvalidLocation::OtherScheme(text.to_owned()));
        }
        if !cfg!(feature = "s3") {
            return Err(InvalidLocation::NoS3(text.to_owned()));
        }
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let of_a_name = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:".contains(&byte);
        if bucket.is_empty() || !bucket.bytes().all(of_a_name) {
            return Err(InvalidLocation::NoBucket(text.to_owned()));
        }
        Ok(Self::S3 {
            bucket: bucket.to_owned(),
            prefix: prefix.trim_matches('/').to_owned(),
        })
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => path.display().fmt(f),
            Self::S3 { bucket, prefix } => write!(f, "s3://{bucket}/{prefix}"),
        }
    }
}
