//! A standard variable that cannot be used stops the start with one line that names it.

use super::instance::Instance;
use crate::running_service::ServiceCommand;
use crate::stores::embedded;

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

fn exporting() -> ServiceCommand {
    Instance::new().exporting(embedded(), "http://127.0.0.1:4318")
}

#[test]
fn a_bad_variable_is_one_line_that_names_it_its_value_and_what_is_allowed() {
    for (variable, value, allowed) in [
        (ENDPOINT, "collector:4317", "http://localhost:4318"),
        (ENDPOINT, "ftp://collector", "http://localhost:4318"),
        (ENDPOINT, "http://", "http://localhost:4318"),
        (
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            "nonsense",
            "http://localhost:4318",
        ),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json", "grpc"),
        ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "udp", "grpc"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon", "milliseconds"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "0", "milliseconds"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "brotli", "gzip"),
        ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "chain.pem", "CLIENT_KEY"),
        ("OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", "key.pem", "CLIENT_CERTIFICATE"),
        ("OTEL_TRACES_EXPORTER", "zipkin", "otlp or none"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "10s", "whole number"),
        ("OTEL_BSP_SCHEDULE_DELAY", "-1", "whole number"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "0", "1 to 1000000"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "99999999999999999999", "1 to 1000000"),
        ("OTEL_TRACES_SAMPLER", "sometimes", "traceidratio"),
        ("OTEL_SDK_DISABLED", "perhaps", "true or false"),
    ] {
        let end = exporting().env(variable, value).run();
        end.is_refused(2, &[variable, &format!("{value:?}"), allowed]);
    }
}

#[test]
fn a_password_in_an_endpoint_is_not_repeated() {
    let end = exporting().env(ENDPOINT, "ftp://user:secret@collector").run();
    end.is_refused(2, &[ENDPOINT, "http://localhost:4318"]);
    assert!(!end.stderr.concat().contains("secret"), "{end:?}");
}

#[test]
fn a_ratio_outside_its_range_is_refused() {
    for share in ["2", "-0.1", "NaN", "half", ""] {
        let command = exporting().env("OTEL_TRACES_SAMPLER", "parentbased_traceidratio");
        let end = command.env("OTEL_TRACES_SAMPLER_ARG", share).run();
        end.is_refused(2, &["OTEL_TRACES_SAMPLER_ARG", "from 0 to 1"]);
    }
}

#[test]
fn a_certificate_that_cannot_be_read_stops_the_start_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let garbage = folder.path().join("garbage.pem");
    std::fs::write(&garbage, "no certificate").unwrap();
    for protocol in ["http/protobuf", "grpc"] {
        for path in ["/missing/certificate.pem", garbage.to_str().unwrap()] {
            let end = exporting()
                .env(ENDPOINT, "https://localhost:4318")
                .env("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
                .env("OTEL_EXPORTER_OTLP_CERTIFICATE", path)
                .run();
            end.is_refused(1, &[path]);
        }
    }
}

#[test]
fn empty_variables_count_as_unset() {
    let service = embedded().env(ENDPOINT, "").env("OTEL_TRACES_SAMPLER", "").start();
    assert_eq!(service.get("/healthz").status, 200);
}
