//! Tells whether the host works, check by check: what was expected, what was seen, what to do.
//!
//! Checks run beside each other, each with its own time limit, so a server that hangs costs its own checks alone. A
//! server that does not answer is the fault of one check; those that need it are skipped and name that check.

mod alert_rules;
mod backups;
mod buckets;
mod catalogue;
mod certificates;
mod clock;
mod collector_health;
mod containers;
mod context;
mod cure;
mod dashboards;
mod data_sources;
mod disk;
mod docker;
mod export;
mod files;
pub(crate) mod host_settings;
mod images;
pub(crate) mod memory;
mod otlp_ports;
mod panel_queries;
mod root_disk;
mod round_trip;
mod secret_files;
pub(crate) mod series;
mod servers;
mod tokens;
mod units;
mod verdict;

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::task::JoinSet;

pub use catalogue::{CHECKS, Check, names};
pub use context::{Context, Depth};
pub use cure::{Cure, cure_of};
pub use export::export;
pub use verdict::{Fault, Outcome, Severity, Stop, Verdict};

/// What a check found.
#[derive(Clone, Debug, Serialize)]
pub struct CheckReport {
    /// Its name.
    pub name: &'static str,
    /// What it is about.
    pub group: &'static str,
    /// How it ended.
    pub outcome: Outcome,
    /// What it expects.
    pub expected: &'static str,
    /// What it saw; of a skipped check, why it was.
    pub seen: String,
    /// What is wrong, the worst first; empty where nothing is.
    pub faults: Vec<Fault>,
    /// Seconds that it took.
    pub duration_s: f64,
}

/// What all checks found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Whether no check failed.
    pub healthy: bool,
    /// Which checks were meant to run.
    pub depth: Depth,
    /// Seconds that all of it took.
    pub duration_s: f64,
    /// By outcome, the worst first, then in the order of [`CHECKS`].
    pub checks: Vec<CheckReport>,
}

impl Report {
    /// Number of checks with that outcome.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.checks.iter().filter(|check| check.outcome == outcome).count()
    }
}

/// Runs the checks that `is_wanted`; tells `finished` of each that has ended and of those that have not.
pub async fn run(
    context: &Arc<Context>,
    is_wanted: impl Fn(&Check) -> bool,
    mut finished: impl FnMut(&CheckReport, &[&'static str]),
) -> Report {
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    let mut running = Vec::new();
    for (position, check) in CHECKS.iter().enumerate() {
        if check.belongs_to(context.depth()) && is_wanted(check) {
            let context = Arc::clone(context);
            // A task of its own inside, so that a check that breaks off is a finding like any other.
            tasks.spawn(async move { (position, bounded(check, context).await) });
            running.push(check.name);
        }
    }
    let mut reports = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        // Never an error: nothing aborts these tasks, and what may panic runs inside them.
        if let Ok((position, report)) = ended {
            running.retain(|name| *name != report.name);
            finished(&report, &running);
            reports.push((position, report));
        }
    }
    reports.sort_by_key(|(position, report)| (report.outcome, *position));
    let checks: Vec<_> = reports.into_iter().map(|(_, report)| report).collect();
    Report {
        healthy: checks.iter().all(|check| check.outcome != Outcome::Failed),
        depth: context.depth(),
        duration_s: began.elapsed().as_secs_f64(),
        checks,
    }
}

async fn bounded(check: &'static Check, context: Arc<Context>) -> CheckReport {
    let began = Instant::now();
    let limit = check.limit(&context);
    let task = tokio::spawn((check.run)(context));
    let abort = task.abort_handle();
    let verdict = match tokio::time::timeout(limit, task).await {
        Ok(Ok(Ok(verdict))) => verdict,
        Ok(Ok(Err(stop))) => stop.into(),
        Ok(Err(broken)) => Verdict::failed(
            format!("the check broke off ({broken})"),
            "report this with the output of `monitor doctor --json`",
        ),
        Err(_) => {
            abort.abort();
            late(limit)
        }
    };
    CheckReport {
        name: check.name,
        group: check.group,
        outcome: verdict.outcome(),
        expected: check.expected,
        seen: verdict.seen,
        faults: verdict.faults,
        duration_s: began.elapsed().as_secs_f64(),
    }
}

fn late(limit: Duration) -> Verdict {
    Verdict::failed(
        format!("no result within {:.1} s", limit.as_secs_f64()),
        "see whether the host is overloaded (`monitor logs`, load, disk), then run `monitor doctor` again",
    )
}
