//! The service, as its binary.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::Path;

use reqwest::blocking::Client;

use crate::error::ServerError;
use crate::http;
use crate::port;
use crate::process::{Launch, ServerProcess, built};

const SERVER: &str = "the service";

/// The service of this workspace; by default on its embedded store, in its folder.
pub struct Service {
    process: ServerProcess,
    port: u16,
    client: Client,
}

/// What a service is started with.
#[derive(Clone, Debug, Default)]
pub struct ServiceOptions {
    arguments: Vec<OsString>,
    variables: Vec<(&'static str, OsString)>,
    launcher: Vec<OsString>,
}

impl Service {
    /// What to start one with.
    pub fn options() -> ServiceOptions {
        ServiceOptions::default()
    }

    /// Where it answers.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// Where it answers.
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// Its process id.
    pub fn id(&self) -> Result<u32, ServerError> {
        self.process.id()
    }

    /// True while its process has not ended by itself.
    pub fn is_running(&mut self) -> Result<bool, ServerError> {
        self.process.is_running()
    }

    /// Its folder, where the embedded store has its data.
    pub fn folder(&self) -> &Path {
        self.process.folder()
    }

    /// Asks it to end (SIGTERM) and waits until it has.
    pub fn stop(&mut self) -> Result<(), ServerError> {
        self.process.stop()
    }

    /// Ends it without a chance to save anything (SIGKILL).
    pub fn kill(&mut self) -> Result<(), ServerError> {
        self.process.kill()
    }

    /// Starts it again with the same port and data, once it was stopped or killed.
    pub fn restart(&mut self) -> Result<(), ServerError> {
        self.process.restart(|| is_alive(&self.client, self.port))
    }

    /// All it wrote so far.
    pub fn log(&self) -> String {
        self.process.log()
    }
}

impl ServiceOptions {
    /// Items are kept in the DynamoDB at this endpoint, in a table that is created.
    pub fn dynamodb(self, endpoint: &str) -> Self {
        self.arguments(["--store", "dynamodb", "--create-table"])
            .variable("AWS_ENDPOINT_URL_DYNAMODB", endpoint)
            .variable("AWS_REGION", "eu-central-1")
            .variable("AWS_ACCESS_KEY_ID", "local")
            .variable("AWS_SECRET_ACCESS_KEY", "local")
    }

    /// Flags.
    pub fn arguments<'a>(mut self, arguments: impl IntoIterator<Item = &'a str>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// An environment variable.
    pub fn variable(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    /// A command that the service's own is appended to, and that becomes the service by `exec`.
    pub fn launched_by<'a>(mut self, launcher: impl IntoIterator<Item = &'a str>) -> Self {
        self.launcher = launcher.into_iter().map(Into::into).collect();
        self
    }

    /// Starts it.
    pub fn start(self) -> Result<Service, ServerError> {
        let program = built("service")?;
        let client = http::client();
        let launch = |port: &u16, _: &Path| {
            let mut command = self.launcher.clone();
            command.push(program.clone().into());
            command.extend(self.arguments.iter().cloned());
            let mut variables = self.variables.clone();
            variables.push(("LISTEN_ADDR", format!("127.0.0.1:{port}").into()));
            variables.push(("AWS_EC2_METADATA_DISABLED", "true".into()));
            Ok(Launch {
                server: SERVER,
                program: command.remove(0).into(),
                arguments: command,
                variables,
                working_directory: None,
            })
        };
        let (process, port) = ServerProcess::start(SERVER, port::free, launch, |port, _| is_alive(&client, *port))?;
        Ok(Service { process, port, client })
    }
}

fn is_alive(client: &Client, port: u16) -> bool {
    let answer = client.get(format!("http://127.0.0.1:{port}/healthz")).send();
    answer.is_ok_and(|answer| answer.status().is_success())
}
