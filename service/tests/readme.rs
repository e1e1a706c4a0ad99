//! The tables in README.md say what the service says and emits.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../../tools/readme_table.rs"]
mod readme_table;

use service::telemetry::{metrics, spans};

#[test]
fn the_table_of_settings_matches_the_help() {
    readme_table::assert_matches("service --help", env!("CARGO_BIN_EXE_service"), &["--help"]);
}

#[test]
fn the_table_of_metrics_matches_what_is_emitted() {
    let documented = readme_table::rows(&readme_table::readme(), "service::telemetry::metrics");
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
    let documented = readme_table::rows(&readme_table::readme(), "service::telemetry::spans");
    let attributes: Vec<_> = documented[2..].iter().map(|row| row.last().unwrap().clone()).collect();
    let emitted = [spans::REQUEST_ATTRIBUTES, spans::DATABASE_CALL_ATTRIBUTES].map(names);
    assert_eq!(attributes, emitted);
}

fn names(names: &[&str]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}
