//! Traces and metrics by OpenTelemetry, off unless an OTLP endpoint is set.
//!
//! A request is recorded by [`http_server`], its calls to DynamoDB by [`db_client`]. Recording never waits: spans go
//! into a bounded queue, metrics into aggregates; threads of their own export both.

pub mod db_client;
pub mod ecs;
mod exporters;
mod failure_log;
pub mod http_server;
pub mod metrics;
mod otlp_sender;
mod otlp_span;
mod process;
pub mod resource;
pub mod sampling;
mod series;
pub mod settings;
mod span_exporter;
mod span_queue;
pub mod spans;
mod tracer;

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use opentelemetry::metrics::{Counter, Meter, MeterProvider as _};
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};
use tokio::runtime::{Handle, RuntimeMetrics};
use tokio::sync::oneshot;

use self::db_client::DbClient;
pub use self::exporters::ExporterError;
use self::exporters::OnRuntime;
use self::failure_log::FailureLog;
use self::http_server::HttpServer;
use self::otlp_span::Envelope;
use self::settings::TelemetrySettings;
use self::span_exporter::{Export, SpanExporter};
use self::span_queue::SpanQueue;
use self::tracer::Tracer;

/// Instrumentation scope of everything emitted here.
const SCOPE: &str = "marketboro-service";

/// Why telemetry could not be started.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The exporters' settings cannot be used.
    #[error(transparent)]
    Exporter(#[from] ExporterError),
    /// The operating system refused a thread.
    #[error("the operating system refused a thread for telemetry: {0}")]
    Thread(#[from] io::Error),
}

/// Telemetry that is switched on.
pub struct Telemetry {
    meter: Meter,
    meter_provider: SdkMeterProvider,
    span_exporter: Option<SpanExporter>,
    instruments: Arc<Instruments>,
    /// Ends the thread that exports when dropped.
    _runtime: oneshot::Sender<()>,
}

/// What records requests, calls and items.
#[derive(Debug)]
pub(crate) struct Instruments {
    pub(crate) http_server: Arc<HttpServer>,
    pub(crate) db_client: DbClient,
    pub(crate) items_created: Counter<u64>,
    pub(crate) items_updated: Counter<u64>,
    pub(crate) items_deleted: Counter<u64>,
}

impl Instruments {
    fn new(meter: &Meter, tracer: Option<Tracer>, table: &str) -> Self {
        Self {
            http_server: Arc::new(HttpServer::new(meter, tracer.clone())),
            db_client: DbClient::new(meter, tracer, table),
            items_created: metrics::counter(meter, metrics::ITEMS_CREATED),
            items_updated: metrics::counter(meter, metrics::ITEMS_UPDATED),
            items_deleted: metrics::counter(meter, metrics::ITEMS_DELETED),
        }
    }
}

impl Telemetry {
    /// `None` where the settings ask for nothing to be exported. `table` is the DynamoDB table that calls go to.
    pub async fn start(settings: &TelemetrySettings, table: &str) -> Result<Option<Self>, TelemetryError> {
        if settings.traces.is_none() && settings.metrics.is_none() {
            return Ok(None);
        }
        let (runtime, stop_runtime) = export_runtime()?;
        let queue = Arc::new(SpanQueue::new(settings.span_queue_capacity, settings.span_batch_size));
        let log = Arc::new(FailureLog::new(Arc::clone(&queue)));
        let resource = resource::resource(settings).await;
        let entered = runtime.enter();
        let span_exporter = match &settings.traces {
            Some(traces) => {
                let export = Export {
                    queue: Arc::clone(&queue),
                    envelope: Envelope::new(&resource, SCOPE),
                    sender: exporters::span_sender(traces)?,
                    endpoint: without_secrets(&traces.url),
                    delay: settings.span_delay,
                    log: Arc::clone(&log),
                };
                Some(SpanExporter::start(&runtime, export))
            }
            None => None,
        };
        let mut meter_provider = SdkMeterProvider::builder().with_resource(resource);
        if let Some(metrics) = &settings.metrics {
            let exporter = OnRuntime {
                exporter: exporters::metric_exporter(metrics)?,
                endpoint: without_secrets(&metrics.url),
                runtime: runtime.clone(),
                log,
            };
            meter_provider = meter_provider.with_reader(PeriodicReader::builder(exporter).build());
        }
        drop(entered);
        let meter_provider = meter_provider.build();
        let meter = meter_provider.meter(SCOPE);
        if span_exporter.is_some() {
            queue.observe(&meter);
        }
        let tracer = span_exporter.is_some().then(|| Tracer::new(queue, settings.sampler));
        process::observe_process(&meter);
        Ok(Some(Self {
            instruments: Arc::new(Instruments::new(&meter, tracer, table)),
            meter,
            meter_provider,
            span_exporter,
            _runtime: stop_runtime,
        }))
    }

    pub(crate) fn instruments(&self) -> Arc<Instruments> {
        Arc::clone(&self.instruments)
    }

    /// Reports on the runtimes of the worker threads as well.
    pub(crate) fn observe_workers(&self, workers: Vec<RuntimeMetrics>) {
        process::observe_workers(&self.meter, workers);
    }

    /// Exports what is left, until `deadline` at the latest. False if that was too short or the export failed.
    pub async fn shutdown(self, deadline: Instant) -> bool {
        let left = move || deadline.saturating_duration_since(Instant::now());
        let spans = match self.span_exporter {
            // Half of the time, so that a slow collector gets the metrics too.
            Some(exporter) => exporter.finish(left() / 2).await,
            None => true,
        };
        let (done, is_done) = oneshot::channel();
        let metrics = self.meter_provider;
        // The SDK's waiting cannot be called off: a thread that is left behind ends with the process.
        let flush = move || {
            let _ = done.send(metrics.shutdown_with_timeout(left()).is_ok());
        };
        if thread::Builder::new()
            .name("telemetry-flush".to_owned())
            .spawn(flush)
            .is_err()
        {
            return false;
        }
        let metrics = tokio::time::timeout_at(deadline.into(), is_done).await;
        spans && matches!(metrics, Ok(Ok(true)))
    }
}

/// A runtime on a thread of its own, which ends when the sender is dropped.
fn export_runtime() -> io::Result<(Handle, oneshot::Sender<()>)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    let (stop, stopped) = oneshot::channel::<()>();
    thread::Builder::new().name("telemetry".to_owned()).spawn(move || {
        // The sender says nothing; it is dropped.
        let _ = runtime.block_on(stopped);
        runtime.shutdown_timeout(Duration::ZERO);
    })?;
    Ok((handle, stop))
}

/// A URL may carry a password.
fn without_secrets(endpoint: &http::Uri) -> String {
    let host = endpoint.host().unwrap_or_default();
    let port = endpoint.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{host}{port}", endpoint.scheme_str().unwrap_or_default())
}
