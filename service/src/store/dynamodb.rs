//! How DynamoDB is reached: the SDK's configuration.

use std::sync::Arc;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::{ProvideCredentials as _, error::CredentialsError};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Credentials;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{Builder, Config, SharedCredentialsProvider, StalledStreamProtectionConfig};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use tokio_rustls::TlsConnector;

use super::connector::WorkerConnections;
use super::sdk_overhead::NoCallerDescription;
use super::signing::CachedKeyScheme;
use crate::tls;

/// Where DynamoDB is and how requests to it are signed: enough to make clients from.
#[derive(Clone)]
pub struct DynamoDb {
    config: Builder,
    tls: Option<TlsConnector>,
}

/// What the SDK's settings lack.
#[derive(Debug, thiserror::Error)]
pub enum DynamoDbError {
    /// No source of a region has one.
    #[error("no AWS region is set; set AWS_REGION, for instance to eu-central-1")]
    NoRegion,
    /// No source of credentials has any.
    #[error(
        "no AWS credentials were found ({0}); set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the task or host a role"
    )]
    NoCredentials(CredentialsError),
    /// rustls refuses its own defaults.
    #[error("TLS could not be set up: {0}")]
    Tls(#[from] tokio_rustls::rustls::Error),
}

impl DynamoDb {
    /// By the SDK's normal chain: environment, profile, container and instance metadata. With it the region.
    pub async fn from_environment(attempt_timeout: Duration) -> Result<(Self, Region), DynamoDbError> {
        let shared = aws_config::defaults(BehaviorVersion::latest())
            .http_client(credentials_client())
            .load()
            .await;
        let region = shared.region().cloned().ok_or(DynamoDbError::NoRegion)?;
        if let Some(provider) = shared.credentials_provider() {
            // Where their source is only out of reach, it may come back.
            let found = provider.provide_credentials().await;
            if let Err(
                error @ (CredentialsError::CredentialsNotLoaded(_) | CredentialsError::InvalidConfiguration(_)),
            ) = found
            {
                return Err(DynamoDbError::NoCredentials(error));
            }
        }
        let tls = TlsConnector::from(Arc::new(tls::trusting(None, None)?));
        Ok((Self::new(&shared, Some(tls), attempt_timeout), region))
    }

    /// A server without accounts at this address of this machine.
    pub fn local(port: u16, attempt_timeout: Duration) -> Self {
        let credentials = Credentials::new("local", "local", None, None, "embedded store");
        let shared = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("local"))
            .endpoint_url(format!("http://127.0.0.1:{port}"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build();
        Self::new(&shared, None, attempt_timeout)
    }

    fn new(shared: &SdkConfig, tls: Option<TlsConnector>, attempt_timeout: Duration) -> Self {
        let timeouts = TimeoutConfig::builder()
            .operation_attempt_timeout(attempt_timeout)
            .build();
        let config = Config::from(shared)
            .to_builder()
            .timeout_config(timeouts)
            // Answers are small and read whole; the attempt timeout covers them.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        Self { config, tls }
    }

    /// A client with connections of its own: one for each worker, so that no request crosses threads.
    pub fn client(&self) -> Client {
        let config = self
            .config
            .clone()
            .http_client(WorkerConnections::new(self.tls.clone()))
            .push_auth_scheme(CachedKeyScheme::default())
            .interceptor(NoCallerDescription);
        Client::from_conf(config.build())
    }
}

/// For the servers that give out credentials.
fn credentials_client() -> aws_sdk_dynamodb::config::SharedHttpClient {
    aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https()
}
