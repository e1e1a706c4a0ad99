//! `monitor/compose.yaml` as a Compose project of its own.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use tempfile::TempDir;

use super::{Docker, SERVER, finish, system};
use crate::error::ServerError;
use crate::http;
use crate::influxdb::{self, Tokens};
use crate::port;
use crate::process::in_repository;

/// Longer than any state takes to come about on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Owner of the data and user of the containers: what `monitor up` takes when root starts it.
const USER: u32 = 10_001;

/// The folders of `MONITOR_DATA`.
const FOLDERS: [&str; 6] = ["influxdb", "grafana", "jaeger", "collector", "secrets", "backups"];

/// Variables of `monitor/compose.yaml` for ports.
const PORTS: [&str; 6] = [
    "GRAFANA_PORT",
    "OTLP_GRPC_PORT",
    "OTLP_HTTP_PORT",
    "INFLUXDB_PORT",
    "JAEGER_PORT",
    "SERVICE_PORT",
];

/// The variable for the address that InfluxDB is published on.
const PRIVATE_ADDRESS: &str = "MONITOR_PRIVATE_ADDRESS";

/// `monitor/compose.yaml` with Grafana's stub in place of Grafana, on free ports and with a data folder of its own. Its
/// containers, networks and data are gone when it is dropped.
pub struct ComposeProject<'docker> {
    docker: &'docker Docker,
    name: String,
    data: TempDir,
    variables: BTreeMap<&'static str, OsString>,
    ports: BTreeMap<&'static str, u16>,
}

impl<'docker> ComposeProject<'docker> {
    /// Makes the data folder with the folders that `monitor up` makes; starts nothing.
    pub fn new(docker: &'docker Docker) -> Result<Self, ServerError> {
        let name = format!("test-{:016x}", fastrand::u64(..));
        let data = tempfile::Builder::new()
            .prefix("monitor-data-")
            .tempdir()
            .map_err(system)?;
        for folder in FOLDERS {
            let path = data.path().join(folder);
            fs::create_dir(&path).map_err(system)?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).map_err(system)?;
            chown(&path, Some(USER), Some(USER)).map_err(system)?;
        }
        let mut ports = BTreeMap::new();
        for variable in PORTS {
            ports.insert(variable, docker.inside(port::free).map_err(system)?);
        }
        let mut variables: BTreeMap<_, OsString> = BTreeMap::from([
            ("COMPOSE_PROJECT_NAME", name.clone().into()),
            ("MONITOR_DATA", data.path().into()),
            ("MONITOR_UID", USER.to_string().into()),
            ("MONITOR_GID", USER.to_string().into()),
            ("GRAFANA_BIND", "127.0.0.1".into()),
            (PRIVATE_ADDRESS, "127.0.0.1".into()),
            ("HEALTH_INTERVAL", "1s".into()),
        ]);
        variables.extend(ports.iter().map(|(name, port)| (*name, port.to_string().into())));
        Ok(Self {
            docker,
            name,
            data,
            variables,
            ports,
        })
    }

    /// Sets a variable of the Compose file.
    pub fn variable(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.variables.insert(name, value.into());
        self
    }

    /// Its Compose files: the first is that of the repository.
    pub fn files() -> [PathBuf; 2] {
        [
            in_repository("monitor/compose.yaml"),
            in_repository("test-servers/compose.grafana-stub.yaml"),
        ]
    }

    /// All variables that it is run with, those that make Docker's tools use the daemon included.
    pub fn environment(&self) -> BTreeMap<&'static str, OsString> {
        let mut environment = self.variables.clone();
        environment.extend(self.docker.environment());
        environment
    }

    /// Its name, which the label `com.docker.compose.project` of all that belongs to it has.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The data folder.
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// The port that a variable of the Compose file, such as `GRAFANA_PORT`, has.
    ///
    /// # Panics
    /// Where there is no such variable.
    #[track_caller]
    pub fn port(&self, variable: &str) -> u16 {
        match self.ports.get(variable) {
            Some(port) => *port,
            None => panic!("monitor/compose.yaml publishes no {variable}"),
        }
    }

    /// Runs `docker compose` with these arguments; what it writes to stdout.
    pub fn compose(&self, arguments: &[&str]) -> Result<String, ServerError> {
        let mut command = self.docker.command();
        command.arg("compose").args(["--ansi", "never", "--progress", "quiet"]);
        for file in Self::files() {
            command.arg("-f").arg(file);
        }
        finish(command.args(arguments).envs(&self.variables))
    }

    /// Starts everything as `monitor up` does: InfluxDB first, which is set up, then the rest; and waits until all are
    /// healthy.
    pub fn up(&self, profiles: &[&str]) -> Result<(), ServerError> {
        self.write_secret("grafana-admin-password", &format!("{:032x}", fastrand::u128(..)))?;
        self.write_secret("grafana-secret-key", &format!("{:032x}", fastrand::u128(..)))?;
        self.write_secret("influxdb-admin-password", &format!("{:032x}", fastrand::u128(..)))?;
        self.compose(&["up", "--detach", "--wait", "--no-build", "--pull", "never", "influxdb"])?;
        let tokens = self.docker.inside(|| {
            let address = self.variables[PRIVATE_ADDRESS].display();
            let url = format!("http://{address}:{}", self.port("INFLUXDB_PORT"));
            influxdb::set_up(&http::client(), &url)
        })?;
        self.write_tokens(&tokens)?;
        let mut arguments: Vec<_> = profiles.iter().flat_map(|profile| ["--profile", profile]).collect();
        arguments.extend(["up", "--detach", "--wait", "--no-build", "--pull", "never"]);
        self.compose(&arguments)?;
        Ok(())
    }

    fn write_tokens(&self, tokens: &Tokens) -> Result<(), ServerError> {
        self.write_secret("influxdb-operator-token", &tokens.operator)?;
        self.write_secret("influxdb-telemetry-token", &tokens.telemetry_writer)?;
        self.write_secret("influxdb-loadgen-token", &tokens.loadgen_writer)?;
        self.write_secret("influxdb-grafana-token", &tokens.reader)
    }

    fn write_secret(&self, name: &str, secret: &str) -> Result<(), ServerError> {
        let path = self.data().join("secrets").join(name);
        let write = || {
            let mut file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&path)?;
            file.write_all(secret.as_bytes())?;
            chown(&path, Some(USER), Some(USER))
        };
        write().map_err(system)
    }

    /// What is in a file of `secrets/`.
    pub fn secret(&self, name: &str) -> Result<String, ServerError> {
        fs::read_to_string(self.data().join("secrets").join(name)).map_err(system)
    }

    /// The container of a service, running or not.
    pub fn container(&self, service: &str) -> Result<Container<'docker>, ServerError> {
        let id = self.compose(&["ps", "--all", "--quiet", service])?.trim().to_owned();
        Ok(Container {
            docker: self.docker,
            id,
        })
    }
}

impl Drop for ComposeProject<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            // The test's output, which is shown because it failed.
            for arguments in [&["ps", "--all"][..], &["logs", "--no-color", "--tail", "20"]] {
                match self.compose(arguments) {
                    Ok(text) => eprintln!("{text}"),
                    Err(error) => eprintln!("{error}"),
                }
            }
        }
        // SIGKILL: none of it is needed any more. A daemon that is gone has nothing left of it.
        let _ = self.compose(&["--profile", "local", "kill"]);
        let _ = self.compose(&[
            "--profile",
            "local",
            "down",
            "--volumes",
            "--remove-orphans",
            "--timeout",
            "1",
        ]);
    }
}

/// A container of a [`ComposeProject`].
pub struct Container<'docker> {
    docker: &'docker Docker,
    id: String,
}

impl Container<'_> {
    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What `docker inspect` says of it.
    pub fn inspect(&self) -> Result<Json, ServerError> {
        let text = self.docker.run(["inspect", &self.id])?;
        let mut answer: Json =
            serde_json::from_str(&text).map_err(|error| http::unreadable(SERVER, error.to_string(), &text))?;
        Ok(answer.get_mut(0).map(Json::take).unwrap_or_default())
    }

    /// What its health check says: `starting`, `healthy` or `unhealthy`; empty where there is none.
    pub fn health(&self) -> Result<String, ServerError> {
        let health = self.inspect()?;
        let status = health.pointer("/State/Health/Status").and_then(Json::as_str);
        Ok(status.unwrap_or_default().to_owned())
    }

    /// Waits until [`Container::health`] is this.
    pub fn wait_for_health(&self, wanted: &'static str) -> Result<(), ServerError> {
        let deadline = Instant::now() + PATIENCE;
        while self.health()? != wanted {
            if Instant::now() > deadline {
                return Err(ServerError::Late {
                    server: SERVER,
                    state: wanted,
                    patience: PATIENCE,
                    log: self.docker.run(["inspect", "--format", "{{json .State}}", &self.id])?,
                });
            }
            thread::sleep(POLL_INTERVAL);
        }
        Ok(())
    }

    /// Sends its process a signal, such as `STOP`, `CONT` or `KILL`.
    pub fn signal(&self, signal: &str) -> Result<(), ServerError> {
        self.docker.run(["kill", "--signal", signal, &self.id]).map(drop)
    }
}
