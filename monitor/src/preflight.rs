//! Whether a host is fit to be brought up: looked at before anything is changed.

pub(crate) mod containers;
mod data;
mod machine;

use clap::ValueEnum;

use crate::compose::{Configuration, LOCAL_PROFILE};
use crate::docker;
use crate::host::Host;

/// Something that must be so before a host is brought up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Check {
    /// Docker and compose are there and answer
    Docker,
    /// Every image is on this machine
    Images,
    /// Every published port is free, or ours already
    Ports,
    /// There is room, and there are inodes, for the data
    Disk,
    /// There is memory for the containers
    Memory,
    /// The data folder can be written, and its files belong to the user of the containers
    Data,
    /// No other project uses the data folder, and this project no other one
    Project,
    /// The clock is not far in the past
    Clock,
}

/// What stands in the way.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Fault {
    /// What was looked at.
    pub check: Check,
    /// What is so, and what to do, in one sentence.
    pub message: String,
}

/// What was found out about Docker, for the checks that need it.
struct Found {
    configuration: Configuration,
    running: Vec<docker::Inspected>,
}

/// Looks at everything that is not in `skipped`, and gives all that stands in the way.
pub async fn run(host: &Host, local: bool, skipped: &[Check]) -> Vec<Fault> {
    let mut faults = Faults::default();
    let found = match docker_answers(host, local).await {
        Ok(found) => Some(found),
        Err(message) => {
            faults.add(Check::Docker, Some(message));
            None
        }
    };
    for &check in Check::value_variants().iter().filter(|check| !skipped.contains(check)) {
        match (check, &found) {
            (Check::Images, Some(found)) => faults.add(check, containers::missing_images(found).await),
            (Check::Ports, Some(found)) => faults.add(check, containers::taken_ports(host, found)),
            (Check::Project, Some(found)) => faults.add(check, containers::foreign_projects(host, found)),
            (Check::Memory, Some(found)) => faults.add(check, machine::little_memory(host, found)),
            (Check::Disk, _) => faults.add(check, machine::full_disks(host, found.is_some()).await),
            (Check::Data, _) => faults.add(check, data::unusable(&host.layout, host.compose.owner())),
            (Check::Clock, _) => faults.add(check, machine::wrong_clock(std::time::SystemTime::now())),
            // Without Docker there is nothing to compare with, and that is said already.
            (Check::Docker | Check::Images | Check::Ports | Check::Project | Check::Memory, _) => {}
        }
    }
    faults.0
}

#[derive(Default)]
struct Faults(Vec<Fault>);

impl Faults {
    fn add(&mut self, check: Check, messages: impl IntoIterator<Item = String>) {
        let messages = messages.into_iter();
        self.0.extend(messages.map(|message| Fault { check, message }));
    }
}

/// Even if this check is skipped, nothing works without it.
async fn docker_answers(host: &Host, local: bool) -> Result<Found, String> {
    let file = host.layout.compose_file();
    if !file.is_file() {
        return Err(format!(
            "{}: is not there; give `--home` the folder that holds compose.yaml",
            file.display()
        ));
    }
    let say = |error: crate::compose::ComposeError| error.to_string();
    docker::server_version().await.map_err(say)?;
    let version = docker::compose_version().await.map_err(say)?;
    if containers::is_too_old(&version) {
        return Err(format!(
            "docker compose is version {version}, and 2.21 or newer is needed; upgrade it (Debian 13: apt-get install docker-compose)"
        ));
    }
    let profiles: &[&str] = if local { &[LOCAL_PROFILE] } else { &[] };
    Ok(Found {
        configuration: host.compose.configuration(profiles).await.map_err(say)?,
        running: docker::running().await.map_err(say)?,
    })
}
