//! The containers: running, healthy, of the right image.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::context::Context;
use super::docker::unanswered;
use super::verdict::{Fault, Stop, Verdict};
use crate::compose::{Container, LOCAL_PROFILE, Service};
use crate::docker::{self, Inspected};

/// A container that was started anew within this time, by Docker and not by a person, is worth a look.
const RECENT: Duration = Duration::from_secs(3600);
/// How Docker names an image that has lost its name to another.
const IDENTIFIER: &str = "sha256:";

pub(super) async fn check(context: Arc<Context>) -> Result<Verdict, Stop> {
    let compose = context.compose();
    let inspected = async { docker::inspect_each(compose.containers().await?).await };
    let (always, containers) = tokio::join!(compose.configuration(&[]), inspected);
    let (always, containers) = (always.map_err(unanswered)?, containers.map_err(unanswered)?);
    let is_known = |(container, _): &(Container, _)| always.services.contains_key(&container.service);
    let all = if containers.iter().all(is_known) {
        always.clone()
    } else {
        compose.configuration(&[LOCAL_PROFILE]).await.map_err(unanswered)?
    };
    let mut faults = Vec::new();
    for (name, service) in &all.services {
        let is_optional = !always.services.contains_key(name);
        let mut found = containers
            .iter()
            .filter(|(container, _)| container.service == *name)
            .peekable();
        if found.peek().is_none() && !is_optional {
            faults.push(Fault::failed(
                format!("{name} has no container"),
                "start it with `monitor up`",
            ));
        }
        for (container, inspected) in found {
            faults.extend(state(container, inspected.as_ref(), is_optional));
            if let Some(inspected) = inspected {
                faults.extend(past(container, inspected, is_optional));
                faults.extend(image(name, service, inspected));
            }
        }
    }
    for (container, _) in &containers {
        if !all.services.contains_key(&container.service) {
            faults.push(Fault::warning(
                format!("{} is of no service in compose.yaml", container.name),
                "`monitor up` removes what an older release left behind",
            ));
        }
    }
    let healthy = containers
        .iter()
        .filter(|(container, _)| container.is_healthy())
        .count();
    Ok(Verdict::new(
        format!("{healthy} of {} containers run and are healthy", containers.len()),
        faults,
    ))
}

/// What is wrong with how it is.
fn state(container: &Container, inspected: Option<&Inspected>, is_optional: bool) -> Option<Fault> {
    let name = &container.service;
    let logs = format!("see why: `monitor logs {name}`; then `monitor up` starts it");
    let killed = match inspected {
        Some(inspected) if inspected.state.out_of_memory => ", killed for lack of memory",
        _ => "",
    };
    let starting = || Fault::warning(format!("{name} is starting"), "wait a minute, then look again");
    match (container.state.as_str(), container.health.as_str()) {
        ("running", "unhealthy") => {
            let complaint = inspected.and_then(Inspected::health_complaint);
            let complaint = complaint.map_or_else(String::new, |complaint| format!(": {complaint}"));
            Some(Fault::failed(format!("{name} is unhealthy{complaint}"), logs))
        }
        _ if container.is_healthy() => None,
        ("running", "starting" | "") => Some(starting()),
        // A job of a profile has done its work.
        ("exited", _) if is_optional && container.exit_code == 0 => None,
        ("exited", _) => Some(Fault::failed(
            format!("{name} has ended with status {}{killed}", container.exit_code),
            logs,
        )),
        ("paused", _) => Some(Fault::failed(
            format!("{name} is paused"),
            "if no backup is being taken, `monitor up` lets it go on",
        )),
        ("created", _) => Some(starting()),
        (state, _) => Some(Fault::failed(format!("{name} is {state}{killed}"), logs)),
    }
}

/// What went wrong with it before.
fn past(container: &Container, inspected: &Inspected, is_optional: bool) -> Vec<Fault> {
    let name = &container.service;
    let mut faults = Vec::new();
    if container.state == "running" && inspected.state.out_of_memory {
        faults.push(Fault::warning(
            format!("a process of {name} was killed for lack of memory"),
            "raise mem_limit in compose.yaml, or give the host more memory",
        ));
    }
    let is_recent = humantime::parse_rfc3339(&inspected.state.started_at)
        .is_ok_and(|started| SystemTime::now().duration_since(started).unwrap_or_default() < RECENT);
    if container.state == "running" && inspected.restart_count > 0 && is_recent && !is_optional {
        faults.push(Fault::warning(
            format!(
                "{name} has ended and was started again {} times, the last time within the hour",
                inspected.restart_count
            ),
            format!("see why it ends: `monitor logs {name}`"),
        ));
    }
    faults
}

fn image(name: &str, service: &Service, inspected: &Inspected) -> Option<Fault> {
    let expected = service.image.as_ref()?;
    let seen = &inspected.config.image;
    (seen != expected && !seen.starts_with(IDENTIFIER)).then(|| {
        Fault::failed(
            format!("{name} runs {seen}, compose.yaml names {expected}"),
            "`monitor up` replaces it",
        )
    })
}
