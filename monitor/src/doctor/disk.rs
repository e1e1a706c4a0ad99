//! The disk of the data folder: room now, and how long it will last.

use std::io;
use std::path::Path;
use std::sync::Arc;

use collector::host_metrics::FILESYSTEM_USAGE;
use collector::influxdb::MEASUREMENT;

use super::context::{Context, Depth};
use super::verdict::{Fault, Stop, Verdict};
use crate::bytes;
use crate::disk::{self, Room};
use crate::influxdb::{InfluxDb, TELEMETRY, flux_text};

/// Percent of room and of inodes below which servers are about to fail.
const FAILED_PERCENT: f64 = 5.0;
/// Percent below which it is time to act.
const WARNING_PERCENT: f64 = 10.0;
/// Days of room below which it is too late for anything but deleting.
const FAILED_DAYS: f64 = 3.0;
/// Days of room below which it is time to act.
const WARNING_DAYS: f64 = 14.0;
/// Hours of history that a forecast needs.
const LEAST_HOURS: usize = 6;

const ADVICE: &str = "prune backups (`monitor backup prune`), shorten the retention of a bucket or JAEGER_RETENTION, or enlarge \
    the data volume";

pub(super) async fn check(context: Arc<Context>) -> Result<Verdict, Stop> {
    let folder = disk::nearest(context.layout().data());
    let folder = folder.canonicalize().unwrap_or(folder);
    let room = room(&folder).await.map_err(|error| {
        Fault::failed(
            format!("the disk of {} cannot be asked ({error})", folder.display()),
            "see whether the data volume is mounted, and what the kernel says: dmesg",
        )
    })?;
    let days = match context.depth() {
        Depth::Offline => None,
        // Without InfluxDB there is no history; that is no fault of the disk.
        Depth::Quick | Depth::Full => match context.operator().await {
            Ok(influxdb) => days_until_full(&influxdb, &disk::mount_point(&folder), room.free).await,
            Err(_) => None,
        },
    };
    let forecast = match days {
        Some(days) if days.is_finite() => format!("full in {days:.0} days"),
        Some(_) => "not filling".to_owned(),
        None => "growth not known".to_owned(),
    };
    let free_percent = percent(room.free, room.size);
    let seen = format!(
        "{} ({free_percent:.0} %) free, {forecast}, in {}",
        bytes::text(room.free),
        folder.display()
    );
    let mut faults = Vec::new();
    faults.extend(low(free_percent, &seen, ADVICE));
    if let Some((free, all)) = room.inodes {
        let percent = percent(free, all);
        let seen = format!("{percent:.0} % of the inodes of {} are free", folder.display());
        faults.extend(low(percent, &seen, ADVICE));
    }
    if let Some(days) = days
        && days < WARNING_DAYS
    {
        let seen = format!("the disk of {} will be full in {days:.1} days", folder.display());
        faults.push(if days < FAILED_DAYS {
            Fault::failed(seen, ADVICE)
        } else {
            Fault::warning(seen, ADVICE)
        });
    }
    Ok(Verdict::new(seen, faults))
}

/// On a thread for waiting: a disk that hangs would take the runtime with it.
pub(super) async fn room(folder: &Path) -> io::Result<Room> {
    let folder = folder.to_owned();
    tokio::task::spawn_blocking(move || disk::room(&folder)).await?
}

pub(super) fn low(percent: f64, seen: &str, advice: &str) -> Option<Fault> {
    if percent < FAILED_PERCENT {
        Some(Fault::failed(seen, advice))
    } else if percent < WARNING_PERCENT {
        Some(Fault::warning(seen, advice))
    } else {
        None
    }
}

#[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
pub(super) fn percent(free: u64, all: u64) -> f64 {
    free as f64 * 100.0 / (all as f64).max(1.0)
}

/// By the growth of the last three days; infinite where there is none, nothing where they are not known.
#[expect(clippy::cast_precision_loss, reason = "a forecast")]
async fn days_until_full(influxdb: &InfluxDb, mount_point: &Path, free: u64) -> Option<f64> {
    let point = flux_text(mount_point.to_str()?);
    let flux = format!(
        r#"from(bucket: "{bucket}")
  |> range(start: -3d)
  |> filter(fn: (r) => r._measurement == "{MEASUREMENT}" and r._field == "{FILESYSTEM_USAGE}")
  |> filter(fn: (r) => r.mountpoint == {point} and r.state == "used")
  |> aggregateWindow(every: 1h, fn: mean, createEmpty: false)
  |> group()
  |> map(fn: (r) => ({{days: float(v: uint(v: r._time)) / 86400000000000.0, used: r._value}}))"#,
        bucket = TELEMETRY.name,
    );
    let rows = influxdb.query(&flux).await.ok()?;
    let points: Vec<(f64, f64)> = rows
        .iter()
        .filter_map(|row| Some((row.get("days")?.parse().ok()?, row.get("used")?.parse().ok()?)))
        .collect();
    let growth = slope(&points)?;
    Some(if growth > 0.0 {
        free as f64 / growth
    } else {
        f64::INFINITY
    })
}

/// Least squares; nothing where there are too few points.
#[expect(clippy::cast_precision_loss, reason = "some dozens of points")]
fn slope(points: &[(f64, f64)]) -> Option<f64> {
    if points.len() < LEAST_HOURS {
        return None;
    }
    let count = points.len() as f64;
    let mean_x = points.iter().map(|(x, _)| x).sum::<f64>() / count;
    let mean_y = points.iter().map(|(_, y)| y).sum::<f64>() / count;
    let spread: f64 = points.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
    let together: f64 = points.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    (spread > 0.0).then(|| together / spread)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_the_slope_of_the_points() {
        let points: Vec<_> = (0..12)
            .map(|hour| (f64::from(hour) / 24.0, 100.0 + f64::from(hour)))
            .collect();
        assert!((slope(&points).unwrap() - 24.0).abs() < 1e-9);
        assert_eq!(slope(&points[..3]), None);
    }
}
