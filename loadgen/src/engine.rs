//! Runs the generator threads through the stages of a run and merges what they count.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::client::Endpoint;
use crate::dns;
use crate::generator::{Message, Plan, ThreadHealth, Wiring, generate};
use crate::interrupt::Interrupt;
use crate::interval::Interval;
use crate::live::{Live, Moment};
use crate::observer::{Observer, RunStage};
use crate::open_files;
use crate::recorder::Shard;
use crate::request::TraceHeaders;
use crate::run_error::RunError;
use crate::run_info::{Environment, LoadModel, RunInfo, StepInfo};
use crate::run_result::RunEnd;
use crate::scenario::{CleanUp, items};
use crate::settings::Settings;
use crate::stage::{LoadWindow, Order, Stage};
use crate::summary::RunResult;
use crate::target::{Scheme, Target};
use crate::tls;
use crate::totals::Totals;
use crate::virtual_user::{Opening, Report};

/// How often the main thread looks up when nothing happens.
const TICK: Duration = Duration::from_millis(50);
/// How often an observer is told of progress.
const PROGRESS: Duration = Duration::from_millis(250);
/// How long virtual users may take to notice an order.
const REACTION: Duration = Duration::from_secs(5);

/// A finished run.
#[derive(Clone, Debug)]
pub struct Finished {
    /// What it found out.
    pub result: RunResult,
    /// What set-up and clean-up did, if the scenario has them.
    pub housekeeping: Option<Housekeeping>,
}

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

/// Puts the target under load; blocks until the run is over.
///
/// # Errors
/// See [`RunError`]. Requests that fail are no errors but figures, except the very first: a target that does not answer
/// at all ends the run at once.
pub fn run(settings: &Settings, interrupt: &Interrupt, observer: &mut dyn Observer) -> Result<Finished, RunError> {
    check_steps(settings)?;
    open_files::allow_connections(settings.vus)?;
    let mut target = settings.target.clone();
    loop {
        let plan = plan(settings, &target, interrupt)?;
        let mut engine = Engine::start(settings, plan, interrupt, observer)?;
        match engine.open()? {
            Opened::Answered(opening) => return engine.work(&opening),
            Opened::Upgraded(upgraded) => {
                observer.note(&format!("{target} redirects to https: using {upgraded}"));
                target = upgraded;
            }
        }
    }
}

fn check_steps(settings: &Settings) -> Result<(), RunError> {
    for threshold in &settings.thresholds {
        if let crate::threshold::Selector::Step(step) = threshold.selector()
            && settings.scenario.step_names().all(|name| name != step)
        {
            return Err(RunError::UnknownStep {
                threshold: threshold.to_string(),
                step: step.clone(),
                steps: settings.scenario.step_names().collect::<Vec<_>>().join(", "),
            });
        }
    }
    Ok(())
}

fn plan(settings: &Settings, target: &Target, interrupt: &Interrupt) -> Result<Plan, RunError> {
    let tls = match target.scheme() {
        Scheme::Http => None,
        Scheme::Https => {
            let name = ServerName::try_from(target.host()).map_err(|error| RunError::Dns {
                host: target.host(),
                reason: error.to_string(),
            })?;
            Some((tls::connector(&settings.tls)?, name))
        }
    };
    let run_id = settings.run_id.to_string();
    Ok(Plan {
        target: target.clone(),
        endpoint: Endpoint {
            addresses: dns::resolve(target, settings.timeout, interrupt)?,
            tls,
        },
        scenario: settings.scenario.clone(),
        headers: settings.headers.clone(),
        trace: settings.trace_headers.then(|| TraceHeaders { run_id: run_id.clone() }),
        run_id,
        think_time: settings.think_time,
        timeout: settings.timeout,
    })
}

enum Opened {
    Answered(Box<Opening>),
    Upgraded(Target),
}

/// How waiting for virtual users ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waited {
    /// All have reported.
    AllReported,
    /// The time was over.
    TimedOut,
    /// The run was asked to end, for the first or the second time.
    Interrupted,
}

struct Engine<'a> {
    settings: &'a Settings,
    interrupt: &'a Interrupt,
    observer: &'a mut dyn Observer,
    plan: Arc<Plan>,
    orders: watch::Sender<Order>,
    messages: Receiver<Message>,
    recycled: Vec<Sender<Box<Shard>>>,
    threads: Vec<JoinHandle<std::io::Result<ThreadHealth>>>,
    info: RunInfo,
    totals: Totals,
    live: Live,
    quarters: std::collections::BTreeMap<u64, Interval>,
    load: Option<LoadWindow>,
    next_progress: Instant,
    created: u64,
}

impl<'a> Engine<'a> {
    fn start(
        settings: &'a Settings,
        plan: Plan,
        interrupt: &'a Interrupt,
        observer: &'a mut dyn Observer,
    ) -> Result<Self, RunError> {
        let info = RunInfo {
            run_id: settings.run_id.to_string(),
            loadgen_version: env!("CARGO_PKG_VERSION").to_owned(),
            command: settings.command.clone(),
            scenario: plan.scenario.name().to_owned(),
            target: plan.target.to_string(),
            model: LoadModel::Closed,
            load: format!("{:?}", settings.duration),
            generator: "1/1".to_owned(),
            tags: Default::default(),
            steps: settings
                .scenario
                .step_names()
                .map(|name| StepInfo {
                    name: name.to_owned(),
                    ..Default::default()
                })
                .collect(),
            started_at_ms: 0,
            environment: Environment::default(),
        };
        let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let count = cores.min(settings.vus as usize).max(1);
        let plan = Arc::new(plan);
        let (orders, order) = watch::channel(Order {
            stage: Stage::Opening,
            load: None,
        });
        let (sender, messages) = mpsc::channel();
        let mut threads = Vec::new();
        let mut recycled = Vec::new();
        for number in 0..count {
            let (give, empty) = mpsc::channel();
            recycled.push(give);
            let wiring = Wiring {
                orders: order.clone(),
                messages: sender.clone(),
                empty,
            };
            let plan = Arc::clone(&plan);
            let users = (number as u32..settings.vus).step_by(count);
            let thread = thread::Builder::new().name(format!("generator-{number}"));
            threads.push(thread.spawn(move || generate(&plan, number, users, wiring))?);
        }
        Ok(Self {
            settings,
            interrupt,
            observer,
            orders,
            messages,
            recycled,
            threads,
            totals: Totals::new(&info, &settings.thresholds),
            live: Live::new(&info.steps),
            quarters: Default::default(),
            info,
            plan,
            load: None,
            next_progress: Instant::now(),
            created: 0,
        })
    }

    /// Waits for the opening request.
    fn open(&mut self) -> Result<Opened, RunError> {
        let mut opening = None;
        let waited = self.wait(1, None, |report| match report {
            Report::Opened(report) => {
                opening = Some(report);
                true
            }
            _ => false,
        });
        let Some(opening) = opening else {
            self.end();
            return Err(match waited {
                Waited::Interrupted => self.opening_lost(RunError::Interrupted),
                _ => std::io::Error::other("a generator thread ended early").into(),
            });
        };
        let target = &self.plan.target;
        match &opening.result {
            Err(failure) => {
                let error = RunError::no_answer(self.plan.scenario.opening(target), failure, target);
                let error = if failure.sent { self.opening_lost(error) } else { error };
                self.end();
                Err(error)
            }
            Ok(status) if (300..400).contains(status) && target.upgraded_by(&opening.location).is_some() => {
                let upgraded = target.upgraded_by(&opening.location).unwrap_or_else(|| target.clone());
                self.end();
                Ok(Opened::Upgraded(upgraded))
            }
            Ok(_) => Ok(Opened::Answered(Box::new(opening))),
        }
    }

    /// The first create was sent, and it is not known what became of it.
    fn opening_lost(&self, error: RunError) -> RunError {
        if !self.plan.scenario.has_set_up() {
            return error;
        }
        let prefix = items::prefix(&self.plan.run_id);
        let left = format!("one item whose id begins with {prefix} may have been created: delete it by hand");
        RunError::LeftBehind {
            error: Box::new(error),
            left,
        }
    }

    /// Everything after the opening request.
    fn work(mut self, opening: &Opening) -> Result<Finished, RunError> {
        let mut start = opening.start;
        let mut failed = None;
        if self.plan.scenario.has_set_up() {
            failed = self.set_up(opening).err();
            start = Instant::now();
        }
        let mut interrupted = self.interrupt.is_requested();
        if failed.is_none() && !interrupted {
            interrupted = self.load(start) == Waited::Interrupted;
        } else {
            self.order(Stage::Stop);
            self.wait_for_load_to_end(Some(Instant::now() + self.settings.timeout + REACTION));
        }
        let housekeeping = self.plan.scenario.has_set_up().then(|| self.clean_up());
        let health = self.end();
        if let Some(error) = failed {
            return Err(match housekeeping.and_then(|housekeeping| housekeeping.left_behind) {
                Some(left) => RunError::LeftBehind {
                    error: Box::new(error),
                    left,
                },
                None => error,
            });
        }
        let start = self.load.map_or(start, |load| load.start);
        let _ = health;
        let since = std::time::SystemTime::now() - start.elapsed();
        self.info.started_at_ms = since
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |since| since.as_millis() as u64);
        self.pass_on(0);
        let end = RunEnd {
            interrupted,
            vus: self.settings.vus,
            generators: vec!["1/1".to_owned()],
            trace_url: None,
        };
        Ok(Finished {
            result: self.totals.result(&self.info, &end),
            housekeeping,
        })
    }

    fn set_up(&mut self, opening: &Opening) -> Result<(), RunError> {
        let request = self.plan.scenario.opening(&self.plan.target);
        if let Ok(status) = opening.result
            && !self.plan.scenario.steps()[0].expect.accepts(status)
            && status < 500
        {
            let reason = format!("status {status}{}", opening.excerpt);
            return Err(RunError::SetUp { request, reason });
        }
        self.observer.stage(RunStage::SetUp);
        self.order(Stage::SetUp);
        let mut created = 0;
        let mut failure = None;
        let waited = self.wait(self.settings.vus, None, |report| match report {
            Report::SetUp(Ok(count)) => {
                created += count;
                true
            }
            Report::SetUp(Err(reason)) => {
                failure.get_or_insert(reason);
                true
            }
            _ => false,
        });
        self.created = created;
        match failure {
            Some(reason) => Err(RunError::SetUp { request, reason }),
            None => {
                if waited == Waited::AllReported {
                    self.observer.note(&format!("set-up: created {created} items"));
                }
                Ok(())
            }
        }
    }

    /// Offers load until its time is over or the run is asked to end, and waits for requests in flight.
    fn load(&mut self, start: Instant) -> Waited {
        let window = LoadWindow {
            start,
            end: start + self.settings.duration,
        };
        self.load = Some(window);
        self.observer.stage(RunStage::Load);
        self.order(Stage::Load);
        let mut ended = 0;
        let waited = self.wait_for(&mut ended, Some(window.end + self.settings.graceful_stop));
        if waited == Waited::Interrupted {
            self.observer
                .note("stopping: waiting for requests in flight; interrupt again to give them up");
            self.order(Stage::Stop);
            let patience = Instant::now() + self.settings.graceful_stop;
            if self.wait_insistently(&mut ended, Some(patience)) == Waited::Interrupted {
                return waited;
            }
        }
        if ended < self.settings.vus {
            self.order(Stage::Cut);
            self.wait_insistently(&mut ended, Some(Instant::now() + REACTION));
        }
        waited
    }

    fn wait_for_load_to_end(&mut self, until: Option<Instant>) {
        let mut ended = 0;
        self.wait_insistently(&mut ended, until);
    }

    fn clean_up(&mut self) -> Housekeeping {
        let mut housekeeping = Housekeeping {
            created: self.created,
            deleted: 0,
            left_behind: None,
        };
        let prefix = items::prefix(&self.plan.run_id);
        let mut total = CleanUp::default();
        let mut reported = 0;
        if !self.interrupt.is_insistent() {
            self.observer.stage(RunStage::CleanUp);
            self.order(Stage::CleanUp);
            let mut missing = self.settings.vus;
            let mut add = |report: Report| match report {
                Report::CleanedUp(part) => {
                    total.deleted += part.deleted;
                    total.left += part.left;
                    total.reason = total.reason.take().or(part.reason);
                    reported += 1;
                    true
                }
                _ => false,
            };
            while missing > 0 && !self.interrupt.is_insistent() {
                match self.wait(1, None, &mut add) {
                    Waited::AllReported => missing -= 1,
                    Waited::Interrupted => {}
                    Waited::TimedOut => break,
                }
            }
        }
        housekeeping.deleted = total.deleted;
        if reported < self.settings.vus {
            housekeeping.left_behind = Some(format!(
                "clean-up was not done: items whose ids begin with {prefix} may be left behind; delete them by hand"
            ));
        } else if total.left > 0 {
            let reason = total.reason.unwrap_or_default();
            housekeeping.left_behind = Some(format!(
                "{} items whose ids begin with {prefix} could not be removed ({reason}); delete them by hand",
                total.left
            ));
        }
        if reported == self.settings.vus {
            self.observer
                .note(&format!("clean-up: deleted {} items", total.deleted));
        }
        housekeeping
    }

    fn order(&mut self, stage: Stage) {
        self.orders.send_replace(Order { stage, load: self.load });
    }

    /// Ends the generator threads and takes what they still have.
    fn end(&mut self) -> Vec<ThreadHealth> {
        self.order(Stage::End);
        let health = self
            .threads
            .drain(..)
            .filter_map(|thread| thread.join().ok()?.ok())
            .collect();
        while let Ok(message) = self.messages.try_recv() {
            if let Message::Figures(shard) = message {
                self.collect(&shard);
            }
        }
        health
    }

    fn wait_for(&mut self, ended: &mut u32, until: Option<Instant>) -> Waited {
        let missing = self.settings.vus - *ended;
        self.wait(missing, until, |report| {
            let is_end = matches!(report, Report::LoadEnded);
            *ended += u32::from(is_end);
            is_end
        })
    }

    /// As [`Self::wait_for`], but only a second request to end interrupts it.
    fn wait_insistently(&mut self, ended: &mut u32, until: Option<Instant>) -> Waited {
        loop {
            match self.wait_for(ended, until) {
                Waited::Interrupted if !self.interrupt.is_insistent() => thread::sleep(Duration::from_millis(1)),
                waited => return waited,
            }
        }
    }

    /// Merges figures and passes reports on until `count` of them were what the caller waits for.
    fn wait(&mut self, count: u32, until: Option<Instant>, mut is_awaited: impl FnMut(Report) -> bool) -> Waited {
        let mut missing = count;
        while missing > 0 {
            let now = Instant::now();
            self.show_progress(now);
            if until.is_some_and(|until| now >= until) {
                return Waited::TimedOut;
            }
            match self.messages.recv_timeout(TICK) {
                Ok(Message::Figures(shard)) => self.take(shard),
                Ok(Message::Report(report)) => {
                    missing -= u32::from(is_awaited(report));
                    continue;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Waited::TimedOut,
            }
            if self.interrupt.is_requested() {
                return Waited::Interrupted;
            }
        }
        Waited::AllReported
    }

    fn take(&mut self, mut shard: Box<Shard>) {
        self.collect(&shard);
        self.pass_on(16);
        shard.clear();
        if let Some(thread) = self.recycled.get(shard.thread) {
            // A thread that has ended needs no shard.
            let _ = thread.send(shard);
        }
    }

    fn collect(&mut self, shard: &Shard) {
        let start = self.load.map(|load| load.start).unwrap_or_else(Instant::now);
        let quarter = self
            .quarters
            .entry(shard.interval)
            .or_insert_with(|| Interval::empty(shard.interval, shard.steps.len()));
        for (total, step) in quarter.steps.iter_mut().zip(&shard.steps) {
            total.add(step);
        }
        quarter.length = Duration::from_millis(250);
        quarter.vus = self.settings.vus;
        quarter.examples.extend_from_slice(&shard.examples);
        let last_end = shard.last_end.map(|end| end.saturating_duration_since(start));
        quarter.last_end = quarter.last_end.max(last_end);
        let traced = |slow: &crate::recorder::Slow| crate::recorder::TracedEnd {
            step: slow.step,
            ending: slow.ending,
            latency: slow.latency,
            ended: last_end.unwrap_or_default(),
            trace: slow.trace,
            sampled: true,
        };
        quarter.slowest.extend(shard.slowest.requests().iter().map(traced));
    }

    fn pass_on(&mut self, keep: usize) {
        while self.quarters.len() > keep {
            let Some((number, mut quarter)) = self.quarters.pop_first() else {
                return;
            };
            self.live.add(&quarter);
            quarter.number = number / 4;
            self.totals.add(0, &quarter);
        }
    }

    fn show_progress(&mut self, now: Instant) {
        let (Some(load), true) = (self.load, now >= self.next_progress) else {
            return;
        };
        self.next_progress = now + PROGRESS;
        let elapsed = now.saturating_duration_since(load.start);
        let moment = Moment {
            elapsed,
            duration: Some(self.settings.duration),
            iterations: None,
            target_rate: None,
            vus: self.settings.vus,
            max_vus: self.settings.vus,
        };
        self.observer.progress(&self.live.snapshot(&moment, &self.totals));
    }
}
