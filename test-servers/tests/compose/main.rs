//! `monitor/compose.yaml` in Docker, with images of the programs that the tests have and Grafana's stub for Grafana.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod confinement;
mod grafana_stub;
mod hanging;
mod remains;
mod signals;

/// The services that always run, and those of the profile `local`.
const SERVICES: [&str; 6] = ["influxdb", "jaeger", "otel-collector", "grafana", "service", "loadgen"];

/// Those with a health check.
const CHECKED: [&str; 5] = ["influxdb", "jaeger", "otel-collector", "grafana", "service"];
