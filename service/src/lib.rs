//! A REST service that keeps items in DynamoDB.
//!
//! A request goes from [`server`] through [`http::dispatch`] and [`http::router`] to a handler in [`http::items`], and
//! from there to [`store`].

pub mod health_check;
pub mod http;
pub mod item;
pub mod logging;
pub mod server;
pub mod settings;
pub mod store;
pub mod telemetry;
mod tls;

/// The fuzz targets of this crate's parsers, which see what is private to it.
#[cfg(fuzzing)]
#[path = "../../fuzz/targets/service/mod.rs"]
pub mod fuzzing;

use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};

use crate::http::authorization::{WriteToken, WriteTokenError};
use crate::http::dispatch::{Dispatch, Limits};
use crate::http::health::{Draining, LastProbe};
use crate::http::router::{AppState, router};
use crate::server::{Acceptor, LAME_DUCK, Worker};
use crate::settings::{Settings, StoreSettings};
use crate::store::ItemStore;
use crate::store::dynamodb::{DynamoDb, DynamoDbError};
#[cfg(feature = "embedded")]
use crate::store::embedded::{EmbeddedStore, EmbeddedStoreError};
use crate::store::table::{self, TableError};
use crate::telemetry::{Telemetry, TelemetryError};

/// What the service calls itself in answers and telemetry.
pub const SERVICE_NAME: &str = "marketboro-service";

/// Tries of an operation that fit into a request's time.
const ATTEMPTS_PER_REQUEST: u32 = 2;

/// Why the service could not start or stop well. Each message is one line that says what to do.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum ServiceError {
    #[error("--listen / LISTEN_ADDR: cannot serve on {address} ({cause}); stop what uses it or choose another address")]
    Listen { address: SocketAddr, cause: io::Error },
    #[error("--write-token-file / WRITE_TOKEN_FILE: {path:?} {cause}")]
    WriteToken { path: PathBuf, cause: WriteTokenError },
    #[error(transparent)]
    DynamoDb(#[from] DynamoDbError),
    #[error(transparent)]
    Table(#[from] TableError),
    #[cfg(feature = "embedded")]
    #[error(transparent)]
    Embedded(#[from] EmbeddedStoreError),
    #[error("the operating system refused a thread or a socket: {0}")]
    System(#[from] io::Error),
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    #[error("requests were still in flight when the grace period ended; --shutdown-grace / SHUTDOWN_GRACE sets it")]
    GraceExceeded,
}

/// Serves until SIGTERM or SIGINT.
pub fn run(settings: Settings) -> Result<(), ServiceError> {
    raise_open_files_limit();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let service = Service::start(settings).await?;
        let stop = async {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            tracing::info!("shutting down");
        };
        service.serve_until(stop).await
    })
}

/// A service that is ready to accept connections.
pub struct Service {
    acceptor: Acceptor,
    draining: Draining,
    address: SocketAddr,
    shutdown_grace: Duration,
    telemetry: Option<Telemetry>,
    #[cfg(feature = "embedded")]
    _embedded: Option<EmbeddedStore>,
}

impl Service {
    /// Checks everything the service depends on and starts its threads.
    pub async fn start(settings: Settings) -> Result<Self, ServiceError> {
        let listen = |cause| ServiceError::Listen {
            address: settings.listen,
            cause,
        };
        let listener = server::bind(settings.listen).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let write_token = match &settings.write_token_file {
            Some(path) => Some(WriteToken::from_file(path).map_err(|cause| ServiceError::WriteToken {
                path: path.clone(),
                cause,
            })?),
            None => None,
        };

        let attempt_timeout = settings.request_timeout / ATTEMPTS_PER_REQUEST;
        #[cfg(feature = "embedded")]
        let mut embedded = None;
        let (dynamodb, store_description, create_table) = match &settings.store {
            StoreSettings::DynamoDb => {
                let (dynamodb, region) = DynamoDb::from_environment(attempt_timeout).await?;
                (dynamodb, format!("DynamoDB in region {region}"), settings.create_table)
            }
            #[cfg(feature = "embedded")]
            StoreSettings::Embedded { data_dir } => {
                let store = EmbeddedStore::start(data_dir.as_deref())?;
                let dynamodb = DynamoDb::local(store.port(), attempt_timeout);
                embedded = Some(store);
                let place = data_dir
                    .as_ref()
                    .map_or("memory, kept only until it stops".into(), |dir| {
                        dir.display().to_string()
                    });
                (dynamodb, format!("embedded, in {place}"), true)
            }
        };
        table::check(&dynamodb.client(), &settings.table, create_table).await?;
        let telemetry = Telemetry::start(&settings.telemetry, &settings.table).await?;
        let instruments = telemetry.as_ref().map(Telemetry::instruments);

        // Shorter than a request may take, so that `/readyz` gets to say that the table does not answer.
        let (draining, last_probe) = (Draining::default(), LastProbe::new(attempt_timeout));
        let limits = Limits::new(settings.max_in_flight, settings.request_timeout);
        let workers = (0..thread::available_parallelism().map_or(1, NonZero::get))
            .map(|index| {
                let (dynamodb, table, write_token) = (dynamodb.clone(), settings.table.clone(), write_token.clone());
                let (draining, last_probe, limits) = (draining.clone(), last_probe.clone(), limits.clone());
                let instruments = instruments.clone();
                let dispatch = move || {
                    let http_server = instruments
                        .as_ref()
                        .map(|instruments| Arc::clone(&instruments.http_server));
                    let store = ItemStore::new(dynamodb.client(), &table, instruments);
                    let state = AppState {
                        store,
                        draining: draining.clone(),
                        last_probe,
                    };
                    Dispatch::new(router(state, write_token), limits, draining).recorded_by(http_server)
                };
                Worker::start(index, dispatch, settings.shutdown_grace)
            })
            .collect::<io::Result<Vec<_>>>()?;
        if let Some(telemetry) = &telemetry {
            telemetry.observe_workers(workers.iter().map(Worker::runtime).collect());
        }
        let acceptor = Acceptor::new(listener, workers)?;
        tracing::info!(
            address = %address,
            store = store_description,
            table = settings.table,
            version = env!("CARGO_PKG_VERSION"),
            "serving"
        );
        Ok(Self {
            acceptor,
            draining,
            address,
            shutdown_grace: settings.shutdown_grace,
            telemetry,
            #[cfg(feature = "embedded")]
            _embedded: embedded,
        })
    }

    /// The address it serves on, with the port it was given where 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` is ready, then lets requests in flight finish and telemetry be exported.
    pub async fn serve_until(self, stop: impl Future<Output = ()>) -> Result<(), ServiceError> {
        let deadline = Cell::new(None);
        let stop = async {
            stop.await;
            deadline.set(Some(Instant::now() + LAME_DUCK + self.shutdown_grace));
        };
        let all_finished = self.acceptor.run(stop, &self.draining).await;
        if let (Some(telemetry), Some(deadline)) = (self.telemetry, deadline.get()) {
            let flushed = telemetry.shutdown(deadline).await;
            if !flushed {
                tracing::warn!("the last spans and metrics could not be exported");
            }
        }
        if all_finished {
            tracing::info!("stopped");
            Ok(())
        } else {
            Err(ServiceError::GraceExceeded)
        }
    }
}

/// Each connection takes a file descriptor; the usual soft limit of 1024 is meant for `select`.
fn raise_open_files_limit() {
    let limit = getrlimit(Resource::Nofile);
    // Failing, the limit stays what it was.
    let _ = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        },
    );
}
