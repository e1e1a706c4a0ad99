//! The servers that tests talk to, as they are in production: [`Collector`], [`InfluxDb`], [`Jaeger`] and
//! [`DynamoDbLocal`].
//!
//! Each runs on free ports of 127.0.0.1 with a folder of its own, is ready when `start` returns, and is gone with its
//! folder when dropped, and also when the test process ends in any other way, `kill -9` included.
//!
//! [`Docker`] runs the same programs as containers, by the Compose file of the monitor host: [`ComposeProject`].
//!
//! They are heavy: tests that only send and ask take the `shared` one of their process and tell their data apart by
//! ids; tests that stop, kill or pause a server start their own.
//!
//! ```no_run
//! use std::time::Duration;
//! use test_servers::{Collector, InfluxDb, Jaeger};
//!
//! # fn main() -> Result<(), test_servers::ServerError> {
//! let mut influxdb = InfluxDb::start()?;
//! let collector = Collector::options()
//!     .influxdb(&influxdb)
//!     .jaeger(Jaeger::shared())
//!     .decision_wait(Duration::from_secs(1))
//!     .start()?;
//! influxdb.stop()?;
//! // … send to `collector.http_endpoint()` …
//! influxdb.restart()?;
//! let series = influxdb.query("telemetry", r#"SELECT last("items.created") FROM "prometheus" GROUP BY *"#)?;
//! # Ok(())
//! # }
//! ```

mod collector;
mod docker;
pub mod dynamodb_double;
mod dynamodb_local;
mod error;
mod grafana_stub;
mod http;
pub mod http_double;
pub mod http_message;
mod influxdb;
mod internal_words;
mod jaeger;
mod poll;
mod port;
mod process;
mod s3_double;
mod service;
pub mod tcp_double;

pub use collector::{Collector, CollectorOptions};
pub use docker::{ComposeProject, Container, Docker};
pub use dynamodb_local::DynamoDbLocal;
pub use error::ServerError;
pub use grafana_stub::GrafanaStub;
pub use http::client_builder;
pub use influxdb::{InfluxDb, Point, Series, Value};
pub use internal_words::INTERNAL_WORDS;
pub use jaeger::{Jaeger, Span, SpanKind, Trace};
pub use poll::poll;
pub use port::free as free_port;
pub use process::{Launch, ServerProcess, built, installed_at, keep_logs_in};
pub use s3_double::S3Double;
pub use service::{Service, ServiceOptions};
