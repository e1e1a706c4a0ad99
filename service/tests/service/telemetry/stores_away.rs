//! InfluxDB or Jaeger is stopped for a while under load: nothing that the collector accepted is missing afterwards.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use collector::influxdb::count_field;
use rustix::process::Signal;
use service::telemetry::metrics;
use test_servers::{Collector, InfluxDb, Jaeger, poll};

use super::instance::Instance;
use super::load::{SetWhenDropped, await_more, under_load};
use super::otlp_proxy::OtlpProxy;
use crate::running_service::RunningService;
use crate::stores::{embedded, on_dynamodb};
use test_servers::dynamodb_double;

const CLIENTS: usize = 2;

/// Between two requests of a client: Jaeger gives no more traces at once than its search is asked for.
const PAUSE: Duration = Duration::from_millis(40);

/// Longer than the collector's first tries to send again.
const ABSENCE: Duration = Duration::from_secs(20);

#[test]
fn every_export_that_the_collector_accepted_is_in_influxdb_after_its_absence() {
    let mut influxdb = InfluxDb::start().unwrap();
    let collector = Collector::options()
        .influxdb(&influxdb)
        .jaeger(Jaeger::shared())
        .start()
        .unwrap();
    let proxy = OtlpProxy::before(&collector, Duration::ZERO);
    let instance = Instance::new();
    let service = instance.exporting(embedded(), &proxy.endpoint).start();
    service.create("1", "First item");
    let load = under_load(&service, |answered| {
        let uptime = metrics::PROCESS_UPTIME.name;
        poll("the first points", || {
            (!instance.last(&influxdb, uptime).is_empty()).then_some(())
        });
        influxdb.stop().unwrap();
        let accepted = proxy.accepted_metrics();
        thread::sleep(ABSENCE);
        await_more(answered, 20);
        assert!(
            proxy.accepted_metrics() > accepted + 10,
            "the collector takes no metrics"
        );
        influxdb.restart().unwrap();
        await_more(answered, 20);
    });
    load.all_are(200);
    instance.finish(&influxdb, service);
    let accepted = proxy.accepted_metrics();
    let points = || {
        let series = instance.series(&influxdb, metrics::PROCESS_UPTIME.name);
        series.iter().map(|series| series.points.len()).sum::<usize>()
    };
    poll(&format!("all of {accepted} exports"), || {
        (points() >= accepted).then_some(())
    });
    assert_eq!(points(), accepted);
    let requests = count_field(metrics::HTTP_SERVER_REQUEST_DURATION.name);
    instance.total_becomes(&influxdb, &requests, load.count() + 1);
    instance.total_becomes(&influxdb, metrics::ITEMS_UPDATED.name, load.count());
}

#[test]
fn every_error_trace_is_in_jaeger_after_its_absence() {
    let mut jaeger = Jaeger::start().unwrap();
    let collector = Collector::options().jaeger(&jaeger).share_percent(0.0).start().unwrap();
    let failing = dynamodb_double::refusing("500 Internal Server Error", "InternalServerError");
    let instance = Instance::new();
    let mut service = instance
        .exporting(on_dynamodb(&failing), &collector.http_endpoint())
        .env("OTEL_SERVICE_NAME", &instance.0)
        .start();
    let is_over = AtomicBool::new(false);
    let failed: BTreeSet<String> = thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| scope.spawn(|| fail_until(&service, &is_over)))
            .collect();
        {
            let _over = SetWhenDropped(&is_over);
            poll("the first traces", || {
                (!jaeger.search(&instance.0, &[]).unwrap().is_empty()).then_some(())
            });
            jaeger.stop().unwrap();
            thread::sleep(ABSENCE);
            jaeger.restart().unwrap();
        }
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    });
    service.signal(Signal::TERM);
    assert_eq!(service.wait().code, Some(0));
    assert!(failed.len() > 50, "too little load: {}", failed.len());
    let missing = || {
        let found = jaeger.search(&instance.0, &[]).unwrap();
        let complete = found.into_iter().filter(|trace| trace.spans.len() == 2);
        let complete: BTreeSet<_> = complete.map(|trace| trace.id).collect();
        failed.difference(&complete).count()
    };
    poll(&format!("all of {} traces", failed.len()), || {
        (missing() == 0).then_some(())
    });
}

/// Sends requests that fail; gives their trace ids.
fn fail_until(service: &RunningService, is_over: &AtomicBool) -> Vec<String> {
    let mut connection = service.connect();
    let mut failed = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        let answer = connection.send("GET", "/items/1", b"");
        assert_eq!(answer.status, 503, "{answer:?}");
        let [trace_id, _, _] = answer.ids();
        failed.push(trace_id);
        thread::sleep(PAUSE);
    }
    failed
}
