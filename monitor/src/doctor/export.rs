//! What checks found, as metrics.

use collector::environment::HOST_NAME;

use super::context::Context;
use super::verdict::Outcome;
use super::{CheckReport, Report};
use crate::metrics;
use crate::otlp::Measurement;

/// Sends what the report and its checks measured to the collector. A collector that is away is a finding already, and
/// no further error; gives whether it took the metrics.
pub async fn export(context: &Context, report: &Report) -> bool {
    let mut measurements = context.measured();
    for check in &report.checks {
        measurements.extend(of(check));
    }
    let host = context.settings().get(HOST_NAME.name).unwrap_or(HOST_NAME.default);
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
