//! Series in InfluxDB, and how long it takes to write.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::context::Context;
use super::verdict::{Fault, Stop, Verdict};
use crate::influxdb::Bucket;
use crate::metrics;
use crate::otlp::Measurement;

pub(crate) mod prometheus;
mod write_rate;

use prometheus::Samples;

/// Setting: series that the host's memory can bear.
const LIMIT: &str = "MONITOR_SERIES_LIMIT";
/// Its default, for the 2 GiB that compose.yaml gives InfluxDB.
const DEFAULT_LIMIT: f64 = 1_000_000.0;

/// InfluxDB's own metrics.
const SERIES: &str = "storage_bucket_series_num";
const UPTIME: &str = "influxdb_uptime_seconds";

pub(super) async fn check(context: Arc<Context>) -> Result<Verdict, Stop> {
    let influxdb = context.operator().await?;
    let (text, buckets) = tokio::join!(influxdb.metrics(), influxdb.buckets());
    let (samples, buckets) = (Samples::new(text?), buckets?);
    let limit = match context.settings().get(LIMIT) {
        Some(limit) => limit.parse().map_err(|_| {
            Fault::failed(
                format!("{LIMIT}={limit} is not a number"),
                format!("correct {LIMIT} in settings.env"),
            )
        })?,
        None => DEFAULT_LIMIT,
    };
    measure_writes(&context, &samples);
    let mut total = 0.0;
    let mut worst: Option<(f64, &str)> = None;
    for (labels, value) in samples.of(SERIES) {
        total += value;
        let Some(bucket) = bucket(&buckets, labels) else {
            continue;
        };
        context.measure(Measurement::gauge(metrics::INFLUXDB_SERIES, "{series}", value).with(metrics::BUCKET, bucket));
        if worst.is_none_or(|(most, _)| value > most) {
            worst = Some((value, bucket));
        }
    }
    let seen = match worst {
        None => "InfluxDB has not counted its series yet".to_owned(),
        Some((most, bucket)) => {
            format!("{total:.0} series; {limit:.0} are bearable; most of them, {most:.0}, in {bucket}")
        }
    };
    let advice = "find the tag whose values never end (influxdata/influxdb/schema: tagValues), stop who sends it, and delete it; \
        or enlarge the host and raise MONITOR_SERIES_LIMIT";
    let mut faults = Vec::new();
    if total > limit {
        faults.push(Fault::failed(seen.clone(), advice));
    } else if total > limit / 2.0 {
        faults.push(Fault::warning(seen.clone(), advice));
    }
    Ok(Verdict::new(seen, faults))
}

/// A bucket of the organisation that a sample is of.
fn bucket<'a>(buckets: &'a [Bucket], labels: &str) -> Option<&'a str> {
    let id = prometheus::label(labels, "bucket")?;
    buckets
        .iter()
        .find(|bucket| bucket.id == id)
        .map(|bucket| bucket.name.as_str())
}

fn measure_writes(context: &Context, samples: &Samples) {
    let now = write_rate::Writes::of(samples);
    let uptime = samples.of(UPTIME).next();
    let uptime = uptime.and_then(|(_, seconds)| Duration::try_from_secs_f64(seconds).ok());
    let Some(started) = uptime.and_then(|uptime| SystemTime::now().checked_sub(uptime)) else {
        return;
    };
    context.measure(Measurement {
        since: Some(started),
        ..Measurement::gauge(metrics::INFLUXDB_WRITE_COUNT, "{write}", now.count)
    });
    if let Some(mean) = write_rate::mean_since_last(&context.layout().doctor_state(), now) {
        context.measure(Measurement::gauge(metrics::INFLUXDB_WRITE_DURATION, "s", mean));
    }
}
