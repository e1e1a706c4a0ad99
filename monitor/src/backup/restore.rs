//! Restores a backup into a host.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use collector::environment::JAEGER_RETENTION;
use rustix::fs::{FlockOperation, flock};
use serde::Serialize;

use super::catalogue;
use super::contents::{Comparison, Restored, compare};
use super::destination::{Destination, Store};
use super::encryption::Identities;
use super::error::BackupError;
use super::manifest::{Contents, Manifest};
use super::part::PartError;
use super::swap::Swap;
use super::{extract, grafana, space};
use crate::compose::{Compose, ComposeError};
use crate::grafana_key;
use crate::host::Host;
use crate::influxdb::InfluxDb;
use crate::interrupt::Interrupt;
use crate::jaeger::Jaeger;
use crate::layout::Layout;
use crate::lock::Lock;
use crate::progress::Progress;
use crate::secrets::{Secret, SecretFiles};
use crate::settings::Settings;

/// Servers whose data is replaced, those first that depend on others.
const SERVERS: [&str; 4] = ["grafana", "otel-collector", "jaeger", "influxdb"];
/// How long servers may take to answer after their start: InfluxDB builds its indexes anew.
const PATIENCE: Duration = Duration::from_secs(900);
const PAUSE: Duration = Duration::from_millis(250);
/// How long each try may take meanwhile.
const PROBE: Duration = Duration::from_secs(5);
/// Counting may take long on a large store.
const ANSWER: Duration = Duration::from_secs(600);
/// How long Jaeger may take to find traces.
pub(super) const JAEGER_ANSWER: Duration = Duration::from_secs(60);

/// What to restore, and where.
pub struct Restoring<'a> {
    /// The host.
    pub host: &'a Host,
    /// Where the backup lies.
    pub source: &'a Destination,
    /// Its id, or `latest`.
    pub id: &'a str,
    /// Keys that open it.
    pub identities: &'a Identities,
    /// Whether data that is there may be replaced.
    pub force: bool,
    /// Whether servers are started and compared with the backup.
    pub start: bool,
}

/// What a restore did.
#[derive(Clone, Debug, Serialize)]
pub struct Restoration {
    /// The backup.
    pub id: String,
    /// Bytes of it that were read.
    pub bytes: u64,
    /// Whether a restore that was interrupted before had to be undone first.
    pub undid_interrupted: bool,
    /// What was found in the servers; none where they were not started.
    pub comparison: Option<Comparison>,
}

/// Restores a backup. Until all of it is in place and found whole, the data from before is kept, and put back if
/// anything fails.
///
/// # Errors
/// The backup is damaged or cannot be opened, data is there already, or servers do not hold what they should.
pub async fn restore(
    restoring: &Restoring<'_>,
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<Restoration, BackupError> {
    let layout = &restoring.host.layout;
    extract::make_folder(layout.data())?;
    let _lock = Lock::take(layout)?;
    let swap = Swap::of(layout);
    let runs = find_running(restoring).await?;
    let undid_interrupted = swap.is_pending();
    if undid_interrupted {
        progress.line("a restore was interrupted: putting the data from before it back");
        stop(&restoring.host.compose, &runs).await?;
        swap.undo()?;
    }
    let (_, manifest) = catalogue::find(restoring.source, restoring.id).await?;
    if manifest.is_encrypted() && restoring.identities.is_empty() {
        return Err(PartError::NoIdentity.into());
    }
    let occupied = swap.occupied()?;
    if let (Some(path), false) = (&occupied, restoring.force) {
        return Err(BackupError::Occupied { path: path.clone() });
    }
    let store = Store::open(restoring.source).await?;
    let new = swap.prepare()?;
    let read = read(restoring, &store, &manifest, &new, interrupt, progress);
    if let Err(error) = interrupt.during(read).await.map_err(BackupError::from).flatten() {
        // What was there is untouched; the reason is what matters.
        let _ = swap.clear();
        return Err(error);
    }

    progress.line("stopping servers and putting the data in place");
    stop(&restoring.host.compose, &runs).await?;
    refuse_open(layout)?;
    swap.replace()?;
    let found = if restoring.start {
        let started = start_and_compare(restoring, &manifest.contents, interrupt, progress).await;
        match started {
            Ok(comparison) if comparison.is_whole() || occupied.is_none() => Some(comparison),
            // There is nothing to go back to, and no need to unpack it again.
            Err(error) if occupied.is_none() && !matches!(error, BackupError::Interrupted(_)) => {
                swap.finish()?;
                return Err(BackupError::NotCompared {
                    reason: error.to_string(),
                });
            }
            other => return Err(undo(restoring, &swap, &runs, other, progress).await),
        }
    } else {
        None
    };
    swap.finish()?;
    Ok(Restoration {
        id: manifest.id.clone(),
        bytes: manifest.bytes(),
        undid_interrupted,
        comparison: found,
    })
}

async fn read(
    restoring: &Restoring<'_>,
    store: &Store,
    manifest: &Manifest,
    new: &Path,
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<(), BackupError> {
    // What a killed restore left is gone by now, and takes no space any more.
    space::require(new, manifest.restored_bytes)?;
    extract::check(store, manifest, interrupt, progress)?;
    let owner = restoring.host.compose.owner();
    extract::extract(store, manifest, restoring.identities, new, owner, interrupt, progress)
}

/// Puts the old data back, starts what ran before, and says why.
async fn undo(
    restoring: &Restoring<'_>,
    swap: &Swap,
    runs: &[&str],
    found: Result<Comparison, BackupError>,
    progress: &Progress,
) -> BackupError {
    progress.line("putting the data from before back");
    let back = async {
        stop(&restoring.host.compose, &SERVERS).await?;
        swap.undo()?;
        if !runs.is_empty() {
            let mut arguments = vec!["start"];
            arguments.extend(runs);
            restoring.host.compose.run(&arguments).await?;
        }
        Ok(())
    };
    match (back.await, found) {
        (Err(error), _) | (Ok(()), Err(error)) => error,
        (Ok(()), Ok(comparison)) => BackupError::UndoneFor {
            missing: comparison.missing(),
        },
    }
}

/// Servers that run; none without Docker, where that is not needed.
async fn find_running(restoring: &Restoring<'_>) -> Result<Vec<&'static str>, BackupError> {
    let containers = match restoring.host.compose.containers().await {
        Ok(containers) => containers,
        Err(ComposeError::NoDocker { .. } | ComposeError::NoCompose | ComposeError::NoDaemon { .. })
            if !restoring.start =>
        {
            return Ok(Vec::new());
        }
        Err(error) => return Err(error.into()),
    };
    let runs = |server: &&str| {
        let of_server = |container: &&crate::compose::Container| container.service == **server;
        containers
            .iter()
            .find(of_server)
            .is_some_and(|container| container.state != "exited" && container.state != "created")
    };
    Ok(SERVERS.into_iter().filter(runs).collect())
}

async fn stop(compose: &Compose, servers: &[&str]) -> Result<(), BackupError> {
    if servers.is_empty() {
        return Ok(());
    }
    let mut arguments = vec!["stop"];
    arguments.extend(servers);
    compose.run(&arguments).await?;
    Ok(())
}

/// Refuses while a server that is no container of ours has its data open: InfluxDB locks its first file, Jaeger its
/// folders.
fn refuse_open(layout: &Layout) -> Result<(), BackupError> {
    let data = layout.data();
    for path in ["influxdb/influxd.bolt", "jaeger/keys", "jaeger/values"].map(|name| data.join(name)) {
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(BackupError::unreadable(&path)(error)),
        };
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            return Err(BackupError::InUse { path });
        }
    }
    Ok(())
}

async fn start_and_compare(
    restoring: &Restoring<'_>,
    contents: &Contents,
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<Comparison, BackupError> {
    let layout = &restoring.host.layout;
    crate::folders::make_ready(layout, restoring.host.compose.owner())?;
    let dashboards = dashboards(layout.data())?;
    // A backup from before there was a key holds none.
    grafana_key::make_missing(restoring.host)?;
    grafana_key::settle(restoring.host, progress).await?;
    progress.line("starting servers; InfluxDB builds its indexes");
    let mut arguments = vec!["up", "--detach"];
    arguments.extend(SERVERS.iter().rev());
    let started = interrupt.during(restoring.host.compose.run(&arguments)).await?;
    started?;
    // A host without settings has taken those of the backup.
    let settings = Settings::load(layout)?;
    let work = wait_and_compare(layout, &settings, contents, dashboards, progress);
    interrupt.during(work).await?
}

/// Waits until the servers of `layout` answer, and compares what they hold.
pub(super) async fn wait_and_compare(
    layout: &Layout,
    settings: &Settings,
    contents: &Contents,
    dashboards: u64,
    progress: &Progress,
) -> Result<Comparison, BackupError> {
    let token = SecretFiles::new(layout.secrets()).read(Secret::InfluxdbOperatorToken)?;
    let influxdb = InfluxDb::new(settings.influxdb_url()?, Some(token), ANSWER);
    let jaeger = Jaeger::new(settings.jaeger_url()?, JAEGER_ANSWER);
    let deadline = Instant::now() + PATIENCE;
    loop {
        let probe = InfluxDb::new(settings.influxdb_url()?, None, PROBE);
        let answers = match probe.health().await {
            Ok(()) => Jaeger::new(jaeger.url().to_owned(), PROBE).health().await,
            Err(error) => Err(error),
        };
        match answers {
            Ok(()) => break,
            Err(error) if Instant::now() > deadline => return Err(error.into()),
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
    progress.line("comparing points, traces and dashboards with the backup");
    let restored = Restored {
        influxdb: &influxdb,
        jaeger: &jaeger,
        jaeger_retention: settings.duration(JAEGER_RETENTION),
        dashboards,
    };
    compare(contents, &restored).await
}

/// Dashboards in the database of Grafana below `data`, looked at before Grafana has it open.
pub(super) fn dashboards(data: &Path) -> Result<u64, BackupError> {
    let database: PathBuf = data.join("grafana").join(grafana::DATABASE);
    if database.is_file() {
        grafana::dashboards(&database)
    } else {
        Ok(0)
    }
}
