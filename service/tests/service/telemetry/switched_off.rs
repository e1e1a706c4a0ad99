//! Without an endpoint, or disabled, there is no telemetry, and still every answer and every log line has its ids.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::process::Signal;
use test_servers::poll;

use super::instance::{Caller, Instance};
use crate::running_service::{RunningService, ServiceCommand};
use crate::stores::{embedded, on_dynamodb};
use test_servers::tcp_double::{absent, serve};

/// Threads of a service that have to do with telemetry. Linux keeps 15 characters of a name.
fn telemetry_threads(service: &RunningService) -> Vec<String> {
    let folder = format!("/proc/{}/task", service.pid().as_raw_nonzero());
    let threads = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    // A thread may have ended meanwhile.
    let names = threads.filter_map(|thread| fs::read_to_string(thread.join("comm")).ok());
    names.filter(|name| name.to_lowercase().contains("telemetry")).collect()
}

/// Counts connections.
fn collector_double() -> (String, Arc<AtomicUsize>) {
    let connections = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&connections);
    let endpoint = serve(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
    });
    (endpoint, connections)
}

fn ways_to_be_off(endpoint: &str) -> Vec<ServiceCommand> {
    let exporting = || Instance::new().exporting(embedded(), endpoint);
    vec![
        embedded(),
        exporting().without_env("OTEL_EXPORTER_OTLP_ENDPOINT"),
        exporting().env("OTEL_SDK_DISABLED", "true"),
        exporting().env("OTEL_SDK_DISABLED", "TRUE"),
        exporting()
            .env("OTEL_TRACES_EXPORTER", "none")
            .env("OTEL_METRICS_EXPORTER", "none"),
    ]
}

#[test]
fn telemetry_that_is_off_has_no_thread_and_no_connection() {
    let (endpoint, connections) = collector_double();
    for command in ways_to_be_off(&endpoint) {
        let mut service = command.start();
        for _ in 0..20 {
            assert_eq!(service.get("/healthz").status, 200);
        }
        assert_eq!(telemetry_threads(&service), [""; 0]);
        service.signal(Signal::TERM);
        assert_eq!(service.wait().code, Some(0));
    }
    assert_eq!(connections.load(Ordering::Relaxed), 0);
    // And the double does count, and the threads can be told.
    let service = Instance::new().exporting(embedded(), &endpoint).start();
    assert!(!telemetry_threads(&service).is_empty());
    assert_eq!(service.get("/healthz").status, 200);
    poll("a connection", || {
        (connections.load(Ordering::Relaxed) > 0).then_some(())
    });
}

#[test]
fn answers_and_log_lines_have_their_ids_whether_telemetry_is_on_or_off() {
    let dynamodb = absent();
    let off = on_dynamodb(&dynamodb);
    let disabled = Instance::new()
        .exporting(on_dynamodb(&dynamodb), &absent())
        .env("OTEL_SDK_DISABLED", "true");
    let on = Instance::new().exporting(on_dynamodb(&dynamodb), &absent());
    let unsampled = Instance::new()
        .exporting(on_dynamodb(&dynamodb), &absent())
        .env("OTEL_TRACES_SAMPLER", "always_off");
    for command in [off, disabled, on, unsampled] {
        let service = command.start();
        let caller = Caller::new();
        let with_parent = service
            .request("GET", "/items/1")
            .header("traceparent", caller.traceparent("01"));
        let answers = [service.get("/items/1"), service.send(with_parent)];
        assert_eq!(answers[1].ids()[0], caller.trace_id);
        for answer in answers {
            answer.refusal(503);
            let [trace_id, span_id, _] = answer.ids();
            let line = poll("a log line of the request", || {
                service
                    .log_lines()
                    .into_iter()
                    .find(|line| line["trace_id"] == trace_id.as_str())
            });
            assert_eq!(line["span_id"], span_id.as_str(), "{line}");
        }
    }
}

#[test]
fn each_signal_can_be_switched_off_by_itself() {
    let (endpoint, connections) = collector_double();
    for variable in ["OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER"] {
        let before = connections.load(Ordering::Relaxed);
        let service = Instance::new()
            .exporting(embedded(), &endpoint)
            .env(variable, "none")
            .start();
        assert_eq!(service.get("/healthz").status, 200);
        poll("the other signal", || {
            (connections.load(Ordering::Relaxed) > before).then_some(())
        });
    }
}
