//! InfluxDB's buckets, tokens and series, and the last backup.

use std::fs;
use std::time::Duration;

use reqwest::blocking::RequestBuilder;
use serde_json::{Value, json};
use test_servers::{Collector, InfluxDb};

use crate::host::{Host, Servers, wait_for};

const DAY: Duration = Duration::from_secs(86_400);

fn ask(influxdb: &InfluxDb, request: impl Fn(reqwest::blocking::Client, String) -> RequestBuilder) -> Value {
    let client = test_servers::client_builder().build().unwrap();
    let request = request(client, format!("{}/api/v2", influxdb.url()));
    let token = format!("Token {}", influxdb.operator_token());
    let answer = request
        .header("authorization", token)
        .send()
        .unwrap()
        .error_for_status()
        .unwrap();
    serde_json::from_str(&answer.text().unwrap()).unwrap_or_default()
}

fn authorization(influxdb: &InfluxDb, token: &str) -> String {
    let all = ask(influxdb, |client, url| client.get(format!("{url}/authorizations")));
    let all = all["authorizations"].as_array().unwrap();
    let one = all.iter().find(|one| one["token"] == token).unwrap();
    one["id"].as_str().unwrap().to_owned()
}

fn bucket(influxdb: &InfluxDb, name: &str) -> Value {
    let all = ask(influxdb, |client, url| client.get(format!("{url}/buckets")));
    all["buckets"]
        .as_array()
        .unwrap()
        .iter()
        .find(|bucket| bucket["name"] == name)
        .unwrap()
        .clone()
}

#[test]
fn a_token_with_rights_that_it_does_not_need_is_named() {
    let servers = Servers::start(Collector::options());
    let host = Host::new(&servers);
    let organisation = bucket(&servers.influxdb, "telemetry")["orgID"].clone();
    let right = |action: &str| json!({"action": action, "resource": {"type": "buckets", "orgID": organisation}});
    let body = json!({"orgID": organisation, "permissions": [right("read"), right("write")]});
    let made = ask(&servers.influxdb, |client, url| {
        client.post(format!("{url}/authorizations")).json(&body)
    });
    let token = made["token"].as_str().unwrap();
    host.write_secret("influxdb-telemetry-token", token);
    let findings = host.examine();
    findings.assert_failed(&["tokens"]);
    findings.assert_says("tokens", "influxdb-telemetry-token may not write buckets");
    findings.assert_says("tokens", "may besides read all buckets");
    assert!(!findings.text.contains(token), "the token is shown");
}

#[test]
fn a_token_that_was_withdrawn_is_named_by_the_tokens_and_by_what_it_stops() {
    let servers = Servers::start(Collector::options());
    let host = Host::new(&servers);
    let id = authorization(&servers.influxdb, servers.influxdb.telemetry_writer_token());
    ask(&servers.influxdb, |client, url| {
        client.delete(format!("{url}/authorizations/{id}"))
    });
    let findings = host.examine_with(&["--skip", "collector-health"]);
    findings.assert_failed(&["otlp-metrics", "tokens"]);
    findings.assert_says("tokens", "does not know the token in secrets/influxdb-telemetry-token");
}

#[test]
fn a_token_of_nobody_is_a_warning() {
    let servers = Servers::start(Collector::options());
    let host = Host::new(&servers);
    let organisation = bucket(&servers.influxdb, "telemetry")["orgID"].clone();
    let right = json!({"action": "read", "resource": {"type": "buckets", "orgID": organisation}});
    let body = json!({"orgID": organisation, "description": "by hand", "permissions": [right]});
    ask(&servers.influxdb, |client, url| {
        client.post(format!("{url}/authorizations")).json(&body)
    });
    let findings = host.examine_with(&["--only", "tokens"]);
    assert!(findings.with("warning").contains("tokens"), "{}", findings.text);
    findings.assert_says("tokens", "by hand");
    assert_eq!(findings.status, 0);
}

#[test]
fn a_bucket_that_is_missing_or_forgets_too_early_is_named() {
    let servers = Servers::start(Collector::options());
    let host = Host::new(&servers);
    let telemetry = bucket(&servers.influxdb, "telemetry")["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let body = json!({"retentionRules": [{"type": "expire", "everySeconds": 86_400 * 2}]});
    ask(&servers.influxdb, |client, url| {
        client.patch(format!("{url}/buckets/{telemetry}")).json(&body)
    });
    let loadgen = bucket(&servers.influxdb, "loadgen")["id"].as_str().unwrap().to_owned();
    ask(&servers.influxdb, |client, url| {
        client.delete(format!("{url}/buckets/{loadgen}"))
    });
    let findings = host.examine();
    findings.assert_failed(&["buckets"]);
    findings.assert_says("buckets", "no bucket loadgen");
    findings.assert_says("buckets", "telemetry keeps points for 2 days, not for 30 days");
}

#[test]
fn points_that_influxdb_refuses_are_the_collectors_loss() {
    let servers = Servers::start(Collector::options());
    let host = Host::new(&servers);
    let text = "prometheus,service.name=by-hand by.hand=\"a text\"";
    let client = test_servers::client_builder().build().unwrap();
    let url = format!(
        "{}/api/v2/write?org=marketboro&bucket=telemetry",
        servers.influxdb.url()
    );
    let token = format!("Token {}", servers.influxdb.operator_token());
    client
        .post(url)
        .header("authorization", token)
        .body(text)
        .send()
        .unwrap()
        .error_for_status()
        .unwrap();
    let metric =
        json!({"name": "by.hand", "gauge": {"dataPoints": [{"asDouble": 1.0, "timeUnixNano": nanoseconds()}]}});
    let resource = json!({"attributes": [{"key": "service.name", "value": {"stringValue": "by-hand"}}]});
    let body = json!({"resourceMetrics": [{"resource": resource, "scopeMetrics": [{"metrics": [metric]}]}]});
    client
        .post(format!("{}/v1/metrics", servers.collector.http_endpoint()))
        .json(&body)
        .send()
        .unwrap();
    wait_for("the loss", || {
        let query =
            r#"SELECT last("otelcol_exporter_send_failed_metric_points") FROM "prometheus" WHERE time > now() - 9m"#;
        let series = servers.influxdb.query("telemetry", query).unwrap();
        series
            .iter()
            .any(|series| series.numbers("last").iter().any(|count| *count > 0.0))
    });
    let findings = host.examine_with(&["--quick", "--only", "collector-health"]);
    findings.assert_failed(&["collector-health"]);
    findings.assert_says("collector-health", "metric points that InfluxDB refused");
}

fn nanoseconds() -> String {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    now.as_nanos().to_string()
}

#[test]
fn more_series_than_the_host_bears_are_named() {
    let mut host = Host::new(Servers::shared());
    host.set("MONITOR_SERIES_LIMIT", "1");
    let findings = host.examine_with(&["--quick"]);
    findings.assert_failed(&["series"]);
}

#[test]
fn a_backup_that_is_old_missing_or_incomplete_is_named() {
    let mut host = Host::new(Servers::shared());
    host.write_backup(DAY * 3);
    let findings = host.examine_with(&["--quick"]);
    findings.assert_failed(&["backup"]);
    findings.assert_says("backup", "it should be at most 1day 2h old");

    fs::remove_dir_all(host.data().join("backups")).unwrap();
    let findings = host.examine_with(&["--only", "backup"]);
    assert!(
        findings.with("warning").contains("backup"),
        "a host of today need not have one: {}",
        findings.text
    );
    host.set("MONITOR_BACKUP_MAX_AGE", "0s");
    let findings = host.examine_with(&["--only", "backup"]);
    findings.assert_failed(&["backup"]);
    findings.assert_says("backup", "no complete backup");
}
