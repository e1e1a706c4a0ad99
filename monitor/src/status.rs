//! How every container of a host is.

use serde::Serialize;

use crate::compose::{ComposeError, Container, LOCAL_PROFILE};
use crate::docker::{self, Inspected};
use crate::host::Host;
use crate::progress::without_controls;

/// How a host is.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// Whether every container is there and healthy.
    pub well: bool,
    /// Its containers, by service.
    pub containers: Vec<ContainerStatus>,
}

/// How a container is.
#[derive(Clone, Debug, Serialize)]
pub struct ContainerStatus {
    /// Its service in `compose.yaml`.
    pub service: String,
    /// Whether it is as it should be.
    pub well: bool,
    /// As Docker says it, or `absent`.
    pub state: String,
    /// `healthy`, `unhealthy`, `starting`; none without a health check.
    pub health: Option<String>,
    /// Since when it runs, or does not any more, RFC 3339.
    pub since: Option<String>,
    /// How often Docker started it again by itself.
    pub restarts: u64,
    /// Its image.
    pub image: Option<String>,
    /// Why it is not well.
    pub reason: Option<String>,
}

/// Looks at every container that should be there; those of the profile `local` where one of them is there.
///
/// # Errors
/// Docker is missing or does not answer.
pub async fn of(host: &Host) -> Result<Status, ComposeError> {
    let containers = docker::inspect_each(host.compose.containers().await?).await?;
    let mut expected = host.compose.services(&[]).await?;
    if containers
        .iter()
        .any(|(container, _)| !expected.contains(&container.service))
    {
        expected = host.compose.services(&[LOCAL_PROFILE]).await?;
    }
    let rows: Vec<_> = expected
        .iter()
        .map(|service| {
            let found = containers.iter().find(|(container, _)| container.service == *service);
            found.map_or_else(
                || absent(service),
                |(container, inspected)| row(container, inspected.as_ref()),
            )
        })
        .collect();
    Ok(Status {
        well: rows.iter().all(|row| row.well),
        containers: rows,
    })
}

fn absent(service: &str) -> ContainerStatus {
    ContainerStatus {
        service: service.to_owned(),
        well: false,
        state: "absent".to_owned(),
        health: None,
        since: None,
        restarts: 0,
        image: None,
        reason: Some("there is no container; `monitor up` makes it".to_owned()),
    }
}

fn row(container: &Container, inspected: Option<&Inspected>) -> ContainerStatus {
    let well = container.is_healthy();
    let since = inspected.map(|inspected| match inspected.state.status.as_str() {
        "exited" | "dead" | "restarting" => inspected.state.finished_at.clone(),
        _ => inspected.state.started_at.clone(),
    });
    ContainerStatus {
        service: container.service.clone(),
        well,
        state: container.state.clone(),
        health: Some(container.health.clone()).filter(|health| !health.is_empty()),
        since,
        restarts: inspected.map_or(0, |inspected| inspected.restart_count),
        image: Some(container.image.clone()),
        reason: (!well).then(|| reason(container, inspected)),
    }
}

fn reason(container: &Container, inspected: Option<&Inspected>) -> String {
    let state = inspected.map(|inspected| &inspected.state);
    let ended = |status: i64| {
        let cause = match state {
            Some(state) if state.out_of_memory => " for want of memory",
            _ if status == 137 => " (killed)",
            _ => "",
        };
        format!(
            "it ended with status {status}{cause}; `monitor logs {}` says more, `monitor up` starts it",
            container.service
        )
    };
    match (container.state.as_str(), container.health.as_str()) {
        ("exited" | "dead", _) => ended(container.exit_code),
        ("restarting", _) => format!(
            "it ends again and again, last with status {}; see `monitor logs {}`",
            container.exit_code, container.service
        ),
        // Between two ends, it looks for an instant as if it ran.
        ("running", "" | "starting") if inspected.is_some_and(|inspected| inspected.restart_count > 0) => format!(
            "it ends again and again, and is starting once more; see `monitor logs {}`",
            container.service
        ),
        ("paused", _) => "it is paused; `monitor up` lets it go on".to_owned(),
        (_, "starting") => "it is starting; give it a minute".to_owned(),
        (_, "unhealthy") => {
            let complaint = inspected.and_then(Inspected::health_complaint);
            let complaint = complaint.filter(|complaint| !complaint.is_empty());
            format!(
                "its health check fails: {}; see `monitor logs {}`",
                complaint.map_or_else(|| "it gave no reason".to_owned(), |text| without_controls(&text)),
                container.service
            )
        }
        (state, _) => format!("it is {state}; `monitor up` starts it"),
    }
}
