//! Backups in S3: an object for each file, under the backup's id.

mod transfer;

use std::io::Read;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Config, RequestChecksumCalculation, timeout::TimeoutConfig};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use tokio::runtime::Handle;

use super::super::manifest;
use super::{DestinationError, Listing, NewFile};
use crate::aws;
use transfer::{Download, Upload};

/// Objects below a prefix that are looked at.
const MOST_OBJECTS: usize = 1_000_000;
/// How long one request may take, with its retries.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(300);

/// A prefix in a bucket.
#[derive(Clone)]
pub(super) struct Bucket {
    client: Client,
    bucket: String,
    prefix: String,
}

impl Bucket {
    pub(super) async fn connect(bucket: &str, prefix: &str) -> Result<Self, DestinationError> {
        let shared = aws::configuration().await;
        let prefix = if prefix.is_empty() {
            String::new()
        } else {
            format!("{prefix}/")
        };
        if shared.region().is_none() {
            let place = format!("s3://{bucket}/{prefix}");
            return Err(DestinationError::unreadable(
                place,
                "no AWS region is set; set AWS_REGION, e.g. to eu-central-1",
            ));
        }
        let timeouts = TimeoutConfig::builder().operation_timeout(REQUEST_TIMEOUT).build();
        let config = Config::from(&shared)
            .to_builder()
            .timeout_config(timeouts)
            // Servers that speak S3 under a name of their own know no host name per bucket.
            .force_path_style(true)
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired);
        Ok(Self {
            client: Client::from_conf(config.build()),
            bucket: bucket.to_owned(),
            prefix,
        })
    }

    pub(super) fn place(&self, id: &str, file: &str) -> String {
        format!("s3://{}/{}", self.bucket, self.key(id, file))
    }

    pub(super) async fn list(&self) -> Result<Listing, DestinationError> {
        let mut listing = Listing::new();
        let request = self.client.list_objects_v2().bucket(&self.bucket).prefix(&self.prefix);
        let mut pages = request.into_paginator().send();
        let mut seen = 0;
        while let Some(page) = pages.next().await {
            let page = page.map_err(|failure| self.unreadable(&self.prefix, &failure))?;
            for object in page.contents() {
                seen += 1;
                let below = object.key().and_then(|key| key.strip_prefix(&self.prefix));
                let Some((id, file)) = below.and_then(|key| key.split_once('/')) else {
                    continue;
                };
                let bytes = object.size().and_then(|size| size.try_into().ok()).unwrap_or_default();
                listing.entry(id.to_owned()).or_default().insert(file.to_owned(), bytes);
            }
            if seen > MOST_OBJECTS {
                return Err(DestinationError::unreadable(
                    self.place("", ""),
                    format!("more than {MOST_OBJECTS} objects are below it"),
                ));
            }
        }
        Ok(listing)
    }

    /// S3 has no folders to be made by one alone; who takes backups of several hosts gives each a prefix.
    pub(super) async fn is_free(&self, id: &str) -> Result<bool, DestinationError> {
        let prefix = self.key(id, "");
        let list = self
            .client
            .list_objects_v2()
            .bucket(&self.bucket)
            .prefix(&prefix)
            .max_keys(1);
        let found = list
            .send()
            .await
            .map_err(|failure| self.unreadable(&prefix, &failure))?;
        Ok(found.contents().is_empty())
    }

    pub(super) async fn read_whole(&self, id: &str, file: &str) -> Result<Option<Vec<u8>>, DestinationError> {
        let key = self.key(id, file);
        let object = self.client.get_object().bucket(&self.bucket).key(&key).send().await;
        let object = match object {
            Ok(object) => object,
            Err(failure) if failure.code() == Some("NoSuchKey") => return Ok(None),
            Err(failure) => return Err(self.unreadable(&key, &failure)),
        };
        match object.body.collect().await {
            Ok(content) => Ok(Some(content.to_vec())),
            Err(error) => Err(DestinationError::unreadable(self.place(id, file), error)),
        }
    }

    pub(super) async fn write_whole(&self, id: &str, file: &str, content: Vec<u8>) -> Result<(), DestinationError> {
        let key = self.key(id, file);
        let put = self.client.put_object().bucket(&self.bucket).key(&key);
        let put = put.body(ByteStream::from(content)).send().await;
        put.map(drop).map_err(|failure| self.unwritable(&key, &failure))
    }

    pub(super) fn create(&self, id: &str, file: &str) -> Box<dyn NewFile> {
        let (bucket, key) = (self.bucket.clone(), self.key(id, file));
        Box::new(Upload::new(Handle::current(), self.client.clone(), bucket, key))
    }

    pub(super) fn read(&self, id: &str, file: &str) -> Result<Box<dyn Read + Send>, DestinationError> {
        let key = self.key(id, file);
        let handle = Handle::current();
        let get = self.client.get_object().bucket(&self.bucket).key(&key).send();
        let object = tokio::task::block_in_place(|| {
            let object = handle.block_on(get);
            object.map_err(|failure| self.unreadable(&key, &failure))
        })?;
        Ok(Box::new(Download::new(handle, object.body)))
    }

    pub(super) async fn remove(&self, id: &str) -> Result<(), DestinationError> {
        self.abort_uploads(id).await?;
        let files = self.list().await?.remove(id).unwrap_or_default();
        let (manifest, others): (Vec<_>, Vec<_>) = files.keys().partition(|file| *file == manifest::FILE);
        for file in manifest.into_iter().chain(others) {
            let key = self.key(id, file);
            let deleted = self.client.delete_object().bucket(&self.bucket).key(&key).send().await;
            deleted.map_err(|failure| self.unwritable(&key, &failure))?;
        }
        Ok(())
    }

    /// Parts of an upload that never ended cost money, and appear in no list of objects.
    async fn abort_uploads(&self, id: &str) -> Result<(), DestinationError> {
        let prefix = self.key(id, "");
        let uploads = self
            .client
            .list_multipart_uploads()
            .bucket(&self.bucket)
            .prefix(&prefix);
        let uploads = uploads
            .send()
            .await
            .map_err(|failure| self.unreadable(&prefix, &failure))?;
        for upload in uploads.uploads() {
            let (Some(key), Some(upload_id)) = (upload.key(), upload.upload_id()) else {
                continue;
            };
            let abort = self.client.abort_multipart_upload().bucket(&self.bucket).key(key);
            let aborted = abort.upload_id(upload_id).send().await;
            aborted.map_err(|failure| self.unwritable(key, &failure))?;
        }
        Ok(())
    }

    fn key(&self, id: &str, file: &str) -> String {
        format!("{}{id}/{file}", self.prefix)
    }

    fn unreadable<E>(&self, key: &str, failure: &SdkError<E>) -> DestinationError
    where
        SdkError<E>: ProvideErrorMetadata,
        E: std::error::Error + 'static,
    {
        DestinationError::unreadable(format!("s3://{}/{key}", self.bucket), aws::reason(failure))
    }

    fn unwritable<E>(&self, key: &str, failure: &SdkError<E>) -> DestinationError
    where
        SdkError<E>: ProvideErrorMetadata,
        E: std::error::Error + 'static,
    {
        DestinationError::Unwritable {
            place: format!("s3://{}/{key}", self.bucket),
            reason: aws::reason(failure),
        }
    }
}
