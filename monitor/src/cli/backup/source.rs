//! Flags that say where backups are and what opens them.

use std::path::{Path, PathBuf};

use monitor::backup::destination::{Destination, InvalidDestination};
use monitor::backup::encryption::{Identities, KeyError};
use monitor::host::Host;
use monitor::settings::{MONITOR_BACKUP_IDENTITY, MONITOR_BACKUP_TO};

/// Where backups are.
#[derive(Debug, clap::Args)]
pub(crate) struct SourceArgs {
    /// Folder or s3://bucket/prefix that backups are in [default: backups in the data folder] [env: MONITOR_BACKUP_TO,
    /// settings.env as well]
    #[arg(long, value_name = "PLACE")]
    pub(crate) from: Option<Destination>,
}

/// What opens encrypted backups.
#[derive(Debug, clap::Args)]
pub(crate) struct IdentityArgs {
    /// File of the private key, for an encrypted backup [env: MONITOR_BACKUP_IDENTITY, settings.env as well]
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
}

impl IdentityArgs {
    /// Reads the keys; none where no file is named.
    ///
    /// # Errors
    /// The file cannot be read or holds no key.
    pub(crate) fn read(&self, host: &Host) -> Result<Identities, KeyError> {
        let file = self.identity.as_deref();
        match file.or_else(|| host.settings.get(MONITOR_BACKUP_IDENTITY).map(Path::new)) {
            Some(file) => Identities::from_file(file),
            None => Ok(Identities::default()),
        }
    }
}

/// The place that was given, or that is set, or the host's own folder.
///
/// # Errors
/// What is set is no place.
pub(crate) fn place(given: Option<Destination>, host: &Host) -> Result<Destination, InvalidDestination> {
    match (given, host.settings.get(MONITOR_BACKUP_TO)) {
        (Some(place), _) => Ok(place),
        (None, None) => Ok(Destination::Folder(host.layout.backups())),
        (None, Some(text)) => text.parse(),
    }
}
