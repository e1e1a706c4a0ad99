//! The OpenTelemetry Collector with the configuration of the monitor host.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use collector::environment::{self, Variable};
use reqwest::blocking::Client;

use crate::error::ServerError;
use crate::http;
use crate::influxdb::InfluxDb;
use crate::jaeger::Jaeger;
use crate::port;
use crate::process::{Launch, ServerProcess, in_repository, installed_at};

const SERVER: &str = "the collector";

/// The program.
const PROGRAM_VARIABLE: &str = "OTELCOL";

/// More spans a second than any test has.
const NO_LIMIT: &str = "1000000";

static SHARED: LazyLock<Result<Collector, ServerError>> = LazyLock::new(|| {
    Collector::options()
        .influxdb(InfluxDb::shared())
        .jaeger(Jaeger::shared())
        .start()
});

/// The collector built from the repository's `monitor/collector/builder.yaml`, running its `config.yaml` with nothing
/// but variables set.
pub struct Collector {
    process: ServerProcess,
    ports: Ports,
    client: Client,
}

#[derive(Clone, Copy)]
struct Ports {
    grpc: u16,
    http: u16,
    health: u16,
}

/// What a collector is started with. Without servers to send to it keeps everything in its queues.
#[derive(Clone, Debug)]
pub struct CollectorOptions {
    variables: Vec<(&'static str, OsString)>,
    influxdb_token: String,
    overlay: Option<String>,
}

impl Collector {
    /// The one of this test process: sends to the shared [`InfluxDb`] and [`Jaeger`], keeps every trace.
    ///
    /// # Panics
    /// Where one of them cannot be started.
    #[track_caller]
    pub fn shared() -> &'static Self {
        SHARED.as_ref().unwrap_or_else(|error| panic!("{error}"))
    }

    /// What to start one with. Unless told otherwise it keeps every trace, without a limit, decides after a second, and
    /// measures the host and itself each second.
    pub fn options() -> CollectorOptions {
        let options = CollectorOptions {
            variables: Vec::new(),
            influxdb_token: "none".to_owned(),
            overlay: None,
        };
        options
            .share_percent(100.0)
            .decision_wait(Duration::from_secs(1))
            .variable(environment::TRACE_SHARE_SPANS_PER_SECOND, NO_LIMIT)
            .variable(environment::TRACE_SLOW_SPANS_PER_SECOND, NO_LIMIT)
            .variable(environment::TRACE_ERROR_SPANS_PER_SECOND, NO_LIMIT)
            .variable(environment::HOST_METRICS_INTERVAL, "1s")
            .variable(environment::SELF_METRICS_INTERVAL_MS, "1000")
    }

    /// The tag `host.name` of what it reports of itself and of the host; no other collector of this machine has it.
    pub fn host_name(&self) -> String {
        host_name(self.ports)
    }

    /// Where it takes OTLP over gRPC.
    pub fn grpc_endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.grpc)
    }

    /// Where it takes OTLP over HTTP.
    pub fn http_endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.http)
    }

    /// Its process, whose CPU time and memory are measured.
    pub fn process(&self) -> &ServerProcess {
        &self.process
    }

    /// Asks it to end (SIGTERM) and waits until it has, its queues saved.
    pub fn stop(&mut self) -> Result<(), ServerError> {
        self.process.stop()
    }

    /// Ends it without a chance to save anything (SIGKILL).
    pub fn kill(&mut self) -> Result<(), ServerError> {
        self.process.kill()
    }

    /// Starts it again with the same ports and queues, once it was stopped or killed.
    pub fn restart(&mut self) -> Result<(), ServerError> {
        self.process.restart(|| is_ready(&self.client, self.ports))
    }

    /// Makes it hang: connections are accepted, nothing is answered.
    pub fn pause(&self) -> Result<(), ServerError> {
        self.process.pause()
    }

    /// Ends [`Collector::pause`].
    pub fn resume(&self) -> Result<(), ServerError> {
        self.process.resume()
    }

    /// Where its queues are.
    pub fn queue_folder(&self) -> PathBuf {
        queue_folder(self.process.folder())
    }

    /// All it wrote so far.
    pub fn log(&self) -> String {
        self.process.log()
    }
}

impl CollectorOptions {
    /// Metrics go to this server.
    pub fn influxdb(self, influxdb: &InfluxDb) -> Self {
        Self {
            influxdb_token: influxdb.telemetry_writer_token().to_owned(),
            ..self
        }
        .variable(environment::INFLUXDB_URL, influxdb.url())
        .variable(environment::INFLUXDB_ORG, InfluxDb::ORGANISATION)
        .variable(environment::INFLUXDB_BUCKET, InfluxDb::TELEMETRY)
    }

    /// Traces go to this server.
    pub fn jaeger(self, jaeger: &Jaeger) -> Self {
        self.variable(environment::JAEGER_OTLP_ENDPOINT, jaeger.otlp_address())
    }

    /// How many of a hundred traces are kept that are neither slow nor failed.
    pub fn share_percent(self, percent: f64) -> Self {
        self.variable(environment::TRACE_SHARE_PERCENT, percent.to_string())
    }

    /// How long it waits for the spans of a trace before it decides whether to keep it.
    pub fn decision_wait(self, wait: Duration) -> Self {
        self.variable(environment::TRACE_DECISION_WAIT, format!("{}ms", wait.as_millis()))
    }

    /// Any variable of `config.yaml`.
    pub fn variable(mut self, variable: Variable, value: impl Into<OsString>) -> Self {
        self.variables.retain(|(known, _)| *known != variable.name);
        self.variables.push((variable.name, value.into()));
        self
    }

    /// YAML that is merged over `config.yaml`, for what no variable sets.
    pub fn overlay(self, yaml: impl Into<String>) -> Self {
        Self {
            overlay: Some(yaml.into()),
            ..self
        }
    }

    /// Starts it.
    pub fn start(self) -> Result<Collector, ServerError> {
        let program = installed_at(PROGRAM_VARIABLE)?;
        let client = http::client();
        let choose = || {
            Ok(Ports {
                grpc: port::free()?,
                http: port::free()?,
                health: port::free()?,
            })
        };
        let launch = |ports: &Ports, folder: &Path| {
            let mut arguments: Vec<OsString> =
                vec!["--config".into(), in_repository("monitor/collector/config.yaml").into()];
            if let Some(yaml) = &self.overlay {
                let file = folder.join("overlay.yaml");
                fs::write(&file, yaml)?;
                arguments.extend(["--config".into(), file.into()]);
            }
            let token = folder.join("influxdb-token");
            fs::write(&token, &self.influxdb_token)?;
            let mut variables = vec![
                (environment::INFLUXDB_TOKEN_FILE.name, token.into()),
                (environment::QUEUE_DIRECTORY.name, queue_folder(folder).into()),
                (environment::HOST_NAME.name, host_name(*ports).into()),
            ];
            for (variable, port) in [
                (environment::OTLP_GRPC_ENDPOINT, ports.grpc),
                (environment::OTLP_HTTP_ENDPOINT, ports.http),
                (environment::HEALTH_ENDPOINT, ports.health),
            ] {
                variables.push((variable.name, format!("127.0.0.1:{port}").into()));
            }
            variables.extend(self.variables.iter().cloned());
            Ok(Launch {
                server: SERVER,
                program: program.clone(),
                arguments,
                variables,
                working_directory: None,
            })
        };
        let (process, ports) = ServerProcess::start(SERVER, choose, launch, |ports, _| is_ready(&client, *ports))?;
        Ok(Collector { process, ports, client })
    }
}

fn host_name(ports: Ports) -> String {
    format!("test-{}", ports.http)
}

fn queue_folder(folder: &Path) -> PathBuf {
    folder.join("queue")
}

fn is_ready(client: &Client, ports: Ports) -> bool {
    let answer = client.get(format!("http://127.0.0.1:{}/", ports.health)).send();
    answer.is_ok_and(|answer| answer.status().is_success()) && port::is_open(ports.grpc) && port::is_open(ports.http)
}
