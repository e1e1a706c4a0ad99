//! One virtual user: a task that works through the stages of a run with a client and a script of its own.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Sender;
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::time::{Sleep, sleep_until};

use crate::client::Client;
use crate::generator::{Message, Plan};
use crate::outcome::Failure;
use crate::recorder::{Record, Recorder};
use crate::request::TraceId;
use crate::scenario::{CleanUp, Ended, Script};
use crate::stage::{Stage, StageCell};

/// First and longest pause after a connection could not be opened, so that a dead target is not met with a busy loop.
pub(crate) const FIRST_BACKOFF: Duration = Duration::from_millis(1);
const LONGEST_BACKOFF: Duration = Duration::from_millis(100);

/// What virtual users tell the main thread.
pub(crate) enum Report {
    /// The opening request ended.
    Opened(Opening),
    /// Set-up ended: items created, or why it failed.
    SetUp(Result<u64, String>),
    /// No more load comes from this virtual user.
    LoadEnded,
    /// Clean-up ended.
    CleanedUp(CleanUp),
}

/// How the opening request ended.
pub(crate) struct Opening {
    pub(crate) start: Instant,
    pub(crate) result: Result<u16, Failure>,
    pub(crate) location: String,
    pub(crate) excerpt: String,
}

/// A virtual user.
pub(crate) struct VirtualUser {
    pub(crate) opens: bool,
    pub(crate) client: Client,
    pub(crate) script: Script,
    pub(crate) plan: Arc<Plan>,
    pub(crate) rng: fastrand::Rng,
    pub(crate) set_up_failed: Option<String>,
    pub(crate) backoff: Duration,
    pub(crate) recorder: Rc<RefCell<Recorder>>,
    pub(crate) stage: Rc<StageCell>,
    pub(crate) reports: Sender<Message>,
}

impl VirtualUser {
    /// Works until the run ends.
    pub(crate) async fn run(mut self) {
        self.stage.register().await;
        let mut opening = None;
        if self.opens {
            opening = self.open().await;
        }
        self.stage.reached(Stage::SetUp).await;
        if self.plan.scenario.has_set_up() {
            opening = None;
        }
        if self.plan.scenario.has_set_up() && self.stage.get() == Stage::SetUp {
            let mut result = Ok(0);
            if let Some(shared) = self.plan.shared.get() {
                self.script.adopt(shared);
            }
            if let Some(reason) = self.set_up_failed.take() {
                result = Err(reason);
            }
            if result.is_ok() {
                result = self.script.set_up(&mut self.client).await;
            }
            self.report(Report::SetUp(result));
        }
        self.stage.reached(Stage::Load).await;
        if let Some(window) = self.stage.load() {
            let mut pause = Box::pin(sleep_until(tokio::time::Instant::now()));
            if let Some((record, example)) = opening {
                self.note(&record, example);
                let think_time = self.script.think_time(record.step, &mut self.rng);
                self.pause(&mut pause, (record.end + think_time).min(window.end)).await;
                if self.script.opens_with_iteration() {
                    self.iterate(window.end, &mut pause).await;
                }
            }
            self.load(window.end, &mut pause).await;
        }
        self.report(Report::LoadEnded);
        self.stage.reached(Stage::CleanUp).await;
        if self.stage.get() == Stage::CleanUp {
            let outcome = self.script.clean_up(&mut self.client).await;
            if self.opens {
                // Figures of the run are not in danger whatever becomes of it.
                let _ = self.script.clean_up_run(&mut self.client).await;
            }
            self.report(Report::CleanedUp(outcome));
        }
    }

    fn report(&self, report: Report) {
        // The main thread only stops listening when it has given the run up.
        let _ = self.reports.send(Message::Report(report));
    }

    /// Sends the run's first request, before which the target is not known to be there.
    async fn open(&mut self) -> Option<(Record, Option<String>)> {
        let start = Instant::now();
        let request = self.script.opening(&mut self.rng);
        let trace = request.stamp_trace(&mut self.rng, true);
        self.client.kept.wants = self.script.wants();
        let result = self.client.exchange(self.script.prepared(), start).await;
        let end = Instant::now();
        let (record, example) = self.judge(0, start, end, trace, &result);
        if self.script.opens_with_iteration() {
            self.plan.iterations.fetch_add(1, Ordering::Relaxed);
        } else if self.plan.scenario.has_run_set_up() && result.is_ok() {
            let opened = if record.failed {
                Err(example.clone().unwrap_or_default())
            } else {
                Ok(0)
            };
            match self.script.set_up_run(&mut self.client, &opened).await {
                Ok(()) => drop(self.plan.shared.set(self.script.shared())),
                Err(reason) => self.set_up_failed = Some(reason),
            }
        }
        self.report(Report::Opened(Opening {
            start,
            result,
            location: String::from_utf8_lossy(self.client.kept.location.as_bytes()).into_owned(),
            excerpt: self.client.kept.describe(),
        }));
        Some((record, example))
    }

    async fn load(&mut self, load_end: Instant, pause: &mut Pin<Box<Sleep>>) {
        let most = self.plan.scenario.most_iterations(self.plan.segment);
        while Instant::now() < load_end && self.stage.get() == Stage::Load {
            let number = self.plan.iterations.fetch_add(1, Ordering::Relaxed);
            if most.is_some_and(|most| number >= most) {
                return;
            }
            self.script.begin(number);
            self.iterate(load_end, pause).await;
        }
    }

    /// Does what is left of an iteration.
    async fn iterate(&mut self, load_end: Instant, pause: &mut Pin<Box<Sleep>>) {
        let mut now = Instant::now();
        while now < load_end && self.stage.get() == Stage::Load {
            // In the closed model a request is due when its virtual user is free to send it.
            let due = now;
            let Some((step, request)) = self.script.next(&mut self.rng) else {
                return;
            };
            let trace = request.stamp_trace(&mut self.rng, true);
            self.client.kept.wants = self.script.wants();
            let result = self.client.exchange(self.script.prepared(), due).await;
            now = Instant::now();
            let connected = !matches!(&result, Err(failure) if !failure.sent);
            let (record, example) = self.judge(step, due, now, trace, &result);
            self.note(&record, example);
            if connected {
                self.backoff = FIRST_BACKOFF;
            } else {
                self.pause(pause, (now + self.backoff).min(load_end)).await;
                self.backoff = (self.backoff * 2).min(LONGEST_BACKOFF);
                now = Instant::now();
            }
            let think_time = self.script.think_time(step, &mut self.rng);
            if !think_time.is_zero() {
                self.pause(pause, (now + think_time).min(load_end)).await;
                now = Instant::now();
            }
        }
    }

    /// Decides what a request's end is called, and puts the first failure of each kind in words.
    #[inline]
    fn judge(
        &mut self,
        step: usize,
        due: Instant,
        end: Instant,
        trace: TraceId,
        result: &Result<u16, Failure>,
    ) -> (Record, Option<String>) {
        let ended = Ended {
            result,
            kept: &self.client.kept,
            took: end - due,
            now: end,
        };
        let judgement = self.script.judge(&ended);
        let record = Record {
            step,
            due,
            end,
            ending: judgement.ending,
            failed: judgement.failed,
            sent: self.client.sent,
            received: self.client.received,
            trace,
        };
        let example =
            (record.failed && self.recorder.borrow().lacks_example(record.ending)).then(|| self.script.explain(&ended));
        (record, example)
    }

    #[inline]
    fn note(&self, record: &Record, example: Option<String>) {
        let mut recorder = self.recorder.borrow_mut();
        recorder.record(record);
        if let Some(text) = example {
            recorder.example(record.ending, text);
        }
    }

    /// Sleeps until an instant, or until the load is stopped.
    async fn pause(&self, sleep: &mut Pin<Box<Sleep>>, until: Instant) {
        sleep.as_mut().reset(until.into());
        poll_fn(|context| {
            if self.stage.get() != Stage::Load {
                Poll::Ready(())
            } else {
                sleep.as_mut().poll(context)
            }
        })
        .await;
    }
}
