//! The containers of the host, through `docker compose`.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::process::{Output, Stdio};

use serde::{Deserialize, Serialize};
use tokio::process::Command;

use crate::docker;
use crate::layout::Layout;

/// The service whose container ends after each run and is started again.
const LOADGEN: &str = "loadgen";

/// Profile of the service and the load generator on this machine.
pub const LOCAL_PROFILE: &str = "local";

/// Lines of an answer that go into an error.
const SHOWN_LINES: usize = 5;

/// What docker writes where its daemon does not answer.
const NO_DAEMON: &[&str] = &[
    "Cannot connect to the Docker daemon",
    "failed to connect to the docker API",
    "permission denied while trying",
    "error during connect",
];

/// Commands of compose that are used; the others of its arguments are flags and names.
const VERBS: &[&str] = &[
    "config", "cp", "down", "exec", "kill", "logs", "pause", "ps", "restart", "rm", "run", "start", "stop", "unpause",
    "up",
];

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
    #[error("docker {command} failed: {message}")]
    Failed {
        /// `compose` and its verb, or another of docker's.
        command: String,
        /// The last lines that it wrote.
        message: String,
    },
    /// Its answer is not what was expected.
    #[error(
        "docker {command} gave an answer that cannot be read ({reason}); Docker 24 with compose 2.21 or newer is needed"
    )]
    Unreadable {
        /// `compose` and its verb, or another of docker's.
        command: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// A container of the project, running or not.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all(deserialize = "PascalCase"))]
pub struct Container {
    /// Its identifier in Docker.
    #[serde(rename(deserialize = "ID"), default)]
    pub id: String,
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
    /// Whether it runs and its health check is content; or rests between two runs, where that is its way.
    ///
    /// Just after a start Docker knows of no health yet, so nothing is concluded from that but of loadgen, which has no
    /// check.
    pub fn is_healthy(&self) -> bool {
        let is_well = self.health == "healthy" || self.health.is_empty() && self.service == LOADGEN;
        self.state == "running" && is_well || self.rests()
    }

    /// Runs of loadgen follow each other; a crossed threshold is a result as well.
    fn rests(&self) -> bool {
        self.service == LOADGEN && self.state == "restarting" && matches!(self.exit_code, 0 | 99)
    }

    /// Its state and health in a word or two.
    pub fn condition(&self) -> String {
        match (self.state.as_str(), self.health.as_str()) {
            ("running", "") => "running".to_owned(),
            ("running", health) => health.to_owned(),
            ("exited", _) => format!("ended with status {}", self.exit_code),
            (state, _) => state.to_owned(),
        }
    }
}

/// What the compose files come to.
#[derive(Clone, Debug, Deserialize)]
pub struct Configuration {
    /// Services by name.
    pub services: BTreeMap<String, Service>,
}

/// A service of the compose files.
#[derive(Clone, Debug, Deserialize)]
pub struct Service {
    /// Its image.
    #[serde(default)]
    pub image: Option<String>,
    /// Its published ports.
    #[serde(default)]
    pub ports: Vec<Port>,
    /// Bytes of memory that it may take.
    #[serde(default)]
    pub mem_limit: Option<String>,
}

/// A published port of a service.
#[derive(Clone, Debug, Deserialize)]
pub struct Port {
    /// Address of the machine; all of them where there is none.
    #[serde(default)]
    pub host_ip: Option<String>,
    /// Port of the machine.
    #[serde(default)]
    pub published: Option<String>,
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
        let verb = arguments.iter().find(|argument| VERBS.contains(argument));
        Err(failure(format!("compose {}", verb.unwrap_or(&"")), &output))
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
        let (user, group) = self.owner;
        command
            .args(arguments)
            .env("MONITOR_DATA", self.layout.data())
            .env("MONITOR_UID", user.to_string())
            .env("MONITOR_GID", group.to_string())
            .env("GRAFANA_PROVISIONING", self.layout.provisioning())
            .envs(self.variables.clone())
            .kill_on_drop(true)
            // Ctrl-C is for this program, which ends what it started.
            .process_group(0);
        command
    }

    /// Containers of the project, ended ones too, by service.
    ///
    /// # Errors
    /// As [`Compose::run`].
    pub async fn containers(&self) -> Result<Vec<Container>, ComposeError> {
        const LIST: [&str; 4] = ["ps", "--all", "--format", "json"];
        let text = match self.run(&LIST).await {
            // One of them went away between being listed and being looked at, as when it is made anew.
            Err(ComposeError::Failed { message, .. }) if message.contains("No such container") => {
                self.run(&LIST).await?
            }
            listed => listed?,
        };
        let unreadable = |error: serde_json::Error| ComposeError::Unreadable {
            command: "compose ps".to_owned(),
            reason: error.to_string(),
        };
        let mut containers = containers(&text).map_err(unreadable)?;
        self.look_again_at_restarting(&mut containers).await?;
        containers.sort_by(|one, other| one.service.cmp(&other.service));
        Ok(containers)
    }

    /// Of a container that is about to be started again compose tells 0, whatever it was. It may run by now: its state
    /// and its exit status come from the same look.
    async fn look_again_at_restarting(&self, containers: &mut [Container]) -> Result<(), ComposeError> {
        let restarting = containers
            .iter_mut()
            .filter(|container| container.state == "restarting");
        for container in restarting {
            if let Some(inspected) = docker::inspect(std::slice::from_ref(&container.id)).await?.first() {
                container.state.clone_from(&inspected.state.status);
                container.exit_code = inspected.state.exit_code;
                let health = inspected.state.health.as_ref();
                container.health = health.map_or_else(String::new, |health| health.status.clone());
            }
        }
        Ok(())
    }

    /// Names of the services that the compose files define without a profile, and with those in `profiles`.
    ///
    /// # Errors
    /// As [`Compose::run`].
    pub async fn services(&self, profiles: &[&str]) -> Result<Vec<String>, ComposeError> {
        let text = self.config(profiles, &["--services"]).await?;
        let mut services: Vec<_> = text.split_whitespace().map(str::to_owned).collect();
        services.sort();
        Ok(services)
    }

    /// What the compose files come to, with the services of those profiles.
    ///
    /// # Errors
    /// As [`Compose::run`], or a file is malformed.
    pub async fn configuration(&self, profiles: &[&str]) -> Result<Configuration, ComposeError> {
        let text = self.config(profiles, &["--format", "json"]).await?;
        serde_json::from_str(&text).map_err(|error| ComposeError::Unreadable {
            command: "compose config".to_owned(),
            reason: error.to_string(),
        })
    }

    async fn config(&self, profiles: &[&str], form: &[&str]) -> Result<String, ComposeError> {
        let mut arguments: Vec<&str> = profiles.iter().flat_map(|profile| ["--profile", profile]).collect();
        arguments.push("config");
        arguments.extend(form);
        self.run(&arguments).await
    }

    /// Name of the project in Docker.
    pub fn project(&self) -> &str {
        &self.project
    }
}

/// What `compose ps` printed: a line for each container since 2.21, an array before.
pub(crate) fn containers(text: &str) -> serde_json::Result<Vec<Container>> {
    if text.trim_start().starts_with('[') {
        return serde_json::from_str(text);
    }
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.map(serde_json::from_str).collect()
}

/// What went wrong with a command of docker, from what it wrote.
pub fn failure(command: String, output: &Output) -> ComposeError {
    let text = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let message = lines[lines.len().saturating_sub(SHOWN_LINES)..].join("; ");
    // docker without the plugin takes the flags of compose for its own.
    if [
        "'compose' is not a docker command",
        "unknown command: docker compose",
        "unknown flag: --project-name",
    ]
    .iter()
    .any(|sign| text.contains(sign))
    {
        return ComposeError::NoCompose;
    }
    if NO_DAEMON.iter().any(|sign| text.contains(sign)) {
        return ComposeError::NoDaemon { message };
    }
    ComposeError::Failed { command, message }
}
