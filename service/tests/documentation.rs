//! The tables in docs/service.md say what the service says and emits.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../../tools/document_table.rs"]
mod document_table;

use service::telemetry::{metrics, spans};

const DOCUMENT: &str = "service.md";

#[test]
fn the_table_of_settings_matches_the_help() {
    document_table::assert_matches(DOCUMENT, "service --help", env!("CARGO_BIN_EXE_service"), &["--help"]);
}

#[test]
fn the_table_of_metrics_matches_what_is_emitted() {
    let documented = document_table::rows(&document_table::read(DOCUMENT), "service::telemetry::metrics");
    let emitted: Vec<_> = metrics::ALL
        .iter()
        .map(|metric| {
            vec![
                format!("`{}`", metric.name),
                metric.kind.name().to_owned(),
                format!("`{}`", metric.unit),
                names(metric.attributes),
                metric.description.to_owned(),
            ]
        })
        .collect();
    assert_eq!(documented[2..], emitted);
}

#[test]
fn the_table_of_spans_matches_what_is_emitted() {
    let documented = document_table::rows(&document_table::read(DOCUMENT), "service::telemetry::spans");
    let attributes: Vec<_> = documented[2..].iter().map(|row| row.last().unwrap().clone()).collect();
    let emitted = [spans::REQUEST_ATTRIBUTES, spans::DATABASE_CALL_ATTRIBUTES].map(names);
    assert_eq!(attributes, emitted);
}

fn names(names: &[&str]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}
