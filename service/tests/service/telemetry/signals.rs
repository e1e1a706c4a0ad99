//! The matrix of signals: whatever is promised by name is looked for in the stores.

use std::collections::BTreeSet;
use std::thread;

use collector::influxdb::{MEASUREMENT, count_field};
use collector::{host_metrics, own_metrics};
use service::telemetry::db_client::Operation;
use service::telemetry::metrics::{self, Kind};
use test_servers::{Collector, InfluxDb, Jaeger, poll};

use super::instance::{Instance, trace_arrives};
use crate::answer::Answer;
use crate::running_service::RunningService;
use crate::stores::{new_item, on_dynamodb};
use test_servers::dynamodb_double::Proxy;

/// Every operation once, a request that is shed and one that times out; gives the answers of those that were traced.
fn do_everything(service: &RunningService, proxy: &Proxy) -> Vec<Answer> {
    let mut answers = vec![
        service.post("/items", &new_item("1", "First item")),
        service.get("/items/1"),
        service.get("/items"),
        service.put("/items/1", &serde_json::json!({ "name": "Renamed" })),
        service.delete("/items/1"),
    ];
    assert!(answers.iter().all(|answer| answer.status < 300), "{answers:?}");
    proxy.hold();
    thread::scope(|scope| {
        let slow = scope.spawn(|| service.get("/items/1"));
        poll("the slow request", || (proxy.held() > 0).then_some(()));
        let shed = poll("a shed request", || {
            Some(service.get("/items/1")).filter(|answer| answer.status == 503)
        });
        answers.extend([slow.join().unwrap(), shed]);
    });
    proxy.release();
    answers
}

/// Fields of a collector in InfluxDB, by the tag `host.name`.
fn fields_of(host_name: &str) -> BTreeSet<String> {
    let query = format!(r#"SELECT last(*) FROM "{MEASUREMENT}" WHERE "host.name" = '{host_name}'"#);
    let series = InfluxDb::shared().query(InfluxDb::TELEMETRY, &query).unwrap();
    let points = series.iter().flat_map(|series| &series.points);
    let columns = points.flat_map(|point| point.columns.keys());
    columns
        .filter_map(|column| column.strip_prefix("last_"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_signal_that_is_promised_is_found() {
    let (collector, influxdb, jaeger) = (Collector::shared(), InfluxDb::shared(), Jaeger::shared());
    let instance = Instance::new();
    let proxy = Proxy::start();
    let service = instance
        .exporting(on_dynamodb(&proxy.endpoint), &collector.http_endpoint())
        .args(["--create-table", "--max-in-flight", "1", "--request-timeout", "3s"])
        .start();
    let answers = do_everything(&service, &proxy);

    let mut rows = Vec::new();
    let mut promised_fields = Vec::new();
    for metric in metrics::ALL {
        let field = match metric.kind {
            Kind::Histogram => count_field(metric.name),
            _ => metric.name.to_owned(),
        };
        promised_fields.push(("service metric", field));
    }
    let found = || -> BTreeSet<String> {
        let fields = promised_fields.iter().map(|(_, field)| field.clone());
        fields
            .filter(|field| !instance.last(influxdb, field).is_empty())
            .collect()
    };
    let fields = settled(promised_fields.len(), found);
    rows.extend(
        promised_fields
            .iter()
            .map(|(kind, name)| (*kind, name.clone(), fields.contains(name))),
    );

    let of_collector: Vec<_> = host_metrics::ALL
        .iter()
        .map(|name| ("host metric", (*name).to_owned()))
        .chain(
            own_metrics::ALWAYS
                .iter()
                .map(|name| ("collector's own metric", (*name).to_owned())),
        )
        .collect();
    let promised: BTreeSet<_> = of_collector.iter().map(|(_, name)| name.clone()).collect();
    let fields = settled(promised.len(), || &fields_of(&collector.host_name()) & &promised);
    rows.extend(of_collector.into_iter().map(|(kind, name)| {
        let is_found = fields.contains(&name);
        (kind, name, is_found)
    }));

    let traces: Vec<_> = answers
        .iter()
        .map(|answer| trace_arrives(jaeger, &answer.ids()[0], 1))
        .collect();
    let names: BTreeSet<_> = traces
        .iter()
        .flat_map(|trace| &trace.spans)
        .map(|span| span.name.as_str())
        .collect();
    let requests = [
        "POST /items",
        "GET /items/{id}",
        "GET /items",
        "PUT /items/{id}",
        "DELETE /items/{id}",
    ];
    let calls = Operation::ALL.map(Operation::span_name);
    for name in requests.into_iter().chain(calls) {
        rows.push(("span", name.to_owned(), names.contains(name)));
    }

    let traced: BTreeSet<_> = traces.iter().map(|trace| trace.id.as_str()).collect();
    let lines = service.log_lines();
    let has_trace = |line: &serde_json::Value| line["trace_id"].as_str().is_some_and(|id| traced.contains(id));
    rows.push((
        "log",
        "trace_id of a trace in Jaeger".to_owned(),
        lines.iter().any(has_trace),
    ));

    for (kind, name, is_found) in &rows {
        println!("{kind:<24} {name:<72} {}", if *is_found { "found" } else { "MISSING" });
    }
    let missing: Vec<_> = rows
        .iter()
        .filter(|(_, _, is_found)| !is_found)
        .map(|(_, name, _)| name)
        .collect();
    assert!(missing.is_empty(), "missing: {missing:?}");
}

/// Asks until all of `count` are there, or as long as is reasonable, so that the matrix shows what is missing.
fn settled(count: usize, ask: impl Fn() -> BTreeSet<String>) -> BTreeSet<String> {
    let mut asked = 0;
    poll("the matrix", || {
        asked += 1;
        let found = ask();
        (found.len() == count || asked > 200).then_some(found)
    })
}
