//! What InfluxDB has is what the client did, to the last request.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::Instant;

use collector::influxdb::{
    BUCKET_BOUND_TAG, RESOURCE_TAGS, bucket_field, count_field, max_field, min_field, sum_field,
};
use service::telemetry::db_client::{CONDITION_FAILED, Operation};
use service::telemetry::metrics::{self, Kind, Metric};
use service::telemetry::spans;
use test_servers::{Collector, InfluxDb, Series};

use super::histogram::{assert_fits, histogram};
use super::instance::{Counts, Instance};
use crate::running_service::RunningService;
use crate::stores::embedded;

const CLIENTS: usize = 3;
const ROUNDS: usize = 10;

/// Method, route and status, as the tags of a request's duration have them.
pub(super) type Outcome = [Option<String>; 3];

/// The tags of a request's duration that tell requests apart.
pub(super) const OUTCOME: [&str; 3] = [
    spans::HTTP_REQUEST_METHOD,
    spans::HTTP_ROUTE,
    spans::HTTP_RESPONSE_STATUS_CODE,
];

/// What a client knows of its requests.
#[derive(Default)]
struct Done {
    latencies: BTreeMap<Outcome, Vec<f64>>,
    calls: Counts<2>,
}

/// A request, with a placeholder `{n}` for the number of its round; its status and route; and the call to DynamoDB that it
/// leads to, with whether that call's condition holds.
struct Step(
    (&'static str, &'static str, &'static str),
    u16,
    Option<&'static str>,
    Option<(Operation, bool)>,
);

const ITEMS: Option<&str> = Some("/items");
const ITEM: Option<&str> = Some("/items/{id}");
const NEW: &str = r#"{"id":"{n}","name":"a"}"#;
const NAME: &str = r#"{"name":"b"}"#;

const STEPS: [Step; 20] = [
    Step(("POST", "/items", NEW), 201, ITEMS, Some((Operation::PutItem, true))),
    Step(("POST", "/items", NEW), 409, ITEMS, Some((Operation::PutItem, false))),
    Step(("POST", "/items", "{}"), 422, ITEMS, None),
    Step(("POST", "/items", "{"), 400, ITEMS, None),
    Step(("GET", "/items/{n}", ""), 200, ITEM, Some((Operation::GetItem, true))),
    Step(
        ("GET", "/items/no-{n}", ""),
        404,
        ITEM,
        Some((Operation::GetItem, true)),
    ),
    Step(("HEAD", "/items/{n}", ""), 200, ITEM, Some((Operation::GetItem, true))),
    Step(("PUT", "/items/{n}", NAME), 200, ITEM, Some((Operation::PutItem, true))),
    Step(("PUT", "/items/{n}", NAME), 200, ITEM, Some((Operation::PutItem, true))),
    Step(
        ("PUT", "/items/no-{n}", NAME),
        404,
        ITEM,
        Some((Operation::PutItem, false)),
    ),
    Step(("GET", "/items?limit=1&cursor=", ""), 400, ITEMS, None),
    Step(("GET", "/items?limit=1", ""), 200, ITEMS, Some((Operation::Scan, true))),
    Step(("GET", "/items/", ""), 400, Some("/items/"), None),
    Step(
        ("DELETE", "/items/{n}", ""),
        200,
        ITEM,
        Some((Operation::DeleteItem, true)),
    ),
    Step(
        ("DELETE", "/items/{n}", ""),
        404,
        ITEM,
        Some((Operation::DeleteItem, false)),
    ),
    Step(("PATCH", "/items/{n}", ""), 405, None, None),
    Step(("FORGE", "/items/{n}", ""), 405, None, None),
    Step(("GET", "/private/{n}", ""), 404, None, None),
    Step(("GET", "/healthz?probe={n}", ""), 200, Some("/healthz"), None),
    Step(("GET", "/", ""), 200, Some("/"), None),
];

/// Items left are as many as clients, so that a page of one is never empty and never the last.
fn do_rounds(service: &RunningService, client: usize) -> Done {
    let mut connection = service.connect();
    let mut done = Done::default();
    for round in 0..ROUNDS {
        let number = format!("id-{client}-{round}");
        for Step((method, path, body), status, route, call) in STEPS {
            let (path, body) = (path.replace("{n}", &number), body.replace("{n}", &number));
            let begin = Instant::now();
            let answer = connection.send(method, &path, body.as_bytes());
            let latency = begin.elapsed().as_secs_f64();
            assert_eq!(answer.status, status, "{method} {path}: {answer:?}");
            let method = if method == "FORGE" {
                metrics::OTHER_METHOD
            } else {
                method
            };
            let outcome = [
                Some(method.to_owned()),
                route.map(str::to_owned),
                Some(status.to_string()),
            ];
            done.latencies.entry(outcome).or_default().push(latency);
            if let Some((operation, condition_holds)) = call {
                let refusal = (!condition_holds).then(|| CONDITION_FAILED.to_owned());
                *done
                    .calls
                    .entry([Some(operation.name().to_owned()), refusal])
                    .or_default() += 1;
            }
        }
    }
    done
}

#[test]
fn requests_calls_items_and_latencies_are_those_of_the_clients() {
    let (instance, influxdb) = (Instance::new(), InfluxDb::shared());
    let service = instance
        .exporting(embedded(), &Collector::shared().http_endpoint())
        .args(["--request-timeout", "2m"])
        .start();
    let mut done = Done::default();
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                scope.spawn({
                    let service = &service;
                    move || do_rounds(service, client)
                })
            })
            .collect();
        for client in clients {
            let of_client = client.join().unwrap();
            for (outcome, latencies) in of_client.latencies {
                done.latencies.entry(outcome).or_default().extend(latencies);
            }
            for (outcome, count) in of_client.calls {
                *done.calls.entry(outcome).or_default() += count;
            }
        }
    });
    instance.finish(influxdb, service);

    let duration = metrics::HTTP_SERVER_REQUEST_DURATION.name;
    let sent: Counts<3> = done
        .latencies
        .iter()
        .map(|(outcome, latencies)| (outcome.clone(), latencies.len() as i64))
        .collect();
    instance.counts_become(influxdb, &count_field(duration), OUTCOME, &sent);
    let call = count_field(metrics::DB_CLIENT_OPERATION_DURATION.name);
    let call_tags = [spans::DB_OPERATION_NAME, spans::DB_RESPONSE_STATUS_CODE];
    instance.counts_become(influxdb, &call, call_tags, &done.calls);
    let whose = [spans::DB_SYSTEM_NAME, spans::DB_COLLECTION_NAME, spans::ERROR_TYPE];
    let all_calls = done.calls.values().sum();
    let table = [Some(metrics::DYNAMODB.to_owned()), Some("items".to_owned()), None];
    instance.counts_become(influxdb, &call, whose, &BTreeMap::from([(table, all_calls)]));

    let rounds = (CLIENTS * ROUNDS) as i64;
    for (metric, count) in [
        (metrics::ITEMS_CREATED, rounds),
        (metrics::ITEMS_UPDATED, 2 * rounds),
        (metrics::ITEMS_DELETED, rounds),
        (metrics::HTTP_SERVER_ACTIVE_REQUESTS, 0),
    ] {
        instance.total_becomes(influxdb, metric.name, count);
    }

    for (outcome, latencies) in &done.latencies {
        assert_fits(&histogram(&instance, duration, outcome), latencies);
    }
    for metric in metrics::ALL {
        assert_tags_are_declared(&instance, metric);
    }
}

/// Each series has the tags of the metric and of the resource alone, and nothing in them is of a client's making.
fn assert_tags_are_declared(instance: &Instance, metric: &Metric) {
    let name = metric.name;
    let fields = match metric.kind {
        Kind::Histogram => vec![
            bucket_field(name),
            count_field(name),
            sum_field(name),
            min_field(name),
            max_field(name),
        ],
        _ => vec![name.to_owned()],
    };
    let declared: BTreeSet<_> = metric
        .attributes
        .iter()
        .chain(RESOURCE_TAGS)
        .chain([&BUCKET_BOUND_TAG])
        .copied()
        .collect();
    for field in fields {
        for series in instance.last(InfluxDb::shared(), &field) {
            assert_series_is_declared(&series, &declared);
        }
    }
}

fn assert_series_is_declared(series: &Series, declared: &BTreeSet<&str>) {
    for (tag, value) in series.tags.iter().filter(|(_, value)| !value.is_empty()) {
        assert!(declared.contains(tag.as_str()), "{series:?}");
        for of_the_client in ["id-", "private", "FORGE", "probe", "limit"] {
            assert!(!value.contains(of_the_client), "{series:?}");
        }
    }
}
