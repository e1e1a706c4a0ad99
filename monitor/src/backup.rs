//! Backups of the host's data: taking, checking, restoring and dropping them.

pub mod catalogue;
mod contents;
pub mod destination;
pub mod encryption;
mod error;
mod extract;
mod files;
mod grafana;
mod host_files;
mod influxdb;
mod jaeger;
pub mod manifest;
pub(crate) mod multipart;
mod part;
pub mod prune;
pub mod restore;
mod space;
pub(crate) mod stamp;
pub mod swap;
pub mod take;
pub(crate) mod tar_check;
pub mod verify;
mod writing;

pub use catalogue::{Backup, CatalogueError};
pub use contents::Comparison;
pub use destination::Destination;
pub use error::BackupError;
pub use manifest::Manifest;
