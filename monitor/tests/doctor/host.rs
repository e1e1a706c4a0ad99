//! A host for the doctor: servers as processes, and a data folder as `monitor up` makes it.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use monitor::backup::manifest::{self, Contents, Manifest};
use serde_json::{Value, json};
use tempfile::TempDir;
use test_servers::{Collector, ComposeProject, Docker, GrafanaStub, InfluxDb, Jaeger};

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// User of the containers where root runs `monitor`.
const UNPRIVILEGED: u32 = 10_001;

/// Leaves out the containers, of which there are none in these tests, and how full this machine is.
pub(crate) const SERVERS_ALONE: &[&str] = &[
    "--skip",
    "docker",
    "--skip",
    "containers",
    "--skip",
    "images",
    "--skip",
    "disk",
    "--skip",
    "root-disk",
    "--skip",
    "memory",
];

static SHARED: LazyLock<Servers> = LazyLock::new(|| Servers::start(Collector::options()));

/// The servers of a host.
pub(crate) struct Servers {
    pub(crate) influxdb: InfluxDb,
    pub(crate) jaeger: Jaeger,
    pub(crate) collector: Collector,
    pub(crate) grafana: GrafanaStub,
    folder: TempDir,
}

impl Servers {
    /// Those of this test process, for tests that break nothing in them.
    pub(crate) fn shared() -> &'static Self {
        &SHARED
    }

    /// New ones; the collector sends to them unless the options say otherwise.
    pub(crate) fn start(options: test_servers::CollectorOptions) -> Self {
        let (influxdb, jaeger) = (InfluxDb::start().unwrap(), Jaeger::start().unwrap());
        Self::with(options.jaeger(&jaeger), influxdb, jaeger)
    }

    /// The same with a collector that sends its traces wherever the options say.
    pub(crate) fn with(options: test_servers::CollectorOptions, influxdb: InfluxDb, jaeger: Jaeger) -> Self {
        let servers = Self::young(options, influxdb, jaeger);
        // As if it had run for half an hour.
        let began = SystemTime::now() - Duration::from_secs(1800);
        let began = began.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        let url = format!(
            "{}/api/v2/write?org=marketboro&bucket=telemetry&precision=s",
            servers.influxdb.url()
        );
        let answer = test_servers::client_builder()
            .build()
            .unwrap()
            .post(url)
            .header(
                "Authorization",
                format!("Token {}", servers.influxdb.telemetry_writer_token()),
            )
            .body(format!("prometheus otelcol_process_uptime=0 {began}"))
            .send();
        assert!(answer.unwrap().status().is_success());
        servers
    }

    /// The same, whose telemetry began just now.
    pub(crate) fn young(options: test_servers::CollectorOptions, influxdb: InfluxDb, jaeger: Jaeger) -> Self {
        let collector = options.influxdb(&influxdb).start().unwrap();
        let folder = tempfile::tempdir().unwrap();
        provision(folder.path(), &influxdb.url(), &jaeger.url(), influxdb.reader_token());
        let password = folder.path().join("password");
        fs::write(&password, "of the administrator").unwrap();
        let grafana = GrafanaStub::start(folder.path(), &password).unwrap();
        let servers = Self {
            influxdb,
            jaeger,
            collector,
            grafana,
            folder,
        };
        wait_for("the host's metrics", || {
            let rows = servers
                .influxdb
                .query("telemetry", r#"SELECT last("system.memory.usage") FROM "prometheus""#);
            let own = servers.influxdb.query(
                "telemetry",
                r#"SELECT last("otelcol_process_uptime") FROM "prometheus""#,
            );
            !rows.unwrap().is_empty() && !own.unwrap().is_empty()
        });
        servers
    }

    /// What Grafana was provisioned with.
    pub(crate) fn provisioning(&self) -> &Path {
        self.folder.path()
    }
}

/// Writes data sources, a dashboard and an alert rule.
pub(crate) fn provision(folder: &Path, influxdb: &str, jaeger: &str, token: &str) {
    for name in ["datasources", "dashboards", "alerting"] {
        fs::create_dir_all(folder.join(name)).unwrap();
    }
    let sources = json!({"apiVersion": 1, "datasources": [
        {"uid": "influxdb", "name": "InfluxDB", "type": "influxdb", "url": influxdb,
            "jsonData": {"version": "Flux", "organization": "marketboro", "defaultBucket": "telemetry"},
            "secureJsonData": {"token": token}},
        {"uid": "jaeger", "name": "Jaeger", "type": "jaeger", "url": jaeger},
    ]});
    // JSON is YAML.
    fs::write(folder.join("datasources/datasources.yaml"), sources.to_string()).unwrap();
    let rule = json!({"uid": "memory", "title": "Memory is short", "condition": "A", "for": "5m", "data": [
        {"refId": "A", "datasourceUid": "influxdb", "model": {"refId": "A", "query": flux("system.memory.usage")}},
    ]});
    let rules = json!({"apiVersion": 1, "groups": [{"orgId": 1, "name": "host", "folder": "x", "interval": "1m", "rules": [rule]}]});
    fs::write(folder.join("alerting/rules.yaml"), rules.to_string()).unwrap();
    let panels = [
        panel(1, "Memory", "Memory in use.", "system.memory.usage"),
        panel(
            2,
            "Rare",
            "What nobody sends. No data means that nobody sent it.",
            "sent.by.nobody",
        ),
    ];
    write_dashboard(folder, "host", "Host", &panels);
}

pub(crate) fn write_dashboard(folder: &Path, uid: &str, title: &str, panels: &[Value]) {
    let dashboard = json!({"uid": uid, "title": title, "tags": ["marketboro"], "panels": panels,
        "time": {"from": "now-15m", "to": "now"}, "templating": {"list": []}, "annotations": {"list": []}});
    fs::write(folder.join(format!("dashboards/{uid}.json")), dashboard.to_string()).unwrap();
}

pub(crate) fn panel(id: u64, title: &str, description: &str, field: &str) -> Value {
    let source = json!({"type": "influxdb", "uid": "influxdb"});
    json!({"id": id, "title": title, "type": "timeseries", "description": description, "datasource": source,
        "targets": [{"refId": "A", "datasource": source, "query": flux(field)}]})
}

fn flux(field: &str) -> String {
    format!(
        r#"from(bucket: "telemetry") |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
            |> filter(fn: (r) => r._measurement == "prometheus" and r._field == "{field}")
            |> aggregateWindow(every: v.windowPeriod, fn: mean, createEmpty: false)"#
    )
}

/// A data folder and settings.
pub(crate) struct Host {
    data: PathBuf,
    /// Kept while the host is: its data, or its provisioning.
    _folder: TempDir,
    provisioning: PathBuf,
    variables: BTreeMap<&'static str, OsString>,
}

impl Host {
    /// A healthy one, with a backup of now.
    pub(crate) fn new(servers: &Servers) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let secrets = folder.path().join("secrets");
        fs::create_dir(&secrets).unwrap();
        fs::set_permissions(&secrets, fs::Permissions::from_mode(0o700)).unwrap();
        let host = Self {
            data: folder.path().to_owned(),
            _folder: folder,
            provisioning: servers.provisioning().to_owned(),
            variables: BTreeMap::from([
                ("GRAFANA_PORT", servers.grafana.port().to_string().into()),
                ("INFLUXDB_PORT", port(&servers.influxdb.url())),
                ("JAEGER_PORT", port(&servers.jaeger.url())),
                ("OTLP_HTTP_PORT", port(&servers.collector.http_endpoint())),
                ("OTLP_GRPC_PORT", port(&servers.collector.grpc_endpoint())),
                ("TRACE_DECISION_WAIT", "1s".into()),
            ]),
        };
        let influxdb = &servers.influxdb;
        host.write_secret("grafana-admin-password", "of the administrator");
        host.write_secret("grafana-secret-key", "of Grafana");
        host.write_secret("influxdb-admin-password", "of nobody");
        host.write_secret("influxdb-operator-token", influxdb.operator_token());
        host.write_secret("influxdb-telemetry-token", influxdb.telemetry_writer_token());
        host.write_secret("influxdb-loadgen-token", influxdb.loadgen_writer_token());
        host.write_secret("influxdb-grafana-token", influxdb.reader_token());
        host.write_backup(Duration::ZERO);
        host
    }

    /// A host whose servers run in Docker, with a backup of now, and its Compose project.
    pub(crate) fn in_docker() -> (ComposeProject<'static>, Self) {
        let provisioning = tempfile::tempdir().unwrap();
        fs::set_permissions(provisioning.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let token = "$__file{/run/secrets/influxdb-grafana-token}";
        provision(
            provisioning.path(),
            "http://influxdb:8086",
            "http://jaeger:16686",
            token,
        );
        let project = ComposeProject::new(Docker::shared())
            .unwrap()
            .variable("GRAFANA_PROVISIONING", provisioning.path())
            .variable("TRACE_DECISION_WAIT", "1s")
            .variable("HOST_METRICS_INTERVAL", "1s")
            .variable("SELF_METRICS_INTERVAL_MS", "1000");
        project.up(&[]).unwrap();

        let files: Vec<_> = ComposeProject::files()[1..]
            .iter()
            .map(|file| file.display().to_string())
            .collect();
        let mut variables = project.environment();
        variables.insert("MONITOR_PROJECT", project.name().into());
        variables.insert("MONITOR_COMPOSE_FILES", files.join(",").into());
        let host = Self {
            data: project.data().to_owned(),
            provisioning: provisioning.path().to_owned(),
            _folder: provisioning,
            variables,
        };
        host.write_backup(Duration::ZERO);
        (project, host)
    }

    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    pub(crate) fn secret(&self, name: &str) -> PathBuf {
        self.data().join("secrets").join(name)
    }

    pub(crate) fn write_secret(&self, name: &str, secret: &str) {
        let path = self.secret(name);
        fs::write(&path, secret).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        if rustix::process::getuid().is_root() {
            chown(&path, Some(UNPRIVILEGED), Some(UNPRIVILEGED)).unwrap();
        }
    }

    /// A complete backup of that age, which holds nothing, in place of all others.
    pub(crate) fn write_backup(&self, age: Duration) {
        let backups = self.data().join("backups");
        if backups.exists() {
            fs::remove_dir_all(&backups).unwrap();
        }
        let time = humantime::format_rfc3339_seconds(SystemTime::now() - age).to_string();
        let id = time.replace(['-', ':'], "");
        let manifest = Manifest {
            schema: manifest::SCHEMA,
            id: id.clone(),
            started_at: time.clone(),
            finished_at: time,
            host: "test".to_owned(),
            label: None,
            versions: BTreeMap::new(),
            recipients: Vec::new(),
            parts: Vec::new(),
            restored_bytes: 0,
            jaeger_pause_s: None,
            contents: Contents::default(),
        };
        fs::create_dir_all(backups.join(&id)).unwrap();
        let text = serde_json::to_string(&manifest).unwrap();
        fs::write(backups.join(&id).join(manifest::FILE), text).unwrap();
    }

    pub(crate) fn write_settings(&self, text: &str) {
        fs::write(self.data().join("settings.env"), text).unwrap();
    }

    pub(crate) fn set(&mut self, variable: &'static str, value: impl Into<OsString>) {
        self.variables.insert(variable, value.into());
    }

    /// A provisioning folder of its own, as Grafana has it until it is changed.
    pub(crate) fn own_provisioning(&mut self) -> PathBuf {
        let own = self.data.join("provisioning");
        for name in ["datasources", "dashboards", "alerting"] {
            fs::create_dir_all(own.join(name)).unwrap();
            for entry in fs::read_dir(self.provisioning.join(name)).unwrap() {
                let entry = entry.unwrap();
                fs::copy(entry.path(), own.join(name).join(entry.file_name())).unwrap();
            }
        }
        self.provisioning.clone_from(&own);
        own
    }

    /// `monitor doctor`, not yet started.
    pub(crate) fn doctor(&self, arguments: &[&str]) -> Command {
        let mut command = self.monitor(&["doctor"]);
        command.args(arguments);
        command
    }

    /// `monitor`, not yet started.
    pub(crate) fn monitor(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_monitor"));
        command.args(arguments);
        self.prepare(&mut command);
        command
    }

    /// Gives a command what the host is found by.
    pub(crate) fn prepare(&self, command: &mut Command) {
        let home = Path::new(env!("CARGO_MANIFEST_DIR"));
        command
            .env("MONITOR_DATA", self.data())
            .env("MONITOR_HOME", home)
            .env("GRAFANA_PROVISIONING", &self.provisioning)
            .envs(&self.variables)
            .stdin(Stdio::null());
    }

    /// What servers and files can be blamed for, as JSON.
    pub(crate) fn examine(&self) -> Findings {
        self.examine_with(&[])
    }

    pub(crate) fn examine_with(&self, arguments: &[&str]) -> Findings {
        let mut command = self.doctor(&["--json"]);
        Findings::of(&command.args(SERVERS_ALONE).args(arguments).output().unwrap())
    }
}

fn port(url: &str) -> OsString {
    url.rsplit(':').next().unwrap().into()
}

/// What the doctor found.
pub(crate) struct Findings {
    pub(crate) status: i32,
    pub(crate) report: Value,
    pub(crate) text: String,
}

impl Findings {
    pub(crate) fn of(output: &Output) -> Self {
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        let report = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}{errors}"));
        Self {
            status: output.status.code().unwrap(),
            report,
            text: format!("{text}{errors}"),
        }
    }

    /// Names of the checks with that outcome.
    pub(crate) fn with(&self, outcome: &str) -> BTreeSet<&str> {
        let checks = self.report["checks"].as_array().unwrap().iter();
        let found = checks.filter(|check| check["outcome"] == outcome);
        found.map(|check| check["name"].as_str().unwrap()).collect()
    }

    pub(crate) fn check(&self, name: &str) -> &Value {
        let checks = self.report["checks"].as_array().unwrap();
        let found = checks.iter().find(|check| check["name"] == name);
        found.unwrap_or_else(|| panic!("{name} did not run: {}", self.text))
    }

    /// Exactly these checks failed, and the status says so; each fault comes with advice.
    #[track_caller]
    pub(crate) fn assert_failed(&self, names: &[&str]) {
        assert_eq!(self.with("failed"), names.iter().copied().collect(), "{}", self.text);
        assert_eq!(self.status, if names.is_empty() { 0 } else { 3 }, "{}", self.text);
        for name in names {
            for fault in self.check(name)["faults"].as_array().unwrap() {
                assert!(!fault["advice"].as_str().unwrap().is_empty(), "{fault}");
            }
        }
    }

    /// A fault of the check says this.
    #[track_caller]
    pub(crate) fn assert_says(&self, name: &str, part: &str) {
        let faults = self.check(name)["faults"].as_array().unwrap();
        let is_said = faults
            .iter()
            .any(|fault| fault["seen"].as_str().unwrap().contains(part));
        assert!(is_said, "{part} is not in {faults:#?}");
    }
}

/// Asks again and again.
#[track_caller]
pub(crate) fn wait_for(what: &str, mut is_there: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_there() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(50));
    }
}
