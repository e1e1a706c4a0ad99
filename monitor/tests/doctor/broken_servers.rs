//! Servers that are gone, hang, or do not do what they should.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use test_servers::{Collector, InfluxDb, Jaeger};

use crate::host::{Host, Servers};

/// What a full run may take; more than is promised, for a machine that is busy with other tests.
const BOUND: Duration = Duration::from_secs(40);

#[test]
fn a_healthy_host_is_healthy() {
    let host = Host::new(Servers::shared());
    let findings = host.examine();
    findings.assert_failed(&[]);
    let skipped = findings.with("skipped");
    assert_eq!(
        skipped.into_iter().collect::<Vec<_>>(),
        ["certificates", "data-source-cloudwatch", "units"]
    );
    assert!(
        findings.check("data-source-cloudwatch")["seen"]
            .as_str()
            .unwrap()
            .contains("not on AWS")
    );
    for name in [
        "otlp-traces",
        "otlp-metrics",
        "tokens",
        "panel-queries",
        "dashboards",
        "alert-rules",
        "collector-health",
    ] {
        assert_eq!(findings.check(name)["outcome"], "ok", "{}", findings.text);
    }
    assert_eq!(findings.report["healthy"], true);
}

#[test]
fn a_server_that_is_killed_is_named_and_nothing_else() {
    let mut servers = Servers::start(Collector::options());
    let host = Host::new(&servers);

    servers.grafana.kill().unwrap();
    host.examine().assert_failed(&["grafana"]);
    servers.grafana.restart().unwrap();

    servers.jaeger.kill().unwrap();
    let findings = host.examine();
    findings.assert_failed(&["jaeger"]);
    for name in ["otlp-traces", "data-source-jaeger"] {
        assert_eq!(
            findings.check(name)["seen"],
            "Jaeger does not answer; see the check jaeger"
        );
    }
    servers.jaeger.restart().unwrap();

    servers.influxdb.kill().unwrap();
    let findings = host.examine();
    findings.assert_failed(&["influxdb"]);
    let skipped = findings.with("skipped");
    for name in [
        "buckets",
        "tokens",
        "series",
        "otlp-metrics",
        "collector-health",
        "data-source-influxdb",
        "panel-queries",
    ] {
        assert!(skipped.contains(name), "{name}: {}", findings.text);
    }
    servers.influxdb.restart().unwrap();

    servers.collector.kill().unwrap();
    host.examine().assert_failed(&["otlp-grpc", "otlp-http"]);
    servers.collector.restart().unwrap();
}

#[test]
fn a_collector_that_hangs_keeps_nothing_else_waiting() {
    let servers = Servers::start(Collector::options());
    let host = Host::new(&servers);
    servers.collector.pause().unwrap();
    let began = Instant::now();
    let findings = host.examine();
    assert!(began.elapsed() < BOUND, "{:?}", began.elapsed());
    servers.collector.resume().unwrap();
    findings.assert_failed(&["otlp-grpc", "otlp-http"]);
    assert_eq!(findings.check("tokens")["outcome"], "ok", "{}", findings.text);
}

#[test]
fn a_jaeger_that_gets_nothing_to_store_fails_the_traces_alone() {
    let (influxdb, jaeger, elsewhere) = (
        InfluxDb::start().unwrap(),
        Jaeger::start().unwrap(),
        Jaeger::start().unwrap(),
    );
    let servers = Servers::with(Collector::options().jaeger(&elsewhere), influxdb, jaeger);
    let findings = Host::new(&servers).examine();
    findings.assert_failed(&["otlp-traces"]);
    findings.assert_says("otlp-traces", "is not in Jaeger");
}

#[test]
fn a_trace_arrives_though_the_collector_keeps_none_that_succeed() {
    let servers = Servers::start(Collector::options().share_percent(0.0));
    Host::new(&servers)
        .examine_with(&["--only", "otlp-traces"])
        .assert_failed(&[]);
}

#[test]
fn a_collector_that_may_wait_for_ever_is_waited_for() {
    let mut host = Host::new(Servers::shared());
    host.set("TRACE_DECISION_WAIT", format!("{}s", u64::MAX));
    let findings = host.examine_with(&["--only", "otlp-traces"]);
    assert_eq!(findings.check("otlp-traces")["outcome"], "ok", "{}", findings.text);
}

#[test]
fn a_port_that_nothing_answers_on_is_named() {
    let mut host = Host::new(Servers::shared());
    // Reserved, and nothing listens there.
    host.set("OTLP_GRPC_PORT", "1");
    let findings = host.examine();
    findings.assert_failed(&["otlp-grpc"]);
    findings.assert_says("otlp-grpc", "127.0.0.1:1");
}

#[test]
fn a_port_that_another_server_has_is_named() {
    let servers = Servers::shared();
    let mut host = Host::new(servers);
    host.set("OTLP_GRPC_PORT", servers.grafana.port().to_string());
    let findings = host.examine_with(&["--only", "otlp-grpc"]);
    findings.assert_failed(&["otlp-grpc"]);
}

#[test]
fn of_a_refusal_without_end_the_beginning_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut host = Host::new(Servers::shared());
    host.set("INFLUXDB_PORT", listener.local_addr().unwrap().port().to_string());
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            // An answer to what was not asked yet is another fault.
            let _ = connection.read(&mut [0; 4096]);
            let _ = connection.write_all(b"HTTP/1.1 500 Fault\r\n\r\nnonsense");
            while connection.write_all(&[b'.'; 4096]).is_ok() {}
        }
    });
    let findings = host.examine_with(&["--only", "influxdb"]);
    findings.assert_failed(&["influxdb"]);
    findings.assert_says("influxdb", "influxdb answered 500 to /health: nonsense..");
}

#[test]
fn a_password_that_was_changed_in_grafana_is_named_once() {
    let host = Host::new(Servers::shared());
    host.write_secret("grafana-admin-password", "another");
    let findings = host.examine();
    findings.assert_failed(&["grafana"]);
    assert!(!findings.text.contains("another\""), "{}", findings.text);
    assert!(findings.with("skipped").contains("dashboards"));
}
