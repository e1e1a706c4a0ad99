//! Waits for what the threads tell, and gathers what they count meanwhile.

use std::sync::atomic::Ordering;
use std::sync::mpsc::RecvTimeoutError;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::Engine;
use super::plan::own_most_vus;
use crate::crew::Part;
use crate::generator::Message;
use crate::interval::Interval;
use crate::live::Moment;
use crate::load::Load;
use crate::recorder::Shard;
use crate::settings::Settings;
use crate::stage::Stage;
use crate::virtual_user::Report;

/// How often the main thread looks up when nothing happens.
const TICK: Duration = Duration::from_millis(50);
/// How often an observer is told of progress.
const PROGRESS: Duration = Duration::from_millis(250);

/// How waiting for the threads ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waited {
    /// What was waited for has happened.
    Happened,
    /// The time was over, or a thread has failed.
    TimedOut,
    /// The run was asked to end, for the first or the second time.
    Interrupted,
    /// A threshold was crossed that ends the run.
    Aborted,
}

/// What a caller of [`Engine::wait`] may wait for.
pub(super) enum Happening {
    Report(Report),
    CrewDone(Part),
}

impl Engine<'_> {
    pub(super) fn wait_for_crews(&mut self, part: Part, until: Option<Instant>) {
        let mut missing = self.plan.threads;
        loop {
            let waited = self.wait(until, |happening| {
                missing -= u32::from(matches!(happening, Happening::CrewDone(done) if done == part));
                missing == 0
            });
            match waited {
                Waited::Interrupted if !self.interrupt.is_insistent() => thread::sleep(Duration::from_millis(1)),
                _ => return,
            }
        }
    }

    /// Ends the generator threads and takes what they still have.
    pub(super) fn end(&mut self) {
        self.order(Stage::End);
        for thread in self.threads.drain(..) {
            if let Ok(Err(error)) = thread.join() {
                self.failed.get_or_insert(error.into());
            }
        }
        while let Ok(message) = self.messages.try_recv() {
            if let Message::Figures(shard) = message {
                self.take(shard);
            }
        }
        let Some(load) = self.load else { return };
        while let Some(quarter) = self.quarters.rest() {
            self.count(quarter);
        }
        if self.seconds.has_begun() {
            self.seconds
                .end_at(Instant::now().min(load.end).saturating_duration_since(load.start));
            self.count_second();
        }
    }

    /// Waits for the crews to end their load.
    pub(super) fn wait_counting(&mut self, missing: &mut u32, until: Option<Instant>) -> Waited {
        self.wait(until, |happening| {
            *missing -= u32::from(matches!(happening, Happening::CrewDone(Part::Load)));
            *missing == 0
        })
    }

    /// As [`Self::wait_counting`], but only a second request to end interrupts it.
    pub(super) fn wait_insistently(&mut self, missing: &mut u32, until: Option<Instant>) -> Waited {
        while *missing > 0 {
            match self.wait_counting(missing, until) {
                Waited::Interrupted | Waited::Aborted if !self.interrupt.is_insistent() => {
                    thread::sleep(Duration::from_millis(1));
                }
                waited => return waited,
            }
        }
        Waited::Happened
    }

    /// Gathers figures and passes on what else happens until it is what the caller waits for.
    pub(super) fn wait(&mut self, until: Option<Instant>, mut is_awaited: impl FnMut(Happening) -> bool) -> Waited {
        loop {
            let now = Instant::now();
            self.show_progress(now);
            if until.is_some_and(|until| now >= until) {
                return Waited::TimedOut;
            }
            let patience = until.map_or(TICK, |until| TICK.min(until - now));
            let happening = match self.messages.recv_timeout(patience) {
                Ok(Message::Figures(shard)) => {
                    self.take(shard);
                    None
                }
                Ok(Message::Report(report)) => Some(Happening::Report(*report)),
                Ok(Message::CrewDone(part)) => Some(Happening::CrewDone(part)),
                Ok(Message::NoTimer(error)) => {
                    self.failed.get_or_insert(error.into());
                    None
                }
                // Before it is ordered to, a thread ends only because it failed, and would be waited for in vain.
                Err(RecvTimeoutError::Timeout) if self.threads.iter().any(JoinHandle::is_finished) => {
                    return Waited::TimedOut;
                }
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return Waited::TimedOut,
            };
            if happening.is_some_and(&mut is_awaited) {
                return Waited::Happened;
            }
            if self.interrupt.is_requested() {
                return Waited::Interrupted;
            }
            if self.aborted_by.is_some() {
                return Waited::Aborted;
            }
        }
    }

    fn take(&mut self, mut shard: Box<Shard>) {
        self.quarters.add(&shard);
        shard.figures.clear();
        if let Some(thread) = self.recycled.get(shard.thread) {
            // A thread that has ended needs no shard.
            let _ = thread.send(shard);
        }
        self.most_vus = self.most_vus.max(self.quarters.vus());
        while let Some(quarter) = self.quarters.complete() {
            self.count(quarter);
        }
    }

    fn count(&mut self, quarter: Interval) {
        self.live.add(&quarter);
        if self.seconds.add(&quarter) {
            self.count_second();
        }
        self.quarters.recycle(quarter);
    }

    fn count_second(&mut self) {
        self.totals.add(0, self.seconds.current());
        self.observer.interval(self.seconds.current());
        self.seconds.next();
        if self.settings.abort_on_threshold
            && self.aborted_by.is_none()
            && let Some(threshold) = self.totals.watch.crossed()
        {
            let threshold = threshold.to_string();
            self.observer
                .note(&format!("stopping: the threshold `{threshold}` is crossed"));
            self.aborted_by = Some(threshold);
        }
    }

    fn show_progress(&mut self, now: Instant) {
        let (Some(load), true) = (self.load, now >= self.next_progress) else {
            return;
        };
        self.next_progress = now + PROGRESS;
        let target_rate = match &self.settings.load {
            Load::Closed { .. } => None,
            Load::Open { rate, .. } => {
                let whole = if now < load.start {
                    rate.first_value()
                } else if now < load.end {
                    rate.at(now - load.start)
                } else {
                    0.0
                };
                Some(whole / f64::from(self.settings.segment.count()))
            }
        };
        let moment = Moment {
            elapsed: now.saturating_duration_since(load.warm_up_start),
            duration: (self.settings.iterations.is_none() || self.is_timed()).then(|| load.end - load.warm_up_start),
            iterations: self.iterations(),
            target_rate,
            vus: self.quarters.vus(),
            max_vus: own_most_vus(self.settings),
        };
        let snapshot = self.live.snapshot(&moment, &self.totals);
        self.observer.progress(&snapshot);
    }

    /// Iterations of this generator that were started and that there are to be, if their number ends the run.
    fn iterations(&self) -> Option<(u64, u64)> {
        let own = self.settings.segment.share_of(self.settings.iterations?);
        let left = self.plan.iterations_left.as_ref()?.load(Ordering::Relaxed);
        let started = match self.settings.load {
            Load::Closed { .. } => own - left.min(own),
            Load::Open { .. } => self.totals.due.min(own),
        };
        Some((started, own))
    }

    /// Whether the time of the load was given, rather than being longer than anybody waits.
    fn is_timed(&self) -> bool {
        self.settings.load.duration() < Settings::UNTIMED
    }
}
