//! Sends to InfluxDB what runs left on disk.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, sleep_until};

use super::client::{Client, runtime};
use super::delivery::{Backoff, CHUNK, LONGEST_WAIT};
use super::error::InfluxError;
use super::settings::{Destination, SettingsError, Token};
use super::spool::{DESTINATION_FILE, Spool, SpoolError};
use crate::interrupt::Interrupt;
use crate::tls::TlsSettings;

/// Folders within folders that are looked into: what `--out` wrote, `influxdb` in it, a run in that.
const DEPTH: usize = 3;
/// Folders looked into at most.
const MOST_FOLDERS: usize = 10_000;
/// Posts of the same lines before giving up on an InfluxDB that does not answer: about a minute with their waits.
const ATTEMPTS: u32 = 6;
/// How soon an interruption is noticed while waiting.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// What to send, and where.
#[derive(Clone, Debug)]
pub struct PushSettings {
    /// Spools, or folders with spools in them, such as what `--out` wrote.
    pub folders: Vec<PathBuf>,
    /// An InfluxDB's URL in place of the one the run had.
    pub url: Option<String>,
    /// An organisation in place of the one the run had.
    pub org: Option<String>,
    /// A bucket in place of the one the run had.
    pub bucket: Option<String>,
    /// What allows to write.
    pub token: Token,
    /// How InfluxDB is trusted where its URL is https.
    pub tls: TlsSettings,
}

/// How far it is.
#[derive(Clone, Debug)]
pub struct PushProgress {
    /// The spool being sent.
    pub folder: PathBuf,
    /// Points of it that InfluxDB has.
    pub sent: u64,
    /// Points it began with.
    pub points: u64,
}

/// What was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pushed {
    /// Spools that were sent and removed.
    pub spools: u64,
    /// Points in them.
    pub points: u64,
}

/// Why not everything was sent; what InfluxDB acknowledged is removed, all else still there.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum PushError {
    #[error(
        "{folder} cannot be read ({reason}); give the folder that the run named, which is gone once all of it was sent"
    )]
    Folder { folder: String, reason: String },
    #[error("{folder} is in use by another loadgen, a run or a push; wait until it has ended")]
    Locked { folder: String },
    #[error("{folder} was not sent: {error}")]
    NotSent { folder: String, error: InfluxError },
    #[error("interrupted; what InfluxDB does not have yet is still in {folder}")]
    Interrupted { folder: String },
    #[error(transparent)]
    Setup(#[from] InfluxError),
}

/// Sends what is in the folders and removes what InfluxDB acknowledged. Sending the same twice changes nothing. A spool
/// that cannot be sent does not keep the next one from being sent; the first failure is the result.
///
/// # Errors
/// A folder cannot be read or is in use, InfluxDB does not take it, or the user interrupted it.
pub fn push(
    settings: &PushSettings,
    interrupt: &Interrupt,
    progress: &mut dyn FnMut(&PushProgress),
) -> Result<Pushed, PushError> {
    let mut spools = Vec::new();
    for folder in &settings.folders {
        spools.extend(find(folder)?);
    }
    spools.sort();
    spools.dedup();
    let runtime = runtime().map_err(InfluxError::System)?;
    let (mut pushed, mut first_error) = (Pushed::default(), None);
    for folder in &spools {
        match runtime.block_on(push_spool(settings, folder, interrupt, progress)) {
            Ok(points) => {
                pushed.spools += 1;
                pushed.points += points;
            }
            Err(error @ PushError::Interrupted { .. }) => return Err(error),
            Err(error) => {
                first_error.get_or_insert(error);
            }
        }
    }
    first_error.map_or(Ok(pushed), Err)
}

/// The spools in a folder, which may be one itself.
fn find(root: &Path) -> Result<Vec<PathBuf>, PushError> {
    let wrong = |reason: io::Error| PushError::Folder {
        folder: root.display().to_string(),
        reason: reason.to_string(),
    };
    let mut found = Vec::new();
    let mut folders = VecDeque::from([(root.to_owned(), 0)]);
    let mut looked = 0;
    while let Some((folder, depth)) = folders.pop_front() {
        let entries = fs::read_dir(&folder).map_err(wrong)?;
        if folder.join(DESTINATION_FILE).is_file() {
            found.push(folder);
            continue;
        }
        looked += 1;
        if depth == DEPTH || looked > MOST_FOLDERS {
            continue;
        }
        // Links are not followed: they may lead in circles.
        let within = entries
            .filter_map(Result::ok)
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        folders.extend(within.map(|entry| (entry.path(), depth + 1)));
    }
    Ok(found)
}

async fn push_spool(
    settings: &PushSettings,
    folder: &Path,
    interrupt: &Interrupt,
    progress: &mut dyn FnMut(&PushProgress),
) -> Result<u64, PushError> {
    let name = || folder.display().to_string();
    let unreadable = |error: &dyn std::fmt::Display| PushError::Folder {
        folder: name(),
        reason: error.to_string(),
    };
    let (mut spool, noted) = Spool::open(folder).map_err(|error| match error {
        SpoolError::Locked => PushError::Locked { folder: name() },
        error => unreadable(&error),
    })?;
    let destination = override_with(settings, &noted).map_err(InfluxError::Settings)?;
    let client = Client::new(&destination, &settings.token, &settings.tls)?;
    let mut state = PushProgress {
        folder: folder.to_owned(),
        sent: 0,
        points: spool.points(),
    };
    let mut refused = None;
    progress(&state);
    while let Some(chunk) = spool.oldest(CHUNK).map_err(|error| unreadable(&error))? {
        if interrupt.is_requested() {
            return Err(PushError::Interrupted { folder: name() });
        }
        let body = Bytes::copy_from_slice(&chunk.lines.text);
        match post(&client, body, interrupt).await {
            Ok(()) => {
                spool.done(&chunk);
                state.sent += chunk.lines.points;
                progress(&state);
            }
            Err(_) if interrupt.is_requested() => return Err(PushError::Interrupted { folder: name() }),
            Err(error) if error.concerns_all() => return Err(PushError::NotSent { folder: name(), error }),
            Err(error) => {
                // One file that InfluxDB refuses must not keep back the others.
                spool.skip_oldest();
                refused.get_or_insert(error);
            }
        }
    }
    match refused {
        Some(error) => Err(PushError::NotSent { folder: name(), error }),
        None => {
            spool.remove();
            Ok(state.sent)
        }
    }
}

async fn post(client: &Client, body: Bytes, interrupt: &Interrupt) -> Result<(), InfluxError> {
    let mut wait = Backoff::new();
    let mut attempt = 1;
    loop {
        match client.post(body.clone()).await {
            Err(error) if error.is_temporary() && attempt < ATTEMPTS && !interrupt.is_requested() => {
                attempt += 1;
                wait.fail(error.retry_after(), LONGEST_WAIT);
                while Instant::now() < wait.until && !interrupt.is_requested() {
                    sleep_until(wait.until.min(Instant::now() + POLL_INTERVAL)).await;
                }
            }
            result => return result,
        }
    }
}

fn override_with(settings: &PushSettings, noted: &Destination) -> Result<Destination, SettingsError> {
    Destination::new(
        settings.url.as_deref().unwrap_or(noted.url()),
        settings.org.as_deref().unwrap_or(noted.org()),
        settings.bucket.as_deref().unwrap_or(noted.bucket()),
    )
}
