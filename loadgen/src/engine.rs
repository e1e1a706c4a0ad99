//! Runs the generator threads through the stages of a run and gathers what they count.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::watch;

use crate::assembly::{Quarters, Seconds};
use crate::client::Endpoint;
use crate::crew::Part;
use crate::environment;
use crate::generator::{Message, Plan, Wiring, generate};
use crate::interrupt::Interrupt;
use crate::interval::Interval;
use crate::live::{Live, Moment};
use crate::load::Load;
use crate::observer::{Observer, RunStage};
use crate::open_files;
use crate::recorder::Shard;
use crate::request::TraceHeaders;
use crate::run_error::RunError;
use crate::run_info::{LoadModel, RunInfo};
use crate::run_result::RunEnd;
use crate::scenario::{CleanUp, Shared};
use crate::settings::Settings;
use crate::stage::{LoadWindow, Order, Stage};
use crate::summary::RunResult;
use crate::target::Target;
use crate::threshold;
use crate::totals::Totals;
use crate::virtual_user::{Opening, Report};

/// How often the main thread looks up when nothing happens.
const TICK: Duration = Duration::from_millis(50);
/// How often an observer is told of progress.
const PROGRESS: Duration = Duration::from_millis(250);
/// How long virtual users may take to notice an order.
const REACTION: Duration = Duration::from_secs(5);
/// The load begins so long after it is ordered, so that every thread has its orders by then.
const LEAD: Duration = Duration::from_millis(5);

/// A finished run.
#[derive(Clone, Debug)]
pub struct Finished {
    /// What it found out.
    pub result: RunResult,
    /// What set-up and clean-up did, if the scenario has them.
    pub housekeeping: Option<Housekeeping>,
    /// The threshold that ended the run, as typed, if one did.
    pub aborted_by: Option<String>,
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
    check(settings)?;
    let note = open_files::allow_connections(own_most_vus(settings))?;
    for note in settings.transport.notes().into_iter().chain(note) {
        observer.note(&note);
    }
    let mut target = settings.target.clone();
    loop {
        let plan = plan(settings, &target, interrupt)?;
        let mut engine = Engine::start(settings, plan, interrupt, observer)?;
        match engine.open()? {
            Opened::Answered(opening) => return engine.work(*opening),
            Opened::Upgraded(upgraded) => {
                observer.note(&format!("{target} redirects to https: using {upgraded}"));
                target = upgraded;
            }
        }
    }
}

/// Virtual users that this generator may have.
fn own_most_vus(settings: &Settings) -> u32 {
    u32::try_from(settings.segment.share_of(u64::from(settings.load.most_vus()))).unwrap_or(u32::MAX)
}

fn check(settings: &Settings) -> Result<(), RunError> {
    threshold::check_selections(&settings.thresholds, settings.scenario.steps())?;
    let segment = settings.segment;
    if let Load::Closed { .. } = settings.load
        && own_most_vus(settings) == 0
    {
        return Err(RunError::EmptySegment {
            segment: segment.to_string(),
            vus: settings.load.most_vus(),
        });
    }
    match settings.start_at {
        Some(start_at) if start_at < SystemTime::now() => Err(RunError::StartPassed {
            start_at: humantime::format_rfc3339_millis(start_at).to_string(),
        }),
        _ => Ok(()),
    }
}

fn plan(settings: &Settings, target: &Target, interrupt: &Interrupt) -> Result<Plan, RunError> {
    let run_id = settings.run_id.to_string();
    let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let opening_counts = opening_counts(settings);
    let iterations_left = settings.iterations.map(|total| {
        settings
            .segment
            .share_of(total)
            .saturating_sub(u64::from(opening_counts))
    });
    Ok(Plan {
        target: target.clone(),
        endpoint: Endpoint::prepare(target, &settings.transport, settings.timeout, interrupt)?,
        scenario: settings.scenario.clone(),
        headers: settings.headers.clone(),
        trace: settings.trace.headers.then(|| TraceHeaders { run_id: run_id.clone() }),
        trace_sample: settings.trace.sample,
        run_id,
        load: settings.load.clone(),
        iterations: settings.iterations,
        iterations_left: iterations_left.map(|left| Arc::new(AtomicU64::new(left))),
        // The opening request begins the first, unless it belongs to the set-up.
        iterations_begun: AtomicU64::new(u64::from(!settings.scenario.has_set_up())),
        warm_up: settings.warm_up,
        segment: settings.segment,
        threads: u32::try_from(cores).unwrap_or(1).min(own_most_vus(settings)).max(1),
        think_time: settings.think_time,
        timeout: settings.timeout,
        opening_counts,
        most_iterations: settings.scenario.most_iterations(settings.segment),
    })
}

/// The opening request is the first that counts where the load begins with it: not where a schedule, a warm-up or a time
/// of day says when the load begins.
fn opening_counts(settings: &Settings) -> bool {
    matches!(settings.load, Load::Closed { .. })
        && settings.warm_up.is_zero()
        && settings.start_at.is_none()
        && !settings.scenario.has_set_up()
}

enum Opened {
    Answered(Box<Opening>),
    Upgraded(Target),
}

/// How waiting for the threads ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waited {
    /// What was waited for has happened.
    Happened,
    /// The time was over.
    TimedOut,
    /// The run was asked to end, for the first or the second time.
    Interrupted,
    /// A threshold was crossed that ends the run.
    Aborted,
}

struct Engine<'a> {
    settings: &'a Settings,
    interrupt: &'a Interrupt,
    observer: &'a mut dyn Observer,
    plan: Arc<Plan>,
    info: RunInfo,
    orders: watch::Sender<Order>,
    messages: Receiver<Message>,
    recycled: Vec<Sender<Box<Shard>>>,
    threads: Vec<JoinHandle<std::io::Result<()>>>,
    quarters: Quarters,
    seconds: Seconds,
    live: Live,
    totals: Totals,
    load: Option<LoadWindow>,
    shared: Shared,
    next_progress: Instant,
    most_vus: u32,
    created: u64,
    aborted_by: Option<String>,
    failed: Option<RunError>,
}

impl<'a> Engine<'a> {
    fn start(
        settings: &'a Settings,
        plan: Plan,
        interrupt: &'a Interrupt,
        observer: &'a mut dyn Observer,
    ) -> Result<Self, RunError> {
        let plan = Arc::new(plan);
        let info = run_info(settings, &plan);
        let (orders, order) = watch::channel(Order {
            stage: Stage::Opening,
            load: None,
            shared: Shared::default(),
        });
        let (sender, messages) = mpsc::channel();
        let mut threads = Vec::new();
        let mut recycled = Vec::new();
        for number in 0..plan.threads {
            let (give, empty) = mpsc::channel();
            recycled.push(give);
            let wiring = Wiring {
                orders: order.clone(),
                messages: sender.clone(),
                empty,
            };
            let plan = Arc::clone(&plan);
            let thread = thread::Builder::new().name(format!("generator-{number}"));
            threads.push(thread.spawn(move || generate(&plan, number, wiring))?);
        }
        Ok(Self {
            settings,
            interrupt,
            observer,
            orders,
            messages,
            recycled,
            quarters: Quarters::new(threads.len(), info.steps.len()),
            seconds: Seconds::new(info.steps.len()),
            live: Live::new(&info.steps),
            totals: Totals::new(&info, &settings.thresholds),
            threads,
            info,
            plan,
            load: None,
            shared: Shared::default(),
            next_progress: Instant::now(),
            most_vus: 0,
            created: 0,
            aborted_by: None,
            failed: None,
        })
    }

    /// Waits for the opening request.
    fn open(&mut self) -> Result<Opened, RunError> {
        let mut opening = None;
        let waited = self.wait(None, |message| match message {
            Happening::Report(Report::Opened(report)) => {
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

    /// Everything after the opening request.
    fn work(mut self, opening: Opening) -> Result<Finished, RunError> {
        self.shared = Arc::clone(&opening.shared);
        let mut failed = None;
        if self.plan.scenario.has_set_up() {
            failed = self.set_up(&opening).err();
        }
        let mut waited = Waited::Happened;
        if failed.is_none() && !self.interrupt.is_requested() {
            match self.window(&opening) {
                Ok(Some(window)) => waited = self.load(window),
                Ok(None) => waited = Waited::Interrupted,
                Err(error) => failed = Some(error),
            }
        } else {
            waited = Waited::Interrupted;
        }
        if self.load.is_none() {
            self.order(Stage::Stop);
            self.wait_for_crews(Part::Load, Some(Instant::now() + self.settings.timeout + REACTION));
        }
        let housekeeping = self.plan.scenario.has_set_up().then(|| self.clean_up());
        self.end();
        if let Some(error) = failed.or(self.failed.take()) {
            return Err(match housekeeping.and_then(|housekeeping| housekeeping.left_behind) {
                Some(left) => RunError::LeftBehind {
                    error: Box::new(error),
                    left,
                },
                None => error,
            });
        }
        if self.load.is_none() {
            self.begin(Instant::now());
        }
        let end = RunEnd {
            interrupted: waited == Waited::Interrupted,
            vus: self.most_vus,
            generators: vec![self.info.generator.clone()],
            trace_url: self.settings.trace.url.clone(),
        };
        let result = self.totals.result(&self.info, &end);
        self.observer.end(&result);
        Ok(Finished {
            result,
            housekeeping,
            aborted_by: self.aborted_by,
        })
    }

    fn set_up(&mut self, opening: &Opening) -> Result<(), RunError> {
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
        match failure {
            Some(reason) => Err(RunError::SetUp { request, reason }),
            None => {
                if waited == Waited::Happened {
                    self.note_resources(&format!("set-up: created {created}"));
                }
                Ok(())
            }
        }
    }

    /// When load is offered; waits for the time of day that was asked for. `None` if interrupted meanwhile.
    fn window(&mut self, opening: &Opening) -> Result<Option<LoadWindow>, RunError> {
        let begin = match self.settings.start_at {
            None if self.plan.opening_counts => opening.start,
            None => Instant::now() + LEAD,
            Some(start_at) => {
                let passed = || RunError::StartPassed {
                    start_at: humantime::format_rfc3339_millis(start_at).to_string(),
                };
                let left = start_at.duration_since(SystemTime::now()).map_err(|_| passed())?;
                let begin = Instant::now() + left;
                self.observer.note(&format!(
                    "ready; waiting {:.1} s for the start at {}",
                    left.as_secs_f64(),
                    humantime::format_rfc3339_millis(start_at)
                ));
                if self.wait(Some(begin.checked_sub(LEAD).unwrap_or(begin)), |_| false) == Waited::Interrupted {
                    return Ok(None);
                }
                begin
            }
        };
        let start = begin + self.settings.warm_up;
        Ok(Some(LoadWindow {
            warm_up_start: begin,
            start,
            end: start + self.settings.load.duration(),
        }))
    }

    /// Fixes when the load begins, and tells the observer.
    fn begin(&mut self, start: Instant) {
        let from_now = start.saturating_duration_since(Instant::now());
        let since = Instant::now().saturating_duration_since(start);
        let started_at = match self.settings.start_at {
            // Exactly what was asked for, so that it is the same for all generators.
            Some(start_at) => start_at + self.settings.warm_up,
            None => SystemTime::now() + from_now - since,
        };
        let since_epoch = started_at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        self.info.started_at_ms = since_epoch.as_millis() as u64;
        self.observer.begin(&self.info);
    }

    /// Offers load until its time is over or the run is asked to end, and waits for requests in flight.
    fn load(&mut self, window: LoadWindow) -> Waited {
        self.begin(window.start);
        self.load = Some(window);
        self.totals.load_ends_at(self.settings.load.duration());
        self.observer.stage(if window.start > window.warm_up_start {
            RunStage::WarmUp
        } else {
            RunStage::Load
        });
        self.order(Stage::Load);
        let mut missing = self.plan.threads;
        let mut waited = Waited::TimedOut;
        if window.start > window.warm_up_start {
            waited = self.wait_counting(&mut missing, Some(window.start));
            if waited == Waited::TimedOut {
                self.observer.stage(RunStage::Load);
            }
        }
        if waited == Waited::TimedOut {
            waited = self.wait_counting(&mut missing, Some(window.end));
        }
        if waited == Waited::TimedOut {
            self.observer.stage(RunStage::GracefulStop);
            waited = self.wait_counting(&mut missing, Some(window.end + self.settings.graceful_stop));
        }
        if matches!(waited, Waited::Interrupted | Waited::Aborted) {
            if waited == Waited::Interrupted {
                self.observer
                    .note("stopping: waiting for requests in flight; interrupt again to give them up");
            }
            self.order(Stage::Stop);
            let patience = Instant::now() + self.settings.graceful_stop;
            if self.wait_insistently(&mut missing, Some(patience)) == Waited::Interrupted {
                return Waited::Interrupted;
            }
        }
        if missing > 0 {
            self.order(Stage::Cut);
            self.wait_insistently(&mut missing, Some(Instant::now() + REACTION));
        }
        waited
    }

    fn wait_for_crews(&mut self, part: Part, until: Option<Instant>) {
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

    fn clean_up(&mut self) -> Housekeeping {
        let mut housekeeping = Housekeeping {
            created: self.created,
            deleted: 0,
            left_behind: None,
        };
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
        housekeeping.deleted = total.deleted;
        if missing > 0 {
            housekeeping.left_behind = Some(format!(
                "clean-up was not done: {leftovers} may be left behind; delete them by hand"
            ));
        } else if total.left > 0 {
            let reason = total.reason.unwrap_or_default();
            housekeeping.left_behind = Some(format!(
                "{} {leftovers} could not be removed ({reason}); delete them by hand",
                total.left
            ));
        }
        if let Some(reason) = total.failed_steps {
            self.observer.note(&format!("clean-up: {reason}"));
        }
        if missing == 0 {
            self.note_resources(&format!("clean-up: deleted {}", total.deleted));
        }
        housekeeping
    }

    fn note_resources(&mut self, what: &str) {
        if self.plan.scenario.has_resources() {
            self.observer
                .note(&format!("{what} {}", self.plan.scenario.resources()));
        }
    }

    fn order(&mut self, stage: Stage) {
        self.orders.send_replace(Order {
            stage,
            load: self.load,
            shared: Arc::clone(&self.shared),
        });
    }

    /// Ends the generator threads and takes what they still have.
    fn end(&mut self) {
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
    fn wait_counting(&mut self, missing: &mut u32, until: Option<Instant>) -> Waited {
        self.wait(until, |happening| {
            *missing -= u32::from(matches!(happening, Happening::CrewDone(Part::Load)));
            *missing == 0
        })
    }

    /// As [`Self::wait_counting`], but only a second request to end interrupts it.
    fn wait_insistently(&mut self, missing: &mut u32, until: Option<Instant>) -> Waited {
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
    fn wait(&mut self, until: Option<Instant>, mut is_awaited: impl FnMut(Happening) -> bool) -> Waited {
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
        shard.clear();
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
            && let Some(threshold) = self.totals.crossed()
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

/// What a caller of [`Engine::wait`] may wait for.
enum Happening {
    Report(Report),
    CrewDone(Part),
}

/// What is known before the first request.
fn run_info(settings: &Settings, plan: &Plan) -> RunInfo {
    RunInfo {
        run_id: settings.run_id.to_string(),
        loadgen_version: env!("CARGO_PKG_VERSION").to_owned(),
        command: settings.command.clone(),
        scenario: plan.scenario.name().to_owned(),
        target: plan.target.to_string(),
        model: match settings.load {
            Load::Closed { .. } => LoadModel::Closed,
            Load::Open { .. } => LoadModel::Open,
        },
        load: describe_load(settings),
        generator: settings.segment.to_string(),
        tags: settings.tags.clone(),
        steps: plan.scenario.steps().to_vec(),
        started_at_ms: 0,
        environment: environment::describe(),
    }
}

fn describe_load(settings: &Settings) -> String {
    let mut text = settings.load.to_string();
    if let Some(iterations) = settings.iterations {
        text = match text.split_once(" for ") {
            Some((load, _)) if settings.load.duration() >= Settings::UNTIMED => {
                format!("{load}, {iterations} iterations")
            }
            _ => format!("{text}, at most {iterations} iterations"),
        };
    }
    if !settings.warm_up.is_zero() {
        text.push_str(&format!(
            ", after a warm-up of {}",
            humantime::format_duration(settings.warm_up)
        ));
    }
    text
}
