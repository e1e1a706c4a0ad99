//! `monitor status`.

use std::io::Write as _;
use std::time::{Duration, SystemTime};

use monitor::status::{self, ContainerStatus, Status};

use super::{DONE, HostArgs, UNWELL, complain, print_json};

/// Flags of `monitor status`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    host: HostArgs,
}

/// Shows how every container is; gives the exit status.
pub(crate) async fn run(arguments: Arguments, json: bool) -> u8 {
    let host = match arguments.host.host() {
        Ok(host) => host,
        Err(error) => return complain(&error, json),
    };
    match status::of(&host).await {
        Ok(status) => {
            if json {
                print_json(&status);
            } else {
                // A reader that has gone away is no error.
                let _ = std::io::stdout()
                    .lock()
                    .write_all(table(&status, SystemTime::now()).as_bytes());
            }
            if status.well { DONE } else { UNWELL }
        }
        Err(error) => complain(&error, json),
    }
}

fn table(status: &Status, now: SystemTime) -> String {
    let mut rows = vec![["SERVICE", "STATE", "HEALTH", "SINCE", "RESTARTS", "IMAGE"].map(str::to_owned)];
    rows.extend(status.containers.iter().map(|container| cells(container, now)));
    let widths: Vec<usize> = (0..rows[0].len())
        .map(|column| rows.iter().map(|row| row[column].len()).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for row in &rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    let reasons = status
        .containers
        .iter()
        .filter_map(|container| Some((&container.service, container.reason.as_ref()?)));
    for (index, (service, reason)) in reasons.enumerate() {
        if index == 0 {
            text.push('\n');
        }
        text.push_str(&format!("{service}: {reason}\n"));
    }
    text
}

fn cells(container: &ContainerStatus, now: SystemTime) -> [String; 6] {
    let none = || "-".to_owned();
    [
        container.service.clone(),
        container.state.clone(),
        container.health.clone().unwrap_or_else(none),
        container
            .since
            .as_deref()
            .and_then(|since| age(since, now))
            .unwrap_or_else(none),
        container.restarts.to_string(),
        container.image.clone().unwrap_or_else(none),
    ]
}

/// The two largest units of how long ago a time was; none for Docker's time zero, which is never.
fn age(since: &str, now: SystemTime) -> Option<String> {
    let since = humantime::parse_rfc3339_weak(since).ok()?;
    let seconds = now.duration_since(since).unwrap_or_default().as_secs();
    let units: Vec<_> = humantime::format_duration(Duration::from_secs(seconds))
        .to_string()
        .split(' ')
        .take(2)
        .map(str::to_owned)
        .collect();
    Some(units.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_well_is_explained_below_the_table() {
        let now = humantime::parse_rfc3339("2026-11-25T09:03:12Z").unwrap();
        let container = |service: &str, reason: Option<&str>| ContainerStatus {
            service: service.to_owned(),
            well: reason.is_none(),
            state: "running".to_owned(),
            health: Some("healthy".to_owned()),
            since: Some("2026-11-25T08:00:00.123456789Z".to_owned()),
            restarts: 2,
            image: Some("image:1".to_owned()),
            reason: reason.map(str::to_owned),
        };
        let status = Status {
            well: false,
            containers: vec![
                container("grafana", None),
                container("otel-collector", Some("it is paused")),
            ],
        };
        assert_eq!(
            table(&status, now),
            "SERVICE         STATE    HEALTH   SINCE  RESTARTS  IMAGE\n\
             grafana         running  healthy  1h 3m  2         image:1\n\
             otel-collector  running  healthy  1h 3m  2         image:1\n\
             \n\
             otel-collector: it is paused\n"
        );
    }

    #[test]
    fn what_never_ran_has_no_age() {
        assert_eq!(age("0001-01-01T00:00:00Z", SystemTime::now()), None);
    }
}
