//! When telemetry began: what compares one point with the next has nothing to show before there are two.

use std::time::{Duration, SystemTime};

use collector::influxdb::MEASUREMENT;
use collector::own_metrics::PROCESS_UPTIME;

use super::super::context::Context;
use crate::influxdb::TELEMETRY;

/// Two exports at OpenTelemetry's usual interval of a minute, and one for the window that they fall into.
const SETTLING: Duration = Duration::from_secs(180);

/// How long telemetry has come in, as long as that is less than what panels may need; nothing where it cannot be known.
/// Where none has come it begins now: that none ever does is what the check `collector-health` sees.
pub(super) async fn age_while_young(context: &Context) -> Option<Duration> {
    let influxdb = context.operator().await.ok()?;
    // The collector reports on itself as long as it runs. After an hour without it is a beginning as well.
    let flux = format!(
        "from(bucket: \"{}\") |> range(start: -1h) \
         |> filter(fn: (r) => r._measurement == \"{MEASUREMENT}\" and r._field == \"{PROCESS_UPTIME}\") \
         |> first() |> keep(columns: [\"_time\"]) |> group() |> sort(columns: [\"_time\"]) |> limit(n: 1)",
        TELEMETRY.name
    );
    let rows = influxdb.query(&flux).await.ok()?;
    let Some(first) = rows.first() else {
        return Some(Duration::ZERO);
    };
    let began = humantime::parse_rfc3339_weak(first.get("_time")?).ok()?;
    let age = SystemTime::now().duration_since(began).unwrap_or_default();
    (age < SETTLING).then_some(age)
}
