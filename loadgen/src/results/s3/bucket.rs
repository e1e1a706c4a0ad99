//! Requests to S3, one at a time.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::Duration;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{Config, RequestChecksumCalculation};
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::{ByteStream, Length};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use tokio::runtime::Runtime;

use crate::results::ResultsError;

/// Objects below a prefix that are looked at.
const MOST_OBJECTS: usize = 100_000;
/// How long one request may take, with its retries; the largest files take minutes.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(600);

/// An object's key below the prefix: a file's name, perhaps in one sub-folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key(String);

impl Key {
    /// `None` for what lies deeper or could name a file elsewhere.
    pub(super) fn new(relative: &str) -> Option<Self> {
        let is_wrong = |character: char| character == '\\' || character.is_control();
        let plain = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains(is_wrong);
        let parts: Vec<&str> = relative.split('/').collect();
        (parts.len() <= 2 && parts.iter().all(|part| plain(part))).then(|| Self(relative.to_owned()))
    }

    pub(super) fn relative(&self) -> &str {
        &self.0
    }

    /// The sub-folder, if it is in one.
    pub(super) fn folder(&self) -> Option<&str> {
        self.0.split_once('/').map(|(folder, _)| folder)
    }

    pub(super) fn file(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }
}

/// A prefix in a bucket.
pub(super) struct Bucket {
    runtime: Runtime,
    client: Client,
    bucket: String,
    prefix: String,
}

impl Bucket {
    /// By the SDK's normal chain: environment, profile, container and instance metadata.
    pub(super) fn connect(bucket: &str, prefix: &str) -> Result<Self, ResultsError> {
        let runtime = runtime(bucket, prefix)?;
        let https = aws_smithy_http_client::Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_https();
        let loading = aws_config::defaults(BehaviorVersion::latest())
            .http_client(https)
            .load();
        let shared = runtime.block_on(loading);
        if shared.region().is_none() {
            return Err(error(
                bucket,
                prefix,
                "no AWS region is set; set AWS_REGION, e.g. to eu-central-1",
            ));
        }
        Ok(Self::new(runtime, &shared, bucket, prefix))
    }

    fn new(runtime: Runtime, shared: &SdkConfig, bucket: &str, prefix: &str) -> Self {
        let timeouts = TimeoutConfig::builder().operation_timeout(OPERATION_TIMEOUT).build();
        let config = Config::from(shared)
            .to_builder()
            .timeout_config(timeouts)
            // Servers that speak S3 under a name of their own know no host name per bucket.
            .force_path_style(true)
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired);
        Self {
            runtime,
            client: Client::from_conf(config.build()),
            bucket: bucket.to_owned(),
            prefix: if prefix.is_empty() {
                String::new()
            } else {
                format!("{prefix}/")
            },
        }
    }

    #[cfg(test)]
    pub(super) fn at(shared: &SdkConfig, bucket: &str, prefix: &str) -> Self {
        Self::new(runtime(bucket, prefix).unwrap(), shared, bucket, prefix)
    }

    /// Where it is, with a slash at the end.
    pub(super) fn place(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix)
    }

    fn object(&self, key: &Key) -> String {
        format!("{}{}", self.prefix, key.relative())
    }

    pub(super) fn error(&self, reason: impl Into<String>) -> ResultsError {
        error(&self.bucket, &self.prefix, reason)
    }

    fn failed<E>(&self, failure: SdkError<E>) -> ResultsError
    where
        SdkError<E>: ProvideErrorMetadata,
        E: std::error::Error + 'static,
    {
        let reason = match (failure.code(), failure.message()) {
            (Some(code), Some(message)) => format!("{code}: {message}"),
            (Some(code), None) => code.to_owned(),
            // Credentials appear in no error of the SDK.
            _ => DisplayErrorContext(&failure).to_string(),
        };
        self.error(format!(
            "{reason}; check the bucket's name, AWS_REGION and what the credentials allow"
        ))
    }

    /// What lies below the prefix, as far as it can be results.
    pub(super) fn list(&self) -> Result<Vec<Key>, ResultsError> {
        let mut keys = Vec::new();
        let mut pages = self
            .client
            .list_objects_v2()
            .bucket(&self.bucket)
            .prefix(&self.prefix)
            .into_paginator()
            .send();
        let mut seen = 0;
        while let Some(page) = self.runtime.block_on(pages.next()) {
            let page = page.map_err(|failure| self.failed(failure))?;
            let names = page.contents().iter().filter_map(|object| object.key());
            for name in names {
                seen += 1;
                keys.extend(name.strip_prefix(&self.prefix).and_then(Key::new));
            }
            if seen > MOST_OBJECTS {
                return Err(self.error(format!("more than {MOST_OBJECTS} objects are below it")));
            }
        }
        Ok(keys)
    }

    /// Copies the first `length` bytes of a file.
    pub(super) fn put(&self, key: &Key, file: &Path, length: u64) -> Result<(), ResultsError> {
        let content_type = match file.extension().and_then(|extension| extension.to_str()) {
            Some("json") => "application/json",
            Some("jsonl") => "application/x-ndjson",
            Some("csv") => "text/csv; charset=utf-8",
            Some("html") => "text/html; charset=utf-8",
            _ => "application/octet-stream",
        };
        let copying = async {
            let body = ByteStream::read_from()
                .path(file)
                .length(Length::Exact(length))
                .build()
                .await
                .map_err(|failure| self.error(failure.to_string()))?;
            self.client
                .put_object()
                .bucket(&self.bucket)
                .key(self.object(key))
                .content_type(content_type)
                .body(body)
                .send()
                .await
                .map_err(|failure| self.failed(failure))
        };
        self.runtime.block_on(copying).map(drop)
    }

    /// Copies an object into a file, making its folder.
    pub(super) fn get(&self, key: &Key, file: &Path) -> Result<(), ResultsError> {
        let unwritable = |failure: io::Error| ResultsError::unwritable(file)(failure);
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder).map_err(unwritable)?;
        }
        let copying = async {
            let object = self
                .client
                .get_object()
                .bucket(&self.bucket)
                .key(self.object(key))
                .send();
            let mut body = object.await.map_err(|failure| self.failed(failure))?.body;
            // Nothing else runs on this thread that writing could hold up.
            let mut file = File::create(file).map_err(unwritable)?;
            while let Some(part) = body.next().await {
                let part = part.map_err(|failure| self.error(failure.to_string()))?;
                file.write_all(&part).map_err(unwritable)?;
            }
            Ok(())
        };
        self.runtime.block_on(copying)
    }

    /// Removes an object.
    pub(super) fn delete(&self, key: &Key) -> Result<(), ResultsError> {
        let deleting = self
            .client
            .delete_object()
            .bucket(&self.bucket)
            .key(self.object(key))
            .send();
        let deleted = self.runtime.block_on(deleting);
        deleted.map(drop).map_err(|failure| self.failed(failure))
    }
}

fn runtime(bucket: &str, prefix: &str) -> Result<Runtime, ResultsError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|failure| error(bucket, prefix, failure.to_string()))
}

fn error(bucket: &str, prefix: &str, reason: impl Into<String>) -> ResultsError {
    ResultsError::S3 {
        place: format!("s3://{bucket}/{prefix}"),
        reason: reason.into(),
    }
}
