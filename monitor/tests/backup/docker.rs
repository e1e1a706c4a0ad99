//! The whole host in Docker: Compose's containers as they are, Grafana's stub in Grafana's place.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use reqwest::blocking::Client;
use serde_json::{Value as Json, json};
use tempfile::TempDir;
use test_servers::{ComposeProject, Docker};

use crate::host::{json_of, wait};

/// A host in Docker and how it is asked.
struct Host<'docker> {
    project: ComposeProject<'docker>,
    client: Client,
    _provisioning: TempDir,
}

impl<'docker> Host<'docker> {
    fn up(docker: &'docker Docker) -> Self {
        let provisioning = tempfile::tempdir().unwrap();
        // Grafana is another user.
        fs::set_permissions(provisioning.path(), Permissions::from_mode(0o755)).unwrap();
        fs::create_dir(provisioning.path().join("dashboards")).unwrap();
        let dashboard = json!({"uid": "one", "title": "One"}).to_string();
        fs::write(provisioning.path().join("dashboards/one.json"), dashboard).unwrap();
        let project = ComposeProject::new(docker)
            .unwrap()
            .variable("TRACE_DECISION_WAIT", "500ms")
            .variable("GRAFANA_PROVISIONING", provisioning.path());
        project.up(&[]).unwrap();
        let client = test_servers::client_builder()
            .timeout(Duration::from_secs(60))
            .build()
            .unwrap();
        Self {
            project,
            client,
            _provisioning: provisioning,
        }
    }

    fn url(&self, port: &str, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.project.port(port))
    }

    fn monitor(&self, arguments: &[&str]) -> Command {
        let [home, stub] = ComposeProject::files();
        let mut command = Command::new(env!("CARGO_BIN_EXE_monitor"));
        command
            .arg("--json")
            .args(arguments)
            .envs(self.project.environment())
            .env("MONITOR_HOME", home.parent().unwrap())
            .env("MONITOR_PROJECT", self.project.name())
            .env("MONITOR_COMPOSE_FILES", stub);
        command
    }

    #[track_caller]
    fn json(&self, status: i32, arguments: &[&str]) -> Json {
        json_of(&self.monitor(arguments).output().unwrap(), status)
    }

    /// A span on its way to Jaeger through the collector; whether it was taken.
    fn send_span(&self, number: u64) -> bool {
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap()
            .as_nanos();
        let spans = json!({"resourceSpans": [{
            "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]},
            "scopeSpans": [{"spans": [{
                "traceId": trace_id(number), "spanId": format!("{number:016x}"), "name": "GET /", "kind": 2,
                // Errors are kept whatever the share of traces.
                "status": {"code": 2},
                "startTimeUnixNano": now.to_string(), "endTimeUnixNano": (now + 1_000_000).to_string(),
            }]}],
        }]});
        let request = self.client.post(self.url("OTLP_HTTP_PORT", "/v1/traces")).json(&spans);
        request.send().is_ok_and(|answer| answer.status().is_success())
    }

    fn has_trace(&self, number: u64) -> bool {
        let trace = self.url("JAEGER_PORT", &format!("/api/traces/{}", trace_id(number)));
        self.client
            .get(trace)
            .send()
            .is_ok_and(|answer| answer.status().is_success())
    }

    fn write_point(&self, number: u64) -> bool {
        let url = self.url("INFLUXDB_PORT", "/api/v2/write?org=marketboro&bucket=loadgen");
        let token = self.project.secret("influxdb-loadgen-token").unwrap();
        let request = self.client.post(url).header("Authorization", format!("Token {token}"));
        let line = format!("sequence value={number}i");
        request
            .body(line)
            .send()
            .is_ok_and(|answer| answer.status().is_success())
    }

    /// Points of the sequence below `number`, as Grafana's token reads them.
    fn points_below(&self, number: u64) -> u64 {
        let url = self.url("INFLUXDB_PORT", "/query?db=loadgen");
        let statement = format!("SELECT count(value) FROM sequence WHERE value < {number}");
        let token = self.project.secret("influxdb-grafana-token").unwrap();
        let request = self
            .client
            .get(url)
            .query(&[("q", statement)])
            .header("Authorization", format!("Token {token}"));
        let answer: Json = request.send().unwrap().json().unwrap();
        answer
            .pointer("/results/0/series/0/values/0/1")
            .and_then(Json::as_u64)
            .unwrap_or_default()
    }

    fn is_running(&self, service: &str) -> bool {
        let state = self.project.container(service).unwrap().inspect().unwrap();
        state.pointer("/State/Running") == Some(&json!(true))
    }
}

fn trace_id(number: u64) -> String {
    format!("{:032x}", u128::from(number) + (1 << 100))
}

/// A host that was under writes while its backup was taken: what was acknowledged before it began, and its manifest.
fn back_up_under_load(host: &Host<'_>) -> (u64, Json) {
    let (written, over) = (AtomicU64::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::SeqCst) {
                let number = written.load(Ordering::SeqCst);
                assert!(host.send_span(number), "the collector takes spans whatever Jaeger does");
                if host.write_point(number) {
                    written.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
        wait("points are written", || written.load(Ordering::SeqCst) >= 50);
        wait("spans have arrived", || host.has_trace(49));
        let promised = written.load(Ordering::SeqCst);
        let manifest = host.monitor(&["backup"]).output();
        over.store(true, Ordering::SeqCst);
        (promised, json_of(&manifest.unwrap(), 0))
    })
}

fn remove_content(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            fs::remove_dir_all(path)
        } else {
            fs::remove_file(path)
        }
        .unwrap();
    }
}

#[test]
fn a_host_is_backed_up_under_load_wiped_and_restored() {
    let docker = Docker::shared();
    docker.inside(|| {
        let host = Host::up(docker);
        let (promised, manifest) = back_up_under_load(&host);
        assert!(
            manifest["jaeger_pause_s"].as_f64().is_some_and(|pause| pause < 60.0),
            "{manifest}"
        );
        eprintln!("Jaeger was stopped for {} s", manifest["jaeger_pause_s"]);
        assert!(host.is_running("jaeger"));
        let traces = manifest["contents"]["traces"].as_array().unwrap();
        assert!(!traces.is_empty(), "{manifest}");
        wait("what came meanwhile has arrived", || host.has_trace(promised));

        let verified = host.json(0, &["backup", "verify"]);
        eprintln!("verified in {} s", verified["took_s"]);
        assert!(
            verified["comparison"]["points"].as_u64() >= Some(promised),
            "{verified}"
        );
        let listed = host.json(0, &["backup", "list"]);
        assert!(listed["backups"][0]["verified_age_s"].is_u64(), "{listed}");
        assert!(!host.project.data().join(".verify").exists());

        let token = host.project.secret("influxdb-operator-token").unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let backups = host.project.data().join("backups");
        let id = manifest["id"].as_str().unwrap();
        let copied = Command::new("cp")
            .arg("-a")
            .arg(backups.join(id))
            .arg(elsewhere.path())
            .status();
        assert!(copied.unwrap().success());
        host.project.compose(&["down", "--timeout", "5"]).unwrap();
        remove_content(host.project.data());
        let restored = host.json(0, &["restore", "--from", elsewhere.path().to_str().unwrap()]);
        assert_eq!(restored["comparison"]["missing"], json!([]), "{restored}");
        assert_eq!(host.project.secret("influxdb-operator-token").unwrap(), token);
        assert_eq!(host.points_below(promised), promised);
        assert!((0..50).all(|number| host.has_trace(number)));
        // Its stub does not start where it cannot open what it keeps.
        let grafana = host.url("GRAFANA_PORT", "/api/health");
        wait("Grafana has its database and the key to it", || {
            let answer = host.client.get(&grafana).send();
            answer.is_ok_and(|answer| answer.status().is_success())
        });
        wait("points are taken again", || host.write_point(promised + 1_000_000));
    });
}

#[test]
fn a_backup_killed_while_jaeger_is_stopped_starts_it_again() {
    let docker = Docker::shared();
    docker.inside(|| {
        let host = Host::up(docker);
        let mut backup = host.monitor(&["backup"]).spawn().unwrap();
        wait("Jaeger is stopped", || !host.is_running("jaeger"));
        backup.kill().unwrap();
        backup.wait().unwrap();
        wait("Jaeger runs again", || host.is_running("jaeger"));
    });
}

#[test]
fn a_backup_that_lacks_points_is_not_verified_and_a_forced_restore_of_it_is_undone() {
    let docker = Docker::shared();
    docker.inside(|| {
        let host = Host::up(docker);
        for number in 0..10 {
            assert!(host.write_point(number));
        }
        let manifest = host.json(0, &["backup"]);
        let backup = host
            .project
            .data()
            .join("backups")
            .join(manifest["id"].as_str().unwrap());
        // More than there is: as if a shard had been lost on its way into the backup.
        let mut changed = manifest.clone();
        for points in changed["contents"]["points"].as_array_mut().unwrap() {
            if points["measurement"] == "sequence" {
                points["points"] = json!(11);
            }
        }
        fs::write(backup.join("manifest.json"), changed.to_string()).unwrap();
        let verified = host.json(3, &["backup", "verify"]);
        let missing = verified["comparison"]["missing"].to_string();
        assert!(
            missing.contains("loadgen/sequence") && missing.contains("10 points instead of 11"),
            "{missing}"
        );
        assert_eq!(
            host.json(0, &["backup", "list"])["backups"][0]["verified_age_s"],
            Json::Null
        );

        assert!(host.write_point(10));
        let refused = host.json(1, &["restore", "--force"]);
        let error = refused["error"].as_str().unwrap();
        assert!(
            error.contains("10 points instead of 11") && error.contains("back in place"),
            "{error}"
        );
        wait("InfluxDB has its data again", || host.points_below(100) == 11);
        assert!(!host.project.data().join(".restore").exists());
    });
}
