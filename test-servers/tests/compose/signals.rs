//! Signals go their way between the containers: from service, load and host to InfluxDB and Jaeger.

use serde_json::Value as Json;
use test_servers::{ComposeProject, Docker, client_builder, poll};

#[test]
fn service_load_and_host_show_in_influxdb_and_jaeger() {
    let project = ComposeProject::new(Docker::shared())
        .unwrap()
        .variable("LOADGEN_DURATION", "15s")
        .variable("TRACE_SHARE_PERCENT", "100")
        .variable("HOST_METRICS_INTERVAL", "1s")
        .variable("HOST_NAME", "under-test");
    project.up(&["local"]).unwrap();
    Docker::shared().inside(|| {
        for (bucket, filter) in [
            (
                "telemetry",
                r#"r._field == "http.server.request.duration_count" and r["deployment.environment.name"] == "local""#,
            ),
            (
                "telemetry",
                r#"r._field == "otelcol_receiver_accepted_spans" and r["host.name"] == "under-test""#,
            ),
            (
                "telemetry",
                r#"r._field == "system.cpu.utilization" and r["host.name"] == "under-test""#,
            ),
            // The file system that the host's root is on, not the container's.
            (
                "telemetry",
                r#"r._field == "system.filesystem.usage" and r.mountpoint == "/""#,
            ),
            ("loadgen", r#"r._measurement == "loadgen_step" and r.step == "read""#),
            // One run ends and the next begins.
            ("loadgen", r#"r._measurement == "loadgen_event" and r.event == "end""#),
        ] {
            poll(filter, || has_rows(&project, bucket, filter).then_some(()));
        }
        let runs = r#"import "influxdata/influxdb/schema" schema.tagValues(bucket: "loadgen", tag: "run_id")"#;
        poll("a second run", || (lines(&query(&project, runs)) > 1).then_some(()));
        poll("a trace of the service", || {
            let url = format!("http://127.0.0.1:{}/api/services", project.port("JAEGER_PORT"));
            let answer: Json = client_builder()
                .build()
                .unwrap()
                .get(url)
                .send()
                .unwrap()
                .json()
                .unwrap();
            let services = answer["data"].as_array()?.clone();
            services.contains(&"marketboro-service".into()).then_some(())
        });
    });
}

fn has_rows(project: &ComposeProject<'_>, bucket: &str, filter: &str) -> bool {
    let flux =
        format!(r#"from(bucket: "{bucket}") |> range(start: -10m) |> filter(fn: (r) => {filter}) |> limit(n: 1)"#);
    lines(&query(project, &flux)) > 0
}

/// Rows of CSV without its head.
fn lines(csv: &str) -> usize {
    csv.lines().filter(|line| line.starts_with(",_result")).count()
}

fn query(project: &ComposeProject<'_>, flux: &str) -> String {
    let url = format!(
        "http://127.0.0.1:{}/api/v2/query?org=marketboro",
        project.port("INFLUXDB_PORT")
    );
    let token = project.secret("influxdb-operator-token").unwrap();
    let answer = client_builder()
        .build()
        .unwrap()
        .post(url)
        .header("authorization", format!("Token {token}"))
        .header("content-type", "application/vnd.flux")
        .body(flux.to_owned())
        .send()
        .unwrap();
    let status = answer.status();
    let body = answer.text().unwrap();
    assert!(status.is_success(), "{body}");
    body
}
