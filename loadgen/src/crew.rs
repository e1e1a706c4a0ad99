//! The tasks of one generator thread, as a crew that reports when all have done their part of a stage.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::mpsc::Sender;

use crate::generator::Message;
use crate::recorder::Recorder;

/// What every task of a crew does once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Creating what the scenario needs.
    SetUp,
    /// Offering load.
    Load,
    /// Removing what was created.
    CleanUp,
}

/// Counts the tasks of a thread that are still at work, and the thread's virtual users.
pub(crate) struct Crew {
    /// Tasks that have not done a part, by part.
    working: [Cell<u32>; 3],
    vus: Cell<u32>,
    recorder: Rc<RefCell<Recorder>>,
    reports: Sender<Message>,
}

impl Crew {
    /// A crew without members.
    pub(crate) fn new(recorder: Rc<RefCell<Recorder>>, reports: Sender<Message>) -> Self {
        Self {
            working: Default::default(),
            vus: Cell::new(0),
            recorder,
            reports,
        }
    }

    /// A virtual user joins.
    pub(crate) fn join(&self) {
        self.vus.set(self.vus.get() + 1);
        self.recorder.borrow_mut().set_vus(self.vus.get());
    }

    /// Virtual users there are.
    pub(crate) fn vus(&self) -> u32 {
        self.vus.get()
    }

    /// A part begins, in which so many tasks have something to do.
    pub(crate) fn begin(&self, part: Part, tasks: u32) {
        self.working[part as usize].set(tasks);
        if tasks == 0 {
            self.all_done(part);
        }
    }

    /// Another task takes part.
    pub(crate) fn add(&self, part: Part) {
        let working = &self.working[part as usize];
        working.set(working.get() + 1);
    }

    /// A task has done its part.
    pub(crate) fn done(&self, part: Part) {
        let working = &self.working[part as usize];
        working.set(working.get().saturating_sub(1));
        if working.get() == 0 {
            self.all_done(part);
        }
    }

    fn all_done(&self, part: Part) {
        // The main thread only stops listening when it has given the run up.
        let _ = self.reports.send(Message::CrewDone(part));
    }
}
