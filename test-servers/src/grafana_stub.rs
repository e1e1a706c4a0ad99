//! The stub of Grafana as a process, for tests without Docker.

use std::path::Path;

use reqwest::blocking::Client;

use crate::error::ServerError;
use crate::http;
use crate::port;
use crate::process::{Launch, ServerProcess, built};

const SERVER: &str = "grafana-stub";

/// `grafana-stub`: answers those routes of Grafana's API that `monitor` asks. It is not Grafana.
pub struct GrafanaStub {
    process: ServerProcess,
    port: u16,
    client: Client,
}

impl GrafanaStub {
    /// Starts one that is provisioned from a folder, with the password of `admin` in a file.
    pub fn start(provisioning: &Path, password_file: &Path) -> Result<Self, ServerError> {
        let program = built(SERVER)?;
        let client = http::client();
        let launch = |port: &u16, folder: &Path| {
            Ok(Launch {
                server: SERVER,
                program: program.clone(),
                arguments: vec![
                    "--listen".into(),
                    format!("127.0.0.1:{port}").into(),
                    "--data".into(),
                    folder.into(),
                    "--provisioning".into(),
                    provisioning.into(),
                    "--admin-password-file".into(),
                    password_file.into(),
                ],
                variables: Vec::new(),
                working_directory: None,
            })
        };
        let (process, port) = ServerProcess::start(SERVER, port::free, launch, |port, _| is_ready(&client, *port))?;
        Ok(Self { process, port, client })
    }

    /// Where it answers, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends it without a chance to save anything (SIGKILL).
    pub fn kill(&mut self) -> Result<(), ServerError> {
        self.process.kill()
    }

    /// Starts it again on the same port, with what is provisioned now.
    pub fn restart(&mut self) -> Result<(), ServerError> {
        self.process.restart(|| is_ready(&self.client, self.port))
    }
}

fn is_ready(client: &Client, port: u16) -> bool {
    let answer = client.get(format!("http://127.0.0.1:{port}/api/health")).send();
    answer.is_ok_and(|answer| answer.status().is_success())
}
