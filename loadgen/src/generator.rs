//! One generator thread: a single-threaded runtime, its share of the virtual users, and an eye on itself.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::time::Duration;

use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::watch;

use crate::arrival_queue::{Arrival, ArrivalQueue};
use crate::client::{Client, ClientContext, Endpoint};
use crate::crew::{Crew, Part};
use crate::load::Load;
use crate::pacer::Pacer;
use crate::recorder::{Recorder, Shard, thread_cpu};
use crate::scenario::{Scenario, Script, ScriptContext, Templates};
use crate::segment::Segment;
use crate::settings::Header;
use crate::stage::{LoadWindow, Order, Stage, StageCell};
use crate::target::Target;
use crate::virtual_user::{Report, Starts, VirtualUser};

/// How often a thread looks how late it wakes.
const HEARTBEAT: Duration = Duration::from_millis(20);
/// Tasks that a thread runs between two looks at its sockets and timers: the fewer, the sooner it acts on what is due,
/// which matters to a schedule, the more, the fewer system calls it makes.
const EVENT_INTERVAL_OPEN: u32 = 16;
const EVENT_INTERVAL_CLOSED: u32 = 61;

/// What all generator threads need.
pub(crate) struct Plan {
    pub(crate) target: Target,
    pub(crate) endpoint: Endpoint,
    pub(crate) scenario: Scenario,
    pub(crate) headers: Vec<Header>,
    /// Whether requests carry the headers of a trace.
    pub(crate) trace_headers: bool,
    pub(crate) trace_sample: f64,
    pub(crate) run_id: String,
    pub(crate) load: Load,
    /// Iterations of the whole run, over all generators.
    pub(crate) iterations: Option<u64>,
    /// Those of this generator that its virtual users have not started, in the closed model.
    pub(crate) iterations_left: Option<Arc<AtomicU64>>,
    /// Those of this generator that its virtual users have begun, in the closed model.
    pub(crate) iterations_begun: AtomicU64,
    pub(crate) warm_up: Duration,
    pub(crate) segment: Segment,
    pub(crate) threads: u32,
    pub(crate) think_time: Duration,
    pub(crate) timeout: Duration,
    /// Whether the opening request is the first that counts.
    pub(crate) opening_counts: bool,
    /// Iterations that this generator can begin before its data is used up.
    pub(crate) most_iterations: Option<u64>,
}

impl Plan {
    /// The number of the first iteration that a schedule has a thread begin. The opening request has begun number 0,
    /// unless it belongs to the set-up.
    fn first_iteration(&self, thread: u32) -> u64 {
        let opened = thread == 0 && !self.scenario.has_set_up();
        u64::from(if opened { self.threads } else { thread })
    }

    /// The number of the next iteration that a virtual user begins by itself: those of all threads have no gaps, so that
    /// rows of data are used evenly.
    #[inline]
    pub(crate) fn next_iteration(&self) -> u64 {
        self.iterations_begun.fetch_add(1, Ordering::Relaxed)
    }

    /// Virtual users that a thread has at the start, and at most.
    pub(crate) fn vus_of(&self, thread: u32) -> (u32, u32) {
        let share = |vus: u32| {
            let of_generator = self.segment.share_of(u64::from(vus));
            let of_thread = (of_generator + u64::from(self.threads - 1 - thread)) / u64::from(self.threads);
            u32::try_from(of_thread).unwrap_or(u32::MAX)
        };
        match &self.load {
            Load::Closed { .. } => (share(self.load.most_vus()), share(self.load.most_vus())),
            Load::Open { vus, max_vus, .. } => (share(*vus), share(*max_vus).max(share(*vus))),
        }
    }
}

/// What generator threads tell the main thread.
pub(crate) enum Message {
    /// Something of a virtual user.
    Report(Box<Report>),
    /// All tasks of a thread have done their part.
    CrewDone(Part),
    /// A thread cannot keep time.
    NoTimer(io::Error),
    /// The figures of a quarter of a second.
    Figures(Box<Shard>),
}

/// How a generator thread talks to the main thread.
pub(crate) struct Wiring {
    pub(crate) orders: watch::Receiver<Order>,
    pub(crate) messages: Sender<Message>,
    pub(crate) empty: Receiver<Box<Shard>>,
}

/// Runs a thread's share of the load until the orders end.
pub(crate) fn generate(plan: &Arc<Plan>, thread: u32, wiring: Wiring) -> io::Result<()> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .event_interval(match plan.load {
            Load::Open { .. } => EVENT_INTERVAL_OPEN,
            Load::Closed { .. } => EVENT_INTERVAL_CLOSED,
        })
        .build_local(LocalOptions::default())?;
    let Wiring {
        mut orders,
        messages,
        empty,
    } = wiring;
    runtime.block_on(async {
        let recruiter = Recruiter::new(Arc::clone(plan), thread, messages, empty);
        let (vus, _) = plan.vus_of(thread);
        for _ in 0..vus {
            recruiter.recruit(None);
        }
        tokio::task::spawn_local(heartbeat(
            Rc::clone(&recruiter.recorder),
            Rc::clone(&recruiter.stage),
            matches!(plan.load, Load::Closed { .. }),
        ));
        let mut load_begun = false;
        loop {
            let order = orders.borrow_and_update().clone();
            match order.stage {
                Stage::Opening | Stage::End => {}
                Stage::SetUp => recruiter.crew.begin(Part::SetUp, vus),
                Stage::Load | Stage::Stop | Stage::Cut if !load_begun => {
                    load_begun = true;
                    recruiter.begin_load(&order);
                }
                Stage::Load | Stage::Stop | Stage::Cut => {}
                Stage::CleanUp => recruiter.crew.begin(Part::CleanUp, recruiter.crew.vus()),
            }
            let is_end = order.stage == Stage::End;
            recruiter.stage.set(order);
            if is_end || orders.changed().await.is_err() {
                break;
            }
        }
        recruiter.recorder.borrow_mut().flush();
    });
    Ok(())
}

/// Makes the virtual users of one thread.
struct Recruiter {
    plan: Arc<Plan>,
    thread: u32,
    clients: Rc<ClientContext>,
    stage: Rc<StageCell>,
    recorder: Rc<RefCell<Recorder>>,
    crew: Rc<Crew>,
    queue: Rc<ArrivalQueue>,
    templates: Rc<Templates>,
    messages: Sender<Message>,
}

impl Recruiter {
    fn new(plan: Arc<Plan>, thread: u32, messages: Sender<Message>, empty: Receiver<Box<Shard>>) -> Rc<Self> {
        let recorder = Rc::new(RefCell::new(Recorder::new(
            thread as usize,
            plan.scenario.steps().len(),
            matches!(plan.load, Load::Open { .. }),
            messages.clone(),
            empty,
        )));
        let context = ScriptContext {
            target: &plan.target,
            headers: &plan.headers,
            trace_headers: plan.trace_headers,
            run_id: &plan.run_id,
            segment: plan.segment,
            think_time: plan.think_time,
        };
        let templates = Rc::new(Templates::new(&plan.scenario, &context));
        let crew = Crew::new(Rc::clone(&recorder), messages.clone());
        let stage = Rc::new(StageCell::new());
        Rc::new(Self {
            thread,
            clients: ClientContext::new(plan.endpoint.clone(), plan.timeout, Rc::clone(&stage)),
            stage,
            crew: Rc::new(crew),
            queue: Rc::new(ArrivalQueue::new(plan.timeout, Rc::clone(&recorder))),
            recorder,
            templates,
            messages,
            plan,
        })
    }

    /// Adds a virtual user, which begins with an arrival if one has called it into being.
    fn recruit(&self, first: Option<Arrival>) {
        let plan = &*self.plan;
        // Its number among those of this generator, and in the whole run.
        let local = u64::from(self.thread) + u64::from(plan.threads) * u64::from(self.crew.vus());
        let number = u32::try_from(plan.segment.global(local)).unwrap_or(u32::MAX);
        let mut rng = fastrand::Rng::new();
        let starts = match &plan.load {
            Load::Closed { vus } => Starts::WhenFree {
                spans: vus
                    .after(vus.first_value(), plan.warm_up)
                    .spans_above(f64::from(number)),
                iterations: plan.iterations_left.clone(),
            },
            Load::Open { .. } => Starts::WhenDue(Rc::clone(&self.queue)),
        };
        let user = VirtualUser {
            opens: local == 0 && first.is_none(),
            set_up_failed: None,
            client: Client::new(Rc::clone(&self.clients), number as usize),
            script: Script::new(&self.templates, u32::try_from(local).unwrap_or(u32::MAX), &mut rng),
            starts,
            plan: Arc::clone(&self.plan),
            rng,
            crew: Rc::clone(&self.crew),
            recorder: Rc::clone(&self.recorder),
            stage: Rc::clone(&self.stage),
            reports: self.messages.clone(),
        };
        self.crew.join();
        tokio::task::spawn_local(user.run(first));
    }

    fn begin_load(self: &Rc<Self>, order: &Order) {
        let Some(window) = order.load else {
            self.crew.begin(Part::Load, self.crew.vus());
            return;
        };
        self.recorder.borrow_mut().begin(window.start, thread_cpu());
        match &self.plan.load {
            Load::Closed { .. } => self.crew.begin(Part::Load, self.crew.vus()),
            Load::Open { rate, .. } => {
                self.crew.begin(Part::Load, self.crew.vus() + 1);
                let segments = u64::from(self.plan.segment.count());
                let pacer = Pacer {
                    rate: rate.clone(),
                    first: self.plan.segment.global(u64::from(self.thread)),
                    stride: segments * u64::from(self.plan.threads),
                    iterations: self.plan.iterations,
                    most_iterations: self.plan.most_iterations,
                    first_local: self.plan.first_iteration(self.thread),
                    stride_local: u64::from(self.plan.threads),
                    queue: Rc::clone(&self.queue),
                    recorder: Rc::clone(&self.recorder),
                    stage: Rc::clone(&self.stage),
                };
                tokio::task::spawn_local(Rc::clone(self).pace(pacer, window));
            }
        }
    }

    /// Releases arrivals, and adds virtual users while all are busy and there may be more.
    async fn pace(self: Rc<Self>, pacer: Pacer, window: LoadWindow) {
        self.stage.register().await;
        let (_, most) = self.plan.vus_of(self.thread);
        let paced = pacer.run(window, |arrival| {
            let may_grow = self.crew.vus() < most;
            if may_grow {
                self.crew.add(Part::Load);
                self.recruit(Some(arrival));
            }
            may_grow
        });
        if let Err(error) = paced.await {
            self.queue.close(false);
            let _ = self.messages.send(Message::NoTimer(error));
        }
        self.crew.done(Part::Load);
    }
}

/// Wakes at regular times to hand over figures when nothing ends that would, and, where nothing else tells, to see how
/// late that is.
async fn heartbeat(recorder: Rc<RefCell<Recorder>>, stage: Rc<StageCell>, measures_lag: bool) {
    let mut due = tokio::time::Instant::now();
    loop {
        due = (due + HEARTBEAT).max(tokio::time::Instant::now());
        tokio::time::sleep_until(due).await;
        let now = tokio::time::Instant::now();
        if (Stage::Load..=Stage::Cut).contains(&stage.get())
            && let Some(window) = stage.load()
            && now.into_std() >= window.start
        {
            let mut recorder = recorder.borrow_mut();
            if measures_lag {
                recorder.lag(now - due);
            }
            recorder.hand_over_if_due(now.into_std());
        }
    }
}
