//! Asking the servers of this host over HTTP.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, RequestBuilder, Response};
use serde::de::DeserializeOwned;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Characters of an answer that go into an error.
const SHOWN: usize = 300;
/// Bytes of an answer that is not to be used.
const BEGINNING: usize = 4 * SHOWN;
/// Bytes of an answer that may come from one of our servers.
const LARGEST: usize = 256 << 20;

/// Why a server gave no usable answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// No connection, or none that lasted.
    #[error("{server} does not answer at {url} ({cause}); see `monitor status` and `monitor logs {server}`")]
    Unreachable {
        /// Name of its service in `compose.yaml`.
        server: &'static str,
        /// What was asked.
        url: String,
        /// The innermost reason.
        cause: String,
    },
    /// An answer that is not 2xx.
    #[error("{server} answered {status} to {request}: {body}")]
    Refused {
        /// Name of its service in `compose.yaml`.
        server: &'static str,
        /// Path of what was asked.
        request: String,
        /// Status code.
        status: u16,
        /// Beginning of the answer.
        body: String,
    },
    /// An answer that is not what its API promises.
    #[error("{server} gave an answer to {request} that cannot be read ({cause}); is it the version in compose.yaml?")]
    Unreadable {
        /// Name of its service in `compose.yaml`.
        server: &'static str,
        /// Path of what was asked.
        request: String,
        /// What is wrong with it.
        cause: String,
    },
}

impl HttpError {
    /// The status, if the server gave an answer.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            Self::Unreachable { .. } | Self::Unreadable { .. } => None,
        }
    }
}

/// A client for servers of this host: no proxy, no TLS roots, `timeout` for a whole answer.
///
/// # Panics
/// Never: ring supports what is asked of it, and nothing else can be wrong with these settings.
pub fn client(timeout: Duration) -> Client {
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map(|tls| tls.with_root_certificates(RootCertStore::empty()).with_no_client_auth());
    let client = tls.map(|tls| {
        Client::builder()
            .tls_backend_preconfigured(tls)
            .no_proxy()
            .connect_timeout(Duration::from_secs(3))
            .timeout(timeout)
            .build()
    });
    match client {
        Ok(Ok(client)) => client,
        Ok(Err(error)) => unreachable!("these settings suffice: {error}"),
        Err(error) => unreachable!("ring has the protocol versions of rustls: {error}"),
    }
}

/// Sends a request that must succeed.
///
/// # Errors
/// There is no answer, or one that is not 2xx.
pub async fn send(server: &'static str, request: RequestBuilder) -> Result<Response, HttpError> {
    let mut response = request.send().await.map_err(|error| unreachable(server, &error))?;
    if response.status().is_success() {
        return Ok(response);
    }
    let (request, status) = (response.url().path().to_owned(), response.status().as_u16());
    let body = read(server, &mut response, BEGINNING).await?;
    Err(HttpError::Refused {
        server,
        request,
        status,
        body: beginning(&String::from_utf8_lossy(&body)),
    })
}

/// Reads an answer to its end, or until it has given as much as `enough`.
async fn read(server: &'static str, response: &mut Response, enough: usize) -> Result<Vec<u8>, HttpError> {
    let mut body = Vec::new();
    while body.len() < enough
        && let Some(chunk) = response.chunk().await.map_err(|error| unreachable(server, &error))?
    {
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Reads a whole answer.
///
/// # Errors
/// It breaks off, or does not end.
pub(crate) async fn body(server: &'static str, mut response: Response) -> Result<Vec<u8>, HttpError> {
    let body = read(server, &mut response, LARGEST).await?;
    if body.len() < LARGEST {
        return Ok(body);
    }
    Err(HttpError::Unreadable {
        server,
        request: response.url().path().to_owned(),
        cause: format!("it has more than {} MiB", LARGEST >> 20),
    })
}

/// Sends a request that must succeed, and reads the text of its answer.
///
/// # Errors
/// As [`send`].
pub async fn text(server: &'static str, request: RequestBuilder) -> Result<String, HttpError> {
    let body = body(server, send(server, request).await?).await?;
    Ok(String::from_utf8_lossy(&body).into_owned())
}

/// Sends a request that must succeed, and reads the JSON of its answer.
///
/// # Errors
/// As [`send`], or the answer is not the JSON that was expected.
pub async fn json<T: DeserializeOwned>(server: &'static str, request: RequestBuilder) -> Result<T, HttpError> {
    let response = send(server, request).await?;
    let path = response.url().path().to_owned();
    let body = body(server, response).await?;
    serde_json::from_slice(&body).map_err(|error| HttpError::Unreadable {
        server,
        request: path,
        cause: error.to_string(),
    })
}

pub(crate) fn unreachable(server: &'static str, error: &reqwest::Error) -> HttpError {
    let url = error.url().map(|url| {
        let mut url = url.clone();
        url.set_query(None);
        url.to_string()
    });
    HttpError::Unreachable {
        server,
        url: url.unwrap_or_default(),
        cause: innermost(error),
    }
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

pub(crate) fn beginning(body: &str) -> String {
    let body = body.trim();
    match body.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &body[..end]),
        None => body.to_owned(),
    }
}
