//! What a check may come to.

use serde::Serialize;

use crate::http::HttpError;

/// How a check ended, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Something does not work.
    Failed,
    /// Something works now and will not for long, or is not as it should be.
    Warning,
    /// It could not be looked at, or does not apply here.
    Skipped,
    /// All is well.
    Ok,
}

/// How bad a fault is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something does not work.
    Failed,
    /// Something works now and will not for long, or is not as it should be.
    Warning,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// How bad it is.
    pub severity: Severity,
    /// What was seen.
    pub seen: String,
    /// What to do about it.
    pub advice: String,
    /// Whether it is in the data, which a new host would take over.
    #[serde(skip)]
    pub is_in_data: bool,
}

impl Fault {
    /// Something that does not work.
    pub fn failed(seen: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            severity: Severity::Failed,
            seen: seen.into(),
            advice: advice.into(),
            is_in_data: false,
        }
    }

    /// The same fault, which a new host would take over with the data.
    #[must_use]
    pub fn in_data(mut self) -> Self {
        self.is_in_data = true;
        self
    }

    /// Something that works for now.
    pub fn warning(seen: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::failed(seen, advice)
        }
    }
}

/// What a check saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub(super) seen: String,
    pub(super) faults: Vec<Fault>,
    skipped: bool,
}

impl Verdict {
    /// All is well, unless `faults` has something.
    pub fn new(seen: impl Into<String>, mut faults: Vec<Fault>) -> Self {
        faults.sort_by_key(|fault| fault.severity);
        Self {
            seen: seen.into(),
            faults,
            skipped: false,
        }
    }

    /// All is well.
    pub fn ok(seen: impl Into<String>) -> Self {
        Self::new(seen, Vec::new())
    }

    /// One thing does not work.
    pub fn failed(seen: impl Into<String>, advice: impl Into<String>) -> Self {
        Fault::failed(seen, advice).into()
    }

    /// How the check ended.
    pub fn outcome(&self) -> Outcome {
        match self.faults.first().map(|fault| fault.severity) {
            Some(Severity::Failed) => Outcome::Failed,
            Some(Severity::Warning) => Outcome::Warning,
            None if self.skipped => Outcome::Skipped,
            None => Outcome::Ok,
        }
    }
}

impl From<Fault> for Verdict {
    fn from(fault: Fault) -> Self {
        Self::new(fault.seen.clone(), vec![fault])
    }
}

/// Why a check ends before it has seen everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It cannot be done, or does not apply here; and why.
    Skip(String),
    /// It found what makes the rest pointless.
    Fault(Fault),
}

impl Stop {
    /// It cannot be done, or does not apply here.
    pub fn skip(reason: impl Into<String>) -> Self {
        Self::Skip(reason.into())
    }
}

impl From<Stop> for Verdict {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Skip(reason) => Self {
                seen: reason,
                faults: Vec::new(),
                skipped: true,
            },
            Stop::Fault(fault) => fault.into(),
        }
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// A server that was asked something by a check; that it can be reached at all is the fault of another check.
impl From<HttpError> for Stop {
    fn from(error: HttpError) -> Self {
        let server = match &error {
            HttpError::Unreachable { server, .. }
            | HttpError::Refused { server, .. }
            | HttpError::Unreadable { server, .. } => *server,
        };
        Self::Fault(Fault::failed(
            error.to_string(),
            format!("see what it says itself: `monitor logs {server}`"),
        ))
    }
}
