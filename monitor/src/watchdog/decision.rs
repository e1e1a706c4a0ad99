//! What is to be done about what the checks found: a function of what is known, and of nothing else.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::doctor::{Cure, Outcome, Report, Severity, cure_of};
use crate::program::last_lines;

/// How long a fault lasts before `monitor up` is tried.
pub(super) const REPAIR_AFTER: Duration = Duration::from_secs(3 * 60);
/// How long it lasts, in spite of that, before another host is asked for.
pub(super) const REPLACE_AFTER: Duration = Duration::from_secs(15 * 60);
/// Time between two requests for another host, whichever hosts make them.
pub(super) const BETWEEN_REQUESTS: Duration = Duration::from_secs(3600);
/// Time without a look after which nothing is known of how long a fault has lasted.
pub(super) const LONGEST_GAP: Duration = Duration::from_secs(5 * 60);

/// Checks of which each explains why servers fail, and whose causes come along to a new host.
const EXPLANATIONS: &[&str] = &["settings", "disk", "secrets"];
/// While this one fails nobody is asked for another host, whatever else fails.
const DISK: &str = "disk";

/// A check that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failed {
    /// Its name.
    pub(super) check: String,
    /// What a new host would change.
    pub(super) cure: Cure,
    /// What it saw.
    pub(super) seen: String,
}

impl Failed {
    /// Those of a report.
    pub(super) fn of(report: &Report) -> Vec<Self> {
        let failed = report.checks.iter().filter(|check| check.outcome == Outcome::Failed);
        let failed = failed.map(|check| {
            let mut faults = check.faults.iter().filter(|fault| fault.severity == Severity::Failed);
            Self {
                check: check.name.to_owned(),
                cure: if faults.all(|fault| fault.is_in_data) {
                    Cure::None
                } else {
                    cure_of(check.name)
                },
                seen: last_lines(&check.seen.replace('\n', " "), 1).concat(),
            }
        });
        failed.collect()
    }

    /// Whether the same would cure the same check.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        (&self.check, self.cure) == (&other.check, other.cure)
    }
}

/// How things are now.
#[derive(Clone, Debug)]
pub(super) struct View<'a> {
    /// Checks that failed.
    pub(super) failed: &'a [Failed],
    /// What is wrong with the data folder, where it has a volume of its own.
    pub(super) data_fault: Option<&'a str>,
    /// Time since boot.
    pub(super) uptime: Duration,
}

impl View<'_> {
    /// What explains failing servers, and would come along to a new host.
    fn explanations(&self) -> Vec<String> {
        let named = |name: &&str| self.failed.iter().any(|failed| failed.check == **name);
        let named = EXPLANATIONS.iter().filter(|name| named(name));
        let named = named.map(|name| format!("the check {name} fails"));
        self.data_fault.map(str::to_owned).into_iter().chain(named).collect()
    }

    /// Checks whose failure a new host would cure.
    pub(super) fn curable(&self) -> Vec<&str> {
        if self.failed.iter().any(|failed| failed.check == DISK) {
            return Vec::new();
        }
        let data_is_well = self.explanations().is_empty();
        let curable = self.failed.iter().filter(|failed| match failed.cure {
            Cure::NewHost => true,
            Cure::NewHostIfDataIsWell => data_is_well,
            Cure::None => false,
        });
        curable.map(|failed| failed.check.as_str()).collect()
    }
}

/// What is kept from one look to the next, in seconds since boot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    /// When things were looked at.
    pub(super) looked_at: Option<i64>,
    /// Since when each check has failed whose failure a new host would cure.
    pub(super) failing_since: BTreeMap<String, i64>,
    /// When `monitor up` was tried, while any of them fails.
    pub(super) repaired_at: Option<i64>,
    /// When another host was asked for.
    pub(super) asked_at: Option<i64>,
}

/// What is known of the last request for another host, of whichever host it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum LastRequest {
    /// There was none.
    None,
    /// It was made that long ago.
    Ago(Duration),
    /// Its record is from the future, by the clock of this host.
    InFuture,
    /// Its record says nothing; and why.
    Unreadable(String),
    /// There is no place for records, so the next host could not know of this one's request; and why.
    Unrecordable(String),
    /// There is nobody to ask; and why.
    NobodyToAsk(String),
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Nothing failed.
    Well,
    /// What failed would fail on a new host too; why, where servers are among it.
    NotCurable(Vec<String>),
    /// It has not lasted long enough.
    Watch,
    /// `monitor up`.
    Repair,
    /// Ask for another host.
    Ask,
    /// Another host would be asked for, but must not be; and why.
    Hold(String),
}

/// Decides; gives what is to be kept for the next look.
pub(super) fn decide(view: &View<'_>, before: &State, last: &LastRequest) -> (Decision, State) {
    let now = seconds(view.uptime);
    let mut state = State {
        looked_at: Some(now),
        asked_at: before.asked_at,
        ..State::default()
    };
    if view.failed.is_empty() {
        return (Decision::Well, state);
    }
    let curable = view.curable();
    if curable.is_empty() {
        return (Decision::NotCurable(view.explanations()), state);
    }
    let is_continued = before
        .looked_at
        .is_some_and(|looked_at| (0..=seconds(LONGEST_GAP)).contains(&(now - looked_at)));
    let since = |check: &str| before.failing_since.get(check).filter(|_| is_continued).copied();
    state.failing_since = curable
        .iter()
        .map(|check| ((*check).to_owned(), since(check).unwrap_or(now).min(now)))
        .collect();
    state.repaired_at = before.repaired_at.filter(|_| is_continued);
    let lasted = lasted(&state, now);
    let decision = match state.repaired_at {
        None if lasted >= seconds(REPAIR_AFTER) => {
            state.repaired_at = Some(now);
            Decision::Repair
        }
        Some(_) if lasted >= seconds(REPLACE_AFTER) => match refusal(last, view.uptime, before.asked_at) {
            None => {
                state.asked_at = Some(now);
                Decision::Ask
            }
            Some(reason) => Decision::Hold(reason),
        },
        _ => Decision::Watch,
    };
    (decision, state)
}

/// Seconds that the longest of the faults has lasted.
pub(super) fn lasted(state: &State, now: i64) -> i64 {
    let since = state.failing_since.values().min();
    since.map_or(0, |since| now - since)
}

/// Why no other host may be asked for now.
fn refusal(last: &LastRequest, uptime: Duration, asked_at: Option<i64>) -> Option<String> {
    let asked_recently = asked_at.is_some_and(|at| seconds(uptime) - at < seconds(BETWEEN_REQUESTS));
    match last {
        LastRequest::None => None,
        LastRequest::Ago(ago) if *ago >= BETWEEN_REQUESTS => None,
        LastRequest::Ago(ago) => Some(format!(
            "one was asked for {} ago, and the next may be in {} min",
            minutes(*ago),
            (BETWEEN_REQUESTS - *ago).as_secs().div_ceil(60)
        )),
        LastRequest::InFuture => {
            Some("the record of the last request is of the future: the clock is wrong, or was".to_owned())
        }
        // Whatever host made a request was there before this one.
        LastRequest::Unreadable(_) if uptime >= BETWEEN_REQUESTS && !asked_recently => None,
        LastRequest::Unreadable(reason) | LastRequest::Unrecordable(reason) | LastRequest::NobodyToAsk(reason) => {
            Some(reason.clone())
        }
    }
}

/// Whole minutes that have passed.
pub(super) fn minutes(duration: Duration) -> String {
    format!("{} min", duration.as_secs() / 60)
}

/// Since boot; no machine runs for long enough for this to be cut.
pub(super) fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
