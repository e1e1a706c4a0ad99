//! What InfluxDB has is what the client did, to the last request.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::{Instant, SystemTime};

use collector::influxdb::{
    BUCKET_BOUND_INFINITY, BUCKET_BOUND_TAG, RESOURCE_TAGS, bucket_field, count_field, max_field, min_field, sum_field,
};
use rustix::process::Signal;
use service::telemetry::db_client::{CONDITION_FAILED, Operation};
use service::telemetry::metrics::{self, Kind, Metric};
use service::telemetry::spans;
use test_servers::{Collector, InfluxDb, Series};

use super::instance::Instance;
use crate::dynamodb_double::{self, Proxy};
use crate::running_service::{RunningService, poll};
use crate::stores::{embedded, on_dynamodb};

const CLIENTS: usize = 3;
const ROUNDS: usize = 10;

/// Method, route and status, as the tags of a request's duration have them.
type Outcome = [Option<String>; 3];

/// Operation and what DynamoDB answered unless it was yes, as the tags of a call's duration have them.
type CallOutcome = [Option<String>; 2];

const OUTCOME: [&str; 3] = [
    spans::HTTP_REQUEST_METHOD,
    spans::HTTP_ROUTE,
    spans::HTTP_RESPONSE_STATUS_CODE,
];

/// What a client knows of its requests.
#[derive(Default)]
struct Done {
    latencies: BTreeMap<Outcome, Vec<f64>>,
    calls: BTreeMap<CallOutcome, u64>,
}

/// A request with a placeholder `{n}` for the number of its round, and what it must lead to.
struct Step {
    request: (&'static str, &'static str, &'static str),
    status: u16,
    route: Option<&'static str>,
    /// The call to DynamoDB, and whether its condition holds.
    call: Option<(Operation, bool)>,
}

const fn step(
    request: (&'static str, &'static str, &'static str),
    status: u16,
    route: Option<&'static str>,
    call: Option<(Operation, bool)>,
) -> Step {
    Step {
        request,
        status,
        route,
        call,
    }
}

const ITEMS: Option<&str> = Some("/items");
const ITEM: Option<&str> = Some("/items/{id}");
const NEW: &str = r#"{"id":"{n}","name":"a"}"#;
const NAME: &str = r#"{"name":"b"}"#;

const STEPS: [Step; 20] = [
    step(("POST", "/items", NEW), 201, ITEMS, Some((Operation::PutItem, true))),
    step(("POST", "/items", NEW), 409, ITEMS, Some((Operation::PutItem, false))),
    step(("POST", "/items", "{}"), 422, ITEMS, None),
    step(("POST", "/items", "{"), 400, ITEMS, None),
    step(("GET", "/items/{n}", ""), 200, ITEM, Some((Operation::GetItem, true))),
    step(
        ("GET", "/items/no-{n}", ""),
        404,
        ITEM,
        Some((Operation::GetItem, true)),
    ),
    step(("HEAD", "/items/{n}", ""), 200, ITEM, Some((Operation::GetItem, true))),
    step(("PUT", "/items/{n}", NAME), 200, ITEM, Some((Operation::PutItem, true))),
    step(("PUT", "/items/{n}", NAME), 200, ITEM, Some((Operation::PutItem, true))),
    step(
        ("PUT", "/items/no-{n}", NAME),
        404,
        ITEM,
        Some((Operation::PutItem, false)),
    ),
    step(("GET", "/items?limit=1&cursor=", ""), 400, ITEMS, None),
    step(("GET", "/items?limit=1", ""), 200, ITEMS, Some((Operation::Scan, true))),
    step(("GET", "/items/", ""), 400, Some("/items/"), None),
    step(
        ("DELETE", "/items/{n}", ""),
        200,
        ITEM,
        Some((Operation::DeleteItem, true)),
    ),
    step(
        ("DELETE", "/items/{n}", ""),
        404,
        ITEM,
        Some((Operation::DeleteItem, false)),
    ),
    step(("PATCH", "/items/{n}", ""), 405, ITEM, None),
    step(("FORGE", "/items/{n}", ""), 405, ITEM, None),
    step(("GET", "/private/{n}", ""), 404, None, None),
    step(("GET", "/healthz?probe={n}", ""), 200, Some("/healthz"), None),
    step(("GET", "/", ""), 200, Some("/"), None),
];

/// Items left are as many as clients, so that a page of one is never empty and never the last.
fn do_rounds(service: &RunningService, client: usize) -> Done {
    let mut connection = service.connect();
    let mut done = Done::default();
    for round in 0..ROUNDS {
        let number = format!("id-{client}-{round}");
        for Step {
            request: (method, path, body),
            status,
            route,
            call,
        } in STEPS
        {
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

/// Stops the service and waits until InfluxDB has its last export.
#[track_caller]
fn finish(instance: &Instance, mut service: RunningService) {
    let stopped = SystemTime::now();
    service.signal(Signal::TERM);
    let end = service.wait();
    assert_eq!(end.code, Some(0), "{end:?}");
    instance.await_point_after(InfluxDb::shared(), metrics::PROCESS_UPTIME.name, stopped);
}

fn counts<const N: usize>(instance: &Instance, field: &str, tags: [&str; N]) -> BTreeMap<[Option<String>; N], u64> {
    let values = instance.by_tags(InfluxDb::shared(), field, tags);
    values.into_iter().map(|(key, value)| (key, value as u64)).collect()
}

#[test]
fn requests_calls_items_and_latencies_are_those_of_the_clients() {
    let instance = Instance::new();
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
    finish(&instance, service);

    let duration = metrics::HTTP_SERVER_REQUEST_DURATION.name;
    let sent: BTreeMap<_, _> = done
        .latencies
        .iter()
        .map(|(outcome, latencies)| (outcome.clone(), latencies.len() as u64))
        .collect();
    assert_eq!(counts(&instance, &count_field(duration), OUTCOME), sent);
    let call = metrics::DB_CLIENT_OPERATION_DURATION.name;
    let call_tags = [spans::DB_OPERATION_NAME, spans::DB_RESPONSE_STATUS_CODE];
    assert_eq!(counts(&instance, &count_field(call), call_tags), done.calls);
    let whose = [spans::DB_SYSTEM_NAME, spans::DB_COLLECTION_NAME, spans::ERROR_TYPE];
    let all_calls = done.calls.values().sum::<u64>();
    let table = [Some(metrics::DYNAMODB.to_owned()), Some("items".to_owned()), None];
    assert_eq!(
        counts(&instance, &count_field(call), whose),
        BTreeMap::from([(table, all_calls)])
    );

    let rounds = (CLIENTS * ROUNDS) as u64;
    for (metric, count) in [
        (metrics::ITEMS_CREATED, rounds),
        (metrics::ITEMS_UPDATED, 2 * rounds),
        (metrics::ITEMS_DELETED, rounds),
    ] {
        assert_eq!(
            counts(&instance, metric.name, []),
            BTreeMap::from([([], count)]),
            "{}",
            metric.name
        );
    }
    let active = counts(&instance, metrics::HTTP_SERVER_ACTIVE_REQUESTS.name, []);
    assert_eq!(active, BTreeMap::from([([], 0)]));

    for (outcome, latencies) in &done.latencies {
        assert_fits(&histogram(&instance, duration, outcome), latencies);
    }
    for metric in metrics::ALL {
        assert_tags_are_declared(&instance, metric);
    }
}

/// A histogram in InfluxDB.
#[derive(Debug)]
struct Histogram {
    /// Upper bounds in seconds, and how many values are not above.
    buckets: Vec<(f64, u64)>,
    count: u64,
    sum: f64,
}

fn histogram(instance: &Instance, metric: &str, outcome: &Outcome) -> Histogram {
    let value = |field: &str| instance.by_tags(InfluxDb::shared(), field, OUTCOME)[outcome];
    let mut buckets = Vec::new();
    let [method, route, status] = OUTCOME;
    let by_bound = instance.by_tags(
        InfluxDb::shared(),
        &bucket_field(metric),
        [method, route, status, BUCKET_BOUND_TAG],
    );
    for ([method, route, status, bound], count) in by_bound {
        if [method, route, status] == *outcome {
            let bound = bound.unwrap();
            let bound = if bound == BUCKET_BOUND_INFINITY {
                f64::INFINITY
            } else {
                bound.parse().unwrap()
            };
            buckets.push((bound, count as u64));
        }
    }
    buckets.sort_by(|left, right| left.0.total_cmp(&right.0));
    Histogram {
        buckets,
        count: value(&count_field(metric)) as u64,
        sum: value(&sum_field(metric)),
    }
}

/// A request took the service no longer than the client.
fn assert_fits(histogram: &Histogram, latencies: &[f64]) {
    let bounds: Vec<_> = histogram.buckets.iter().map(|(bound, _)| *bound).collect();
    let declared = metrics::HTTP_SERVER_BOUNDARIES.into_iter().chain([f64::INFINITY]);
    assert_eq!(bounds, declared.collect::<Vec<_>>());
    assert_eq!(histogram.buckets.last().map(|(_, count)| *count), Some(histogram.count));
    assert!(histogram.buckets.is_sorted_by_key(|(_, count)| *count), "{histogram:?}");
    assert!(
        histogram.sum > 0.0 && histogram.sum <= latencies.iter().sum(),
        "{histogram:?} {latencies:?}"
    );
    for (bound, count) in &histogram.buckets {
        let by_client = latencies.iter().filter(|latency| *latency <= bound).count() as u64;
        assert!(
            *count >= by_client,
            "{by_client} of {latencies:?} within {bound} s: {histogram:?}"
        );
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

#[test]
fn what_is_shed_is_counted() {
    let instance = Instance::new();
    let proxy = Proxy::start();
    let service = instance
        .exporting(on_dynamodb(&proxy.endpoint), &Collector::shared().http_endpoint())
        .args(["--create-table", "--max-in-flight", "1", "--request-timeout", "10m"])
        .start();
    proxy.hold();
    thread::scope(|scope| {
        let slow = scope.spawn(|| service.get("/items/1"));
        poll("the slow request", || (proxy.held() == 1).then_some(()));
        for _ in 0..3 {
            service.get("/items").refusal(503);
        }
        let active = metrics::HTTP_SERVER_ACTIVE_REQUESTS.name;
        super::instance::arrives("the active request", || {
            (instance.total(InfluxDb::shared(), active) as u64 == 1).then_some(())
        });
        proxy.release();
        slow.join().unwrap().refusal(404);
    });
    finish(&instance, service);
    assert_eq!(
        counts(&instance, metrics::REQUESTS_SHED.name, []),
        BTreeMap::from([([], 3)])
    );
    let by_status = counts(
        &instance,
        &count_field(metrics::HTTP_SERVER_REQUEST_DURATION.name),
        [spans::HTTP_RESPONSE_STATUS_CODE, spans::ERROR_TYPE],
    );
    let status = |status: &str, error: Option<&str>| [Some(status.to_owned()), error.map(str::to_owned)];
    assert_eq!(
        by_status,
        BTreeMap::from([(status("404", None), 1), (status("503", Some("503")), 3)])
    );
    assert_eq!(
        counts(&instance, metrics::HTTP_SERVER_ACTIVE_REQUESTS.name, []),
        BTreeMap::from([([], 0)])
    );
}

#[test]
fn what_times_out_is_counted() {
    let instance = Instance::new();
    let service = instance
        .exporting(
            on_dynamodb(&dynamodb_double::silent()),
            &Collector::shared().http_endpoint(),
        )
        .args(["--request-timeout", "300ms"])
        .start();
    for _ in 0..2 {
        service.get("/items/1").refusal(504);
    }
    // The body never comes.
    let mut stalled = service.connect();
    let head = "POST /items HTTP/1.1\r\nhost: service\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{";
    stalled.write(head).unwrap();
    stalled.read().unwrap().unwrap().refusal(504);
    drop(stalled);
    finish(&instance, service);
    assert_eq!(
        counts(&instance, metrics::REQUESTS_TIMED_OUT.name, []),
        BTreeMap::from([([], 3)])
    );
    let by_error = counts(
        &instance,
        &count_field(metrics::HTTP_SERVER_REQUEST_DURATION.name),
        [spans::HTTP_ROUTE, spans::HTTP_RESPONSE_STATUS_CODE, spans::ERROR_TYPE],
    );
    let timed_out = |route: &str| [Some(route.to_owned()), Some("504".to_owned()), Some("504".to_owned())];
    assert_eq!(
        by_error,
        BTreeMap::from([(timed_out("/items/{id}"), 2), (timed_out("/items"), 1)])
    );
}

#[test]
fn a_client_that_leaves_is_counted_as_that() {
    let instance = Instance::new();
    let proxy = Proxy::start();
    let service = instance
        .exporting(on_dynamodb(&proxy.endpoint), &Collector::shared().http_endpoint())
        .args(["--create-table", "--request-timeout", "10m"])
        .start();
    proxy.hold();
    let mut leaving = service.connect();
    leaving.write("GET /items/1 HTTP/1.1\r\nhost: service\r\n\r\n").unwrap();
    poll("the request", || (proxy.held() == 1).then_some(()));
    drop(leaving);
    let field = count_field(metrics::HTTP_SERVER_REQUEST_DURATION.name);
    let left = super::instance::arrives("the request that was left", || {
        Some(counts(&instance, &field, [spans::ERROR_TYPE])).filter(|counts| !counts.is_empty())
    });
    assert_eq!(left, BTreeMap::from([([Some(metrics::CLIENT_LEFT.to_owned())], 1)]));
    proxy.release();
    finish(&instance, service);
    assert_eq!(
        counts(&instance, metrics::HTTP_SERVER_ACTIVE_REQUESTS.name, []),
        BTreeMap::from([([], 0)])
    );
}
