//! Whether Grafana, InfluxDB and Jaeger answer.

use std::sync::Arc;

use super::context::Context;
use super::verdict::{Stop, Verdict};

pub(super) async fn grafana(context: Arc<Context>) -> Result<Verdict, Stop> {
    let grafana = context.grafana_or_fault().await?;
    Ok(Verdict::ok(format!("answers at {}", grafana.url())))
}

pub(super) async fn influxdb(context: Arc<Context>) -> Result<Verdict, Stop> {
    let influxdb = context.operator_or_fault().await?;
    Ok(Verdict::ok(format!("answers at {}", influxdb.url())))
}

pub(super) async fn jaeger(context: Arc<Context>) -> Result<Verdict, Stop> {
    let jaeger = context.jaeger_or_fault().await?;
    Ok(Verdict::ok(format!("answers at {}", jaeger.url())))
}
