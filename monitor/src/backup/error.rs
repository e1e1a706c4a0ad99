//! Why a backup, a restore or a check of one did not come to its end.

use std::io;
use std::path::{Path, PathBuf};

use super::catalogue::CatalogueError;
use super::destination::DestinationError;
use super::encryption::KeyError;
use super::part::PartError;
use crate::compose::ComposeError;
use crate::folders::FolderError;
use crate::grafana_key::GrafanaKeyError;
use crate::http::HttpError;
use crate::interrupt::Interrupted;
use crate::lock::LockError;
use crate::secrets::SecretsError;
use crate::settings::SettingsError;

/// Why a backup, a restore or a check of one did not come to its end.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum BackupError {
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    #[error(transparent)]
    Destination(#[from] DestinationError),
    #[error(transparent)]
    Part(#[from] PartError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error(transparent)]
    Compose(#[from] ComposeError),
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    #[error(transparent)]
    GrafanaKey(#[from] GrafanaKeyError),
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(
        "influxdb broke off its answer to {request} ({cause}); see `monitor logs influxdb`, then take the backup again"
    )]
    BrokenOff { request: String, cause: String },
    #[error("{path}: cannot be read ({reason}); run as root or as the user whose data it is", path = path.display())]
    Unreadable { path: PathBuf, reason: io::Error },
    #[error("{path}: there is no space left; free some, or give --data-dir a larger disk", path = path.display())]
    Full { path: PathBuf },
    #[error("{path}: cannot be written ({reason}); run as root or as the user whose data it is", path = path.display())]
    Unwritable { path: PathBuf, reason: io::Error },
    #[error("{path}: {needed_mib} MiB are needed and {free_mib} MiB are free; free some or use another disk", path = path.display())]
    NoSpace {
        path: PathBuf,
        needed_mib: u64,
        free_mib: u64,
    },
    #[error("{path}: cannot be copied ({reason}); see `monitor logs grafana`, then take the backup again", path = path.display())]
    Sqlite { path: PathBuf, reason: rusqlite::Error },
    #[error(
        "{path}: Jaeger has it open though its container does not run; end that Jaeger, then take the backup again",
        path = path.display()
    )]
    JaegerElsewhere { path: PathBuf },
    #[error(
        "{path}: a server that is no container of this host has it open; end that server, then restore again",
        path = path.display()
    )]
    InUse { path: PathBuf },
    #[error("jaeger cannot be stopped ({reason}); see `monitor status`")]
    JaegerNotStopped { reason: String },
    #[error("jaeger was not started again ({reason}); start it with `monitor up`")]
    JaegerStopped { reason: String },
    #[error(
        "{path} holds data already; --force replaces it, and keeps it until the restored data is in place and found whole",
        path = path.display()
    )]
    Occupied { path: PathBuf },
    #[error("the backup's {part} holds {name:?}, which does not belong there; use another backup")]
    Foreign { part: String, name: String },
    #[error(
        "a restore was interrupted and {path} still holds the data from before it; run `monitor restore` again, which puts that back first",
        path = path.display()
    )]
    Pending { path: PathBuf },
    #[error(
        "the data is restored and in place, but the servers could not be started and compared with it ({reason}); run `monitor up`, then `monitor doctor`"
    )]
    NotCompared { reason: String },
    #[error("the restored servers do not hold what the backup says ({missing}); the data from before is back in place")]
    UndoneFor { missing: String },
}

impl BackupError {
    pub(super) fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |reason| Self::Unreadable { path, reason }
    }

    pub(super) fn unwritable(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |reason| match reason.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path },
            _ => Self::Unwritable { path, reason },
        }
    }

    /// Of writing a part, in which an interruption shows as an error of the writer.
    pub(super) fn of_writing(place: &str) -> impl Fn(io::Error) -> Self + use<> {
        let place = place.to_owned();
        move |error| match error.get_ref().and_then(|inner| inner.downcast_ref::<Interrupted>()) {
            Some(interrupted) => (*interrupted).into(),
            None => DestinationError::unwritable(&place, &error).into(),
        }
    }
}
