//! Jaeger 2 with the configuration of the monitor host.

mod trace;

use std::path::Path;
use std::sync::LazyLock;

use collector::environment;
use reqwest::blocking::Client;
use serde_json::json;

pub use trace::{Span, SpanKind, Trace};

use crate::error::ServerError;
use crate::http;
use crate::port;
use crate::process::{Launch, ServerProcess, in_repository, installed_at};

const SERVER: &str = "Jaeger";

/// The program.
const PROGRAM_VARIABLE: &str = "JAEGER";

/// Traces that a search gives at most, unless it finds fewer.
const SEARCH_LIMIT: usize = 10_000;

static SHARED: LazyLock<Result<Jaeger, ServerError>> = LazyLock::new(Jaeger::start);

/// Jaeger 2 with the repository's `monitor/jaeger.yaml`: its traces are on disk and outlive a restart.
pub struct Jaeger {
    process: ServerProcess,
    ports: Ports,
    client: Client,
}

#[derive(Clone, Copy)]
struct Ports {
    otlp: u16,
    query: u16,
    query_grpc: u16,
    health: u16,
}

impl Jaeger {
    /// The one of this test process.
    ///
    /// # Panics
    /// Where it cannot be started.
    #[track_caller]
    pub fn shared() -> &'static Self {
        SHARED.as_ref().unwrap_or_else(|error| panic!("{error}"))
    }

    /// Starts one.
    pub fn start() -> Result<Self, ServerError> {
        let program = installed_at(PROGRAM_VARIABLE)?;
        let client = http::client();
        let choose = || {
            Ok(Ports {
                otlp: port::free()?,
                query: port::free()?,
                query_grpc: port::free()?,
                health: port::free()?,
            })
        };
        let launch = |ports: &Ports, folder: &Path| {
            let mut variables = vec![(environment::JAEGER_DIRECTORY.name, folder.join("data").into())];
            for (variable, port) in [
                (environment::JAEGER_OTLP_ENDPOINT, ports.otlp),
                (environment::JAEGER_QUERY_ENDPOINT, ports.query),
                (environment::JAEGER_QUERY_GRPC_ENDPOINT, ports.query_grpc),
                (environment::JAEGER_HEALTH_ENDPOINT, ports.health),
            ] {
                variables.push((variable.name, format!("127.0.0.1:{port}").into()));
            }
            Ok(Launch {
                server: SERVER,
                program: program.clone(),
                arguments: vec!["--config".into(), in_repository("monitor/jaeger.yaml").into()],
                variables,
                working_directory: None,
            })
        };
        let (process, ports) = ServerProcess::start(SERVER, choose, launch, |ports, _| is_ready(&client, *ports))?;
        Ok(Self { process, ports, client })
    }

    /// Where it takes OTLP over gRPC, as `host:port`.
    pub fn otlp_address(&self) -> String {
        format!("127.0.0.1:{}", self.ports.otlp)
    }

    /// Where its API and its page are.
    pub fn url(&self) -> String {
        query_url(self.ports)
    }

    /// The trace of this id (32 hex digits) as far as it has arrived; `None` before its first span has.
    pub fn trace(&self, id: &str) -> Result<Option<Trace>, ServerError> {
        let answer = http::json(SERVER, self.client.get(format!("{}/api/traces/{id}", self.url())));
        match answer {
            Ok(answer) => Ok(trace::parse(SERVER, answer)?.pop()),
            Err(ServerError::Refused { status: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Traces of the last two days in which a span of this `service.name` has all these attributes; of the span or of
    /// its resource.
    pub fn search(&self, service: &str, attributes: &[(&str, &str)]) -> Result<Vec<Trace>, ServerError> {
        let attributes: serde_json::Map<_, _> = attributes
            .iter()
            .map(|(name, value)| ((*name).to_owned(), json!(value)))
            .collect();
        let request = self.client.get(format!("{}/api/traces", self.url())).query(&[
            ("service", service),
            ("tags", &serde_json::Value::Object(attributes).to_string()),
            ("limit", &SEARCH_LIMIT.to_string()),
        ]);
        trace::parse(SERVER, http::json(SERVER, request)?)
    }

    /// Its process, whose CPU time and memory are measured.
    pub fn process(&self) -> &ServerProcess {
        &self.process
    }

    /// Asks it to end (SIGTERM) and waits until it has.
    pub fn stop(&mut self) -> Result<(), ServerError> {
        self.process.stop()
    }

    /// Ends it without a chance to save anything (SIGKILL).
    pub fn kill(&mut self) -> Result<(), ServerError> {
        self.process.kill()
    }

    /// Starts it again with the same ports and data, once it was stopped or killed.
    pub fn restart(&mut self) -> Result<(), ServerError> {
        self.process.restart(|| is_ready(&self.client, self.ports))
    }
}

fn query_url(ports: Ports) -> String {
    format!("http://127.0.0.1:{}", ports.query)
}

fn is_ready(client: &Client, ports: Ports) -> bool {
    let is_ok = |url: String| client.get(url).send().is_ok_and(|answer| answer.status().is_success());
    is_ok(format!("http://127.0.0.1:{}/status", ports.health))
        && is_ok(format!("{}/api/services", query_url(ports)))
        && port::is_open(ports.otlp)
}
