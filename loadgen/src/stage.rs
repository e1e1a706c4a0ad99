//! The stages of a run, as the main thread orders them and the tasks of one generator thread see them.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use crate::scenario::Shared;

/// The stages of a run, in order; a run may skip some.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// Only the first virtual user sends, and only one request.
    Opening,
    /// Virtual users create what their scenario needs.
    SetUp,
    /// Requests are sent and counted.
    Load,
    /// No new iteration starts; requests in flight may end.
    Stop,
    /// Requests in flight are given up.
    Cut,
    /// Virtual users remove what they created.
    CleanUp,
    /// Nothing more is to be done.
    End,
}

/// What the main thread orders.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) stage: Stage,
    /// From [`Stage::Load`] on, when load is offered.
    pub(crate) load: Option<LoadWindow>,
    /// From [`Stage::SetUp`] on, what the scenario's set-up has found out for all virtual users.
    pub(crate) shared: Shared,
}

/// When load is offered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LoadWindow {
    /// When the first request may be sent.
    pub(crate) warm_up_start: Instant,
    /// Requests that are due before do not count.
    pub(crate) start: Instant,
    /// No request starts from here on.
    pub(crate) end: Instant,
}

/// The stage as the tasks of one thread see it. Tasks read a cell and are woken when it changes, which costs a request
/// nothing.
pub(crate) struct StageCell {
    stage: Cell<Stage>,
    load: Cell<Option<LoadWindow>>,
    shared: RefCell<Shared>,
    wakers: RefCell<Vec<Waker>>,
}

impl StageCell {
    pub(crate) fn new() -> Self {
        Self {
            stage: Cell::new(Stage::Opening),
            load: Cell::new(None),
            shared: RefCell::default(),
            wakers: RefCell::new(Vec::new()),
        }
    }

    #[inline]
    pub(crate) fn get(&self) -> Stage {
        self.stage.get()
    }

    pub(crate) fn load(&self) -> Option<LoadWindow> {
        self.load.get()
    }

    /// What the scenario's set-up has found out.
    pub(crate) fn shared(&self) -> Shared {
        self.shared.borrow().clone()
    }

    /// Takes an order and wakes every task.
    pub(crate) fn set(&self, order: Order) {
        self.load.set(order.load);
        self.shared.replace(order.shared);
        self.stage.set(order.stage);
        for waker in self.wakers.borrow().iter() {
            waker.wake_by_ref();
        }
    }

    /// Has the calling task woken whenever the stage changes, for as long as it lives.
    pub(crate) async fn register(&self) {
        poll_fn(|context: &mut Context<'_>| {
            self.wakers.borrow_mut().push(context.waker().clone());
            Poll::Ready(())
        })
        .await;
    }

    /// Waits until the stage is at least this one; the task must be registered.
    pub(crate) async fn reached(&self, stage: Stage) {
        self.until(|now| now >= stage).await;
    }

    /// Waits until requests in flight are to be given up; the task must be registered.
    pub(crate) async fn cut(&self) {
        self.until(|now| now == Stage::Cut).await;
    }

    async fn until(&self, is_reached: impl Fn(Stage) -> bool) {
        poll_fn(|_| {
            if is_reached(self.get()) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }
}
