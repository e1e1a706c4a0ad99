//! Posts lines to InfluxDB.

use std::error::Error as _;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use reqwest::{Response, StatusCode, Url};
use serde::Deserialize;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::error::InfluxError;
use super::settings::{Destination, InfluxSettings, Token};
use crate::tls::{HTTP1, TlsError, TlsSettings, connector};

/// How long a post may take: InfluxDB answers within milliseconds when it is well.
const TIMEOUT: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A shorter body fits into one packet as it is.
const WORTH_COMPRESSING: usize = 1_000;
/// Bytes read of an answer that explains a refusal.
const LONGEST_ANSWER: usize = 4_096;
/// Characters shown of it.
const LONGEST_MESSAGE: usize = 300;
/// However long InfluxDB asks to wait.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(60);

/// Posts to one bucket.
#[derive(Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    destination: Destination,
    url: Url,
    token: Token,
    authorization: HeaderValue,
}

impl Client {
    pub(super) fn new(destination: &Destination, token: &Token, tls: &TlsSettings) -> Result<Self, InfluxError> {
        let url = destination.write_url()?;
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls_config(url.scheme() == "https", tls)?)
            .user_agent(concat!("loadgen/", env!("CARGO_PKG_VERSION")))
            .http1_only()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_max_idle_per_host(1)
            .build()
            .map_err(|error| InfluxError::System(std::io::Error::other(root_cause(&error))))?;
        Ok(Self {
            http,
            destination: destination.clone(),
            url,
            token: token.clone(),
            authorization: token.header()?,
        })
    }

    /// Posts whole lines; returns once InfluxDB has them on its disk.
    pub(super) async fn post(&self, lines: Bytes) -> Result<(), InfluxError> {
        let mut request = self
            .http
            .post(self.url.clone())
            .header(AUTHORIZATION, self.authorization.clone())
            .header(CONTENT_TYPE, "text/plain; charset=utf-8");
        request = match compressed(&lines) {
            Some(body) => request.header(CONTENT_ENCODING, "gzip").body(body),
            None => request.body(lines),
        };
        let answer = request.send().await.map_err(|error| self.unreachable(&error))?;
        if answer.status() == StatusCode::NO_CONTENT {
            return Ok(());
        }
        let status = answer.status().as_u16();
        let retry_after = retry_after(&answer);
        let message = self.token.redact(&message(answer).await);
        Err(InfluxError::from_answer(
            &self.destination,
            status,
            &message,
            retry_after,
        ))
    }

    fn unreachable(&self, error: &reqwest::Error) -> InfluxError {
        let reason = if error.is_timeout() {
            format!("no answer within {} s", TIMEOUT.as_secs())
        } else {
            root_cause(error)
        };
        InfluxError::Unreachable {
            url: self.destination.url().to_owned(),
            reason,
        }
    }
}

/// Makes sure, before the load starts, that InfluxDB will take the figures of a run; leaves nothing behind there.
///
/// # Errors
/// InfluxDB cannot be reached, or will not take them.
pub fn check(settings: &InfluxSettings) -> Result<(), InfluxError> {
    let client = Client::new(&settings.destination, &settings.token, &settings.tls)?;
    // Organisation, bucket and permission are looked at before the body, which may be empty.
    runtime()?.block_on(client.post(Bytes::new()))
}

/// A runtime on the calling thread.
pub(super) fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// `--insecure` is about the target: a token goes only to a server that can prove who it is.
fn tls_config(is_https: bool, tls: &TlsSettings) -> Result<ClientConfig, TlsError> {
    if is_https {
        let tls = TlsSettings {
            insecure: false,
            ..tls.clone()
        };
        return Ok(connector(&tls, HTTP1)?.config().as_ref().clone());
    }
    // Never used, and spares reading the system's certificates.
    Ok(ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth())
}

fn compressed(lines: &[u8]) -> Option<Vec<u8>> {
    if lines.len() < WORTH_COMPRESSING {
        return None;
    }
    let mut encoder = GzEncoder::new(Vec::with_capacity(lines.len() / 4), Compression::fast());
    encoder.write_all(lines).and_then(|()| encoder.finish()).ok()
}

fn retry_after(answer: &Response) -> Option<Duration> {
    let seconds = answer.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_RETRY_AFTER))
}

/// InfluxDB's explanation, one line of bounded length.
async fn message(mut answer: Response) -> String {
    #[derive(Deserialize)]
    struct Explanation {
        message: String,
    }
    let mut body = Vec::new();
    while body.len() < LONGEST_ANSWER {
        match answer.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) | Err(_) => break,
        }
    }
    // Whatever else answers there explains itself in HTML, which helps nobody.
    let message = serde_json::from_slice::<Explanation>(&body).map_or(String::new(), |explanation| explanation.message);
    message
        .chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .take(LONGEST_MESSAGE)
        .collect()
}

fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    if error.source().is_none() {
        // The error's own words repeat the URL.
        return "the connection failed".to_owned();
    }
    cause.to_string()
}
