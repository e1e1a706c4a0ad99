//! Every query to InfluxDB of the dashboards of this repository, after real load on the real service.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use monitor::dashboards::variables::Values;
use monitor::dashboards::{Origin, Query, TimeRange, load, queries};
use monitor::influxdb::InfluxDb;
use monitor::secrets::Value as Secret;
use tempfile::TempDir;
use test_servers::{Collector, built};

use crate::host::{Host, SERVERS_ALONE, Servers, wait_for};

const ENVIRONMENT: &str = "test";
const GOOD_RUN: &str = "good";
const OVERLOAD: &str = "overload";

/// What stays empty although there was load: the embedded store does not fail.
const EMPTY_AFTER_LOAD: &[&str] = &["Failed calls"];

/// The service, until it is dropped.
struct Service {
    process: Child,
    url: String,
}

impl Service {
    fn start(collector: &Collector, arguments: &[&str]) -> Self {
        let port = TcpListener::bind(("127.0.0.1", 0))
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let process = Command::new(built("service").unwrap())
            .args(["--store", "embedded", "--data-dir", ":memory:"])
            .args(["--listen", &format!("127.0.0.1:{port}")])
            .args(arguments)
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.http_endpoint())
            .env("OTEL_METRIC_EXPORT_INTERVAL", "1000")
            .env(
                "OTEL_RESOURCE_ATTRIBUTES",
                format!("deployment.environment.name={ENVIRONMENT}"),
            )
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let url = format!("http://127.0.0.1:{port}");
        let client = test_servers::client_builder().build().unwrap();
        wait_for("the service", || {
            let answer = client.get(format!("{url}/readyz")).send();
            answer.is_ok_and(|answer| answer.status().is_success())
        });
        Self { process, url }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn put_under_load(target: &str, servers: &Servers, run: &str, folder: &TempDir, load: &[&str]) {
    let token = folder.path().join("token");
    fs::write(&token, servers.influxdb.loadgen_writer_token()).unwrap();
    let output = Command::new(built("loadgen").unwrap())
        .args(["run", target, "--run-id", run, "--quiet"])
        .args(load)
        .args(["--influx-url", &servers.influxdb.url(), "--influx-token-file"])
        .arg(&token)
        .arg("--influx-spool")
        .arg(folder.path().join(run))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// What is chosen in the dashboards.
fn chosen() -> Values {
    [
        ("environment", ENVIRONMENT),
        ("service", "marketboro-service"),
        ("route", ".*"),
        ("run", OVERLOAD),
        ("run_b", GOOD_RUN),
    ]
    .map(|(name, value)| (name.to_owned(), vec![value.to_owned()]))
    .into()
}

/// Number of rows by panel, of dashboards by their uids; the worst of what InfluxDB says against a query otherwise.
type Rows = BTreeMap<(String, String), Result<usize, String>>;

fn rows_by_panel(provisioning: &Path, influxdb: &InfluxDb, optional: &mut BTreeSet<(String, String)>) -> Rows {
    let now = SystemTime::now();
    let range = TimeRange {
        start: humantime::format_rfc3339_millis(now - Duration::from_secs(900)).to_string(),
        stop: humantime::format_rfc3339_millis(now).to_string(),
        window: "5s".to_owned(),
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut rows = Rows::new();
    for dashboard in load(provisioning).unwrap().dashboards {
        for query in queries(&dashboard, &range, &chosen()) {
            let Query::Flux(flux) = &query.kind else { continue };
            let title = match &query.origin {
                Origin::Panel { title, .. } => title.clone(),
                other => other.to_string(),
            };
            let panel = (dashboard.uid().to_owned(), title);
            let answer = runtime.block_on(influxdb.query(flux));
            if query.may_be_empty {
                optional.insert(panel.clone());
            }
            // Of several queries one with data is enough, and none may be wrong.
            let known = rows.entry(panel).or_insert(Ok(0));
            match (answer, &mut *known) {
                (Ok(found), Ok(number)) => *number += found.len(),
                (Err(error), known) => *known = Err(error.to_string()),
                (Ok(_), Err(_)) => {}
            }
        }
    }
    rows
}

#[test]
fn every_query_of_the_dashboards_has_rows_after_a_load_run() {
    let servers = Servers::start(Collector::options());
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(&servers.collector, &[]);
    let load = ["--scenario", "items", "--rate", "100/s", "--duration", "6s"];
    put_under_load(&service.url, &servers, GOOD_RUN, &folder, &load);
    // One request at a time, and many more than that: most are refused.
    let overloaded = Service::start(&servers.collector, &["--max-in-flight", "1"]);
    let load = ["--rate", "2000/s", "--max-vus", "50", "--duration", "5s"];
    let target = format!("{}/items/absent", overloaded.url);
    put_under_load(&target, &servers, OVERLOAD, &folder, &load);
    // What it finds becomes metrics, which dashboards show.
    let host = Host::new(&servers);
    for _ in 0..2 {
        host.doctor(&["--quick"]).args(SERVERS_ALONE).output().unwrap();
    }
    wait_for("the metrics of the service and of the doctor", || {
        let last = |field: &str| {
            let rows = servers
                .influxdb
                .query("telemetry", &format!(r#"SELECT last("{field}") FROM "prometheus""#));
            !rows.unwrap().is_empty()
        };
        last("marketboro.http.server.requests.shed") && last("marketboro.monitor.influxdb.series")
    });

    let provisioning: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../grafana-provisioning");
    let reader = Secret::new(servers.influxdb.reader_token());
    let influxdb = InfluxDb::new(servers.influxdb.url(), Some(reader), Duration::from_secs(60));
    let mut optional = BTreeSet::new();
    let rows = rows_by_panel(&provisioning, &influxdb, &mut optional);
    assert!(rows.len() > 80, "only {} panels ask InfluxDB", rows.len());

    let mut complaints = Vec::new();
    for (panel, found) in &rows {
        let about_load = ["load-test", "service"].contains(&panel.0.as_str());
        let may_be_empty = if about_load {
            EMPTY_AFTER_LOAD.contains(&panel.1.as_str())
        } else {
            optional.contains(panel)
        };
        match found {
            Err(error) => complaints.push(format!("{panel:?}: {error}")),
            Ok(0) if !may_be_empty => complaints.push(format!("{panel:?}: no rows")),
            Ok(_) => {}
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
