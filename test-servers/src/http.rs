//! Asking the servers over HTTP.

use std::sync::Arc;
use std::time::Duration;

use reqwest::blocking::{Client, ClientBuilder, RequestBuilder};
use serde_json::Value;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::error::ServerError;

/// Longer than a query takes on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Characters of an answer that go into an error.
const SHOWN: usize = 500;

/// What clients for servers of this machine are made from: no proxy, and TLS by ring, since the client wants to know how
/// even where nothing is asked over TLS.
///
/// # Panics
/// Never: ring supports what is asked of it.
pub fn client_builder() -> ClientBuilder {
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map(|tls| tls.with_root_certificates(RootCertStore::empty()).with_no_client_auth());
    match tls {
        Ok(tls) => Client::builder().tls_backend_preconfigured(tls).no_proxy(),
        Err(error) => unreachable!("ring has the protocol versions of rustls: {error}"),
    }
}

/// For a server of this machine.
///
/// # Panics
/// Where the system has no threads or memory left.
pub(crate) fn client() -> Client {
    match client_builder().timeout(TIMEOUT).build() {
        Ok(client) => client,
        Err(error) => panic!("no HTTP client can be made: {error}"),
    }
}

/// Sends a request that must succeed, and reads the JSON of its answer; null where the answer is empty.
pub(crate) fn json(server: &'static str, request: RequestBuilder) -> Result<Value, ServerError> {
    let answer = request.send().map_err(|error| unreachable(server, &error))?;
    let (status, url) = (answer.status(), answer.url().path().to_owned());
    let body = answer.text().map_err(|error| unreachable(server, &error))?;
    if !status.is_success() {
        return Err(ServerError::Refused {
            server,
            request: url,
            status: status.as_u16(),
            body: beginning(&body),
        });
    }
    if body.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_str(&body).map_err(|error| unreadable(server, error.to_string(), &body))
}

/// An answer that is not what the server's documentation promises.
pub(crate) fn unreadable(server: &'static str, cause: impl Into<String>, body: &str) -> ServerError {
    ServerError::Unreadable {
        server,
        cause: cause.into(),
        body: beginning(body),
    }
}

fn beginning(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}

fn unreachable(server: &'static str, error: &reqwest::Error) -> ServerError {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    ServerError::Unreachable {
        server,
        cause: causes.map(ToString::to_string).collect::<Vec<_>>().join(": "),
    }
}
