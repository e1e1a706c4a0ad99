//! Backups of the host's data: taking, checking, restoring and dropping them.

pub mod catalogue;
pub mod destination;
pub mod manifest;
mod stamp;

pub use catalogue::{Backup, CatalogueError};
pub use destination::Destination;
pub use manifest::Manifest;
