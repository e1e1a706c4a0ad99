//! InfluxDB's organisation and buckets.

use std::sync::Arc;

use super::context::Context;
use super::verdict::{Fault, Stop, Verdict};
use crate::influxdb::{Bucket, BucketPlan, LOADGEN, ORGANISATION, TELEMETRY};

const DAY_SECONDS: u64 = 86_400;

pub(super) async fn check(context: Arc<Context>) -> Result<Verdict, Stop> {
    let influxdb = context.operator().await?;
    if influxdb.organisation().await?.is_none() {
        return Err(Fault::failed(
            format!("InfluxDB has no organisation {ORGANISATION}"),
            "`monitor up` sets InfluxDB up; data of another organisation stays",
        )
        .into());
    }
    let buckets = influxdb.buckets().await?;
    let faults: Vec<_> = [TELEMETRY, LOADGEN]
        .iter()
        .filter_map(|plan| fault(plan, &buckets))
        .collect();
    let names: Vec<_> = [TELEMETRY, LOADGEN].iter().map(|plan| plan.name).collect();
    Ok(Verdict::new(format!("{} as planned", names.join(" and ")), faults))
}

fn fault(plan: &BucketPlan, buckets: &[Bucket]) -> Option<Fault> {
    let name = plan.name;
    let Some(bucket) = buckets.iter().find(|bucket| bucket.name == name) else {
        return Some(Fault::failed(
            format!("InfluxDB has no bucket {name}"),
            "`monitor up` makes it with new tokens; what it held is in the last backup",
        ));
    };
    let planned = plan.retention.as_secs();
    let kept = bucket.retention_rules.first().map_or(0, |rule| rule.every_seconds);
    (kept != planned).then(|| {
        let kept = match kept {
            0 => "for ever".to_owned(),
            seconds => format!("for {} days", seconds / DAY_SECONDS),
        };
        Fault::failed(
            format!(
                "the bucket {name} keeps points {kept}, not for {} days",
                planned / DAY_SECONDS
            ),
            "`monitor up` puts it right",
        )
    })
}
