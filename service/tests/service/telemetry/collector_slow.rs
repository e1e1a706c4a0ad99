//! The collector accepts connections and answers late or never.

use std::time::Duration;

use serde_json::json;
use service::telemetry::{metrics, spans};
use test_servers::{Collector, InfluxDb, Jaeger};

use super::collector_away::{EXPORT_TIMEOUT, UNDISTURBED, assert_logged_rarely, stop_undisturbed};
use super::instance::Instance;
use super::load::{await_more, under_load};
use super::otlp_proxy::OtlpProxy;
use crate::stores::embedded;
use test_servers::tcp_double::silent;

/// Load for some export intervals, then the end, both as if the collector were well.
#[track_caller]
fn assert_serves_and_ends_undisturbed(protocol: &str, endpoint: &str) {
    let service = Instance::new()
        .exporting(embedded(), endpoint)
        .env("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
        .env("OTEL_EXPORTER_OTLP_TIMEOUT", EXPORT_TIMEOUT)
        .args(["--shutdown-grace", "2s"])
        .start();
    service.create("1", "First item");
    let load = under_load(&service, |answered| await_more(answered, 200));
    load.all_are(200);
    assert!(load.slowest() < UNDISTURBED, "{:?}", load.slowest());
    let end = stop_undisturbed(service);
    let said = end.stdout.iter().any(|line| line.contains("could not be exported"));
    assert!(said, "{end:?}");
}

#[test]
fn a_frozen_collector_delays_neither_requests_nor_the_end() {
    let collector = Collector::options().start().unwrap();
    let endpoints = [
        ("http/protobuf", collector.http_endpoint()),
        ("grpc", collector.grpc_endpoint()),
    ];
    collector.pause().unwrap();
    for (protocol, endpoint) in endpoints {
        assert_serves_and_ends_undisturbed(protocol, &endpoint);
    }
}

#[test]
fn a_double_that_never_answers_delays_neither_requests_nor_the_end() {
    for protocol in ["http/protobuf", "grpc"] {
        assert_serves_and_ends_undisturbed(protocol, &silent());
    }
}

#[test]
fn spans_that_find_the_queue_full_are_counted_and_the_rest_arrives_when_the_collector_thaws() {
    let influxdb = InfluxDb::shared();
    let collector = Collector::options()
        .influxdb(influxdb)
        .jaeger(Jaeger::shared())
        .start()
        .unwrap();
    let instance = Instance::new();
    let service = instance
        .exporting(embedded(), &collector.http_endpoint())
        .env("OTEL_BSP_MAX_QUEUE_SIZE", "64")
        .env("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "16")
        .env("OTEL_EXPORTER_OTLP_TIMEOUT", EXPORT_TIMEOUT)
        .start();
    collector.pause().unwrap();
    let mut connection = service.connect();
    for _ in 0..300 {
        let answer = connection.send_json("GET", "/healthz", &json!({}));
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    drop(connection);
    collector.resume().unwrap();
    let end = instance.finish(influxdb, service);
    let processed = instance.counts(influxdb, metrics::SPANS_PROCESSED.name, [spans::ERROR_TYPE]);
    let dropped = processed[&[Some(metrics::QUEUE_FULL.to_owned())]];
    // What fits into the queue and into one batch is not dropped.
    assert!((100..300).contains(&dropped), "{processed:?}");
    assert_eq!(processed.values().sum::<i64>(), 300, "{processed:?}");
    instance.total_becomes(influxdb, metrics::SPANS_EXPORTED.name, processed[&[None]]);
    instance.total_becomes(influxdb, metrics::SPAN_QUEUE_CAPACITY.name, 64);
    instance.total_becomes(influxdb, metrics::SPAN_QUEUE_SIZE.name, 0);
    assert_logged_rarely(&end);
}

#[test]
fn a_slow_collector_gets_everything_that_fits() {
    let influxdb = InfluxDb::shared();
    let proxy = OtlpProxy::before(Collector::shared(), Duration::from_millis(700));
    let instance = Instance::new();
    let service = instance.exporting(embedded(), &proxy.endpoint).start();
    service.create("1", "First item");
    let load = under_load(&service, |answered| await_more(answered, 300));
    load.all_are(200);
    assert!(load.slowest() < UNDISTURBED, "{:?}", load.slowest());
    instance.finish(influxdb, service);
    let requests = load.count() + 1;
    let recorded = collector::influxdb::count_field(metrics::HTTP_SERVER_REQUEST_DURATION.name);
    instance.total_becomes(influxdb, &recorded, requests);
    instance.total_becomes(influxdb, metrics::SPANS_PROCESSED.name, 2 * requests);
}
