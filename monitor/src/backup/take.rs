//! Takes a backup.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::contents;
use super::destination::{Destination, Store};
use super::encryption::Recipients;
use super::error::BackupError;
use super::extract::make_folder;
use super::manifest::{self, Contents, Manifest};
use super::restore::JAEGER_ANSWER;
use super::swap::Swap;
use super::writing::Writing;
use super::{grafana, host_files, influxdb, jaeger, space, stamp};
use crate::compose::{Compose, ComposeError};
use crate::host::Host;
use crate::influxdb::InfluxDb;
use crate::interrupt::Interrupt;
use crate::jaeger::Jaeger;
use crate::lock::Lock;
use crate::progress::Progress;
use crate::secrets::Secret;

/// A whole shard comes as one answer.
const ANSWER: Duration = Duration::from_secs(24 * 3600);

/// What to back up, and to where.
pub struct Taking<'a> {
    /// The host.
    pub host: &'a Host,
    /// Where the backup goes.
    pub destination: &'a Destination,
    /// Who can read it; everyone who has its files, where there is none.
    pub recipients: &'a Recipients,
    /// What is written on it.
    pub label: Option<String>,
}

/// Takes a backup. Until all of it is there it has no manifest, and where this fails nothing of it stays.
///
/// # Errors
/// A server does not answer, the destination cannot be written, or somebody asked to end.
pub async fn take(taking: &Taking<'_>, interrupt: &Interrupt, progress: &Progress) -> Result<Manifest, BackupError> {
    let _lock = Lock::take(&taking.host.layout)?;
    Swap::of(&taking.host.layout).refuse_pending()?;
    let store = Store::open(taking.destination).await?;
    let scratch = Scratch::make(taking.host.layout.data().join(".backup"))?;
    let (started, id) = interrupt.during(claim(&store)).await??;
    let mut writing = Writing {
        store: &store,
        id: &id,
        recipients: taking.recipients,
        interrupt,
        parts: Vec::new(),
    };
    let taken = interrupt
        .during(write(taking, started, &scratch.0, &mut writing, progress))
        .await
        .map_err(BackupError::from)
        .flatten();
    if taken.is_err() {
        // The reason that it failed for is what matters; what stays has no manifest, and `prune` removes it.
        let _ = store.remove(&id).await;
    }
    taken
}

/// Begins a backup of its own; where there is one of this second already, in the next one.
async fn claim(store: &Store) -> Result<(SystemTime, String), BackupError> {
    loop {
        let started = SystemTime::now();
        let id = stamp::id(started);
        if store.claim(&id).await? {
            return Ok((started, id));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn write(
    taking: &Taking<'_>,
    started: SystemTime,
    scratch: &Path,
    writing: &mut Writing<'_>,
    progress: &Progress,
) -> Result<Manifest, BackupError> {
    let Host { layout, settings, .. } = taking.host;
    let token = taking.host.secrets.read(Secret::InfluxdbOperatorToken)?;
    let influx = InfluxDb::new(settings.influxdb_url()?, Some(token), ANSWER);
    influx.health().await?;
    let restored_bytes = require_space(taking, writing.store)?;
    let versions = versions(&taking.host.compose).await?;

    progress.line("jaeger: looking at its latest traces");
    let traces = contents::traces(&Jaeger::new(settings.jaeger_url()?, JAEGER_ANSWER)).await;
    progress.line("influxdb: users, tokens and buckets");
    let buckets = influxdb::metadata(&influx, writing).await?;
    progress.line("influxdb: counting points");
    let (mut points, counted_from) = contents::count_points(&influx, &buckets, started).await?;
    influxdb::wal(&layout.server("influxdb"), writing)?;
    for bucket in &buckets {
        progress.line(&format!("influxdb: shards of {}", bucket.name));
        influxdb::shards(&influx, bucket, writing, progress).await?;
    }
    contents::recount(&influx, &mut points).await?;
    progress.line("grafana: its database");
    let dashboards = grafana::database(&layout.server("grafana"), scratch, writing)?;
    progress.line("jaeger: its store; it is stopped for a moment");
    let pause = jaeger::store(&layout.server("jaeger"), scratch, &taking.host.compose, writing).await?;
    progress.line("settings and secrets");
    host_files::write(layout, writing)?;

    let manifest = Manifest {
        schema: manifest::SCHEMA,
        id: writing.id.to_owned(),
        started_at: stamp::text(started),
        finished_at: stamp::text(SystemTime::now()),
        host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        label: taking.label.clone(),
        versions,
        recipients: taking.recipients.names(),
        parts: std::mem::take(&mut writing.parts),
        restored_bytes,
        jaeger_pause_s: pause.map(|pause| pause.as_secs_f64()),
        contents: Contents {
            points,
            points_counted_from: counted_from,
            // A Jaeger that does not run has its store all the same.
            traces: match (traces, pause) {
                (Ok(traces), _) => traces,
                (Err(_), None) => Vec::new(),
                (Err(error), Some(_)) => return Err(error.into()),
            },
            dashboards,
        },
    };
    let text = serde_json::to_vec_pretty(&manifest).unwrap_or_default();
    writing.interrupt.check()?;
    writing.store.write_whole(writing.id, manifest::FILE, text).await?;
    Ok(manifest)
}

/// Space for all that is copied, as if nothing could be compressed: much of it is already. Gives how much that is.
fn require_space(taking: &Taking<'_>, store: &Store) -> Result<u64, BackupError> {
    let layout = &taking.host.layout;
    let influxdb = space::bytes(&layout.server("influxdb"))?;
    let grafana = layout.server("grafana").join(grafana::DATABASE);
    let grafana = fs::metadata(grafana).map_or(0, |metadata| metadata.len());
    let jaeger = jaeger::size(&layout.server("jaeger"))?;
    let needed = influxdb + grafana + jaeger;
    if let Some(folder) = store.folder() {
        space::require(folder, needed)?;
    }
    // What Jaeger writes once is linked, the rest and Grafana's database are small.
    space::require(layout.data(), grafana)?;
    Ok(needed)
}

async fn versions(compose: &Compose) -> Result<BTreeMap<String, String>, BackupError> {
    let mut versions = BTreeMap::from([("monitor".to_owned(), env!("CARGO_PKG_VERSION").to_owned())]);
    match compose.containers().await {
        Ok(containers) => {
            versions.extend(
                containers
                    .into_iter()
                    .map(|container| (container.service, container.image)),
            );
        }
        // Servers run as they may; that Jaeger is not running is found out by its locks.
        Err(ComposeError::NoDocker { .. } | ComposeError::NoCompose | ComposeError::NoDaemon { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(versions)
}

/// A folder for copies, gone at the end; the next run removes what a killed one left.
struct Scratch(PathBuf);

impl Scratch {
    fn make(path: PathBuf) -> Result<Self, BackupError> {
        // What is not there need not be removed.
        let _ = fs::remove_dir_all(&path);
        make_folder(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // The next run removes it.
        let _ = fs::remove_dir_all(&self.0);
    }
}
