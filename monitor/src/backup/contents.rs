//! What servers hold, counted when a backup is taken and compared after a restore.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use super::error::BackupError;
use super::influxdb::Bucket;
use super::manifest::{Contents, Points, Traced};
use super::stamp;
use crate::http::HttpError;
use crate::influxdb::{InfluxDb, flux_text};
use crate::jaeger::Jaeger;

/// Time after which no more spans of time are counted; the latest are counted first.
const BUDGET: Duration = Duration::from_secs(60);
/// Latest traces of each service that are looked at.
const TRACES: usize = 20;
/// Services that are looked at.
const SERVICES: usize = 50;
/// What is this near to the end of its retention may be gone a moment later.
const MARGIN: Duration = Duration::from_secs(3600);
/// Most differences that are told.
const SHOWN: usize = 5;

/// Points before `until`, by bucket, measurement and span of shards; and the earliest time counted, if not all.
pub(super) async fn count_points(
    influxdb: &InfluxDb,
    buckets: &[Bucket],
    until: SystemTime,
) -> Result<(Vec<Points>, Option<String>), BackupError> {
    let mut spans: Vec<(SystemTime, SystemTime, &str)> = Vec::new();
    for bucket in buckets {
        let own = bucket.spans().into_iter().filter(|(from, _)| *from < until);
        spans.extend(own.map(|(from, to)| (from, to.min(until), bucket.name.as_str())));
    }
    spans.sort_by(|one, other| other.cmp(one));
    let (mut counted, begun, mut earliest) = (Vec::new(), Instant::now(), None);
    for (from, to, bucket) in spans {
        if begun.elapsed() > BUDGET {
            return Ok((counted, earliest));
        }
        counted.extend(count_span(influxdb, bucket, &stamp::text(from), &stamp::precise(to)).await?);
        earliest = Some(stamp::text(from));
    }
    Ok((counted, None))
}

/// The same spans again; of each the lower count, since points may be deleted at any time.
pub(super) async fn recount(influxdb: &InfluxDb, points: &mut [Points]) -> Result<(), BackupError> {
    let now = counts(influxdb, points).await?;
    for one in points {
        one.points = one.points.min(now.get(&key(one)).copied().unwrap_or_default());
    }
    Ok(())
}

type Key = (String, String, String, String);

fn key(points: &Points) -> Key {
    let Points {
        bucket,
        measurement,
        from,
        to,
        ..
    } = points.clone();
    (bucket, from, to, measurement)
}

async fn counts(influxdb: &InfluxDb, points: &[Points]) -> Result<BTreeMap<Key, u64>, BackupError> {
    let mut spans: Vec<_> = points.iter().map(|one| (&one.bucket, &one.from, &one.to)).collect();
    spans.sort();
    spans.dedup();
    let mut counts = BTreeMap::new();
    for (bucket, from, to) in spans {
        let found = count_span(influxdb, bucket, from, to).await?;
        counts.extend(found.into_iter().map(|one| (key(&one), one.points)));
    }
    Ok(counts)
}

async fn count_span(influxdb: &InfluxDb, bucket: &str, from: &str, to: &str) -> Result<Vec<Points>, BackupError> {
    // Counted for each series first, which the storage does by itself whatever the types of values.
    let flux = format!(
        "from(bucket: {}) |> range(start: {from}, stop: {to}) |> count() \
         |> group(columns: [\"_measurement\"]) |> sum() |> keep(columns: [\"_measurement\", \"_value\"])",
        flux_text(bucket)
    );
    let rows = match influxdb.query(&flux).await {
        Ok(rows) => rows,
        // A bucket that has gone holds nothing.
        Err(error) if error.status() == Some(404) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let points = rows.iter().map(|row| {
        Some(Points {
            bucket: bucket.to_owned(),
            measurement: row.get("_measurement")?.to_owned(),
            from: from.to_owned(),
            to: to.to_owned(),
            points: row.get("_value")?.parse().ok()?,
        })
    });
    let unreadable = || HttpError::Unreadable {
        server: crate::influxdb::SERVICE,
        request: "/api/v2/query".to_owned(),
        cause: "a count lacks its measurement or number".to_owned(),
    };
    points.collect::<Option<_>>().ok_or_else(|| unreadable().into())
}

/// The latest traces of each service that Jaeger knows.
pub(super) async fn traces(jaeger: &Jaeger) -> Result<Vec<Traced>, HttpError> {
    let mut traces = Vec::new();
    for service in jaeger.services().await?.into_iter().take(SERVICES) {
        for trace in jaeger.latest_traces(&service, TRACES).await? {
            let Some(began) = trace.spans.iter().map(|span| span.start_time).min() else {
                continue;
            };
            traces.push(Traced {
                service: service.clone(),
                trace: trace.id,
                began_at: stamp::text(SystemTime::UNIX_EPOCH + Duration::from_micros(began)),
                spans: trace.spans.len() as u64,
            });
        }
    }
    Ok(traces)
}

/// Servers that hold restored data.
pub(super) struct Restored<'a> {
    pub(super) influxdb: &'a InfluxDb,
    pub(super) jaeger: &'a Jaeger,
    /// How long Jaeger keeps spans.
    pub(super) jaeger_retention: Duration,
    pub(super) dashboards: u64,
}

/// What was compared after a restore.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Comparison {
    /// Points that the backup promises and that were looked for.
    pub points: u64,
    /// Traces that were looked for.
    pub traces: u64,
    /// What is not there.
    pub missing: Vec<String>,
}

impl Comparison {
    /// Whether all is there.
    pub fn is_whole(&self) -> bool {
        self.missing.is_empty()
    }

    /// What is not there, the first of it, in one line.
    pub fn missing(&self) -> String {
        let mut text = self.missing[..self.missing.len().min(SHOWN)].join("; ");
        if self.missing.len() > SHOWN {
            text.push_str(&format!("; and {} more", self.missing.len() - SHOWN));
        }
        text
    }
}

/// Looks for everything that a backup says must be there. More than that is no fault: servers went on while it was taken.
pub(super) async fn compare(contents: &Contents, restored: &Restored<'_>) -> Result<Comparison, BackupError> {
    let mut comparison = Comparison::default();
    points(contents, restored.influxdb, &mut comparison).await?;
    let oldest = oldest_kept(restored.jaeger_retention);
    for traced in &contents.traces {
        if stamp::time(&traced.began_at).is_none_or(|began| began < oldest) {
            continue;
        }
        comparison.traces += 1;
        let found = restored.jaeger.spans(&traced.trace).await? as u64;
        if found < traced.spans {
            comparison.missing.push(format!(
                "trace {} of {} has {found} spans instead of {}",
                traced.trace, traced.service, traced.spans
            ));
        }
    }
    if restored.dashboards < contents.dashboards {
        comparison.missing.push(format!(
            "grafana has {} dashboards instead of {}",
            restored.dashboards, contents.dashboards
        ));
    }
    Ok(comparison)
}

/// What is older may have expired, or does before it is looked for.
fn oldest_kept(retention: Duration) -> SystemTime {
    let oldest = SystemTime::now().checked_sub(retention);
    oldest.unwrap_or(SystemTime::UNIX_EPOCH) + MARGIN
}

async fn points(contents: &Contents, influxdb: &InfluxDb, comparison: &mut Comparison) -> Result<(), BackupError> {
    // Retention drops shards as they are, so no span is compared that has begun to expire.
    let buckets = influxdb.buckets().await?;
    let is_kept = |points: &&Points| {
        let Some(bucket) = buckets.iter().find(|bucket| bucket.name == points.bucket) else {
            return true;
        };
        let keeps = bucket
            .retention_rules
            .iter()
            .map(|rule| rule.every_seconds)
            .max()
            .unwrap_or(0);
        let oldest = oldest_kept(Duration::from_secs(keeps));
        keeps == 0 || stamp::time(&points.from).is_some_and(|from| from > oldest)
    };
    let promised: Vec<_> = contents.points.iter().filter(is_kept).cloned().collect();
    let found = counts(influxdb, &promised).await?;
    for one in &promised {
        comparison.points += one.points;
        let found = found.get(&key(one)).copied().unwrap_or_default();
        if found < one.points {
            comparison.missing.push(format!(
                "{}/{} from {} to {} has {found} points instead of {}",
                one.bucket, one.measurement, one.from, one.to, one.points
            ));
        }
    }
    Ok(())
}
