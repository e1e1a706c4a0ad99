//! What the collector says of itself: what it lost and refused, and how full its queues are.

use std::sync::Arc;
use std::time::Duration;

use collector::influxdb::MEASUREMENT;
use collector::own_metrics as own;
use tokio::time::{Instant, sleep};

use super::context::{Context, Depth};
use super::verdict::{Fault, Stop, Verdict};
use crate::http::HttpError;
use crate::influxdb::{InfluxDb, TELEMETRY};
use crate::otlp::SERVICE;

/// Counters of what is gone for good, and what was lost.
const LOST: &[(&str, &str)] = &[
    (own::EXPORTER_SEND_FAILED_SPANS, "spans that Jaeger refused"),
    (
        own::EXPORTER_SEND_FAILED_METRIC_POINTS,
        "metric points that InfluxDB refused",
    ),
    (own::EXPORTER_ENQUEUE_FAILED_SPANS, "spans that found the queue full"),
    (
        own::EXPORTER_ENQUEUE_FAILED_METRIC_POINTS,
        "metric points that found the queue full",
    ),
    (
        own::SAMPLING_DROPPED_TOO_EARLY,
        "traces that were dropped before their decision",
    ),
];
/// Counters of what senders were told to send again.
const REFUSED: &[(&str, &str)] = &[
    (own::RECEIVER_REFUSED_SPANS, "spans"),
    (own::RECEIVER_REFUSED_METRIC_POINTS, "metric points"),
];

/// Share of a queue above which it is about to be full.
const FAILED_SHARE: f64 = 0.8;
/// Share above which somebody should look.
const WARNING_SHARE: f64 = 0.2;

/// Longer than the collector takes from one report to the next, with its usual settings.
const REPORT: Duration = Duration::from_secs(12);
const POLL_INTERVAL: Duration = Duration::from_millis(500);

const LOOK: &str = "its log says which server refuses and why: `monitor logs otel-collector`; see docs/telemetry.md";

pub(super) async fn check(context: Arc<Context>) -> Result<Verdict, Stop> {
    let (influxdb, otlp) = tokio::join!(context.operator(), context.otlp());
    let influxdb = influxdb?;
    otlp?;
    if let Some(fault) = silence(&context, &influxdb).await? {
        return Ok(fault.into());
    }
    let (increases, queues) = tokio::join!(increases(&influxdb), queues(&influxdb));
    let (increases, queues) = (increases.map_err(stop)?, queues.map_err(stop)?);
    let increase = |counter: &str| {
        let found = increases.iter().find(|(name, _)| name == counter);
        found.map(|(_, value)| *value).filter(|value| *value > 0.0)
    };
    let mut faults = Vec::new();
    for (counter, what) in LOST {
        if let Some(count) = increase(counter) {
            faults.push(Fault::failed(
                format!("lost in the last ten minutes: {count:.0} {what}"),
                LOOK,
            ));
        }
    }
    for (counter, what) in REFUSED {
        if let Some(count) = increase(counter) {
            faults.push(Fault::warning(
                format!("refused in the last ten minutes for want of memory: {count:.0} {what}"),
                "senders try again for a while; lower their rate, or raise MEMORY_LIMIT_MIB",
            ));
        }
    }
    let mut fullest = 0.0_f64;
    for (exporter, share) in queues {
        fullest = fullest.max(share);
        let seen = format!("the queue of the exporter {exporter} is {:.0} % full", share * 100.0);
        if share > FAILED_SHARE {
            faults.push(Fault::failed(seen, LOOK));
        } else if share > WARNING_SHARE {
            faults.push(Fault::warning(seen, LOOK));
        }
    }
    Ok(Verdict::new(
        format!(
            "nothing lost in ten minutes, queues at most {:.1} % full",
            fullest * 100.0
        ),
        faults,
    ))
}

/// A collector that was just started has not reported yet.
async fn silence(context: &Context, influxdb: &InfluxDb) -> Result<Option<Fault>, Stop> {
    let is_quick = context.depth() == Depth::Quick;
    let patience = if is_quick { context.patience() } else { REPORT };
    let deadline = Instant::now() + patience;
    loop {
        if has_reported(influxdb, "-1m").await.map_err(stop)? {
            return Ok(None);
        }
        if Instant::now() + POLL_INTERVAL > deadline {
            break;
        }
        sleep(POLL_INTERVAL).await;
    }
    let advice = format!("see whether InfluxDB takes what it sends: `monitor logs {SERVICE}`, and the check tokens");
    if is_quick && !has_reported(influxdb, "-30d").await.map_err(stop)? {
        return Ok(Some(Fault::warning(
            "the collector has never reported on itself",
            advice,
        )));
    }
    Ok(Some(Fault::failed(
        "the collector has not reported on itself for a minute",
        advice,
    )))
}

async fn has_reported(influxdb: &InfluxDb, since: &str) -> Result<bool, HttpError> {
    let rows = influxdb
        .query(&format!(
            "{} |> last() |> limit(n: 1)",
            reports(since, own::PROCESS_UPTIME)
        ))
        .await?;
    Ok(!rows.is_empty())
}

/// Points of the collector's own metrics that fit a regular expression.
fn reports(since: &str, fields: &str) -> String {
    format!(
        r#"from(bucket: "{bucket}")
  |> range(start: {since})
  |> filter(fn: (r) => r._measurement == "{MEASUREMENT}" and r["service.name"] == "{name}")
  |> filter(fn: (r) => r._field =~ /^({fields})$/)"#,
        bucket = TELEMETRY.name,
        name = own::SERVICE_NAME,
    )
}

/// By how much each counter grew in ten minutes. One that appeared meanwhile has counted from nothing: the collector
/// reports many of them only once there is something to count.
async fn increases(influxdb: &InfluxDb) -> Result<Vec<(String, f64)>, HttpError> {
    let names: Vec<_> = LOST.iter().chain(REFUSED).map(|(name, _)| *name).collect();
    let flux = format!(
        r#"counted = {points} |> toFloat()
grown = counted |> increase() |> last()
appeared = counted |> first() |> filter(fn: (r) => uint(v: r._time) > uint(v: now()) - uint(v: 10m))
union(tables: [grown, appeared]) |> group(columns: ["_field"]) |> sum()"#,
        points = reports("-11m", &names.join("|"))
    );
    let rows = influxdb.query(&flux).await?;
    let pairs = rows
        .iter()
        .filter_map(|row| Some((row.get("_field")?.clone(), row.get("_value")?.parse().ok()?)));
    Ok(pairs.collect())
}

/// How full the queue of each exporter is.
async fn queues(influxdb: &InfluxDb) -> Result<Vec<(String, f64)>, HttpError> {
    let names = [own::EXPORTER_QUEUE_SIZE, own::EXPORTER_QUEUE_CAPACITY].join("|");
    let flux = format!(
        r#"{} |> toFloat() |> group(columns: ["{exporter}", "_field"]) |> last()"#,
        reports("-1m", &names),
        exporter = own::EXPORTER,
    );
    let rows = influxdb.query(&flux).await?;
    let value = |exporter: &str, field: &str| {
        let row = rows.iter().find(|row| {
            row.get(own::EXPORTER).is_some_and(|name| name == exporter)
                && row.get("_field").is_some_and(|name| name == field)
        });
        row.and_then(|row| row.get("_value")?.parse::<f64>().ok())
    };
    let shares = [own::INFLUXDB_EXPORTER, own::JAEGER_EXPORTER]
        .iter()
        .filter_map(|exporter| {
            let capacity = value(exporter, own::EXPORTER_QUEUE_CAPACITY).filter(|capacity| *capacity > 0.0)?;
            Some((
                (*exporter).to_owned(),
                value(exporter, own::EXPORTER_QUEUE_SIZE)? / capacity,
            ))
        });
    Ok(shares.collect())
}

fn stop(error: HttpError) -> Stop {
    match error.status() {
        Some(404) => Stop::skip("there is no bucket telemetry; see the check buckets"),
        _ => error.into(),
    }
}
