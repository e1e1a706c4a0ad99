//! `monitor secrets rotate` while data goes on coming in.

use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use monitor::influxdb::tokens::SCOPED_TOKENS;
use monitor::influxdb::{Authorization, InfluxDb};
use monitor::secrets::{Secret, Value};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::test_host::{TestHost, all, run, status, text};

fn secrets(host: &TestHost) -> BTreeMap<&'static str, String> {
    Secret::ALL
        .iter()
        .map(|secret| (secret.name(), host.secret(secret.name())))
        .collect()
}

fn influxdb(host: &TestHost, token: &str) -> InfluxDb {
    InfluxDb::new(
        host.url("INFLUXDB_PORT"),
        Some(Value::new(token)),
        Duration::from_secs(10),
    )
}

fn authorizations(host: &TestHost) -> Vec<Authorization> {
    host.inside(|| run(influxdb(host, &host.secret("influxdb-operator-token")).authorizations()).unwrap())
}

/// Points that the collector has acknowledged, each with a number; sent as a service does, again until they are taken.
fn send_until(host: &TestHost, done: &AtomicBool) -> u64 {
    host.inside(|| {
        run(async {
            let client = monitor::http::client(Duration::from_secs(5));
            let url = format!("{}/v1/metrics", host.url("OTLP_HTTP_PORT"));
            let mut number = 0_u64;
            while !done.load(Ordering::Relaxed) {
                let now = SystemTime::now()
                    .duration_since(SystemTime::UNIX_EPOCH)
                    .unwrap()
                    .as_nanos()
                    .to_string();
                let points = json!([{"timeUnixNano": now, "asInt": number.to_string()}]);
                let metrics = json!([{"name": "rotation.probe", "gauge": {"dataPoints": points}}]);
                let body = json!({"resourceMetrics": [{"scopeMetrics": [{"metrics": metrics}]}]});
                while !client
                    .post(&url)
                    .json(&body)
                    .send()
                    .await
                    .is_ok_and(|answer| answer.status().is_success())
                {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                number += 1;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            number
        })
    })
}

/// Distinct numbers that are in InfluxDB.
fn arrived(host: &TestHost) -> u64 {
    host.inside(|| {
        let flux = "from(bucket: \"telemetry\") |> range(start: -1h) |> filter(fn: (r) => r._field == \"rotation.probe\") \
                    |> group() |> distinct() |> count()";
        let rows = run(influxdb(host, &host.secret("influxdb-operator-token")).query(flux)).unwrap();
        rows.first().map_or(0, |row| row["_value"].parse().unwrap())
    })
}

#[test]
fn every_secret_is_replaced_while_no_point_is_lost() {
    let host = TestHost::new();
    host.up(&[]);
    let before = secrets(&host);
    let done = AtomicBool::new(false);
    let (output, sent) = std::thread::scope(|scope| {
        let sending = scope.spawn(|| send_until(&host, &done));
        let output = host.monitor(&["secrets", "rotate", "--all"]);
        done.store(true, Ordering::Relaxed);
        (output, sending.join().unwrap())
    });
    assert_eq!(status(&output), 0, "{}", all(&output));
    let after = secrets(&host);
    for (name, secret) in &after {
        assert_ne!(*secret, before[name], "{name}");
        assert!(!all(&output).contains(secret.as_str()), "{name}");
    }
    let deadline = Instant::now() + Duration::from_secs(60);
    while arrived(&host) < sent {
        assert!(Instant::now() < deadline, "{} of {sent} arrived", arrived(&host));
        std::thread::sleep(Duration::from_millis(200));
    }
    for name in [
        "influxdb-operator-token",
        "influxdb-telemetry-token",
        "influxdb-loadgen-token",
        "influxdb-grafana-token",
    ] {
        let refused = host.inside(|| run(influxdb(&host, &before[name]).organisation()).unwrap_err().status());
        assert_eq!(refused, Some(401), "{name} of before works still");
    }
    for token in SCOPED_TOKENS {
        let ours = authorizations(&host)
            .into_iter()
            .filter(|one| one.description == token.description)
            .count();
        assert_eq!(ours, 1, "{}", token.description);
    }
    // Grafana has its new password, and reads with its new token: the last thing that is looked at.
    let output = host.up(&["--json"]);
    assert!(
        text(&output.stdout).contains("\"already_up\": true"),
        "{}",
        all(&output)
    );
}

#[test]
fn a_rotation_that_is_killed_leaves_what_works_and_is_finished_by_another() {
    let host = TestHost::new();
    host.up(&[]);
    let rotate = ["secrets", "rotate", "influxdb-telemetry-token"];
    let (mut child, _lines) = host.start_until(&rotate, "otel-collector: is started again");
    kill_process(Pid::from_child(&child), Signal::KILL).unwrap();
    child.wait().unwrap();
    let description = SCOPED_TOKENS[0].description;
    let ours = |host: &TestHost| {
        authorizations(host)
            .into_iter()
            .filter(|one| one.description == description)
            .count()
    };
    assert_eq!(ours(&host), 2, "the one before works until the new one is taken");
    host.inside(|| {
        let collectors = influxdb(&host, &host.secret("influxdb-telemetry-token"));
        run(collectors.write("telemetry", "probe value=1".to_owned())).unwrap();
    });
    let output = host.monitor(&["secrets", "rotate", "influxdb-telemetry-token"]);
    assert_eq!(status(&output), 0, "{}", all(&output));
    assert_eq!(ours(&host), 1);
}

#[test]
fn a_password_that_grafana_took_before_the_interruption_is_kept() {
    let host = TestHost::new();
    host.up(&[]);
    // As left by a rotation that ended after Grafana had taken the new one.
    let old = host.secret("grafana-admin-password");
    let new = "0123456789abcdef0123456789abcdef";
    host.inside(|| {
        run(async {
            let client = monitor::http::client(Duration::from_secs(5));
            let change = client.put(format!("{}/api/user/password", host.url("GRAFANA_PORT")));
            let body = json!({"oldPassword": old, "newPassword": new, "confirmNew": new});
            let answer = change.basic_auth("admin", Some(&old)).json(&body).send().await.unwrap();
            assert!(answer.status().is_success());
        });
    });
    fs::write(host.data().join("secrets/grafana-admin-password.new"), new).unwrap();
    let output = host.up(&["--json"]);
    assert!(
        text(&output.stdout).contains("Grafana's user admin has the new password"),
        "{}",
        all(&output)
    );
    assert_eq!(host.secret("grafana-admin-password"), new);
    assert!(!host.data().join("secrets/grafana-admin-password.new").exists());
}
