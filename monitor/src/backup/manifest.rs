//! What a backup says of itself: `manifest.json`, written last.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Its file in a backup's folder.
pub const FILE: &str = "manifest.json";
/// The version of its form that this program writes, and the only one it reads.
pub const SCHEMA: u32 = 1;

/// What a backup is and holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`SCHEMA`] of the program that wrote it.
    pub schema: u32,
    /// UTC time of its beginning, such as `20261125T092219Z`; also the name of its folder.
    pub id: String,
    /// When it began; RFC 3339. Everything that a server had acknowledged by then is in it.
    pub started_at: String,
    /// When all of it was written; RFC 3339.
    pub finished_at: String,
    /// Name of the host.
    pub host: String,
    /// What its maker wrote on it.
    pub label: Option<String>,
    /// Versions: `monitor`, and the image of each service.
    pub versions: BTreeMap<String, String>,
    /// Public keys it is encrypted to; empty where it is not encrypted.
    pub recipients: Vec<String>,
    /// Its other files, in the order in which they are restored.
    pub parts: Vec<Part>,
    /// Bytes of disk that a restore needs.
    pub restored_bytes: u64,
    /// Seconds for which Jaeger was stopped; none where it was not running.
    pub jaeger_pause_s: Option<f64>,
    /// What must be there after a restore.
    pub contents: Contents,
}

/// A file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// What it holds.
    pub content: PartContent,
    /// Its name in the backup's folder.
    pub file: String,
    /// Its size there.
    pub bytes: u64,
    /// SHA-256 of it as it lies there, in hexadecimal digits.
    pub sha256: String,
    /// Bytes before compression and encryption.
    pub plain_bytes: u64,
}

/// What a part holds, and so where it goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum PartContent {
    /// InfluxDB's users, tokens, buckets and tasks: its file `influxd.bolt`.
    InfluxdbKv,
    /// InfluxDB's notebooks and annotations: its file `influxd.sqlite`.
    InfluxdbSql,
    /// A tar of what InfluxDB had taken and not yet written into a shard.
    InfluxdbWal,
    /// A tar of a shard of InfluxDB as its backup API gives it.
    InfluxdbShard {
        /// Identifier of its bucket.
        bucket: String,
        /// Its number.
        shard: u64,
    },
    /// Grafana's database, `grafana.db`.
    Grafana,
    /// A tar of Jaeger's folder.
    Jaeger,
    /// A tar of `settings.env` and `secrets/`.
    Host,
}

/// What must be there after a restore.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Contents {
    /// Points by bucket, measurement and span of time.
    pub points: Vec<Points>,
    /// Earliest time that was counted, where counting all of it would have taken too long; RFC 3339.
    pub points_counted_from: Option<String>,
    /// Services that Jaeger knows, with the latest traces of each.
    pub traces: Vec<Traced>,
    /// Dashboards in Grafana's database, those from files too.
    pub dashboards: u64,
}

/// How many points a measurement had in a span of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Points {
    /// Name of the bucket.
    pub bucket: String,
    /// Name of the measurement.
    pub measurement: String,
    /// Beginning of the span; RFC 3339.
    pub from: String,
    /// Its end, which is not part of it; RFC 3339.
    pub to: String,
    /// Values of all fields.
    pub points: u64,
}

/// A trace that Jaeger had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traced {
    /// `service.name` under which it was found.
    pub service: String,
    /// Its id.
    pub trace: String,
    /// When its first span began; RFC 3339.
    pub began_at: String,
    /// How many spans it had.
    pub spans: u64,
}

impl Manifest {
    /// Bytes of all its parts.
    pub fn bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.bytes).sum()
    }

    /// Whether a key is needed to read it.
    pub fn is_encrypted(&self) -> bool {
        !self.recipients.is_empty()
    }
}
