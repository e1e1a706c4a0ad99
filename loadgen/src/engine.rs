//! Runs the generator threads through the stages of a run and gathers what they count.

mod gathering;
mod plan;
mod upkeep;

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::watch;

use crate::assembly::{Quarters, Seconds};
use crate::crew::Part;
use crate::generator::{Message, Plan, Wiring, generate};
use crate::interrupt::Interrupt;
use crate::live::Live;
use crate::observer::{Observer, RunStage};
use crate::open_files;
use crate::recorder::Shard;
use crate::run_error::RunError;
use crate::run_info::RunInfo;
use crate::run_result::RunEnd;
use crate::scenario::Shared;
use crate::settings::Settings;
use crate::stage::{LoadWindow, Order, Stage};
use crate::summary::RunResult;
use crate::target::Target;
use crate::totals::Totals;
use crate::virtual_user::{Opening, Report};

use gathering::{Happening, Waited};
use plan::{check, own_most_vus, plan, run_info};
pub use upkeep::Housekeeping;

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

/// Puts the target under load; blocks until the run is over.
///
/// # Errors
/// See [`RunError`]. Requests that fail are no errors but figures, except the very first: a target that does not answer
/// at all ends the run at once.
pub fn run(settings: &Settings, interrupt: &Interrupt, observer: &mut dyn Observer) -> Result<Finished, RunError> {
    check(settings)?;
    let few_ports = open_files::allow_connections(own_most_vus(settings))?;
    for note in settings.transport.tls.warning().into_iter().chain(few_ports.as_deref()) {
        observer.note(note);
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

enum Opened {
    Answered(Box<Opening>),
    Upgraded(Target),
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
                _ => self
                    .failed
                    .take()
                    .unwrap_or_else(|| std::io::Error::other("a generator thread ended early").into()),
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
            Ok(status) => {
                let upgraded = target.upgraded_by(&opening.location);
                match upgraded.filter(|_| (300..400).contains(status)) {
                    Some(upgraded) => {
                        self.end();
                        Ok(Opened::Upgraded(upgraded))
                    }
                    None => Ok(Opened::Answered(Box::new(opening))),
                }
            }
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

    /// When load is offered; waits for the time of day that was asked for. `None` if interrupted meanwhile.
    fn window(&mut self, opening: &Opening) -> Result<Option<LoadWindow>, RunError> {
        let begin = match self.settings.start_at {
            None if self.plan.opening_counts => opening.start,
            None => Instant::now() + LEAD,
            Some(start_at) => {
                let shown = humantime::format_rfc3339_millis(start_at).to_string();
                let Ok(left) = start_at.duration_since(SystemTime::now()) else {
                    return Err(RunError::StartPassed { start_at: shown });
                };
                let begin = Instant::now() + left;
                self.observer.note(&format!(
                    "ready; waiting {:.1} s for the start at {shown}",
                    left.as_secs_f64()
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
        self.totals.watch.load_ends_at(self.settings.load.duration());
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

    fn order(&mut self, stage: Stage) {
        self.orders.send_replace(Order {
            stage,
            load: self.load,
            shared: Arc::clone(&self.shared),
        });
    }
}
