//! The clock of the host against the servers' clocks, and whether anything sets it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use reqwest::{Method, RequestBuilder};
use tokio::process::Command;

use super::context::Context;
use super::verdict::{Fault, Stop, Verdict};
use crate::program;

/// A `Date` header has whole seconds, and the answer takes its time.
const TOLERANCE: Duration = Duration::from_secs(2);

pub(super) async fn check(context: Arc<Context>) -> Result<Verdict, Stop> {
    let (synchronised, influxdb, grafana) = tokio::join!(
        is_synchronised(context.patience()),
        async {
            let influxdb = context.influxdb_or_fault().await.ok()?;
            difference(influxdb.request(Method::GET, "/health")).await
        },
        async {
            let grafana = context.grafana_or_fault().await.ok()?;
            difference(grafana.request("/api/health")).await
        },
    );
    let mut faults = Vec::new();
    let mut seen = vec![match synchronised {
        Some(true) => "set by NTP".to_owned(),
        Some(false) => "not set by NTP".to_owned(),
        None => "whether NTP sets it cannot be told here".to_owned(),
    }];
    if synchronised == Some(false) {
        faults.push(Fault::warning(
            "the system says that NTP does not set the clock",
            "start chronyd or systemd-timesyncd, and see that UDP port 123 (on AWS 169.254.169.123) is reachable",
        ));
    }
    for (server, difference) in [("InfluxDB", influxdb), ("Grafana", grafana)] {
        let Some(difference) = difference else { continue };
        seen.push(format!("{:.0} s from {server}'s", difference.as_secs_f64()));
        if difference > TOLERANCE {
            faults.push(Fault::failed(
                format!("the clock is {:.0} s away from {server}'s", difference.as_secs_f64()),
                "set both by NTP; points and traces land at wrong times until then",
            ));
        }
    }
    Ok(Verdict::new(seen.join(", "), faults))
}

/// What systemd says; nothing where there is no systemd.
async fn is_synchronised(patience: Duration) -> Option<bool> {
    let mut command = Command::new("timedatectl");
    command.args(["show", "--property", "NTPSynchronized", "--value"]);
    match program::output(command, patience).await.ok()?.trim() {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

/// Between the server's clock and this one, to within the second that the header is cut to.
async fn difference(request: RequestBuilder) -> Option<Duration> {
    let before = SystemTime::now();
    let answer = request.send().await.ok()?;
    let after = SystemTime::now();
    let date = answer.headers().get("date")?.to_str().ok()?;
    let earliest = httpdate::parse_http_date(date).ok()?;
    let latest = earliest + Duration::from_secs(1);
    Some(apart((earliest, latest), (before, after)))
}

/// The gap between two spans of time; none where they overlap.
fn apart(one: (SystemTime, SystemTime), other: (SystemTime, SystemTime)) -> Duration {
    let gap = |end: SystemTime, start: SystemTime| start.duration_since(end).unwrap_or_default();
    gap(one.1, other.0).max(gap(other.1, one.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_gap_between_the_clocks_is_a_difference() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!(apart((at(10), at(11)), (at(10), at(12))), Duration::ZERO);
        assert_eq!(apart((at(10), at(11)), (at(14), at(14))), Duration::from_secs(3));
        assert_eq!(apart((at(20), at(21)), (at(14), at(14))), Duration::from_secs(6));
    }
}
