//! Runs the quick doctor each minute and acts on what lasts: first `monitor up`, then a new host.
//!
//! The new host comes from the same image and takes over the same data volume, so it cures what is in this machine and
//! nothing else. A full or read-only disk, a missing secret and a wrong setting make servers fail just as a broken
//! machine does, and would come along; while one of them is there, failing servers are no reason for a new host, and
//! with a full disk nothing is. The table in `doctor/cure.rs` says which is which.
//!
//! Every request is recorded on the data volume before it is made, and none is made within an hour of the one before
//! or without such a record, so that no fault makes hosts replace each other for ever. How long faults last is counted
//! in time since boot: the clock may be set meanwhile.

mod decision;
mod replacement;
mod state;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;

use crate::doctor::{self, Context, Depth};
use crate::host::Host;
use crate::interrupt::{Interrupt, Interrupted};
use crate::lock::{Lock, LockError};
use crate::progress::Progress;
use crate::secret_source::SecretSource;
use crate::units::{self, Unit};
use crate::up::{self, UpError};
use decision::{BETWEEN_REQUESTS, Decision, Failed, LastRequest, View, decide, minutes, seconds};
use replacement::Replacement;
use state::StateFile;

pub use replacement::{AUTO_SCALING_GROUP, INSTANCE_ID};

/// How long `monitor up` may take, as by default.
const UP_TIMEOUT: Duration = Duration::from_secs(180);
/// How long the first start after a boot is waited for: longer than `monitor up` takes.
const FIRST_START: Duration = Duration::from_secs(10 * 60);

/// What a run of the watchdog came to.
#[derive(Clone, Debug, Serialize)]
pub struct Run {
    /// What was done.
    pub action: Action,
    /// The same, and why, in a sentence.
    pub message: String,
    /// Checks that failed.
    pub failed: Vec<String>,
    /// Minutes that what a new host would cure has lasted.
    pub lasted_min: Option<i64>,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Nothing was looked at: another command is at work.
    Skipped,
    /// Nothing had to be: no check failed.
    Well,
    /// Nothing yet, or nothing that could be.
    Watched,
    /// `monitor up` was tried.
    Repaired,
    /// AWS was asked for another host.
    Asked,
    /// Another host was due, and was not asked for, or AWS refused.
    Held,
}

/// Looks, decides and acts.
///
/// # Errors
/// Somebody asked to end.
pub async fn run(
    host: &Host,
    state_file: PathBuf,
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<Run, Interrupted> {
    let watchdog = Watchdog {
        host,
        state_file: StateFile::new(state_file),
        progress,
        replacement: Replacement::of(&host.layout, &host.settings),
        // Of a systemd that does not answer the check `units` tells.
        units: interrupt.during(units::all()).await?.unwrap_or_default(),
    };
    watchdog.run(interrupt).await
}

struct Watchdog<'a> {
    host: &'a Host,
    state_file: StateFile,
    progress: &'a Progress,
    replacement: Replacement,
    units: Vec<Unit>,
}

impl Watchdog<'_> {
    async fn run(&self, interrupt: &Interrupt) -> Result<Run, Interrupted> {
        if let Some(reason) = self.others_at_work() {
            return Ok(skipped(reason));
        }
        let mut failed = interrupt.during(self.look(Depth::Quick, |_| true)).await?;
        let data_fault = self.data_fault().await;
        let last = self.replacement.last(data_fault.as_deref(), SystemTime::now());
        let before = self.state_file.read().unwrap_or_else(|complaint| {
            self.progress.line(&complaint);
            None
        });
        let before = before.unwrap_or_default();
        let mut uptime = uptime();
        let mut view = View {
            failed: &failed,
            data_fault: data_fault.as_deref(),
            uptime,
        };
        let (mut decision, mut state) = decide(&view, &before, &last);
        if matches!(decision, Decision::Repair | Decision::Ask) {
            // With more patience: a server that is slow is not broken.
            let suspects: Vec<_> = view.curable().into_iter().map(str::to_owned).collect();
            let is_suspect = |check: &str| suspects.iter().any(|name| name == check);
            let confirmed = interrupt.during(self.look(Depth::Full, is_suspect)).await?;
            failed.retain(|one| !is_suspect(&one.check) || confirmed.iter().any(|other| other.is_same(one)));
            uptime = self::uptime();
            view = View {
                failed: &failed,
                data_fault: data_fault.as_deref(),
                uptime,
            };
            (decision, state) = decide(&view, &before, &last);
        }
        // Before anything is done: whatever becomes of this run, the next must not do it again.
        if let Err(complaint) = self.state_file.write(&state) {
            self.progress.line(&complaint);
        }
        let lasted = decision::lasted(&state, seconds(uptime));
        let names: Vec<_> = failed.iter().map(|failed| failed.check.clone()).collect();
        let (action, message) = self.act(decision, &view, lasted, interrupt).await?;
        match action {
            // It took its time.
            Action::Repaired => state.looked_at = Some(seconds(self::uptime())),
            // Another command was quicker, so nothing was done.
            Action::Skipped => state = before,
            Action::Well | Action::Watched | Action::Asked | Action::Held => {}
        }
        // What it complains of was told.
        let _ = self.state_file.write(&state);
        Ok(Run {
            action,
            message,
            failed: names,
            lasted_min: (!state.failing_since.is_empty()).then_some(lasted / 60),
        })
    }

    async fn act(
        &self,
        decision: Decision,
        view: &View<'_>,
        lasted: i64,
        interrupt: &Interrupt,
    ) -> Result<(Action, String), Interrupted> {
        let names: Vec<_> = view.failed.iter().map(|failed| failed.check.as_str()).collect();
        let told = match names.len() {
            1 => format!("1 check failed ({})", names.join(", ")),
            count => format!("{count} checks failed ({})", names.join(", ")),
        };
        let since = minutes(Duration::from_secs(lasted.unsigned_abs()));
        Ok(match decision {
            Decision::Well => (Action::Well, "well".to_owned()),
            Decision::NotCurable(reasons) => {
                let reasons = match reasons.as_slice() {
                    [] => String::new(),
                    reasons => format!(" ({})", reasons.join("; ")),
                };
                let message = format!("{told}; a new host would not cure it{reasons}: see `monitor doctor`");
                (Action::Watched, message)
            }
            Decision::Watch => (Action::Watched, format!("{told}, watching for {since}")),
            Decision::Repair => self.repair(&told, &since, interrupt).await?,
            Decision::Ask => self.ask(view, &since).await,
            Decision::Hold(reason) => (
                Action::Held,
                format!("{told} for {since}; no other host is asked for: {reason}"),
            ),
        })
    }

    async fn repair(&self, told: &str, since: &str, interrupt: &Interrupt) -> Result<(Action, String), Interrupted> {
        self.progress.line(&format!("{told} for {since}: trying monitor up"));
        let message = match self.up(interrupt).await {
            Ok(()) => {
                units::start_stack(&self.units).await;
                "it brought everything up".to_owned()
            }
            Err(UpError::Interrupted(interrupted)) => return Err(interrupted),
            Err(UpError::Lock(LockError::Held { .. })) if self.stack_holds_the_lock() => {
                format!("{} is at it already", units::STACK)
            }
            Err(UpError::Lock(LockError::Held { holder })) => return Ok(at_work(&holder)),
            Err(error) => format!("it could not: {}", error.to_string().replace("\nerror: ", "; ")),
        };
        Ok((
            Action::Repaired,
            format!("{told} for {since}; tried monitor up: {message}"),
        ))
    }

    async fn up(&self, interrupt: &Interrupt) -> Result<(), UpError> {
        let request = up::Request {
            local: false,
            timeout: UP_TIMEOUT,
            skipped: Vec::new(),
            source: SecretSource::of(&self.host.settings)?,
        };
        up::up(self.host, &request, interrupt, self.progress).await?;
        Ok(())
    }

    async fn ask(&self, view: &View<'_>, since: &str) -> (Action, String) {
        let curable = view.curable();
        let seen = view
            .failed
            .iter()
            .filter(|failed| curable.contains(&failed.check.as_str()));
        let seen: Vec<_> = seen.map(|failed| failed.seen.as_str()).collect();
        let reason = format!(
            "{} failed for {since} in spite of monitor up: {}",
            curable.join(", "),
            seen.join("; ")
        );
        let held = |refusal: &dyn std::fmt::Display| {
            (Action::Held, format!("no other host is asked for: {refusal}; {reason}"))
        };
        // A backup or a restore that begins now waits for nobody.
        let lock = match Lock::take(&self.host.layout) {
            Ok(lock) => Some(lock),
            Err(LockError::Held { .. }) if self.stack_holds_the_lock() => None,
            Err(LockError::Held { holder }) => return at_work(&holder),
            Err(error) => return held(&error),
        };
        // Another run may have asked between the look and the lock.
        let now = SystemTime::now();
        if let LastRequest::Ago(ago) = self.replacement.last(view.data_fault, now)
            && ago < BETWEEN_REQUESTS
        {
            return held(&format!("one was asked for {} ago", minutes(ago)));
        }
        let answer = self.replacement.ask(&reason, now).await;
        drop(lock);
        match answer {
            Ok(()) => (Action::Asked, format!("asked AWS for another host: {reason}")),
            Err(error) => held(&error),
        }
    }

    /// Checks that failed; a quick look also sends what it found to the collector.
    async fn look(&self, depth: Depth, is_wanted: impl Fn(&str) -> bool) -> Vec<Failed> {
        let context = Arc::new(Context::new(self.host.clone(), depth));
        let report = doctor::run(&context, |check| is_wanted(check.name), |_, _| {}).await;
        if depth == Depth::Quick {
            doctor::export(&context, &report).await;
        }
        Failed::of(&report)
    }

    /// Only hosts that can be replaced have a volume of their own for their data.
    async fn data_fault(&self) -> Option<String> {
        self.host.settings.get(AUTO_SCALING_GROUP)?;
        replacement::data_fault(self.host.layout.data()).await
    }

    fn others_at_work(&self) -> Option<String> {
        let stack = self.stack();
        if stack.is_some_and(|stack| stack.is_first_start() && stack.age().is_none_or(|age| age < FIRST_START)) {
            return Some(format!("{} is still starting", units::STACK));
        }
        let holder = Lock::holder(&self.host.layout)?;
        (!self.is_stack(&holder)).then(|| at_work(&holder).1)
    }

    /// It brings the servers up again and again where they do not come up, and holds the lock most of the time.
    fn stack_holds_the_lock(&self) -> bool {
        Lock::holder(&self.host.layout).is_some_and(|holder| self.is_stack(&holder))
    }

    fn is_stack(&self, holder: &str) -> bool {
        let process = self.stack().and_then(|stack| stack.main_process);
        process.is_some_and(|process| process.to_string() == holder)
    }

    fn stack(&self) -> Option<&Unit> {
        self.units.iter().find(|unit| unit.name == units::STACK)
    }
}

fn at_work(holder: &str) -> (Action, String) {
    (
        Action::Skipped,
        format!("another `monitor` (process {holder}) is changing this host"),
    )
}

fn skipped(reason: String) -> Run {
    Run {
        action: Action::Skipped,
        message: reason,
        failed: Vec::new(),
        lasted_min: None,
    }
}

/// Time since boot, sleep included.
fn uptime() -> Duration {
    let since = clock_gettime(ClockId::Boottime);
    Duration::from_secs(since.tv_sec.unsigned_abs())
}
