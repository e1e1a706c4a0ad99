//! OTLP over gRPC or HTTP, on a thread and a runtime of its own, with its failures counted and rarely logged.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::connect::HttpConnector;
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_otlp::tonic_types::transport::{Certificate, ClientTlsConfig, Identity};
use opentelemetry_otlp::{ExporterBuildError, MetricExporter, Protocol, WithHttpConfig as _, WithTonicConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use tokio::runtime::Handle;

use super::settings::ExportSettings;
use super::span_queue::SpanCounts;
use crate::tls::{self, PemError};

/// Failures are logged no more often than this.
const LOG_INTERVAL: Duration = Duration::from_secs(60);

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
    /// The exporter refuses its settings.
    #[error("OTLP could not be set up: {0}")]
    Build(#[from] ExporterBuildError),
}

/// Must be called within the runtime that exports.
pub(super) fn span_exporter(settings: &ExportSettings) -> Result<opentelemetry_otlp::SpanExporter, ExporterError> {
    let builder = opentelemetry_otlp::SpanExporter::builder();
    Ok(match settings.protocol {
        Protocol::Grpc => match grpc_tls(settings)? {
            Some(tls) => builder.with_tonic().with_tls_config(tls).build()?,
            None => builder.with_tonic().build()?,
        },
        _ if settings.is_encrypted() => builder.with_http().with_http_client(https_client(settings)?).build()?,
        _ => {
            let client = HyperClient::with_default_connector(settings.timeout, None);
            builder.with_http().with_http_client(client).build()?
        }
    })
}

/// Must be called within the runtime that exports.
pub(super) fn metric_exporter(settings: &ExportSettings) -> Result<MetricExporter, ExporterError> {
    let builder = MetricExporter::builder();
    Ok(match settings.protocol {
        Protocol::Grpc => match grpc_tls(settings)? {
            Some(tls) => builder.with_tonic().with_tls_config(tls).build()?,
            None => builder.with_tonic().build()?,
        },
        _ if settings.is_encrypted() => builder.with_http().with_http_client(https_client(settings)?).build()?,
        _ => {
            let client = HyperClient::with_default_connector(settings.timeout, None);
            builder.with_http().with_http_client(client).build()?
        }
    })
}

fn https_client(
    settings: &ExportSettings,
) -> Result<HyperClient<hyper_rustls::HttpsConnector<HttpConnector>>, ExporterError> {
    let roots = settings
        .certificate
        .as_deref()
        .map(|path| tls::certificates(path).map_err(pem_error("certificate", path)))
        .transpose()?;
    let identity = match &settings.client_identity {
        Some((chain, key)) => Some((
            tls::certificates(chain).map_err(pem_error("client certificate", chain))?,
            tls::private_key(key).map_err(pem_error("client key", key))?,
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
            tls::certificates(path).map_err(pem_error("certificate", path))?;
            ClientTlsConfig::new().ca_certificate(Certificate::from_pem(read("certificate", path)?))
        }
        None => ClientTlsConfig::new().with_native_roots(),
    };
    if let Some((chain, key)) = &settings.client_identity {
        config = config.identity(Identity::from_pem(
            read("client certificate", chain)?,
            read("client key", key)?,
        ));
    }
    Ok(Some(config))
}

fn read(what: &'static str, path: &Path) -> Result<Vec<u8>, ExporterError> {
    std::fs::read(path).map_err(|cause| pem_error(what, path)(cause.into()))
}

fn pem_error(what: &'static str, path: &Path) -> impl FnOnce(PemError) -> ExporterError {
    let path = path.to_owned();
    move |cause| ExporterError::Pem { what, path, cause }
}

/// Logs that telemetry is not delivered, once a minute at most.
#[derive(Debug)]
pub(super) struct FailureLog {
    endpoint: String,
    counts: Arc<SpanCounts>,
    state: Mutex<LogState>,
}

#[derive(Debug, Default)]
struct LogState {
    logged_at: Option<Instant>,
    missing_spans: u64,
}

impl FailureLog {
    pub(super) fn new(endpoint: String, counts: Arc<SpanCounts>) -> Self {
        Self {
            endpoint,
            counts,
            state: Mutex::default(),
        }
    }

    /// Tells of what was lost since the last line, if anything was.
    fn after_export(&self, result: &OTelSdkResult) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let missing = self.counts.missing();
        let lost = missing - state.missing_spans;
        let is_due = state.logged_at.is_none_or(|at| at.elapsed() >= LOG_INTERVAL);
        if !is_due || (result.is_ok() && lost == 0) {
            return;
        }
        let cause = match result {
            Ok(()) => "spans come faster than they can be exported".to_owned(),
            Err(OTelSdkError::InternalFailure(cause)) => cause.clone(),
            Err(error) => error.to_string(),
        };
        *state = LogState {
            logged_at: Some(Instant::now()),
            missing_spans: missing,
        };
        tracing::warn!(
            endpoint = self.endpoint,
            spans_lost = lost,
            cause,
            "telemetry is not delivered"
        );
    }
}

/// An exporter that runs on `runtime`, whichever thread asks it to export.
#[derive(Debug)]
pub(super) struct OnRuntime<E> {
    exporter: E,
    runtime: Handle,
    counts: Arc<SpanCounts>,
    log: Arc<FailureLog>,
}

impl<E> OnRuntime<E> {
    pub(super) fn new(exporter: E, runtime: Handle, counts: Arc<SpanCounts>, log: Arc<FailureLog>) -> Self {
        Self {
            exporter,
            runtime,
            counts,
            log,
        }
    }
}

// The SDK exports from threads of its own, which may block.
impl<E: SpanExporter> SpanExporter for OnRuntime<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        self.counts.begin_export(spans);
        let result = self.runtime.block_on(self.exporter.export(batch));
        self.counts.end_export(spans, result.is_ok());
        self.log.after_export(&result);
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

impl<E: PushMetricExporter> PushMetricExporter for OnRuntime<E> {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        let result = self.runtime.block_on(self.exporter.export(metrics));
        self.log.after_export(&result);
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
