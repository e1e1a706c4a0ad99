//! The systemd units of this host: how each is, and of one that failed or is at work what it said last.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use futures_util::future::join_all;
use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;
use tokio::process::Command;

use crate::program::{self, ProgramError};

/// Brings the servers up.
pub const STACK: &str = "marketboro-stack.service";
/// Names of this host's units.
const PATTERNS: [&str; 2] = ["marketboro-*", "var-lib-marketboro.mount"];
/// There where systemd is the init system (`sd_booted(3)`).
const BOOTED: &str = "/run/systemd/system";
const PROPERTIES: &str = "--property=Id,LoadState,LoadError,ActiveState,SubState,Result,ExecMainStatus,InvocationID,\
    NRestarts,MainPID,Job,InactiveExitTimestampMonotonic";
/// Longer than systemd and its journal take for an answer.
const TIMEOUT: Duration = Duration::from_secs(3);
/// Lines that a unit said last.
const LOG_LINES: usize = 3;
/// Units whose last lines are looked up.
const MOST_LOGS: usize = 16;

/// A unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unit {
    /// Its name.
    pub name: String,
    /// How it is.
    pub condition: Condition,
    /// As systemd says it: `ActiveState (SubState)`.
    pub state: String,
    /// Why it failed.
    pub reason: Option<String>,
    /// What it said last before it failed, or in this boot while it is being started; oldest first.
    pub log: Vec<String>,
    /// Its main process, while there is one.
    #[serde(skip)]
    pub main_process: Option<u32>,
    /// How often systemd started it again by itself.
    #[serde(skip)]
    pub restarts: u64,
    /// When it began to start, since boot, in time that stands still while the machine sleeps.
    #[serde(skip)]
    pub began: Option<Duration>,
    #[serde(skip)]
    invocation: String,
}

impl Unit {
    /// Whether it is being started for the first time since boot.
    pub fn is_first_start(&self) -> bool {
        self.condition == Condition::Starting && self.restarts == 0
    }

    /// Time since it began to start; none of one that waits for its turn.
    pub fn age(&self) -> Option<Duration> {
        let now = clock_gettime(ClockId::Monotonic);
        Duration::from_secs(now.tv_sec.unsigned_abs()).checked_sub(self.began?)
    }
}

/// How a unit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Condition {
    /// It did not do what it is for; systemd may try it again.
    Failed,
    /// It is being started, or waits for its turn.
    Starting,
    /// It runs, is done and stays so, or waits for its time.
    Active,
    /// It does not run: it was not asked to, or has done its work.
    Inactive,
}

/// systemd is there and cannot be asked.
#[derive(Debug, thiserror::Error)]
#[error("{0}; see whether systemd is overloaded: `systemctl list-jobs`")]
pub struct UnitsError(#[from] ProgramError);

/// Every unit of this host that systemd knows, the failed first; none where there is no systemd.
///
/// # Errors
/// systemd does not answer.
pub async fn all() -> Result<Vec<Unit>, UnitsError> {
    if !Path::new(BOOTED).is_dir() {
        return Ok(Vec::new());
    }
    let mut command = Command::new("systemctl");
    command.args(["show", "--no-pager", PROPERTIES, "--"]).args(PATTERNS);
    let mut units = parse(&program::output(command, TIMEOUT).await?);
    let with_log = |unit: &&mut Unit| matches!(unit.condition, Condition::Failed | Condition::Starting);
    join_all(units.iter_mut().filter(with_log).take(MOST_LOGS).map(add_log)).await;
    Ok(units)
}

/// Has the unit of the stack started where it was given up, now that the servers are up: it finds them as they should be,
/// and stops them in good order when the machine goes down.
pub async fn start_stack(units: &[Unit]) {
    let is_given_up = |unit: &Unit| matches!(unit.condition, Condition::Failed | Condition::Inactive);
    if !units.iter().any(|unit| unit.name == STACK && is_given_up(unit)) {
        return;
    }
    for arguments in [&["reset-failed", STACK][..], &["start", "--no-block", STACK]] {
        let mut command = Command::new("systemctl");
        command.args(arguments);
        // Where it fails the check `units` tells of it.
        let _ = program::output(command, TIMEOUT).await;
    }
}

/// What the failed run of the unit said, or what one that is being started waits for, of an earlier try where this one
/// has said nothing yet; without the journal the reason has to do.
async fn add_log(unit: &mut Unit) {
    if unit.invocation.is_empty() {
        return;
    }
    let mut command = Command::new("journalctl");
    if unit.condition == Condition::Failed {
        command.arg(format!("_SYSTEMD_INVOCATION_ID={}", unit.invocation));
    } else {
        command.arg("--boot").arg(format!("_SYSTEMD_UNIT={}", unit.name));
    }
    command
        .args(["--output=cat", "--no-pager", "--quiet"])
        .arg(format!("--lines={LOG_LINES}"));
    if let Ok(text) = program::output(command, TIMEOUT).await {
        unit.log = program::last_lines(&text, LOG_LINES);
    }
}

/// A block of `Name=value` lines for each unit, blank lines between.
pub(crate) fn parse(text: &str) -> Vec<Unit> {
    let mut units: Vec<_> = text.split("\n\n").filter_map(unit).collect();
    units.sort_by_key(|unit| (unit.condition != Condition::Failed, unit.name.clone()));
    units.dedup_by(|one, other| one.name == other.name);
    units
}

/// Nothing of one that there is not, or that somebody masked.
fn unit(block: &str) -> Option<Unit> {
    let properties: BTreeMap<&str, &str> = block.lines().filter_map(|line| line.split_once('=')).collect();
    let of = |name: &str| properties.get(name).copied().unwrap_or_default();
    let number = |name: &str| of(name).parse::<u32>().ok().filter(|number| *number > 0);
    let (load, active, sub) = (of("LoadState"), of("ActiveState"), of("SubState"));
    let condition = match (load, active, sub) {
        ("not-found" | "masked" | "", ..) => return None,
        ("error" | "bad-setting", ..) | (_, "failed", _) | (_, "activating", "auto-restart") => Condition::Failed,
        (_, "activating", _) => Condition::Starting,
        (_, "inactive", _) if number("Job").is_some() => Condition::Starting,
        (_, "inactive" | "deactivating", _) => Condition::Inactive,
        _ => Condition::Active,
    };
    Some(Unit {
        name: of("Id").to_owned(),
        condition,
        state: format!("{active} ({sub})"),
        reason: (condition == Condition::Failed)
            .then(|| reason(load, of("LoadError"), of("Result"), of("ExecMainStatus"))),
        log: Vec::new(),
        main_process: number("MainPID"),
        restarts: number("NRestarts").map_or(0, u64::from),
        began: of("InactiveExitTimestampMonotonic")
            .parse()
            .ok()
            .filter(|began| *began > 0)
            .map(Duration::from_micros),
        invocation: of("InvocationID").to_owned(),
    })
    .filter(|unit| !unit.name.is_empty())
}

fn reason(load: &str, load_error: &str, result: &str, status: &str) -> String {
    if load != "loaded" {
        return format!("its file cannot be used ({load}) {load_error}")
            .trim_end()
            .to_owned();
    }
    match result {
        "exit-code" => format!("it ended with status {status}"),
        "timeout" => "it took too long".to_owned(),
        "signal" | "core-dump" => format!("it was killed by signal {status}"),
        "oom-kill" => "it was killed for want of memory".to_owned(),
        "start-limit-hit" => "it failed so often that systemd gave up".to_owned(),
        "watchdog" => "it gave no sign of life".to_owned(),
        other => format!("systemd says: {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(properties: &str) -> Unit {
        let block = format!("Id=marketboro-x.service\nLoadState=loaded\n{properties}");
        let mut units = parse(&block);
        assert_eq!(units.len(), 1, "{block}");
        units.remove(0)
    }

    #[test]
    fn a_unit_is_as_systemd_says() {
        for (properties, condition) in [
            ("ActiveState=failed\nSubState=failed\nResult=timeout", Condition::Failed),
            ("ActiveState=activating\nSubState=start", Condition::Starting),
            (
                "ActiveState=activating\nSubState=auto-restart\nResult=exit-code",
                Condition::Failed,
            ),
            ("ActiveState=inactive\nSubState=dead\nJob=241", Condition::Starting),
            ("ActiveState=inactive\nSubState=dead\nJob=0", Condition::Inactive),
            ("ActiveState=active\nSubState=exited\nResult=success", Condition::Active),
            ("ActiveState=active\nSubState=waiting", Condition::Active),
        ] {
            assert_eq!(only(properties).condition, condition, "{properties}");
        }
    }

    #[test]
    fn one_that_there_is_not_is_left_out_and_one_that_cannot_be_read_has_failed() {
        assert_eq!(
            parse("Id=var-lib-marketboro.mount\nLoadState=not-found\nActiveState=inactive\n"),
            []
        );
        assert_eq!(parse(""), []);
        let broken = parse("Id=marketboro-x.service\nLoadState=bad-setting\nActiveState=inactive\n");
        assert_eq!(broken[0].condition, Condition::Failed);
    }

    #[test]
    fn only_the_first_start_of_the_stack_counts_as_one() {
        let stack = |restarts: u32| {
            parse(&format!(
                "Id={STACK}\nLoadState=loaded\nActiveState=activating\nSubState=start\nNRestarts={restarts}\n"
            ))
        };
        assert!(stack(0)[0].is_first_start());
        assert!(!stack(1)[0].is_first_start());
    }
}
