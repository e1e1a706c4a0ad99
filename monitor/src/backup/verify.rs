//! Restores a backup into scratch servers, to know that it could be restored.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::time::Instant;

use serde::Serialize;

use super::catalogue;
use super::contents::Comparison;
use super::destination::{Destination, Store};
use super::encryption::Identities;
use super::error::BackupError;
use super::extract::{self, make_folder};
use super::manifest::Manifest;
use super::part::PartError;
use super::restore::{dashboards, wait_and_compare};
use super::space;
use crate::compose::Compose;
use crate::host::Host;
use crate::interrupt::Interrupt;
use crate::layout::Layout;
use crate::lock::Lock;
use crate::progress::Progress;
use crate::settings::{INFLUXDB_PORT, JAEGER_PORT, MONITOR_PRIVATE_ADDRESS, Settings};

/// Servers that hold what is compared. Grafana's database is looked at without Grafana.
const SERVERS: [&str; 2] = ["influxdb", "jaeger"];
/// How much less often than others this is run, where both want to.
const NICENESS: i32 = 15;

/// What to check.
pub struct Verifying<'a> {
    /// The host; scratch servers are made like its own, and their data lies in its data folder.
    pub host: &'a Host,
    /// Where the backup lies.
    pub source: &'a Destination,
    /// Its id, or `latest`.
    pub id: &'a str,
    /// Keys that open it.
    pub identities: &'a Identities,
}

/// What a check found.
#[derive(Clone, Debug, Serialize)]
pub struct Verification {
    /// The backup.
    pub id: String,
    /// Bytes of it that were read.
    pub bytes: u64,
    /// Seconds that it took.
    pub took_s: f64,
    /// What the scratch servers hold.
    pub comparison: Comparison,
}

/// Checks every file against its checksum, restores all of it into scratch servers on ports of their own, compares what
/// they hold, and records when it was found whole. The host's own servers are left alone.
///
/// # Errors
/// The backup is damaged or cannot be opened, or the scratch servers cannot be started.
pub async fn verify(
    verifying: &Verifying<'_>,
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<Verification, BackupError> {
    let begun = Instant::now();
    // Being nice is a courtesy.
    let _ = rustix::process::setpriority_process(None, NICENESS);
    let scratch = Scratch::make(verifying)?;
    let (_, manifest) = catalogue::find(verifying.source, verifying.id).await?;
    if manifest.is_encrypted() && verifying.identities.is_empty() {
        return Err(PartError::NoIdentity.into());
    }
    let store = Store::open(verifying.source).await?;
    // First what a killed run left, which takes space.
    scratch.clear().await;
    space::require(scratch.layout.data(), manifest.restored_bytes)?;
    let restored = restore(verifying, &scratch, &store, &manifest, interrupt, progress);
    let restored = interrupt.during(restored).await.map_err(BackupError::from).flatten();
    progress.line("removing the scratch servers");
    scratch.clear().await;
    let comparison = restored?;
    let took = begun.elapsed();
    if comparison.is_whole() {
        catalogue::record_verified(&store, &manifest.id, took).await?;
    }
    Ok(Verification {
        bytes: manifest.bytes(),
        id: manifest.id,
        took_s: took.as_secs_f64(),
        comparison,
    })
}

async fn restore(
    verifying: &Verifying<'_>,
    scratch: &Scratch,
    store: &Store,
    manifest: &Manifest,
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<Comparison, BackupError> {
    extract::check(store, manifest, interrupt, progress)?;
    let data = scratch.layout.data();
    let owner = verifying.host.compose.owner();
    extract::extract(store, manifest, verifying.identities, data, owner, interrupt, progress)?;
    let dashboards = dashboards(data)?;
    progress.line("starting scratch servers; InfluxDB builds its indexes");
    let mut arguments = vec!["up", "--detach", "--no-deps"];
    arguments.extend(SERVERS);
    scratch.compose.run(&arguments).await?;
    wait_and_compare(
        &scratch.layout,
        &scratch.settings,
        &manifest.contents,
        dashboards,
        progress,
    )
    .await
}

/// A second host beside the first, with data, project and ports of its own.
struct Scratch {
    layout: Layout,
    settings: Settings,
    compose: Compose,
    folder: PathBuf,
    _lock: Lock,
}

impl Scratch {
    fn make(verifying: &Verifying<'_>) -> Result<Self, BackupError> {
        let folder = verifying.host.layout.data().join(".verify");
        make_folder(&folder)?;
        // Held by whoever else is checking a backup; the host itself is not changed.
        let lock = Lock::take(&Layout::new(PathBuf::new(), folder.clone(), None))?;
        let layout = Layout::new(
            verifying.host.layout.home().to_owned(),
            folder.join("data"),
            Some(verifying.host.layout.provisioning()),
        );
        let ports = free_ports().map_err(BackupError::unwritable(&folder))?;
        let ports = ports.map(|port| port.to_string());
        let own = [
            (MONITOR_PRIVATE_ADDRESS, Ipv4Addr::LOCALHOST.to_string()),
            (INFLUXDB_PORT, ports[0].clone()),
            (JAEGER_PORT, ports[1].clone()),
        ];
        let own = own.map(|(name, value)| (name.to_owned(), value));
        let settings = verifying.host.settings.with(own.clone());
        Ok(Self {
            compose: verifying.host.compose.beside(layout.clone(), "verify", own.to_vec()),
            layout,
            settings,
            folder,
            _lock: lock,
        })
    }

    /// Removes its containers and data, also those that an earlier run left when it was killed.
    async fn clear(&self) {
        // What stays is removed by the next run, and taken for nothing else.
        let _ = self.compose.run(&["down", "--volumes", "--timeout", "5"]).await;
        let _ = fs::remove_dir_all(self.layout.data());
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Both are taken before either is given back, so that they differ.
fn free_ports() -> io::Result<[u16; 2]> {
    let take = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let (one, other) = (take()?, take()?);
    Ok([one.local_addr()?.port(), other.local_addr()?.port()])
}
