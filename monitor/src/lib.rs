//! Tools of the monitor host: they bring its servers up, tell whether all of it works, and keep its data safe.

#[cfg(feature = "aws")]
mod aws;
pub mod backup;
pub mod bytes;
pub mod compose;
pub mod dashboards;
pub mod disk;
pub mod docker;
pub mod doctor;
mod durable_file;
pub mod folders;
pub mod grafana;
pub mod grafana_key;
pub mod grafana_password;
pub mod host;
pub mod http;
pub mod influxdb;
pub mod interrupt;
pub mod jaeger;
pub mod layout;
pub mod lock;
pub mod memory;
pub mod metrics;
pub mod otlp;
pub mod preflight;
mod program;
pub mod progress;
pub mod rotation;
pub mod secret_source;
pub mod secrets;
pub mod settings;
pub mod status;
mod tls;
pub mod token_publication;
pub mod units;
pub mod up;
pub mod waiting;
pub mod watchdog;

/// The fuzz targets of this crate's parsers, which see what is private to it.
#[cfg(fuzzing)]
#[path = "../../fuzz/targets/monitor/mod.rs"]
pub mod fuzzing;
