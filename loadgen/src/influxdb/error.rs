//! Why InfluxDB does not take figures.

use std::time::Duration;

use super::settings::{Destination, SettingsError};
use crate::tls::TlsError;

/// Why InfluxDB does not take figures; each is one sentence that says what happened and what to do.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum InfluxError {
    #[error("InfluxDB at {url} does not answer ({reason}); check --influx-url and whether it runs and can be reached")]
    Unreachable { url: String, reason: String },
    #[error("InfluxDB at {url} takes nothing at the moment (status {status}{reason}); check its load and its disk")]
    Busy {
        url: String,
        status: u16,
        reason: String,
        /// When to come again, as far as it said.
        retry_after: Option<Duration>,
    },
    #[error(
        "InfluxDB at {url} does not know the token; give one that may write to the bucket `{bucket}`, in INFLUX_TOKEN or \
         --influx-token-file"
    )]
    Token { url: String, bucket: String },
    #[error(
        "the token may not write to the bucket `{bucket}` of InfluxDB at {url}; give one that may, in INFLUX_TOKEN or \
         --influx-token-file"
    )]
    Permission { url: String, bucket: String },
    #[error("InfluxDB at {url} has no organisation `{org}`; correct --influx-org")]
    Organisation { url: String, org: String },
    #[error(
        "InfluxDB at {url} has no bucket `{bucket}` in the organisation `{org}`; create it or correct --influx-bucket"
    )]
    Bucket { url: String, org: String, bucket: String },
    #[error("InfluxDB at {url} refuses the figures (status {status}{reason}); see which field or size it names")]
    Figures { url: String, status: u16, reason: String },
    #[error("{url} answers with status {status}, which InfluxDB 2 does not do; correct --influx-url")]
    NotInfluxDb { url: String, status: u16 },
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("the output to InfluxDB cannot be set up: {0}; free some memory, threads or files")]
    System(#[from] std::io::Error),
}

impl InfluxError {
    /// Whether the same may be taken later.
    pub(super) fn is_temporary(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Busy { .. })
    }

    /// Whether other figures would be refused likewise.
    pub(super) fn concerns_all(&self) -> bool {
        !matches!(self, Self::Figures { .. })
    }

    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// What an answer other than success means; `message` is InfluxDB's own, possibly empty.
    pub(super) fn from_answer(
        destination: &Destination,
        status: u16,
        message: &str,
        retry_after: Option<Duration>,
    ) -> Self {
        let (url, org, bucket) = (
            destination.url().to_owned(),
            destination.org().to_owned(),
            destination.bucket().to_owned(),
        );
        let reason = if message.is_empty() {
            String::new()
        } else {
            format!(": {message}")
        };
        match status {
            401 => Self::Token { url, bucket },
            403 => Self::Permission { url, bucket },
            404 if message.contains("organization") => Self::Organisation { url, org },
            404 if message.contains("bucket") => Self::Bucket { url, org, bucket },
            400 | 413 | 422 => Self::Figures { url, status, reason },
            408 | 429 | 500.. => Self::Busy {
                url,
                status,
                reason,
                retry_after,
            },
            _ => Self::NotInfluxDb { url, status },
        }
    }
}
