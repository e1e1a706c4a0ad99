//! InfluxDB's data: its metadata and shards through its backup API, and what it has taken but not yet put into shards.
//!
//! A shard that is just being written to disk comes without its newest points: InfluxDB waits a second for that to end
//! and then goes on without. They are in its write-ahead log, which is therefore read first; restored with the shard,
//! it is replayed as after a crash, and a point that is in both is still one point.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use reqwest::{Method, Response};
use serde::Deserialize;
use tokio::task::block_in_place;

use super::error::BackupError;
use super::files;
use super::manifest::PartContent;
use super::multipart::{Event, Parser};
use super::part::PartWriter;
use super::stamp;
use super::tar_check::TarCheck;
use super::writing::Writing;
use crate::http::{self, HttpError};
use crate::influxdb::{InfluxDb, SERVICE};
use crate::progress::Progress;

const METADATA: &str = "/api/v2/backup/metadata";
/// Longest silence in an answer.
const SILENCE: Duration = Duration::from_secs(120);
/// Attempts at a shard that is just being deleted from or rewritten.
const ATTEMPTS: u32 = 6;

/// A bucket as the backup API describes it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Bucket {
    #[serde(rename = "bucketID")]
    pub(super) id: String,
    #[serde(rename = "bucketName")]
    pub(super) name: String,
    retention_policies: Vec<RetentionPolicy>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RetentionPolicy {
    shard_groups: Vec<ShardGroup>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ShardGroup {
    start_time: String,
    end_time: String,
    deleted_at: Option<String>,
    shards: Vec<Shard>,
}

#[derive(Debug, Deserialize)]
struct Shard {
    id: u64,
}

impl Bucket {
    /// Spans of time that have shards, the latest first.
    pub(super) fn spans(&self) -> Vec<(SystemTime, SystemTime)> {
        let groups = self.groups();
        let mut spans: Vec<_> = groups
            .filter_map(|group| Some((stamp::time(&group.start_time)?, stamp::time(&group.end_time)?)))
            .collect();
        spans.sort_by(|one, other| other.cmp(one));
        spans.dedup();
        spans
    }

    fn shards(&self) -> impl Iterator<Item = u64> {
        self.groups()
            .flat_map(|group| group.shards.iter().map(|shard| shard.id))
    }

    fn groups(&self) -> impl Iterator<Item = &ShardGroup> {
        let groups = self.retention_policies.iter().flat_map(|policy| &policy.shard_groups);
        groups.filter(|group| group.deleted_at.is_none())
    }
}

/// Writes users, tokens, buckets, notebooks as they are at one instant; gives the buckets.
pub(super) async fn metadata(influxdb: &InfluxDb, writing: &mut Writing<'_>) -> Result<Vec<Bucket>, BackupError> {
    let mut response = http::send(SERVICE, influxdb.request(Method::GET, METADATA)).await?;
    let content_type = response.headers().get("Content-Type");
    let content_type = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let unreadable = |cause: String| HttpError::Unreadable {
        server: SERVICE,
        request: METADATA.to_owned(),
        cause,
    };
    let mut parser = Parser::new(content_type).map_err(|error| unreadable(error.to_string()))?;
    let (mut part, mut buckets): (Option<PartWriter>, Vec<u8>) = (None, Vec::new());
    let mut seen = Vec::new();
    loop {
        match parser.next().map_err(|error| unreadable(error.to_string()))? {
            Event::More => match chunk(&mut response, METADATA).await? {
                Some(bytes) => parser.feed(&bytes),
                None => return Err(broken_off(METADATA, "it has no end")),
            },
            Event::Part(name) => {
                finish(part.take(), writing)?;
                part = match name.as_str() {
                    "kv" => Some(writing.part("influxdb-kv", PartContent::InfluxdbKv)?),
                    "sql" => Some(writing.part("influxdb-sql", PartContent::InfluxdbSql)?),
                    _ => None,
                };
                seen.push(name);
            }
            Event::Content(content) => match &mut part {
                Some(part) => write(part, &content)?,
                None if seen.last().is_some_and(|name| name == "buckets") => buckets.extend_from_slice(&content),
                None => {}
            },
            Event::End => break,
        }
    }
    finish(part, writing)?;
    if seen != ["kv", "sql", "buckets"] {
        return Err(unreadable(format!("it holds {}", seen.join(", "))).into());
    }
    serde_json::from_slice(&buckets).map_err(|error| unreadable(error.to_string()).into())
}

/// Writes what InfluxDB has taken and perhaps not yet put into shards. `folder` is InfluxDB's.
pub(super) fn wal(folder: &Path, writing: &mut Writing<'_>) -> Result<(), BackupError> {
    let root = folder.join("engine").join("wal");
    // Opened before any is read: InfluxDB removes each once its points are in a shard.
    let opened = segments(&root)?.into_iter().map(Ok);
    files::write_tar(writing, "influxdb-wal", PartContent::InfluxdbWal, &root, opened)
}

/// Writes the shards of a bucket.
pub(super) async fn shards(
    influxdb: &InfluxDb,
    bucket: &Bucket,
    writing: &mut Writing<'_>,
    progress: &Progress,
) -> Result<(), BackupError> {
    let mut told = Instant::now();
    for (done, shard) in bucket.shards().enumerate() {
        writing.interrupt.check()?;
        let text = || {
            format!(
                "influxdb: {done} of {} shards of {}",
                bucket.shards().count(),
                bucket.name
            )
        };
        progress.now_and_then(&mut told, text);
        let request = format!("/api/v2/backup/shards/{shard}");
        let Some(mut response) = ask(influxdb, &request).await? else {
            continue;
        };
        let content = PartContent::InfluxdbShard {
            bucket: bucket.id.clone(),
            shard,
        };
        let mut part = writing.part(&format!("influxdb-shard-{shard}"), content)?;
        let mut check = TarCheck::default();
        while let Some(bytes) = chunk(&mut response, &request).await? {
            check.feed(&bytes);
            write(&mut part, &bytes)?;
        }
        if !check.is_whole() {
            return Err(broken_off(&request, "it is not a whole tar"));
        }
        finish(Some(part), writing)?;
    }
    Ok(())
}

/// None for a shard that has gone since, by retention, or in which nothing was ever written.
async fn ask(influxdb: &InfluxDb, request: &str) -> Result<Option<Response>, BackupError> {
    let mut attempt = 1;
    loop {
        match http::send(SERVICE, influxdb.request(Method::GET, request)).await {
            Ok(response) => return Ok(Some(response)),
            Err(error) if error.status() == Some(404) => return Ok(None),
            Err(error) if error.status() == Some(500) && attempt < ATTEMPTS => {
                tokio::time::sleep(Duration::from_millis(200) * 2_u32.pow(attempt)).await;
                attempt += 1;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

async fn chunk(response: &mut Response, request: &str) -> Result<Option<bytes::Bytes>, BackupError> {
    match tokio::time::timeout(SILENCE, response.chunk()).await {
        Ok(Ok(chunk)) => Ok(chunk),
        Ok(Err(error)) => Err(broken_off(request, &error.to_string())),
        Err(_) => Err(broken_off(
            request,
            &format!("nothing came for {} s", SILENCE.as_secs()),
        )),
    }
}

fn broken_off(request: &str, cause: &str) -> BackupError {
    BackupError::BrokenOff {
        request: request.to_owned(),
        cause: cause.to_owned(),
    }
}

fn write(part: &mut PartWriter, bytes: &[u8]) -> Result<(), BackupError> {
    block_in_place(|| part.write_all(bytes)).map_err(|error| BackupError::of_writing(part.place())(error))
}

fn finish(part: Option<PartWriter>, writing: &mut Writing<'_>) -> Result<(), BackupError> {
    match part {
        Some(part) => writing.finish(part),
        None => Ok(()),
    }
}

/// Segments of the write-ahead logs of all shards.
fn segments(root: &Path) -> Result<Vec<(PathBuf, File)>, BackupError> {
    let mut found = Vec::new();
    let is_segment = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "wal");
    for path in files::below(root)?.into_iter().filter(is_segment) {
        match File::open(&path) {
            Ok(file) => found.push((path, file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(BackupError::unreadable(&path)(error)),
        }
    }
    Ok(found)
}
