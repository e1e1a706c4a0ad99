//! Where the arrivals of one generator thread meet its virtual users.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crate::recorder::Recorder;
use crate::stage::{Stage, StageCell};

/// An iteration that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arrival {
    pub(crate) due: Instant,
    /// The iteration's number in this generator.
    pub(crate) number: u64,
}

/// Arrivals that may wait at a time, so that memory is bounded whatever the rate.
const MOST_WAITING: usize = 1 << 20;

/// Where one virtual user waits for its next arrival.
#[derive(Default)]
pub(crate) struct Seat {
    arrival: Cell<Option<Arrival>>,
    waker: RefCell<Option<Waker>>,
}

impl Seat {
    fn wake(&self) {
        if let Some(waker) = self.waker.borrow().as_ref() {
            waker.wake_by_ref();
        }
    }
}

/// Arrivals that wait for virtual users, and virtual users that wait for arrivals; never both.
pub(crate) struct ArrivalQueue {
    idle: RefCell<Vec<Rc<Seat>>>,
    waiting: RefCell<VecDeque<Arrival>>,
    closed: Cell<bool>,
    /// How long an arrival may wait.
    patience: Duration,
    recorder: Rc<RefCell<Recorder>>,
}

impl ArrivalQueue {
    /// A queue that tells `recorder` of arrivals which waited for longer than `patience`.
    pub(crate) fn new(patience: Duration, recorder: Rc<RefCell<Recorder>>) -> Self {
        Self {
            idle: RefCell::default(),
            waiting: RefCell::default(),
            closed: Cell::new(false),
            patience,
            recorder,
        }
    }

    /// Hands an arrival to a virtual user that is free, to the one that has waited least, whose connection is the least
    /// likely to have been closed; false if all are busy.
    #[inline]
    pub(crate) fn hand(&self, arrival: Arrival) -> bool {
        let Some(seat) = self.idle.borrow_mut().pop() else {
            return false;
        };
        seat.arrival.set(Some(arrival));
        seat.wake();
        true
    }

    /// Has an arrival wait for a virtual user.
    pub(crate) fn wait(&self, arrival: Arrival) {
        let mut waiting = self.waiting.borrow_mut();
        waiting.push_back(arrival);
        while let Some(first) = waiting.front().copied()
            && (self.is_too_late(first, arrival.due) || waiting.len() > MOST_WAITING)
        {
            waiting.pop_front();
            self.recorder.borrow_mut().drop_arrival(first.due);
        }
    }

    /// No more arrivals come: virtual users that are free are sent home. Those that still wait are served first, or
    /// dropped.
    pub(crate) fn close(&self, serve_waiting: bool) {
        self.closed.set(true);
        for seat in self.idle.borrow_mut().drain(..) {
            seat.wake();
        }
        if serve_waiting {
            return;
        }
        let mut recorder = self.recorder.borrow_mut();
        for arrival in self.waiting.borrow_mut().drain(..) {
            recorder.drop_arrival(arrival.due);
        }
    }

    /// The next arrival for the virtual user that owns `seat`; `None` when there will be none. The task must be
    /// registered with `stage`.
    pub(crate) async fn next(&self, seat: &Rc<Seat>, stage: &StageCell) -> Option<Arrival> {
        if stage.get() != Stage::Load {
            // Nobody will serve those that wait.
            self.close(false);
            return None;
        }
        if let Some(arrival) = self.take_waiting() {
            return Some(arrival);
        }
        if self.closed.get() {
            return None;
        }
        self.idle.borrow_mut().push(Rc::clone(seat));
        poll_fn(|context: &mut Context<'_>| {
            if let Some(arrival) = seat.arrival.take() {
                Poll::Ready(Some(arrival))
            } else if self.closed.get() || stage.get() != Stage::Load {
                Poll::Ready(None)
            } else {
                seat.waker.borrow_mut().get_or_insert_with(|| context.waker().clone());
                Poll::Pending
            }
        })
        .await
    }

    fn take_waiting(&self) -> Option<Arrival> {
        if self.waiting.borrow().is_empty() {
            return None;
        }
        let now = Instant::now();
        loop {
            let arrival = self.waiting.borrow_mut().pop_front()?;
            if !self.is_too_late(arrival, now) {
                return Some(arrival);
            }
            self.recorder.borrow_mut().drop_arrival(arrival.due);
        }
    }

    fn is_too_late(&self, arrival: Arrival, now: Instant) -> bool {
        now.saturating_duration_since(arrival.due) > self.patience
    }
}
