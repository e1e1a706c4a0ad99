//! The ways to the collector: OTLP over gRPC and over HTTP, with TLS and without.

use service::telemetry::metrics;
use test_servers::{Collector, InfluxDb, Jaeger, poll};

use super::collector_away::{NOT_DELIVERED, stop_undisturbed};
use super::instance::{Instance, trace_arrives};
use crate::running_service::ServiceCommand;
use crate::stores::{embedded, new_item};
use crate::tls_proxy::TlsProxy;

fn port(endpoint: &str) -> u16 {
    endpoint.rsplit(':').next().unwrap().parse().unwrap()
}

/// A TLS server before the shared collector, and the protocol to speak to it.
fn behind_tls() -> [(&'static str, TlsProxy); 2] {
    let collector = Collector::shared();
    [
        (
            "http/protobuf",
            TlsProxy::before(port(&collector.http_endpoint()), &["http/1.1"]),
        ),
        ("grpc", TlsProxy::before(port(&collector.grpc_endpoint()), &["h2"])),
    ]
}

#[track_caller]
fn assert_traces_and_metrics_arrive(instance: &Instance, command: ServiceCommand) {
    let service = command.start();
    let answer = service.post("/items", &new_item("1", "First item"));
    assert_eq!(answer.status, 201);
    trace_arrives(Jaeger::shared(), &answer.ids()[0], 2);
    poll("the item counted", || {
        (instance.total(InfluxDb::shared(), metrics::ITEMS_CREATED.name) == 1).then_some(())
    });
}

#[test]
fn telemetry_arrives_by_each_protocol() {
    let collector = Collector::shared();
    for (protocol, endpoint) in [
        (None, collector.http_endpoint()),
        (Some("http/protobuf"), format!("{}/", collector.http_endpoint())),
        (Some("grpc"), collector.grpc_endpoint()),
    ] {
        let instance = Instance::new();
        let mut command = instance.exporting(embedded(), &endpoint);
        if let Some(protocol) = protocol {
            command = command.env("OTEL_EXPORTER_OTLP_PROTOCOL", protocol);
        }
        assert_traces_and_metrics_arrive(&instance, command);
    }
}

#[test]
fn telemetry_arrives_over_tls_by_the_certificate_it_is_told_to_trust() {
    for (protocol, proxy) in behind_tls() {
        let instance = Instance::new();
        let command = instance
            .exporting(embedded(), &proxy.url)
            .env("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
            .env("OTEL_EXPORTER_OTLP_CERTIFICATE", &proxy.certificate());
        assert_traces_and_metrics_arrive(&instance, command);
    }
}

#[test]
fn telemetry_arrives_over_tls_by_the_certificates_of_the_system() {
    for (protocol, proxy) in behind_tls() {
        let instance = Instance::new();
        let command = instance
            .exporting(embedded(), &proxy.url)
            .env("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
            .env("SSL_CERT_FILE", &proxy.certificate());
        assert_traces_and_metrics_arrive(&instance, command);
    }
}

#[test]
fn a_collector_that_is_not_trusted_gets_nothing_and_disturbs_nothing() {
    for (protocol, proxy) in behind_tls() {
        let service = Instance::new()
            .exporting(embedded(), &proxy.url)
            .env("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
            .args(["--shutdown-grace", "2s"])
            .start();
        let answer = service.post("/items", &new_item("1", "First item"));
        assert_eq!(answer.status, 201);
        service.wait_for_log(NOT_DELIVERED);
        assert!(Jaeger::shared().trace(&answer.ids()[0]).unwrap().is_none());
        stop_undisturbed(service);
    }
}
