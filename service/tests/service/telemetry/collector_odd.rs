//! A double of the collector answers what no collector should, and the log says what became of the spans.

use std::io::{BufReader, Write as _};

use serde_json::Value;
use test_servers::http_message::Message;
use test_servers::tcp_double::{absent, serve};

use super::collector_away::{NOT_DELIVERED, stop_undisturbed};
use super::instance::Instance;
use crate::running_service::RunningService;
use crate::stores::embedded;

const OK: &str = "HTTP/1.1 200 OK\r\n";

/// Answers each export with this head and body.
fn collector_double(head: &'static str, body: Vec<u8>) -> String {
    serve(move |stream| {
        let answer = [
            format!("{head}content-length: {}\r\n\r\n", body.len()).as_bytes(),
            &body,
        ]
        .concat();
        let mut requests = BufReader::new(stream);
        while let Ok(Some(_)) = Message::read(&mut requests, true) {
            if requests.get_mut().write_all(&answer).is_err() {
                return;
            }
        }
    })
}

/// Exports spans alone to `endpoint`, and gives what the service logs once some were lost.
fn log_of_lost_spans(endpoint: &str) -> (RunningService, Value) {
    let service = Instance::new()
        .exporting(embedded(), endpoint)
        .env("OTEL_METRICS_EXPORTER", "none")
        .env("OTEL_EXPORTER_OTLP_TIMEOUT", "500")
        .start();
    assert_eq!(service.get("/healthz").status, 200);
    let line = service.wait_for_log(NOT_DELIVERED);
    (service, line)
}

#[test]
fn a_double_that_asks_to_come_back_in_ages_is_asked_for_as_long_as_an_export_may_take() {
    let busy = "HTTP/1.1 503 Service Unavailable\r\nretry-after: 18446744073709551615\r\n";
    let (service, line) = log_of_lost_spans(&collector_double(busy, Vec::new()));
    assert_eq!(line["spans_lost"], 1, "{line}");
    let end = stop_undisturbed(service);
    assert!(end.stderr.is_empty(), "{end:?}");
}

#[test]
fn a_double_that_rejects_more_spans_than_it_was_sent_rejects_those() {
    // An ExportTraceServiceResponse whose partial_success has the largest rejected_spans there are.
    let rejection = [&[0x0a, 10, 0x08][..], &[0xff; 8], &[0x7f]].concat();
    let (_service, line) = log_of_lost_spans(&collector_double(OK, rejection));
    assert_eq!(line["spans_lost"], 1, "{line}");
}

#[test]
fn the_log_names_the_endpoint_that_takes_nothing() {
    let (traces, metrics) = (collector_double(OK, Vec::new()), absent());
    let service = Instance::new()
        .exporting(embedded(), &traces)
        .env("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", &metrics)
        .start();
    assert_eq!(service.wait_for_log(NOT_DELIVERED)["endpoint"], metrics);
}
