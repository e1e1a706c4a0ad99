//! The backups that lie at a destination, and what is known of each without reading its data.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::destination::{Destination, DestinationError, Store};
use super::manifest::{self, Manifest};
use super::stamp;

/// Says when a backup was last restored into scratch servers and found whole; beside the manifest.
pub const VERIFIED_FILE: &str = "verified.json";

/// Why the backups cannot be looked at, or none is as asked for.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// The place cannot be read.
    #[error(transparent)]
    Destination(#[from] DestinationError),
    /// There is none by that name.
    #[error("there is no backup {id} in {place}; `monitor backup list` names those there are")]
    Unknown {
        /// What was asked for.
        id: String,
        /// Where.
        place: String,
    },
    /// There is none that is complete.
    #[error("there is no complete backup in {place}; `monitor backup` takes one, --from names another place")]
    None {
        /// Where.
        place: String,
    },
    /// It cannot be used.
    #[error("backup {id} in {place} is incomplete ({reason}); use another one, `monitor backup list` names them")]
    Incomplete {
        /// Its id.
        id: String,
        /// Where.
        place: String,
        /// What it lacks.
        reason: String,
    },
}

/// A backup as it lies at its destination.
#[derive(Clone, Debug, PartialEq)]
pub struct Backup {
    /// UTC time of its beginning, such as `20261125T092219Z`.
    pub id: String,
    /// The same, as an instant.
    pub taken: SystemTime,
    /// Bytes of its files.
    pub bytes: u64,
    /// Its manifest; for an incomplete one, what it lacks.
    pub manifest: Result<Manifest, String>,
    /// When it was last found whole by `monitor backup verify`.
    pub verified: Option<SystemTime>,
}

#[derive(Serialize, Deserialize)]
struct Verified {
    verified_at: String,
    took_s: f64,
}

impl Backup {
    /// Whether all its files are there in their full length; their content is not looked at.
    pub fn is_complete(&self) -> bool {
        self.manifest.is_ok()
    }

    /// Time since it was taken.
    pub fn age(&self, now: SystemTime) -> Duration {
        stamp::since(self.taken, now)
    }

    /// Time since it was last found whole.
    pub fn verified_age(&self, now: SystemTime) -> Option<Duration> {
        self.verified.map(|verified| stamp::since(verified, now))
    }
}

/// All backups of a destination, the newest first, incomplete ones too; none where the place is not there yet.
///
/// # Errors
/// The place cannot be read.
pub async fn all(destination: &Destination) -> Result<Vec<Backup>, CatalogueError> {
    in_store(&Store::open(destination).await?).await
}

/// The newest complete backup.
///
/// # Errors
/// The place cannot be read.
pub async fn newest(destination: &Destination) -> Result<Option<Backup>, CatalogueError> {
    Ok(all(destination).await?.into_iter().find(Backup::is_complete))
}

/// The backup of an id, or the newest complete one for `latest`.
///
/// # Errors
/// There is none, it is incomplete, or the place cannot be read.
pub async fn find(destination: &Destination, id: &str) -> Result<(Backup, Manifest), CatalogueError> {
    let backups = all(destination).await?;
    let place = destination.to_string();
    let backup = if id == "latest" {
        let newest = backups.into_iter().find(Backup::is_complete);
        newest.ok_or(CatalogueError::None { place: place.clone() })?
    } else {
        let named = backups.into_iter().find(|backup| backup.id == id);
        named.ok_or_else(|| CatalogueError::Unknown {
            id: id.to_owned(),
            place: place.clone(),
        })?
    };
    match backup.manifest.clone() {
        Ok(manifest) => Ok((backup, manifest)),
        Err(reason) => Err(CatalogueError::Incomplete {
            id: backup.id,
            place,
            reason,
        }),
    }
}

/// Keeps that a backup was found whole just now.
///
/// # Errors
/// The place cannot be written.
pub async fn record_verified(store: &Store, id: &str, took: Duration) -> Result<(), DestinationError> {
    let verified = Verified {
        verified_at: stamp::text(SystemTime::now()),
        took_s: took.as_secs_f64(),
    };
    let text = serde_json::to_vec_pretty(&verified).unwrap_or_default();
    store.write_whole(id, VERIFIED_FILE, text).await
}

async fn in_store(store: &Store) -> Result<Vec<Backup>, CatalogueError> {
    let mut backups = Vec::new();
    for (id, files) in store.list().await? {
        let Some(taken) = stamp::of_id(&id) else { continue };
        let manifest = match store.read_whole(&id, manifest::FILE).await? {
            Some(text) => read(&id, &text).and_then(|manifest| match lacking(&manifest, &files) {
                Some(lack) => Err(lack),
                None => Ok(manifest),
            }),
            None => Err(format!("it has no {}, so it was interrupted", manifest::FILE)),
        };
        let verified = match &manifest {
            Ok(_) => store.read_whole(&id, VERIFIED_FILE).await?,
            Err(_) => None,
        };
        backups.push(Backup {
            taken,
            bytes: files.values().sum(),
            manifest,
            verified: verified.and_then(|text| {
                let verified: Verified = serde_json::from_slice(&text).ok()?;
                stamp::time(&verified.verified_at)
            }),
            id,
        });
    }
    backups.sort_by(|one, other| other.id.cmp(&one.id));
    Ok(backups)
}

pub(crate) fn read(id: &str, text: &[u8]) -> Result<Manifest, String> {
    let file = manifest::FILE;
    #[derive(Deserialize)]
    struct Form {
        schema: u32,
    }
    let form: Form = serde_json::from_slice(text).map_err(|error| format!("its {file} cannot be read: {error}"))?;
    if form.schema != manifest::SCHEMA {
        return Err(format!(
            "its {file} has schema {}, and this monitor reads {}",
            form.schema,
            manifest::SCHEMA
        ));
    }
    let manifest: Manifest =
        serde_json::from_slice(text).map_err(|error| format!("its {file} cannot be read: {error}"))?;
    if manifest.id != id {
        return Err(format!("its {file} is that of backup {}", manifest.id));
    }
    if let Some(part) = manifest.parts.iter().find(|part| !is_plain(&part.file)) {
        return Err(format!("its {file} names {:?}, which is no file beside it", part.file));
    }
    Ok(manifest)
}

/// Whether it names a file of the backup's own folder.
fn is_plain(file: &str) -> bool {
    !file.is_empty() && !file.starts_with('.') && !file.contains(['/', '\\'])
}

/// The first part that is not there in its full length.
pub(crate) fn lacking(manifest: &Manifest, files: &std::collections::BTreeMap<String, u64>) -> Option<String> {
    manifest.parts.iter().find_map(|part| match files.get(&part.file) {
        None => Some(format!("{} is missing", part.file)),
        Some(bytes) if *bytes != part.bytes => {
            Some(format!("{} has {bytes} bytes instead of {}", part.file, part.bytes))
        }
        Some(_) => None,
    })
}
