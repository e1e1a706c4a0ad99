//! The collector is killed, or was never there: the service serves on, and counts on.

use std::time::{Duration, Instant};

use collector::influxdb::{bucket_field, count_field, sum_field};
use rustix::process::Signal;
use serde_json::Value;
use service::telemetry::metrics::{self, Kind};
use service::telemetry::spans;
use test_servers::{Collector, InfluxDb, Jaeger, poll};

use super::instance::Instance;
use super::load::{await_more, under_load};
use crate::running_service::{Finished, RunningService};
use crate::stores::embedded;
use test_servers::tcp_double::absent;

/// What the service logs of exports that fail.
pub(super) const NOT_DELIVERED: &str = "telemetry is not delivered";

/// Far longer than a request takes on a busy machine, far shorter than the time-out of an export below.
pub(super) const UNDISTURBED: Duration = Duration::from_secs(10);

/// Milliseconds: a request or an end that waits for an export would be seen.
pub(super) const EXPORT_TIMEOUT: &str = "120000";

/// Asserts that lost telemetry was logged, and no more than once a minute.
#[track_caller]
pub(super) fn assert_logged_rarely(end: &Finished) {
    let times: Vec<_> = end
        .stdout
        .iter()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|line| line["message"] == NOT_DELIVERED)
        .map(|line| {
            assert_eq!(line["level"], "WARN", "{line}");
            let time = line["timestamp"].as_str().unwrap();
            let (_, time) = time.split_once('T').unwrap();
            let parts: Vec<f64> = time
                .trim_end_matches('Z')
                .split(':')
                .map(|part| part.parse().unwrap())
                .collect();
            parts[0] * 3600.0 + parts[1] * 60.0 + parts[2]
        })
        .collect();
    assert!(!times.is_empty(), "not logged: {end:?}");
    for pair in times.windows(2) {
        let seconds = (pair[1] - pair[0]).rem_euclid(86400.0);
        assert!(seconds > 59.0, "{seconds} s apart: {end:?}");
    }
}

/// Ends the service, which must not take longer for its telemetry, and gives what it left.
#[track_caller]
pub(super) fn stop_undisturbed(mut service: RunningService) -> Finished {
    let begin = Instant::now();
    service.signal(Signal::TERM);
    let end = service.wait();
    assert_eq!(end.code, Some(0), "{end:?}");
    assert!(begin.elapsed() < UNDISTURBED, "{:?}", begin.elapsed());
    end
}

#[test]
fn a_collector_killed_under_load_and_started_again_leaves_no_gap_in_the_counts() {
    let influxdb = InfluxDb::shared();
    let mut collector = Collector::options()
        .influxdb(influxdb)
        .jaeger(Jaeger::shared())
        .start()
        .unwrap();
    let instance = Instance::new();
    let service = instance.exporting(embedded(), &collector.http_endpoint()).start();
    service.create("1", "First item");
    let requests = count_field(metrics::HTTP_SERVER_REQUEST_DURATION.name);
    let total = || instance.total(influxdb, &requests);
    let load = under_load(&service, |answered| {
        poll("counts before", || (total() > 20).then_some(()));
        collector.kill().unwrap();
        service.wait_for_log(NOT_DELIVERED);
        await_more(answered, 100);
        collector.restart().unwrap();
        let before = total();
        await_more(answered, 20);
        poll("counts afterwards", || (total() > before + 20).then_some(()));
    });
    load.all_are(200);
    assert!(load.slowest() < UNDISTURBED, "{:?}", load.slowest());
    instance.finish(influxdb, service);
    instance.total_becomes(influxdb, &requests, load.count() + 1);
    for metric in metrics::ALL {
        let name = metric.name;
        let fields = match metric.kind {
            Kind::Histogram => vec![bucket_field(name), count_field(name), sum_field(name)],
            _ => vec![name.to_owned()],
        };
        let grows = matches!(metric.kind, Kind::Counter | Kind::Histogram);
        for field in &fields {
            for series in instance.series(influxdb, field) {
                let numbers = series.numbers(field);
                assert!(!grows || numbers.is_sorted(), "decreases: {series:?}");
                assert!(numbers.iter().all(|number| *number >= 0.0), "negative: {series:?}");
            }
        }
    }
}

#[test]
fn a_collector_that_refuses_connections_disturbs_nothing() {
    for protocol in ["http/protobuf", "grpc"] {
        let service = Instance::new()
            .exporting(embedded(), &absent())
            .env("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
            .env("OTEL_EXPORTER_OTLP_TIMEOUT", EXPORT_TIMEOUT)
            .args(["--shutdown-grace", "2s"])
            .start();
        service.create("1", "First item");
        let load = under_load(&service, |answered| {
            service.wait_for_log(NOT_DELIVERED);
            await_more(answered, 100);
        });
        load.all_are(200);
        assert!(load.slowest() < UNDISTURBED, "{:?}", load.slowest());
        assert_logged_rarely(&stop_undisturbed(service));
    }
}

#[test]
fn spans_that_could_not_be_delivered_are_counted() {
    let influxdb = InfluxDb::shared();
    let mut collector = Collector::options().influxdb(influxdb).start().unwrap();
    collector.stop().unwrap();
    let instance = Instance::new();
    // Metrics go out at the end alone: the one line of a minute is then about spans.
    let service = instance
        .exporting(embedded(), &collector.http_endpoint())
        .env("OTEL_METRIC_EXPORT_INTERVAL", "600000")
        .start();
    for _ in 0..50 {
        assert_eq!(service.get("/healthz").status, 200);
    }
    assert_eq!(service.wait_for_log(NOT_DELIVERED)["spans_lost"], 50);
    collector.restart().unwrap();
    for _ in 0..10 {
        assert_eq!(service.get("/healthz").status, 200);
    }
    let end = instance.finish(influxdb, service);
    let exported = instance.counts(influxdb, metrics::SPANS_EXPORTED.name, [spans::ERROR_TYPE]);
    let lost = exported.get(&[Some(metrics::EXPORT_FAILED.to_owned())]).copied();
    assert!(lost.is_some_and(|lost| lost >= 1), "{exported:?}");
    assert!(
        exported.get(&[None]).is_some_and(|delivered| *delivered >= 10),
        "{exported:?}"
    );
    assert_eq!(exported.values().sum::<i64>(), 60, "{exported:?}");
    assert_logged_rarely(&end);
}
