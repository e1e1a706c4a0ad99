//! A monitor host of a test's own.

use std::fs::{self, DirBuilder};
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value as Json;
use tempfile::TempDir;
use test_servers::{ComposeProject, Docker};

/// Grafana's data sources as far as the tests need them.
const DATA_SOURCES: &str = "apiVersion: 1
datasources:
  - name: InfluxDB
    uid: influxdb
    type: influxdb
    url: http://influxdb:8086
    jsonData:
      version: Flux
      organization: marketboro
      defaultBucket: telemetry
    secureJsonData:
      token: $__file{/run/secrets/influxdb-grafana-token}
";

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub(crate) fn status(output: &Output) -> i32 {
    output.status.code().unwrap()
}

pub(crate) fn json(output: &Output) -> Json {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}{}", text(&output.stdout), text(&output.stderr)))
}

/// Everything that it printed.
pub(crate) fn all(output: &Output) -> String {
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

pub(crate) fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

pub(crate) fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().unwrap().block_on(work)
}

/// `monitor` for a host that needs no Docker, or has none.
pub(crate) fn monitor(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_monitor"));
    command
        .args(arguments)
        .env("MONITOR_DATA", data)
        .env("MONITOR_HOME", home())
        .stdin(Stdio::null());
    command
}

/// A host in Docker: its data folder is empty, nothing is up.
pub(crate) struct TestHost {
    project: ComposeProject<'static>,
    provisioning: TempDir,
    variables: Vec<(&'static str, String)>,
}

impl TestHost {
    pub(crate) fn new() -> Self {
        let project = ComposeProject::new(Docker::shared()).unwrap();
        for entry in fs::read_dir(project.data()).unwrap() {
            fs::remove_dir(entry.unwrap().path()).unwrap();
        }
        // As on a file system that was just made.
        let lost_and_found = project.data().join("lost+found");
        DirBuilder::new().mode(0o700).create(&lost_and_found).unwrap();
        let provisioning = tempfile::tempdir().unwrap();
        fs::create_dir(provisioning.path().join("datasources")).unwrap();
        fs::write(provisioning.path().join("datasources/datasources.yaml"), DATA_SOURCES).unwrap();
        Command::new("chmod")
            .args(["-R", "a+rX"])
            .arg(provisioning.path())
            .status()
            .unwrap();
        Self {
            project,
            provisioning,
            variables: vec![("HOST_METRICS_INTERVAL", "1s".to_owned())],
        }
    }

    /// With a variable of the environment.
    pub(crate) fn variable(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    pub(crate) fn data(&self) -> &Path {
        self.project.data()
    }

    pub(crate) fn secret(&self, name: &str) -> String {
        self.project.secret(name).unwrap()
    }

    pub(crate) fn project(&self) -> &ComposeProject<'static> {
        &self.project
    }

    pub(crate) fn url(&self, port_variable: &str) -> String {
        format!("http://127.0.0.1:{}", self.project.port(port_variable))
    }

    /// Where what the host publishes is reached.
    pub(crate) fn inside<T: Send>(&self, act: impl FnOnce() -> T + Send) -> T {
        Docker::shared().inside(act)
    }

    /// `monitor` for this host, to be started with [`TestHost::inside`].
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = monitor(self.data(), arguments);
        command
            .envs(self.project.environment())
            .env("MONITOR_PROJECT", self.project.name())
            .env("MONITOR_COMPOSE_FILES", &ComposeProject::files()[1])
            .env("GRAFANA_PROVISIONING", self.provisioning.path())
            .envs(self.variables.iter().map(|(name, value)| (*name, value)));
        command
    }

    /// Runs `monitor` to its end.
    pub(crate) fn monitor(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(arguments);
        self.inside(move || command.output().unwrap())
    }

    /// Starts `monitor` and waits until it has said something; gives it, and what it says after that.
    #[track_caller]
    pub(crate) fn start_until(&self, arguments: &[&str], said: &str) -> (Child, impl Iterator<Item = String> + use<>) {
        let mut command = self.command(arguments);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = self.inside(move || command.spawn().unwrap());
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut lines = lines.map_while(Result::ok);
        assert!(lines.any(|line| line.contains(said)), "it did not say {said}");
        (child, lines)
    }

    /// Brings it up, which must succeed.
    #[track_caller]
    pub(crate) fn up(&self, arguments: &[&str]) -> Output {
        let arguments: Vec<_> = ["up"].iter().chain(arguments).copied().collect();
        let output = self.monitor(&arguments);
        assert_eq!(status(&output), 0, "{}", all(&output));
        output
    }
}
