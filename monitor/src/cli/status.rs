//! `monitor status`.

use std::io::Write as _;
use std::time::{Duration, SystemTime};

use monitor::status::{self, ContainerStatus, Status};
use monitor::units::{self, Condition, Unit};
use serde::Serialize;

use super::{CommandError, DONE, HostArgs, UNWELL, print_json};

/// Flags of `monitor status`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    host: HostArgs,
}

/// What is shown as JSON.
#[derive(Serialize)]
struct Shown<'a> {
    well: bool,
    units: &'a [Unit],
    containers: &'a [ContainerStatus],
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Shows how every unit and container is; gives the exit status.
pub(crate) async fn run(arguments: Arguments, json: bool) -> Result<u8, CommandError> {
    // First, since they say why nothing else can be told.
    let units = units::all().await.unwrap_or_else(|error| {
        let _ = writeln!(std::io::stderr(), "{error}");
        Vec::new()
    });
    if !json && !units.is_empty() {
        print(&format!("{}\n", unit_table(&units)));
    }
    let status = async { Ok::<_, CommandError>(status::of(&arguments.host.host()?).await?) };
    let (well, containers, error) = match status.await {
        Ok(Status { well, containers }) => (well, containers, None),
        Err(error) if units.is_empty() => return Err(error),
        Err(error) => (false, Vec::new(), Some(error.to_string())),
    };
    let well = well && units.iter().all(|unit| unit.condition != Condition::Failed);
    if let Some(error) = &error {
        // Without standard error the exit status has to do.
        let _ = writeln!(std::io::stderr(), "containers cannot be looked at: {error}");
    } else if !json {
        print(&table(&containers, SystemTime::now()));
    }
    if json {
        print_json(&Shown {
            well,
            units: &units,
            containers: &containers,
            error,
        });
    }
    Ok(if well { DONE } else { UNWELL })
}

fn print(text: &str) {
    // A reader that has gone away is no error.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

/// The units, and below them why some failed and what others are at.
fn unit_table(units: &[Unit]) -> String {
    let mut rows = vec![["UNIT", "STATE", "SYSTEMD"].map(str::to_owned)];
    rows.extend(units.iter().map(|unit| {
        let state = match unit.condition {
            Condition::Failed => "failed",
            Condition::Starting => "starting",
            Condition::Active => "active",
            Condition::Inactive => "inactive",
        };
        [unit.name.clone(), state.to_owned(), unit.state.clone()]
    }));
    let mut text = columns(&rows);
    let told = units
        .iter()
        .filter(|unit| unit.reason.is_some() || !unit.log.is_empty());
    for (index, unit) in told.enumerate() {
        if index == 0 {
            text.push('\n');
        }
        let name = &unit.name;
        let reason = unit.reason.as_deref().unwrap_or("it is being started");
        text.push_str(&format!("{name}: {reason}; `journalctl -u {name}` says more\n"));
        for line in &unit.log {
            text.push_str(&format!("  {line}\n"));
        }
    }
    text
}

fn columns<const COUNT: usize>(rows: &[[String; COUNT]]) -> String {
    let widths: Vec<usize> = (0..COUNT)
        .map(|column| rows.iter().map(|row| row[column].len()).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

fn table(containers: &[ContainerStatus], now: SystemTime) -> String {
    let mut rows = vec![["SERVICE", "STATE", "HEALTH", "SINCE", "RESTARTS", "IMAGE"].map(str::to_owned)];
    rows.extend(containers.iter().map(|container| cells(container, now)));
    let mut text = columns(&rows);
    let reasons = containers
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
        let containers = [
            container("grafana", None),
            container("otel-collector", Some("it is paused")),
        ];
        assert_eq!(
            table(&containers, now),
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
