//! Stopped, killed, frozen and started again, servers keep their ports and what they hold on disk.

use std::net::TcpStream;
use std::time::Duration;

use test_servers::{Collector, InfluxDb, Jaeger, poll};

use crate::otlp::{new_id, send_count, send_span};

#[test]
fn what_the_collector_took_outlives_the_end_of_every_server() {
    let mut influxdb = InfluxDb::start().unwrap();
    let mut jaeger = Jaeger::start().unwrap();
    let mut collector = Collector::options()
        .influxdb(&influxdb)
        .jaeger(&jaeger)
        .start()
        .unwrap();
    influxdb.stop().unwrap();
    jaeger.kill().unwrap();
    assert!(send_count(&collector, "while.influxdb.was.away", 3));
    // What it took is on its disk before it says so.
    collector.kill().unwrap();
    collector.restart().unwrap();
    let trace_id = format!("{:032x}", new_id());
    assert!(send_span(&collector, &trace_id, "while Jaeger was away"));
    // Traces are once they are decided, at the latest when it is told to stop.
    collector.stop().unwrap();
    assert!(!send_span(&collector, &trace_id, "to nobody"));
    assert!(collector.queue_folder().is_dir());
    collector.restart().unwrap();
    influxdb.restart().unwrap();
    jaeger.restart().unwrap();
    poll("the trace", || jaeger.trace(&trace_id).unwrap());
    let query = r#"SELECT last("while.influxdb.was.away") FROM "prometheus""#;
    let count = poll("the count", || {
        let series = influxdb.query(InfluxDb::TELEMETRY, query).unwrap();
        series.first().map(|series| series.numbers("last"))
    });
    assert_eq!(count, [3.0]);
    jaeger.kill().unwrap();
    assert!(jaeger.trace(&trace_id).is_err());
    jaeger.restart().unwrap();
    assert!(jaeger.trace(&trace_id).unwrap().is_some());
}

#[test]
fn a_paused_collector_takes_connections_and_does_not_answer() {
    let collector = Collector::options().start().unwrap();
    assert!(send_count(&collector, "before", 1));
    collector.pause().unwrap();
    let address = collector.http_endpoint().trim_start_matches("http://").parse().unwrap();
    TcpStream::connect_timeout(&address, Duration::from_secs(5)).unwrap();
    assert!(!send_count(&collector, "meanwhile", 1));
    collector.resume().unwrap();
    poll("an answer", || send_count(&collector, "afterwards", 1).then_some(()));
    assert!(!collector.log().is_empty());
}

#[test]
fn a_server_that_does_not_start_says_why() {
    let error = Collector::options()
        .overlay("receivers: { nonsense: }")
        .start()
        .err()
        .unwrap();
    assert!(error.to_string().contains("nonsense"), "{error}");
}

#[test]
fn a_server_that_is_down_says_how_to_start_it() {
    let mut collector = Collector::options().start().unwrap();
    collector.kill().unwrap();
    let error = collector.stop().unwrap_err();
    assert!(error.to_string().contains("restart()"), "{error}");
}
