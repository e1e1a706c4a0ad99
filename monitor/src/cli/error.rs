//! Why a command was not done, for people and as JSON.

use std::io::{self, Write as _};

use monitor::backup::destination::InvalidDestination;
use monitor::backup::encryption::KeyError;
use monitor::backup::{BackupError, CatalogueError};
use monitor::compose::ComposeError;
use monitor::dashboards::LoadError;
use monitor::interrupt::Interrupted;
use monitor::lock::LockError;
use monitor::rotation::RotationError;
use monitor::secrets::SecretsError;
use monitor::settings::{MONITOR_BACKUP_TO, SettingsError};
use monitor::up::UpError;
use monitor::waiting::WaitError;
use serde_json::json;

use super::{FAILED, INTERRUPTED, print_json};

/// Why a command was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    #[error("the system gave no threads to run on ({0}); free some memory or processes")]
    NoThreads(io::Error),
    #[error("the system refuses to tell signals ({0}); try again")]
    NoSignals(io::Error),
    #[error("there is no service {name}; there are {known}")]
    NoService { name: String, known: String },
    #[error("no check is left to run; `monitor doctor --list` says which there are, and when")]
    NoCheck,
    #[error("{MONITOR_BACKUP_TO}: {0}; correct it in settings.env")]
    InvalidDestination(#[from] InvalidDestination),
    #[error(transparent)]
    Backup(#[from] BackupError),
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    #[error(transparent)]
    Compose(#[from] ComposeError),
    #[error(transparent)]
    Dashboards(#[from] LoadError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error(transparent)]
    Rotation(#[from] RotationError),
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Up(#[from] UpError),
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

impl CommandError {
    /// Says so, as JSON on standard output besides if that is asked for; gives the exit status.
    pub(crate) fn report(&self, json: bool) -> u8 {
        let mut stderr = io::stderr().lock();
        let mut report = json!({"error": self.to_string()});
        match self {
            Self::Up(UpError::Unfit(faults)) => report["faults"] = json!(faults),
            Self::Up(UpError::Wait(WaitError::Failed(failure))) => {
                report["container"] = json!(failure);
                for line in &failure.log {
                    let _ = writeln!(stderr, "  {}: {line}", failure.service);
                }
            }
            _ => {}
        }
        // Without standard error the exit status has to do.
        let _ = writeln!(stderr, "error: {self}");
        if json {
            print_json(&report);
        }
        match self {
            Self::Interrupted(_)
            | Self::Backup(BackupError::Interrupted(_))
            | Self::Rotation(RotationError::Interrupted(_))
            | Self::Up(UpError::Interrupted(_)) => INTERRUPTED,
            _ => FAILED,
        }
    }
}
