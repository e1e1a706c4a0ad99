//! The systemd units of the host.

use std::sync::Arc;

use super::context::Context;
use super::verdict::{Fault, Stop, Verdict};
use crate::units::{self, Condition, Unit};

/// Units that run the doctor themselves: one that failed because a check failed would keep that check failing.
const RUN_THE_DOCTOR: &[&str] = &[
    "marketboro-watchdog.service",
    "marketboro-doctor.service",
    "marketboro-boot-report.service",
];

pub(super) async fn check(_: Arc<Context>) -> Result<Verdict, Stop> {
    let units = units::all().await.map_err(|error| {
        Fault::failed(
            error.to_string(),
            "see what it waits for, then run `monitor doctor` again",
        )
    })?;
    if units.is_empty() {
        return Err(Stop::skip("systemd runs nothing of this host"));
    }
    let judged: Vec<_> = units
        .iter()
        .filter(|unit| !RUN_THE_DOCTOR.contains(&unit.name.as_str()))
        .collect();
    let failed = judged.iter().filter(|unit| unit.condition == Condition::Failed);
    let faults = failed.map(|unit| fault(unit)).collect();
    let starting: Vec<_> = judged
        .iter()
        .filter(|unit| unit.condition == Condition::Starting)
        .map(|unit| unit.name.as_str())
        .collect();
    let mut seen = format!("{} units, none of which failed", judged.len());
    if !starting.is_empty() {
        seen += &format!("; still starting: {}", starting.join(", "));
    }
    Ok(Verdict::new(seen, faults))
}

fn fault(unit: &Unit) -> Fault {
    let name = &unit.name;
    let reason = unit.reason.as_deref().unwrap_or_default();
    let said = if unit.log.is_empty() {
        String::new()
    } else {
        format!("; it said: {}", unit.log.join(" / "))
    };
    Fault::failed(
        format!("{name} failed: {reason}{said}"),
        format!("mend what it says, then `systemctl restart {name}`; `journalctl -u {name}` shows more"),
    )
}
