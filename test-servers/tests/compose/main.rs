//! `monitor/compose.yaml` in Docker, with images of the programs that the tests have and Grafana's stub for Grafana.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod confinement;
mod grafana_stub;
mod hanging;
mod remains;
mod signals;

use std::thread;
use std::time::{Duration, Instant};

/// The services that always run, and those of the profile `local`.
const SERVICES: [&str; 6] = ["influxdb", "jaeger", "otel-collector", "grafana", "service", "loadgen"];

/// Those with a health check.
const CHECKED: [&str; 5] = ["influxdb", "jaeger", "otel-collector", "grafana", "service"];

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Asks again and again until there is an answer.
#[track_caller]
fn poll<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(100));
    }
}
