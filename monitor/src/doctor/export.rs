//! What checks found, as metrics.

use super::context::Context;
use super::verdict::Outcome;
use super::{CheckReport, Report};
use crate::metrics;
use crate::otlp::Measurement;

/// Setting: `host.name` of what the collector measures on this host, and of these metrics.
const HOST_NAME: &str = "HOST_NAME";
/// Its default in `compose.yaml`.
const DEFAULT_HOST_NAME: &str = "monitor";

/// Sends what the report and its checks measured to the collector. A collector that is away is a finding already, and
/// no further error; gives whether it took the metrics.
pub async fn export(context: &Context, report: &Report) -> bool {
    let mut measurements = context.measured();
    for check in &report.checks {
        measurements.extend(of(check));
    }
    let host = context.settings().get(HOST_NAME).unwrap_or(DEFAULT_HOST_NAME);
    match context.otlp().await {
        Ok(otlp) => otlp.send_metrics(Some(host), &measurements).await.is_ok(),
        Err(_) => false,
    }
}

/// Of a check that was skipped nothing is known.
fn of(check: &CheckReport) -> Vec<Measurement> {
    if check.outcome == Outcome::Skipped {
        return Vec::new();
    }
    let failed = if check.outcome == Outcome::Failed { 1.0 } else { 0.0 };
    vec![
        Measurement::gauge(metrics::CHECK_FAILED, "1", failed).with(metrics::CHECK, check.name),
        Measurement::gauge(metrics::CHECK_DURATION, "s", check.duration_s).with(metrics::CHECK, check.name),
    ]
}
