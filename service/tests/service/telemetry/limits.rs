//! Requests that are shed, time out or are left by their client are counted as that.

use std::collections::BTreeMap;
use std::thread;

use collector::influxdb::count_field;
use service::telemetry::{metrics, spans};
use test_servers::{Collector, InfluxDb, poll};

use super::instance::Instance;
use crate::stores::on_dynamodb;
use test_servers::dynamodb_double::{self, Proxy};

const DURATION: &str = metrics::HTTP_SERVER_REQUEST_DURATION.name;
const ACTIVE: &str = metrics::HTTP_SERVER_ACTIVE_REQUESTS.name;

#[test]
fn what_is_shed_is_counted() {
    let (instance, influxdb) = (Instance::new(), InfluxDb::shared());
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
        poll("the active request", || {
            (instance.total(influxdb, ACTIVE) == 1).then_some(())
        });
        proxy.release();
        slow.join().unwrap().refusal(404);
    });
    instance.finish(influxdb, service);
    instance.total_becomes(influxdb, metrics::REQUESTS_SHED.name, 3);
    instance.total_becomes(influxdb, ACTIVE, 0);
    let outcome = |status: &str, error: Option<&str>| [Some(status.to_owned()), error.map(str::to_owned)];
    instance.counts_become(
        influxdb,
        &count_field(DURATION),
        [spans::HTTP_RESPONSE_STATUS_CODE, spans::ERROR_TYPE],
        &BTreeMap::from([(outcome("404", None), 1), (outcome("503", Some("503")), 3)]),
    );
}

#[test]
fn what_times_out_is_counted() {
    let (instance, influxdb) = (Instance::new(), InfluxDb::shared());
    let silent = on_dynamodb(&dynamodb_double::silent());
    let service = instance
        .exporting(silent, &Collector::shared().http_endpoint())
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
    instance.finish(influxdb, service);
    instance.total_becomes(influxdb, metrics::REQUESTS_TIMED_OUT.name, 3);
    let timed_out = |route: &str| [route, "504", "504"].map(|value| Some(value.to_owned()));
    instance.counts_become(
        influxdb,
        &count_field(DURATION),
        [spans::HTTP_ROUTE, spans::HTTP_RESPONSE_STATUS_CODE, spans::ERROR_TYPE],
        &BTreeMap::from([(timed_out("/items/{id}"), 2), (timed_out("/items"), 1)]),
    );
}

#[test]
fn a_client_that_leaves_is_counted_as_that() {
    let (instance, influxdb) = (Instance::new(), InfluxDb::shared());
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
    poll("the request that was left", || {
        (instance.total(influxdb, &count_field(DURATION)) > 0).then_some(())
    });
    proxy.release();
    instance.finish(influxdb, service);
    let left = [Some(metrics::CLIENT_LEFT.to_owned()), None];
    instance.counts_become(
        influxdb,
        &count_field(DURATION),
        [spans::ERROR_TYPE, spans::HTTP_RESPONSE_STATUS_CODE],
        &BTreeMap::from([(left, 1)]),
    );
    instance.total_becomes(influxdb, ACTIVE, 0);
}
