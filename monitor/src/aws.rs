//! What every use of AWS has in common.

use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

/// How long a small request may take, with its retries.
const BRIEF: Duration = Duration::from_secs(30);

/// By the SDK's normal chain: environment, profile, container and instance metadata.
pub(crate) async fn configuration() -> SdkConfig {
    let https = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(https)
        .load()
        .await
}

/// The same for small requests, for whose answers somebody waits.
pub(crate) async fn brief_configuration() -> SdkConfig {
    let timeouts = TimeoutConfig::builder().operation_timeout(BRIEF).build();
    configuration().await.into_builder().timeout_config(timeouts).build()
}

/// Whether the request got no answer, or one of a server that is out of order; without credentials it is not sent.
pub(crate) fn is_away<E>(failure: &SdkError<E>) -> bool {
    match failure {
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) => true,
        _ => failure
            .raw_response()
            .is_some_and(|answer| answer.status().is_server_error()),
    }
}

/// Why a request failed, for people. Credentials appear in no error of the SDK.
pub(crate) fn reason<E>(failure: &SdkError<E>) -> String
where
    SdkError<E>: ProvideErrorMetadata,
    E: std::error::Error + 'static,
{
    match (failure.code(), failure.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        _ => DisplayErrorContext(failure).to_string(),
    }
}
