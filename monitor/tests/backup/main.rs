//! Backups through the real binary: of a real InfluxDB in a data folder, and of the whole host in Docker.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod damage;
mod docker;
mod encryption;
mod full_disk;
mod host;
mod interruption;
mod points;
mod pruning;
#[cfg(feature = "aws")]
mod s3;
