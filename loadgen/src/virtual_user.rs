//! One virtual user: a task that works through the stages of a run with a client and a script of its own.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::time::{Sleep, sleep_until};

use crate::arrival_queue::{Arrival, ArrivalQueue, Seat};
use crate::client::Client;
use crate::crew::{Crew, Part};
use crate::generator::{Message, Plan};
use crate::outcome::Failure;
use crate::recorder::{Record, Recorder};
use crate::request::TraceId;
use crate::scenario::{CleanUp, Ended, Script, Shared};
use crate::stage::{LoadWindow, Stage, StageCell};

/// First and longest pause after a connection could not be opened, so that a dead target is not met with a busy loop.
const FIRST_BACKOFF: Duration = Duration::from_millis(1);
const LONGEST_BACKOFF: Duration = Duration::from_millis(100);

/// What virtual users tell the main thread.
pub(crate) enum Report {
    /// The opening request ended.
    Opened(Opening),
    /// Set-up of one virtual user ended: items created, or why it failed.
    SetUp(Result<u64, String>),
    /// Clean-up of one virtual user ended.
    CleanedUp(CleanUp),
}

/// How the opening request ended.
pub(crate) struct Opening {
    pub(crate) start: Instant,
    pub(crate) result: Result<u16, Failure>,
    pub(crate) location: String,
    /// What is worth reading of an answer that was not expected.
    pub(crate) excerpt: String,
    pub(crate) shared: Shared,
}

/// What makes a virtual user start its iterations.
pub(crate) enum Starts {
    /// Its own readiness, within spans of time since the start of the load, the first one reaching back into the
    /// warm-up.
    WhenFree {
        /// When it works.
        spans: Vec<(Duration, Duration)>,
        /// Iterations that all virtual users of this generator may still start together.
        iterations: Option<Arc<AtomicU64>>,
    },
    /// Arrivals that are due.
    WhenDue(Rc<ArrivalQueue>),
}

/// A virtual user.
pub(crate) struct VirtualUser {
    pub(crate) opens: bool,
    /// Why the set-up of the run failed.
    pub(crate) set_up_failed: Option<String>,
    pub(crate) client: Client,
    pub(crate) script: Script,
    pub(crate) starts: Starts,
    pub(crate) plan: Arc<Plan>,
    pub(crate) rng: fastrand::Rng,
    pub(crate) crew: Rc<Crew>,
    pub(crate) recorder: Rc<RefCell<Recorder>>,
    pub(crate) stage: Rc<StageCell>,
    pub(crate) reports: Sender<Message>,
}

impl VirtualUser {
    /// Works until the run ends; begins with an arrival where one has called it into being.
    pub(crate) async fn run(mut self, first: Option<Arrival>) {
        self.stage.register().await;
        let mut opening = None;
        if self.opens {
            opening = self.open().await;
        }
        self.stage.reached(Stage::SetUp).await;
        if self.plan.scenario.has_set_up() && self.stage.get() == Stage::SetUp {
            self.script.adopt(&self.stage.shared());
            let result = match self.set_up_failed.take() {
                Some(reason) => Err(reason),
                None => self.script.set_up(&mut self.client).await,
            };
            self.report(Report::SetUp(result));
            self.crew.done(Part::SetUp);
        }
        self.stage.reached(Stage::Load).await;
        if let Some(window) = self.stage.load() {
            if first.is_some() {
                // One that joins under load has had no part in set-up.
                self.script.adopt(&self.stage.shared());
            }
            let mut pause = Box::pin(sleep_until(tokio::time::Instant::now()));
            if let Some((record, example)) = opening.filter(|_| self.plan.opening_counts) {
                self.go_on_from(&record, example, window, &mut pause).await;
            }
            if matches!(self.starts, Starts::WhenDue(_)) {
                self.work_when_due(first, &mut pause).await;
            } else {
                self.work_when_free(window, &mut pause).await;
            }
        }
        self.crew.done(Part::Load);
        self.stage.reached(Stage::CleanUp).await;
        if self.stage.get() == Stage::CleanUp {
            let mut outcome = self.script.clean_up(&mut self.client).await;
            if self.opens
                && let Err(reason) = self.script.clean_up_run(&mut self.client).await
            {
                outcome.failed_steps.get_or_insert(reason);
            }
            self.report(Report::CleanedUp(outcome));
            self.crew.done(Part::CleanUp);
        }
    }

    /// Counts the opening request, which began the first iteration, and does what is left of that.
    async fn go_on_from(
        &mut self,
        record: &Record,
        example: Option<String>,
        window: LoadWindow,
        pause: &mut Pin<Box<Sleep>>,
    ) {
        self.note(record, example);
        let think_time = self.script.think_time(record.step, &mut self.rng);
        pause_until((record.end + think_time).min(window.end), pause, &self.stage).await;
        if self.stage.get() == Stage::Load {
            let (_, end, think_time) = self.go_on(Instant::now(), pause).await;
            pause_until((end + think_time).min(window.end), pause, &self.stage).await;
        }
    }

    fn report(&self, report: Report) {
        // The main thread only stops listening when it has given the run up.
        let _ = self.reports.send(Message::Report(Box::new(report)));
    }

    /// Sends the run's first request, before which the target is not known to be there.
    async fn open(&mut self) -> Option<(Record, Option<String>)> {
        let start = Instant::now();
        let request = self.script.opening(&mut self.rng);
        let sampled = self.rng.f64() < self.plan.trace_sample;
        let trace = request.stamp_trace(&mut self.rng, sampled);
        self.client.kept.wants = self.script.wants();
        let result = self.client.exchange(self.script.prepared(), start).await;
        let (record, _) = self.judge(start, start, trace, sampled, &result);
        let ended = Ended {
            result: &result,
            kept: &self.client.kept,
            took: record.end - start,
            now: record.end,
        };
        let example = record.failed.then(|| self.script.explain(&ended));
        let location = String::from_utf8_lossy(self.client.kept.location.as_bytes()).into_owned();
        let excerpt = self.client.kept.describe();
        if self.plan.scenario.has_run_set_up()
            && let Ok(status) = &result
        {
            let opened = match &example {
                Some(reason) => Err(reason.clone()),
                None => Ok(*status),
            };
            self.set_up_failed = self.script.set_up_run(&mut self.client, &opened).await.err();
        }
        self.report(Report::Opened(Opening {
            start,
            result,
            location,
            excerpt,
            shared: self.script.shared(),
        }));
        Some((record, example))
    }

    /// The closed model: the next iteration starts when the last one has ended.
    async fn work_when_free(&mut self, window: LoadWindow, pause: &mut Pin<Box<Sleep>>) {
        let Starts::WhenFree { spans, iterations } = &mut self.starts else {
            return;
        };
        let (spans, iterations) = (std::mem::take(spans), iterations.take());
        let mut backoff = FIRST_BACKOFF;
        for (from, to) in spans {
            let (from, to) = (window.warm_up_start + from, window.warm_up_start + to);
            pause_until(from, pause, &self.stage).await;
            let mut now = Instant::now();
            while now < to && self.stage.get() == Stage::Load {
                if let Some(left) = &iterations
                    && now >= window.start
                    && left
                        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
                        .is_err()
                {
                    return;
                }
                let number = self.plan.next_iteration();
                if self.plan.most_iterations.is_some_and(|most| number >= most) {
                    return;
                }
                // In the closed model a request is due when its virtual user is free to send it.
                let (connected, end, think_time) = self.iterate(number, now, pause).await;
                now = end;
                if connected {
                    backoff = FIRST_BACKOFF;
                } else {
                    pause_until((now + backoff).min(to), pause, &self.stage).await;
                    backoff = (backoff * 2).min(LONGEST_BACKOFF);
                    now = Instant::now();
                }
                if !think_time.is_zero() {
                    pause_until((now + think_time).min(to), pause, &self.stage).await;
                    now = Instant::now();
                }
            }
        }
    }

    /// The open model: an iteration starts when it is due.
    async fn work_when_due(&mut self, first: Option<Arrival>, pause: &mut Pin<Box<Sleep>>) {
        let Starts::WhenDue(queue) = &self.starts else { return };
        let queue = Rc::clone(queue);
        let seat = Rc::new(Seat::default());
        let mut next = first;
        loop {
            let arrival = match next.take() {
                Some(arrival) => arrival,
                None => match queue.next(&seat, &self.stage).await {
                    Some(arrival) => arrival,
                    None => return,
                },
            };
            self.iterate(arrival.number, arrival.due, pause).await;
        }
    }

    /// One iteration; gives whether its last request reached the target, when it ended, and how long to think then.
    #[inline]
    async fn iterate(&mut self, number: u64, due: Instant, pause: &mut Pin<Box<Sleep>>) -> (bool, Instant, Duration) {
        self.script.begin(number);
        self.go_on(due, pause).await
    }

    /// What is left of an iteration; its next request was due at `due`.
    async fn go_on(&mut self, mut due: Instant, pause: &mut Pin<Box<Sleep>>) -> (bool, Instant, Duration) {
        let mut began = match self.starts {
            Starts::WhenFree { .. } => due,
            Starts::WhenDue(_) => Instant::now(),
        };
        let mut connected = true;
        let mut think_time = Duration::ZERO;
        while let Some(request) = self.script.next(&mut self.rng) {
            if !think_time.is_zero() {
                pause_until(began + think_time, pause, &self.stage).await;
                if self.stage.get() != Stage::Load {
                    break;
                }
                began = Instant::now();
                due = began;
            }
            let sample = self.plan.trace_sample;
            let sampled = sample >= 1.0 || self.rng.f64() < sample;
            let trace = request.stamp_trace(&mut self.rng, sampled);
            self.client.kept.wants = self.script.wants();
            let result = self.client.exchange(self.script.prepared(), began).await;
            let (record, example) = self.judge(due, began, trace, sampled, &result);
            self.note(&record, example);
            connected = !matches!(&result, Err(failure) if !failure.sent);
            think_time = self.script.think_time(record.step, &mut self.rng);
            due = record.end;
            began = record.end;
            // An iteration that was under way when the load was stopped sends nothing more.
            if self.stage.get() != Stage::Load {
                break;
            }
        }
        (connected, began, think_time)
    }

    /// Decides what the end of the script's request is called, and puts the first failure of each kind in words.
    #[inline]
    fn judge(
        &mut self,
        due: Instant,
        began: Instant,
        trace: TraceId,
        sampled: bool,
        result: &Result<u16, Failure>,
    ) -> (Record, Option<String>) {
        let end = Instant::now();
        let ended = Ended {
            result,
            kept: &self.client.kept,
            took: end - began,
            now: end,
        };
        let judgement = self.script.judge(&ended);
        let record = Record {
            step: self.script.step(),
            due,
            began,
            end,
            ending: judgement.ending,
            failed: judgement.failed,
            failed_check: judgement.failed_check,
            sent: self.client.sent,
            received: self.client.received,
            trace,
            sampled,
        };
        let example =
            (judgement.failed && self.recorder.borrow().lacks_example(&record)).then(|| self.script.explain(&ended));
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
}

/// Sleeps until an instant, or until the load is stopped.
async fn pause_until(until: Instant, sleep: &mut Pin<Box<Sleep>>, stage: &StageCell) {
    if Instant::now() >= until {
        return;
    }
    sleep.as_mut().reset(until.into());
    poll_fn(|context| {
        if stage.get() != Stage::Load {
            Poll::Ready(())
        } else {
            sleep.as_mut().poll(context)
        }
    })
    .await;
}
