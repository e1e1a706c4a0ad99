//! A monitor host without Docker: its data folder, and InfluxDB as a process that works in it.

use std::ffi::OsStr;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use reqwest::blocking::Client;
use serde_json::{Value as Json, json};
use tempfile::TempDir;

/// Longer than anything takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) struct Host {
    folder: TempDir,
    data: PathBuf,
    port: u16,
    influxd: Option<Child>,
    client: Client,
}

impl Host {
    /// An empty host.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // As on a file system that was just made.
        fs::create_dir_all(folder.path().join("data/lost+found")).unwrap();
        Self {
            data: folder.path().join("data"),
            folder,
            port: free_port(),
            influxd: None,
            client: test_servers::client_builder().timeout(PATIENCE).build().unwrap(),
        }
    }

    /// A host with InfluxDB set up, and a database of Grafana with two dashboards.
    pub(crate) fn with_data() -> Self {
        let mut host = Self::new();
        for folder in ["influxdb", "grafana", "jaeger/keys", "secrets"] {
            fs::create_dir_all(host.data.join(folder)).unwrap();
        }
        fs::write(
            host.data.join("secrets/influxdb-operator-token"),
            format!("{:032x}", fastrand::u128(..)),
        )
        .unwrap();
        fs::write(host.data.join("jaeger/keys/000001.sst"), "a table of Badger").unwrap();
        fs::write(host.data.join("settings.env"), "AWS_REGION=eu-west-3\n").unwrap();
        let grafana = host.grafana();
        grafana
            .execute_batch(
                "CREATE TABLE dashboard (uid TEXT, is_folder INTEGER); INSERT INTO dashboard VALUES ('one', 0), ('two', 0)",
            )
            .unwrap();
        host.start_influxdb();
        let set_up = json!({
            "username": "admin", "password": "of-the-test", "token": host.token(), "org": "marketboro",
            "bucket": "telemetry",
        });
        let answer = host
            .client
            .post(host.url("/api/v2/setup"))
            .json(&set_up)
            .send()
            .unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().unwrap());
        host
    }

    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// Another folder that is gone with the host.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Uses that folder as its data.
    pub(crate) fn with_data_in(mut self, data: &Path) -> Self {
        self.data = data.to_owned();
        self
    }

    pub(crate) fn grafana(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.data.join("grafana/grafana.db")).unwrap()
    }

    pub(crate) fn token(&self) -> String {
        fs::read_to_string(self.data.join("secrets/influxdb-operator-token")).unwrap()
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "settings of the tests, which have no settings module"
    )]
    pub(crate) fn start_influxdb(&mut self) {
        let program = std::env::var_os("INFLUXD")
            .unwrap_or_else(|| panic!("INFLUXD is not set; run eval \"$(make -s test-env)\""));
        let influxdb = self.data.join("influxdb");
        let log = fs::File::create(self.folder.path().join("influxd.log")).unwrap();
        let influxd = Command::new(program)
            .arg("--reporting-disabled")
            .arg("--bolt-path")
            .arg(influxdb.join("influxd.bolt"))
            .arg("--engine-path")
            .arg(influxdb.join("engine"))
            .arg("--sqlite-path")
            .arg(influxdb.join("influxd.sqlite"))
            .arg("--http-bind-address")
            .arg(format!("127.0.0.1:{}", self.port))
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        self.influxd = Some(influxd);
        wait("InfluxDB answers", || {
            let answer = self.client.get(self.url("/health")).send();
            answer.is_ok_and(|answer| answer.status().is_success())
        });
    }

    pub(crate) fn stop_influxdb(&mut self) {
        if let Some(mut influxd) = self.influxd.take() {
            kill(&influxd, "TERM");
            influxd.wait().unwrap();
        }
    }

    /// Writes into the bucket `telemetry`.
    pub(crate) fn writer(&self) -> Writer {
        self.writer_of("telemetry")
    }

    pub(crate) fn writer_of(&self, bucket: &str) -> Writer {
        Writer {
            client: self.client.clone(),
            url: self.url("/api/v2/write?org=marketboro&precision=ns"),
            bucket: bucket.to_owned(),
            token: self.token(),
        }
    }

    pub(crate) fn make_bucket(&self, name: &str) {
        let authorized = |request: reqwest::blocking::RequestBuilder| {
            let request = request.header("Authorization", format!("Token {}", self.token()));
            let answer = request.send().unwrap().error_for_status().unwrap();
            answer.json::<Json>().unwrap()
        };
        let organisations = authorized(self.client.get(self.url("/api/v2/orgs")));
        let bucket = json!({"name": name, "orgID": organisations["orgs"][0]["id"]});
        authorized(self.client.post(self.url("/api/v2/buckets")).json(&bucket));
    }

    /// The only value of a query's result.
    pub(crate) fn number(&self, flux: &str) -> u64 {
        let request = self.client.post(self.url("/api/v2/query?org=marketboro"));
        let request = request.header("Authorization", format!("Token {}", self.token()));
        let answer = request
            .header("Accept", "application/csv")
            .json(&json!({"query": flux, "dialect": {"annotations": []}}))
            .send()
            .unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().unwrap());
        let text = answer.text().unwrap();
        let mut lines = text.lines();
        let names: Vec<_> = lines.next().unwrap_or_default().split(',').collect();
        let Some(values) = lines.next().filter(|line| !line.is_empty()) else {
            return 0;
        };
        let at = names.iter().position(|name| *name == "_value").unwrap();
        values.split(',').nth(at).unwrap().trim().parse().unwrap()
    }

    /// Deletes the points of a measurement.
    pub(crate) fn delete(&self, measurement: &str) {
        let request = self
            .client
            .post(self.url("/api/v2/delete?org=marketboro&bucket=telemetry"));
        let answer = request
            .header("Authorization", format!("Token {}", self.token()))
            .json(&json!({
                "start": "1970-01-01T00:00:00Z", "stop": "2100-01-01T00:00:00Z",
                "predicate": format!("_measurement=\"{measurement}\""),
            }))
            .send()
            .unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().unwrap());
    }

    /// `monitor` with these arguments, for this host.
    pub(crate) fn monitor<Argument: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = Argument>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_monitor"));
        command
            .args(arguments)
            .env_clear()
            // No `docker` on it.
            .env("PATH", self.folder.path())
            .env("MONITOR_DATA", &self.data)
            .env("MONITOR_HOME", concat!(env!("CARGO_MANIFEST_DIR")))
            .env("INFLUXDB_PORT", self.port.to_string())
            .env("JAEGER_PORT", free_port().to_string())
            .stdin(Stdio::null());
        command
    }

    /// Runs `monitor --json …`, which must end with that status; what it printed.
    #[track_caller]
    pub(crate) fn json(&self, status: i32, arguments: &[&str]) -> Json {
        let output = self.monitor(["--json"]).args(arguments).output().unwrap();
        json_of(&output, status)
    }

    /// Takes a backup; its id.
    #[track_caller]
    pub(crate) fn back_up(&self) -> String {
        self.json(0, &["backup"])["id"].as_str().unwrap().to_owned()
    }

    /// What a command that must fail says.
    #[track_caller]
    pub(crate) fn refused(&self, arguments: &[&str]) -> String {
        self.json(1, arguments)["error"].as_str().unwrap().to_owned()
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if let Some(mut influxd) = self.influxd.take() {
            let _ = influxd.kill();
            let _ = influxd.wait();
        }
    }
}

/// Writes into a bucket.
#[derive(Clone)]
pub(crate) struct Writer {
    client: Client,
    url: String,
    bucket: String,
    token: String,
}

impl Writer {
    /// Whether InfluxDB has acknowledged the lines.
    pub(crate) fn write(&self, lines: String) -> bool {
        let request = self
            .client
            .post(&self.url)
            .query(&[("bucket", &self.bucket)])
            .header("Authorization", format!("Token {}", self.token));
        request
            .body(lines)
            .send()
            .is_ok_and(|answer| answer.status().is_success())
    }
}

#[track_caller]
pub(crate) fn json_of(output: &Output, status: i32) -> Json {
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert_eq!(output.status.code(), Some(status), "{stdout}\n{stderr}");
    serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout}\n{stderr}"))
}

#[track_caller]
pub(crate) fn wait(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Sends a signal, such as `TERM`.
pub(crate) fn kill(child: &Child, signal: &str) {
    let status = Command::new("kill")
        .arg(format!("-{signal}"))
        .arg(child.id().to_string())
        .status();
    assert!(status.unwrap().success());
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Every file below a folder with its content, but for what `monitor` keeps for itself there.
pub(crate) fn tree(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(here) = folders.pop() {
        for entry in fs::read_dir(&here).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(folder).unwrap().to_owned();
            if name.starts_with("backups") || name.starts_with(".restore") || name.ends_with("monitor.lock") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push((name, fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}
