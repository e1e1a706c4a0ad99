//! Telemetry on the real chain: the service's binary, the collector with the configuration of the monitor host,
//! InfluxDB and Jaeger.
//!
//! Tests share one chain and tell their data apart by `service.instance.id`; those that stop, kill or freeze a server
//! start one of their own.

mod histogram;
mod instance;
mod load;
mod otlp_proxy;

mod collector_away;
mod collector_odd;
mod collector_slow;
mod ecs_task;
mod limits;
mod metrics;
mod protocols;
mod sampling;
mod settings;
mod shutdown;
mod signals;
mod stores_away;
mod switched_off;
mod traces;
