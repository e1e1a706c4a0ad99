//! What compose does not tell about containers and images, from the program `docker`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::process::Command;

use crate::compose::{self, ComposeError, Container};

/// Images that this repository makes are in this namespace.
const OWN_IMAGES: &str = "marketboro/";
/// Longer than a daemon that works needs for any of these questions.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A container as Docker describes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Inspected {
    /// Its identifier.
    pub id: String,
    /// Its name, after a slash.
    pub name: String,
    /// How often Docker started it again by itself.
    #[serde(default)]
    pub restart_count: u64,
    /// How it is.
    pub state: State,
    /// What it was made from.
    pub config: Config,
    /// What of the machine it sees.
    #[serde(default)]
    pub mounts: Vec<Mount>,
    /// How it is reached.
    pub network_settings: NetworkSettings,
}

/// How a container is.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct State {
    /// `created`, `running`, `paused`, `restarting`, `exited` or `dead`.
    pub status: String,
    /// When it was started last, RFC 3339.
    pub started_at: String,
    /// When it ended last, RFC 3339.
    pub finished_at: String,
    /// Its exit status, once it has ended.
    pub exit_code: i64,
    /// Whether the kernel ended it for want of memory.
    #[serde(rename = "OOMKilled", default)]
    pub out_of_memory: bool,
    /// Why it could not be started.
    #[serde(default)]
    pub error: String,
    /// What its health check found; none without one.
    #[serde(default)]
    pub health: Option<Health>,
}

/// What a health check found.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Health {
    /// `starting`, `healthy` or `unhealthy`.
    pub status: String,
    /// Its last runs, the latest at the end.
    #[serde(default)]
    pub log: Option<Vec<HealthRun>>,
}

/// A run of a health check.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct HealthRun {
    /// 0 where it was content.
    pub exit_code: i64,
    /// What it said.
    pub output: String,
}

/// What a container was made from.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Config {
    /// Name of its image.
    pub image: String,
    /// Compose's notes, and others.
    #[serde(default)]
    pub labels: Option<BTreeMap<String, String>>,
}

/// A folder or file of the machine that a container sees.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Mount {
    /// Where it is on the machine.
    #[serde(default)]
    pub source: PathBuf,
}

/// How a container is reached.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NetworkSettings {
    /// Published ports, by port of the container.
    #[serde(default)]
    pub ports: BTreeMap<String, Option<Vec<PublishedPort>>>,
}

/// A port of the machine that leads to a container.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PublishedPort {
    /// Its number.
    pub host_port: String,
}

/// Label with the name of the project that a container belongs to.
const PROJECT_LABEL: &str = "com.docker.compose.project";

impl Inspected {
    /// Name of the compose project that it belongs to.
    pub fn project(&self) -> Option<&str> {
        self.config.labels.as_ref()?.get(PROJECT_LABEL).map(String::as_str)
    }

    /// Ports of the machine that lead to it.
    pub fn published(&self) -> impl Iterator<Item = u16> {
        let ports = self.network_settings.ports.values().flatten().flatten();
        ports.filter_map(|port| port.host_port.parse().ok())
    }

    /// What the last failing run of its health check said, in one line.
    pub fn health_complaint(&self) -> Option<String> {
        let log = self.state.health.as_ref()?.log.as_ref()?;
        let last = log.last().filter(|run| run.exit_code != 0)?;
        let words: Vec<_> = last.output.split_whitespace().collect();
        Some(words.join(" "))
    }
}

/// Version of the daemon, which thereby has answered.
///
/// # Errors
/// Docker is missing, or its daemon does not answer.
pub async fn server_version() -> Result<String, ComposeError> {
    run(&["version", "--format", "{{.Server.Version}}"]).await
}

/// Version of compose.
///
/// # Errors
/// Docker or its compose plugin is missing.
pub async fn compose_version() -> Result<String, ComposeError> {
    let text = run(&["compose", "version"]).await?;
    Ok(text.split_whitespace().last().unwrap_or_default().to_owned())
}

/// Folder in which the daemon keeps images and containers.
///
/// # Errors
/// Docker is missing, or its daemon does not answer.
pub async fn root_folder() -> Result<PathBuf, ComposeError> {
    run(&["info", "--format", "{{.DockerRootDir}}"])
        .await
        .map(PathBuf::from)
}

/// Whether an image is on this machine.
///
/// # Errors
/// Docker is missing, or its daemon does not answer.
pub async fn has_image(name: &str) -> Result<bool, ComposeError> {
    match run(&["image", "inspect", "--format", "{{.Id}}", name]).await {
        Ok(_) => Ok(true),
        Err(ComposeError::Failed { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// What gets an image: nothing is downloaded at run time.
pub fn how_to_get(image: &str) -> String {
    if image.starts_with(OWN_IMAGES) {
        "`make images` in the repository builds it".to_owned()
    } else {
        format!("`docker pull {image}` gets it")
    }
}

/// Containers by identifier or name; those that have gone meanwhile are left out.
///
/// # Errors
/// Docker is missing, or its daemon does not answer.
pub async fn inspect(ids: &[String]) -> Result<Vec<Inspected>, ComposeError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut arguments = vec!["container", "inspect"];
    arguments.extend(ids.iter().map(String::as_str));
    let output = output(&arguments).await?;
    // One that has gone makes the status bad, and the others are there.
    let text = String::from_utf8_lossy(&output.stdout);
    if text.trim_start().starts_with('[') {
        return serde_json::from_str(&text).map_err(|error| ComposeError::Unreadable {
            command: "container inspect".to_owned(),
            reason: error.to_string(),
        });
    }
    Err(compose::failure("container inspect".to_owned(), &output))
}

/// What Docker says of each of compose's containers; nothing of those that have gone meanwhile.
///
/// # Errors
/// Docker is missing, or its daemon does not answer.
pub async fn inspect_each(containers: Vec<Container>) -> Result<Vec<(Container, Option<Inspected>)>, ComposeError> {
    let ids: Vec<_> = containers.iter().map(|container| container.id.clone()).collect();
    let inspected = inspect(&ids).await?;
    let pair = |container: Container| {
        // Compose gives the beginning of an identifier, or all of it.
        let found = inspected.iter().find(|one| one.id.starts_with(&container.id)).cloned();
        (container, found)
    };
    Ok(containers.into_iter().map(pair).collect())
}

/// Every running container of the machine, whoever made it.
///
/// # Errors
/// Docker is missing, or its daemon does not answer.
pub async fn running() -> Result<Vec<Inspected>, ComposeError> {
    let ids = run(&["ps", "--quiet", "--no-trunc"]).await?;
    inspect(&ids.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).await
}

async fn run(arguments: &[&str]) -> Result<String, ComposeError> {
    let output = output(arguments).await?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    let verbs = arguments.iter().take_while(|argument| !argument.starts_with('-'));
    let command = verbs.take(2).copied().collect::<Vec<_>>().join(" ");
    Err(compose::failure(command, &output))
}

async fn output(arguments: &[&str]) -> Result<std::process::Output, ComposeError> {
    let mut command = Command::new("docker");
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    match tokio::time::timeout(TIMEOUT, command.output()).await {
        Ok(output) => output.map_err(|reason| ComposeError::NoDocker { reason }),
        Err(_) => Err(ComposeError::NoDaemon {
            message: format!("no answer within {} s", TIMEOUT.as_secs()),
        }),
    }
}
