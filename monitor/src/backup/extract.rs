//! Puts the parts of a backup into a folder as servers expect to find their data.
//!
//! InfluxDB gets its files rather than requests to its restore API: so nothing has to run, deletions not yet worked into
//! a shard come along, which that API leaves out, and all of it is in place at once. At its start InfluxDB finds shards
//! without an index, builds one, and replays the write-ahead log.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, chown};
use std::path::{Component, Path, PathBuf};
use std::time::Instant;

use tokio::task::block_in_place;

use super::destination::Store;
use super::encryption::Identities;
use super::error::BackupError;
use super::grafana::DATABASE;
use super::manifest::{Manifest, Part, PartContent};
use super::part;
use crate::interrupt::Interrupt;
use crate::progress::Progress;

/// Most components of a path in a tar.
const DEPTH: usize = 6;
/// Of a shard's path: bucket, retention policy, shard.
const SHARD_DEPTH: usize = 3;

/// Checks every part against its checksum, before anything is touched.
pub(super) fn check(
    store: &Store,
    manifest: &Manifest,
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<(), BackupError> {
    progress.line(&format!(
        "checking the {} files of {}",
        manifest.parts.len(),
        manifest.id
    ));
    let mut told = Instant::now();
    for (done, part) in manifest.parts.iter().enumerate() {
        progress.now_and_then(&mut told, || {
            format!("checked {done} of {} files", manifest.parts.len())
        });
        block_in_place(|| part::check(store, &manifest.id, part, interrupt))?;
    }
    Ok(())
}

/// Makes `into` and fills it: `influxdb/`, `grafana/`, `jaeger/`, `secrets/`, `settings.env`, all of it for `owner`
/// where this is root.
pub(super) fn extract(
    store: &Store,
    manifest: &Manifest,
    identities: &Identities,
    into: &Path,
    owner: (u32, u32),
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<(), BackupError> {
    progress.line("unpacking");
    for folder in [
        "influxdb/engine/data",
        "influxdb/engine/wal",
        "grafana",
        "jaeger",
        "secrets",
    ] {
        make_folder(&into.join(folder))?;
    }
    let mut told = Instant::now();
    for (done, part) in manifest.parts.iter().enumerate() {
        interrupt.check()?;
        progress.now_and_then(&mut told, || {
            format!("unpacked {done} of {} files", manifest.parts.len())
        });
        block_in_place(|| {
            part::read(store, &manifest.id, part, identities, &manifest.recipients, |content| {
                place(part, content, into, interrupt)
            })
        })?;
    }
    block_in_place(|| {
        if rustix::process::getuid().is_root() {
            give_to(into, owner)?;
        }
        let folder = File::open(into).map_err(BackupError::unreadable(into))?;
        rustix::fs::syncfs(&folder).map_err(|error| BackupError::unwritable(into)(error.into()))
    })
}

fn place(part: &Part, content: &mut dyn Read, into: &Path, interrupt: &Interrupt) -> Result<(), BackupError> {
    let influxdb = into.join("influxdb");
    let engine = influxdb.join("engine");
    match &part.content {
        PartContent::InfluxdbKv => one_file(&influxdb.join("influxd.bolt"), content, interrupt),
        PartContent::InfluxdbSql => one_file(&influxdb.join("influxd.sqlite"), content, interrupt),
        PartContent::Grafana => one_file(&into.join("grafana").join(DATABASE), content, interrupt),
        PartContent::InfluxdbShard { .. } => untar(part, &engine.join("data"), content, interrupt),
        PartContent::InfluxdbWal => {
            untar(part, &engine.join("wal"), content, interrupt)?;
            // InfluxDB looks for shards among its data alone.
            for shard in shards(&engine.join("wal"))? {
                make_folder(&engine.join("data").join(shard))?;
            }
            Ok(())
        }
        PartContent::Jaeger => untar(part, &into.join("jaeger"), content, interrupt),
        PartContent::Host => untar(part, into, content, interrupt),
    }
}

fn untar(part: &Part, folder: &Path, content: &mut dyn Read, interrupt: &Interrupt) -> Result<(), BackupError> {
    let damaged = |error: io::Error| part::PartError::Damaged {
        place: part.file.clone(),
        reason: error.to_string(),
    };
    let mut tar = tar::Archive::new(content);
    for entry in tar.entries().map_err(damaged)? {
        let mut entry = entry.map_err(damaged)?;
        let name = entry.path().map_err(damaged)?.into_owned();
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let is_plain = name
            .components()
            .all(|component| matches!(component, Component::Normal(_)));
        if !is_plain || name.components().count() > DEPTH {
            return Err(BackupError::Foreign {
                part: part.file.clone(),
                name: name.display().to_string(),
            });
        }
        let path = folder.join(&name);
        if let Some(parent) = path.parent() {
            make_folder(parent)?;
        }
        one_file(&path, &mut entry, interrupt)?;
    }
    Ok(())
}

fn one_file(path: &Path, content: &mut dyn Read, interrupt: &Interrupt) -> Result<(), BackupError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let mut file = options.open(path).map_err(BackupError::unwritable(path))?;
    let mut buffer = vec![0; 256 * 1024];
    loop {
        interrupt.check()?;
        let read = match content.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                return Err(part::PartError::Damaged {
                    place: path.display().to_string(),
                    reason: error.to_string(),
                }
                .into());
            }
        };
        io::Write::write_all(&mut file, &buffer[..read]).map_err(BackupError::unwritable(path))?;
    }
}

/// For their owner alone.
pub(super) fn make_folder(path: &Path) -> Result<(), BackupError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(BackupError::unwritable(path))
}

/// Paths of the shards below a folder, relative to it.
fn shards(folder: &Path) -> Result<Vec<PathBuf>, BackupError> {
    let mut level = vec![PathBuf::new()];
    for _ in 0..SHARD_DEPTH {
        let mut below = Vec::new();
        for path in level {
            let here = folder.join(&path);
            for entry in fs::read_dir(&here).map_err(BackupError::unreadable(&here))? {
                let entry = entry.map_err(BackupError::unreadable(&here))?;
                if entry.path().is_dir() {
                    below.push(path.join(entry.file_name()));
                }
            }
        }
        level = below;
    }
    Ok(level)
}

/// Gives a folder and all below it to a user and group.
pub(super) fn give_to(path: &Path, owner: (u32, u32)) -> Result<(), BackupError> {
    let mut paths = vec![path.to_owned()];
    while let Some(path) = paths.pop() {
        chown(&path, Some(owner.0), Some(owner.1)).map_err(BackupError::unwritable(&path))?;
        if path.is_dir() {
            for entry in fs::read_dir(&path).map_err(BackupError::unreadable(&path))? {
                paths.push(entry.map_err(BackupError::unreadable(&path))?.path());
            }
        }
    }
    Ok(())
}
