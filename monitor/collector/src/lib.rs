//! Names of what the OpenTelemetry Collector of the monitor host emits, how they look in InfluxDB, and the environment
//! variables that it and Jaeger are set up with.
//!
//! Its configuration is `config.yaml` beside this crate; `docs/telemetry.md` describes the pipeline.

pub mod environment;
pub mod host_metrics;
pub mod influxdb;
pub mod own_metrics;
