//! What a scenario creates at the target before the load, and removes after it.

use super::Engine;
use super::gathering::{Happening, Waited};
use crate::crew::Part;
use crate::observer::RunStage;
use crate::run_error::RunError;
use crate::scenario::CleanUp;
use crate::stage::Stage;
use crate::virtual_user::{Opening, Report};

/// What a scenario created before the load and removed after it.
#[derive(Clone, Debug, Default)]
pub struct Housekeeping {
    /// Items created by set-up.
    pub created: u64,
    /// Items deleted by clean-up, those created under load included.
    pub deleted: u64,
    /// One sentence on what may be left behind; `None` if the target is as it was found.
    pub left_behind: Option<String>,
}

impl Engine<'_> {
    /// The first create was sent, and it is not known what became of it.
    pub(super) fn opening_lost(&self, error: RunError) -> RunError {
        if !self.plan.scenario.has_resources() {
            return error;
        }
        let leftovers = self.plan.scenario.leftovers(&self.plan.run_id);
        let left = format!("{leftovers} may have been created: delete them by hand");
        RunError::LeftBehind {
            error: Box::new(error),
            left,
        }
    }

    pub(super) fn set_up(&mut self, opening: &Opening) -> Result<(), RunError> {
        let request = self.plan.scenario.opening(&self.plan.target);
        if let Ok(status) = opening.result
            && !self.plan.scenario.opening_expects(status)
            && status < 500
        {
            let reason = format!("status {status}{}", opening.excerpt);
            return Err(RunError::SetUp { request, reason });
        }
        self.observer.stage(RunStage::SetUp);
        self.order(Stage::SetUp);
        let mut created = 0;
        let mut failure = None;
        let mut missing = self.plan.threads;
        let waited = self.wait(None, |happening| {
            match happening {
                Happening::Report(Report::SetUp(Ok(count))) => created += count,
                Happening::Report(Report::SetUp(Err(reason))) => {
                    failure.get_or_insert(reason);
                }
                Happening::CrewDone(Part::SetUp) => missing -= 1,
                _ => {}
            }
            missing == 0
        });
        self.created = created;
        if let Some(reason) = failure {
            return Err(RunError::SetUp { request, reason });
        }
        if waited == Waited::Happened {
            self.note_resources(&format!("set-up: created {created}"));
        }
        Ok(())
    }

    pub(super) fn clean_up(&mut self) -> Housekeeping {
        let leftovers = self.plan.scenario.leftovers(&self.plan.run_id);
        let mut total = CleanUp::default();
        let mut missing = self.plan.threads;
        if !self.interrupt.is_insistent() {
            self.observer.stage(RunStage::CleanUp);
            self.order(Stage::CleanUp);
            let mut add = |happening: Happening| {
                match happening {
                    Happening::Report(Report::CleanedUp(part)) => {
                        total.deleted += part.deleted;
                        total.left += part.left;
                        total.reason = total.reason.take().or(part.reason);
                        total.failed_steps = total.failed_steps.take().or(part.failed_steps);
                    }
                    Happening::CrewDone(Part::CleanUp) => missing -= 1,
                    _ => {}
                }
                missing == 0
            };
            while !self.interrupt.is_insistent() {
                match self.wait(None, &mut add) {
                    Waited::Interrupted | Waited::Aborted => {}
                    Waited::Happened | Waited::TimedOut => break,
                }
            }
        }
        let left_behind = if missing > 0 {
            Some(format!(
                "clean-up was not done: {leftovers} may be left behind; delete them by hand"
            ))
        } else if total.left > 0 {
            let (left, reason) = (total.left, total.reason.unwrap_or_default());
            Some(format!(
                "{left} {leftovers} could not be removed ({reason}); delete them by hand"
            ))
        } else {
            None
        };
        if let Some(reason) = total.failed_steps {
            self.observer.note(&format!("clean-up: {reason}"));
        }
        if missing == 0 {
            self.note_resources(&format!("clean-up: deleted {}", total.deleted));
        }
        Housekeeping {
            created: self.created,
            deleted: total.deleted,
            left_behind,
        }
    }

    fn note_resources(&mut self, what: &str) {
        if self.plan.scenario.has_resources() {
            self.observer
                .note(&format!("{what} {}", self.plan.scenario.resources()));
        }
    }
}
