//! What exports spans and metrics by OTLP, made from the settings: gRPC or HTTP, with TLS or without.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::connect::HttpConnector;
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_otlp::{
    ExporterBuildError, MetricExporter, Protocol, WithExportConfig as _, WithHttpConfig as _, WithTonicConfig as _,
};
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use tokio::runtime::Handle;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

use super::failure_log::FailureLog;
use super::otlp_sender::{OtlpSender, Transport, http_headers};
use super::settings::ExportSettings;
use crate::tls::{self, PemError};

/// Why an exporter could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ExporterError {
    /// A file for TLS is of no use.
    #[error("the OTLP {what} {path:?} {cause}")]
    Pem {
        /// What the file is for.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: PemError,
    },
    /// rustls refuses the certificates.
    #[error("TLS for OTLP could not be set up: {0}")]
    Tls(#[from] tokio_rustls::rustls::Error),
    /// tonic refuses the certificates.
    #[error("TLS for OTLP could not be set up: {0}")]
    GrpcTls(#[from] tonic::transport::Error),
    /// The exporter refuses its settings.
    #[error("OTLP could not be set up: {0}")]
    Build(#[from] ExporterBuildError),
}

/// Must be called within the runtime that exports.
pub(super) fn span_sender(settings: &ExportSettings) -> Result<OtlpSender, ExporterError> {
    let transport = match settings.protocol {
        Protocol::Grpc => {
            let headers = settings.headers.iter().cloned().collect();
            Transport::grpc(channel(settings)?, headers, settings.gzip)
        }
        _ => Transport::Http {
            client: if settings.is_encrypted() {
                Arc::new(https_client(settings)?)
            } else {
                Arc::new(HyperClient::with_default_connector(settings.timeout, None))
            },
            url: settings.url.clone(),
            headers: http_headers(&settings.headers, settings.gzip),
            gzip: settings.gzip,
        },
    };
    Ok(OtlpSender {
        transport,
        timeout: settings.timeout,
    })
}

/// Connects when it is first used, and again whenever it must.
fn channel(settings: &ExportSettings) -> Result<Channel, ExporterError> {
    let mut endpoint = Endpoint::from(settings.url.clone());
    if let Some(tls) = grpc_tls(settings)? {
        endpoint = endpoint.tls_config(tls)?;
    }
    Ok(endpoint.timeout(settings.timeout).connect_lazy())
}

/// Must be called within the runtime that exports.
pub(super) fn metric_exporter(settings: &ExportSettings) -> Result<MetricExporter, ExporterError> {
    let (builder, url) = (MetricExporter::builder(), settings.url.to_string());
    Ok(match settings.protocol {
        Protocol::Grpc => {
            let builder = builder.with_tonic().with_endpoint(url).with_timeout(settings.timeout);
            match grpc_tls(settings)? {
                Some(tls) => builder.with_tls_config(tls).build()?,
                None => builder.build()?,
            }
        }
        _ => {
            let builder = builder.with_http().with_endpoint(url).with_timeout(settings.timeout);
            if settings.is_encrypted() {
                builder.with_http_client(https_client(settings)?).build()?
            } else {
                let client = HyperClient::with_default_connector(settings.timeout, None);
                builder.with_http_client(client).build()?
            }
        }
    })
}

fn https_client(
    settings: &ExportSettings,
) -> Result<HyperClient<hyper_rustls::HttpsConnector<HttpConnector>>, ExporterError> {
    let roots = settings
        .certificate
        .as_deref()
        .map(|path| parse("certificate", path, tls::certificates))
        .transpose()?;
    let identity = match &settings.client_identity {
        Some((chain, key)) => Some((
            parse("client certificate", chain, tls::certificates)?,
            parse("client key", key, tls::private_key)?,
        )),
        None => None,
    };
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(tls::trusting(roots, identity)?)
        .https_only()
        .enable_http1()
        .build();
    Ok(HyperClient::new(connector, settings.timeout, None))
}

/// `None` where the endpoint asks for none.
fn grpc_tls(settings: &ExportSettings) -> Result<Option<ClientTlsConfig>, ExporterError> {
    if !settings.is_encrypted() {
        return Ok(None);
    }
    let mut config = match &settings.certificate {
        Some(path) => {
            // tonic parses it too, but only later: a file of no use is to stop the start.
            let pem = parse("certificate", path, |pem| {
                tls::certificates(pem).map(|_| pem.to_owned())
            })?;
            ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem))
        }
        None => ClientTlsConfig::new().with_native_roots(),
    };
    if let Some((chain, key)) = &settings.client_identity {
        config = config.identity(Identity::from_pem(
            parse("client certificate", chain, |pem| Ok(pem.to_owned()))?,
            parse("client key", key, |pem| Ok(pem.to_owned()))?,
        ));
    }
    Ok(Some(config))
}

/// What `parser` makes of a PEM file.
fn parse<T>(
    what: &'static str,
    path: &Path,
    parser: impl FnOnce(&[u8]) -> Result<T, PemError>,
) -> Result<T, ExporterError> {
    let parsed = std::fs::read(path).map_err(PemError::from).and_then(|pem| parser(&pem));
    parsed.map_err(|cause| ExporterError::Pem {
        what,
        path: path.to_owned(),
        cause,
    })
}

/// Exports metrics on `runtime`, whichever thread asks for it.
#[derive(Debug)]
pub(super) struct OnRuntime {
    pub(super) exporter: MetricExporter,
    /// Where `exporter` sends to, as the log may say it.
    pub(super) endpoint: String,
    pub(super) runtime: Handle,
    pub(super) log: Arc<FailureLog>,
}

// The SDK exports from a thread of its own, which may block.
impl PushMetricExporter for OnRuntime {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        let result = self.runtime.block_on(self.exporter.export(metrics));
        let failure = result.as_ref().err().map(|error| match error {
            OTelSdkError::InternalFailure(cause) => cause.clone(),
            error => error.to_string(),
        });
        self.log.after_export(&self.endpoint, failure);
        result
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn temporality(&self) -> Temporality {
        self.exporter.temporality()
    }
}
