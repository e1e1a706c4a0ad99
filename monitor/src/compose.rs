//! The containers of the host, through `docker compose`.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::{Output, Stdio};

use serde::{Deserialize, Serialize};
use tokio::process::Command;

use crate::layout::Layout;

/// Lines of an answer that go into an error.
const SHOWN_LINES: usize = 5;

/// What is handed to `docker compose` with every command.
#[derive(Clone, Debug)]
pub struct Compose {
    layout: Layout,
    project: String,
    overrides: Vec<PathBuf>,
    owner: (u32, u32),
    variables: Vec<(String, String)>,
}

/// Why `docker compose` did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// There is no program `docker`.
    #[error(
        "docker cannot be run ({reason}); install Docker Engine and its compose plugin (Debian 13: apt-get install docker.io docker-compose)"
    )]
    NoDocker {
        /// What the system says.
        reason: io::Error,
    },
    /// There is `docker`, without compose.
    #[error("docker has no compose plugin; install it (Debian 13: apt-get install docker-compose)")]
    NoCompose,
    /// The daemon does not answer.
    #[error(
        "the Docker daemon does not answer ({message}); start it (systemctl start docker), and run this as a user of the group docker"
    )]
    NoDaemon {
        /// What docker says.
        message: String,
    },
    /// The command failed.
    #[error("docker compose {command} failed: {message}")]
    Failed {
        /// Its verb.
        command: String,
        /// The last lines that it wrote.
        message: String,
    },
    /// Its answer is not what was expected.
    #[error("docker compose {command} gave an answer that cannot be read ({reason}); version 2.21 or newer is needed")]
    Unreadable {
        /// Its verb.
        command: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// A container of the project, running or not.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all(deserialize = "PascalCase"))]
pub struct Container {
    /// Its service in `compose.yaml`.
    pub service: String,
    /// Its name.
    pub name: String,
    /// `created`, `running`, `paused`, `restarting`, `exited` or `dead`.
    pub state: String,
    /// `healthy`, `unhealthy`, `starting`, or empty without a health check.
    #[serde(default)]
    pub health: String,
    /// Exit status, where it has ended.
    #[serde(default)]
    pub exit_code: i64,
    /// Its image.
    #[serde(default)]
    pub image: String,
}

impl Container {
    /// Whether it runs and its health check, if any, is content.
    pub fn is_healthy(&self) -> bool {
        self.state == "running" && matches!(self.health.as_str(), "healthy" | "")
    }
}

impl Compose {
    /// `overrides` are compose files merged over the host's; `owner` the user and group that the containers run as.
    pub fn new(layout: Layout, project: String, overrides: Vec<PathBuf>, owner: (u32, u32)) -> Self {
        Self {
            layout,
            project,
            overrides,
            owner,
            variables: Vec::new(),
        }
    }

    /// The same containers a second time, as a project named after this one and `suffix`, with other data and with
    /// `variables` that win over all settings.
    #[must_use]
    pub fn beside(&self, layout: Layout, suffix: &str, variables: Vec<(String, String)>) -> Self {
        Self {
            layout,
            project: format!("{}-{suffix}", self.project),
            variables,
            ..self.clone()
        }
    }

    /// User and group that the containers run as, and that own the data.
    pub fn owner(&self) -> (u32, u32) {
        self.owner
    }

    /// Runs a command to its end; gives what it printed.
    ///
    /// # Errors
    /// Docker is missing or does not answer, or the command failed.
    pub async fn run(&self, arguments: &[&str]) -> Result<String, ComposeError> {
        let output = self.command(arguments).stdin(Stdio::null()).output().await;
        let output = output.map_err(|reason| ComposeError::NoDocker { reason })?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(failure(arguments, &output))
    }

    /// A command not yet started, for those who want to follow what it prints.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("docker");
        command.arg("compose").arg("--project-name").arg(&self.project);
        command.arg("--project-directory").arg(self.layout.home());
        command.arg("--file").arg(self.layout.compose_file());
        for file in &self.overrides {
            command.arg("--file").arg(file);
        }
        if self.layout.settings_file().is_file() {
            command.arg("--env-file").arg(self.layout.settings_file());
        }
        command.args(arguments).envs(self.variables()).kill_on_drop(true);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Containers of the project, ended ones too, by service.
    ///
    /// # Errors
    /// As [`Compose::run`].
    pub async fn containers(&self) -> Result<Vec<Container>, ComposeError> {
        let text = self.run(&["ps", "--all", "--format", "json"]).await?;
        let unreadable = |error: serde_json::Error| ComposeError::Unreadable {
            command: "ps".to_owned(),
            reason: error.to_string(),
        };
        // A line for each container since 2.21, an array before.
        let mut containers: Vec<Container> = if text.trim_start().starts_with('[') {
            serde_json::from_str(&text).map_err(unreadable)?
        } else {
            let lines = text.lines().filter(|line| !line.trim().is_empty());
            lines
                .map(serde_json::from_str)
                .collect::<Result<_, _>>()
                .map_err(unreadable)?
        };
        containers.sort_by(|one, other| one.service.cmp(&other.service));
        Ok(containers)
    }

    /// Names of the services that the compose files define without a profile, and with those in `profiles`.
    ///
    /// # Errors
    /// As [`Compose::run`].
    pub async fn services(&self, profiles: &[&str]) -> Result<Vec<String>, ComposeError> {
        let mut arguments = Vec::new();
        for profile in profiles {
            arguments.extend(["--profile", profile]);
        }
        arguments.extend(["config", "--services"]);
        let text = self.run(&arguments).await?;
        let mut services: Vec<_> = text.split_whitespace().map(str::to_owned).collect();
        services.sort();
        Ok(services)
    }

    fn variables(&self) -> Vec<(&'static str, OsString)> {
        let (user, group) = self.owner;
        vec![
            ("MONITOR_DATA", self.layout.data().into()),
            ("MONITOR_UID", user.to_string().into()),
            ("MONITOR_GID", group.to_string().into()),
            ("GRAFANA_PROVISIONING", self.layout.provisioning().into()),
        ]
    }
}

fn failure(arguments: &[&str], output: &Output) -> ComposeError {
    let text = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let message = lines[lines.len().saturating_sub(SHOWN_LINES)..].join("; ");
    if message.contains("'compose' is not a docker command") || message.contains("unknown command: docker compose") {
        return ComposeError::NoCompose;
    }
    if message.contains("Cannot connect to the Docker daemon") || message.contains("permission denied while trying") {
        return ComposeError::NoDaemon { message };
    }
    let verb = arguments.iter().find(|argument| !argument.starts_with('-'));
    ComposeError::Failed {
        command: verb.map_or_else(String::new, |verb| (*verb).to_owned()),
        message,
    }
}
