//! SIGTERM: what was recorded last still arrives.

use collector::influxdb::count_field;
use service::telemetry::metrics;
use test_servers::{Collector, InfluxDb, Jaeger};

use super::instance::{Instance, trace_arrives};
use crate::stores::{embedded, new_item};

#[test]
fn the_span_and_the_metrics_of_a_request_right_before_sigterm_arrive() {
    let collector = Collector::shared();
    let endpoints = [
        ("http/protobuf", collector.http_endpoint()),
        ("grpc", collector.grpc_endpoint()),
    ];
    for (protocol, endpoint) in endpoints {
        let instance = Instance::new();
        // Its own intervals are far longer than this test: nothing is exported before the end.
        let service = instance
            .exporting_rarely(embedded(), &endpoint)
            .env("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
            .env("OTEL_METRIC_EXPORT_INTERVAL", "3600000")
            .env("OTEL_BSP_SCHEDULE_DELAY", "3600000")
            .start();
        let answer = service.post("/items", &new_item("1", "First item"));
        let influxdb = InfluxDb::shared();
        instance.finish(influxdb, service);
        assert_eq!(answer.status, 201);
        trace_arrives(Jaeger::shared(), &answer.ids()[0], 2);
        for field in [
            count_field(metrics::HTTP_SERVER_REQUEST_DURATION.name),
            count_field(metrics::DB_CLIENT_OPERATION_DURATION.name),
            metrics::ITEMS_CREATED.name.to_owned(),
        ] {
            instance.total_becomes(influxdb, &field, 1);
        }
    }
}
