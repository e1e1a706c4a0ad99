//! Whether Grafana reaches what it draws from.

use std::sync::Arc;

use super::context::Context;
use super::verdict::{Fault, Stop, Verdict};
use crate::grafana::DataSourceHealth;

/// Uids in `grafana-provisioning/datasources/`.
const INFLUXDB: &str = "influxdb";
const JAEGER: &str = "jaeger";
const CLOUDWATCH: &str = "cloudwatch";

/// Settings that give credentials for AWS elsewhere than on it.
const CREDENTIALS: &[&str] = &["AWS_ACCESS_KEY_ID", "AWS_PROFILE"];
/// Where the firmware says whose machine this is.
const VENDOR: &str = "/sys/devices/virtual/dmi/id/sys_vendor";

pub(super) async fn influxdb(context: Arc<Context>) -> Result<Verdict, Stop> {
    let grafana = context.grafana().await?;
    if context.influxdb_or_fault().await.is_err() {
        return Err(Stop::skip("InfluxDB does not answer; see the check influxdb"));
    }
    let health = grafana.data_source_health(INFLUXDB, Some("/health")).await?;
    verdict(
        INFLUXDB,
        health,
        "see the check tokens; a new token is read when Grafana starts: `docker compose restart grafana`",
    )
}

pub(super) async fn jaeger(context: Arc<Context>) -> Result<Verdict, Stop> {
    let grafana = context.grafana().await?;
    context.jaeger().await?;
    let health = grafana.data_source_health(JAEGER, Some("/api/services")).await?;
    verdict(
        JAEGER,
        health,
        "see its address in grafana-provisioning/datasources/ and `monitor logs grafana`",
    )
}

pub(super) async fn cloudwatch(context: Arc<Context>) -> Result<Verdict, Stop> {
    if !is_on_aws(&context) {
        return Err(Stop::skip("not on AWS, and no credentials for it are set"));
    }
    let grafana = context.grafana().await?;
    let health = grafana.data_source_health(CLOUDWATCH, None).await?;
    verdict(
        CLOUDWATCH,
        health,
        "give the host's role what docs/monitor.md lists for CloudWatch, and check AWS_REGION",
    )
}

/// Whether there is a CloudWatch to ask: this is a machine of AWS, or credentials are set.
pub(super) fn is_on_aws(context: &Context) -> bool {
    let vendor = std::fs::read_to_string(VENDOR).unwrap_or_default();
    vendor.starts_with("Amazon") || CREDENTIALS.iter().any(|name| context.settings().get(name).is_some())
}

fn verdict(uid: &str, health: DataSourceHealth, advice: &str) -> Result<Verdict, Stop> {
    match health {
        DataSourceHealth::Healthy => Ok(Verdict::ok("Grafana finds it healthy")),
        DataSourceHealth::Unknown => Ok(Verdict::ok("it is there; this version of Grafana cannot tell more")),
        DataSourceHealth::Unhealthy(message) => {
            Err(Fault::failed(format!("Grafana's data source {uid} does not work: {message}"), advice).into())
        }
        DataSourceHealth::Missing => Err(Fault::failed(
            format!("Grafana has no data source {uid}"),
            "it is provisioned when Grafana starts: `docker compose restart grafana`, then `monitor logs grafana`",
        )
        .into()),
    }
}
