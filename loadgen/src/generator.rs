//! One generator thread: a single-threaded runtime, its share of the virtual users, and an eye on itself.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use rustix::time::{ClockId, clock_gettime};
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::watch;

use crate::client::{Client, ClientContext, Endpoint};
use crate::recorder::{Recorder, Shard, latency_histogram};
use crate::request::TraceHeaders;
use crate::scenario::{Scenario, Script, ScriptContext};
use crate::settings::Header;
use crate::stage::{Order, Stage, StageCell};
use crate::target::Target;
use crate::virtual_user::{Report, VirtualUser};

/// How often a thread looks how late it wakes.
const HEARTBEAT: Duration = Duration::from_millis(20);

/// What all generator threads need.
pub(crate) struct Plan {
    pub(crate) target: Target,
    pub(crate) endpoint: Endpoint,
    pub(crate) scenario: Scenario,
    pub(crate) headers: Vec<Header>,
    pub(crate) trace: Option<TraceHeaders>,
    pub(crate) run_id: String,
    pub(crate) think_time: Duration,
    pub(crate) timeout: Duration,
}

/// What generator threads tell the main thread.
pub(crate) enum Message {
    /// Something of a virtual user.
    Report(Report),
    /// The figures of an interval.
    Figures(Box<Shard>),
}

/// How a generator thread talks to the main thread.
pub(crate) struct Wiring {
    pub(crate) orders: watch::Receiver<Order>,
    pub(crate) messages: Sender<Message>,
    pub(crate) empty: Receiver<Box<Shard>>,
}

/// How a thread fared under load.
pub(crate) struct ThreadHealth {
    /// CPU time used.
    pub(crate) cpu: Duration,
    /// Time passed.
    pub(crate) wall: Duration,
    /// How late the thread woke, nanoseconds.
    pub(crate) lag: Histogram<u64>,
}

/// Runs the virtual users with these numbers until the orders end.
pub(crate) fn generate(
    plan: &Plan,
    thread: usize,
    numbers: impl Iterator<Item = u32>,
    wiring: Wiring,
) -> io::Result<ThreadHealth> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build_local(LocalOptions::default())?;
    let Wiring {
        mut orders,
        messages,
        empty,
    } = wiring;
    let steps = plan.scenario.steps();
    let recorder = Rc::new(RefCell::new(Recorder::new(
        thread,
        steps.len(),
        messages.clone(),
        empty,
    )));
    let stage = Rc::new(StageCell::new());
    let clients = ClientContext::new(plan.endpoint.clone(), plan.timeout, Rc::clone(&stage));
    let context = ScriptContext {
        target: &plan.target,
        headers: &plan.headers,
        trace: plan.trace.as_ref(),
        run_id: &plan.run_id,
    };
    let health = runtime.block_on(async {
        for number in numbers {
            let mut rng = fastrand::Rng::new();
            let user = VirtualUser {
                opens: number == 0,
                client: Client::new(Rc::clone(&clients), number as usize),
                script: Script::new(&plan.scenario, &context, number, &mut rng),
                think_time: plan.think_time,
                set_up: plan.scenario.has_set_up(),
                rng,
                recorder: Rc::clone(&recorder),
                stage: Rc::clone(&stage),
                reports: messages.clone(),
            };
            tokio::task::spawn_local(user.run());
        }
        drop(messages);
        let lag = Rc::new(RefCell::new(latency_histogram()));
        tokio::task::spawn_local(heartbeat(Rc::clone(&recorder), Rc::clone(&stage), Rc::clone(&lag)));
        let mut begun = None;
        let mut ended = None;
        loop {
            let order = *orders.borrow_and_update();
            if let (None, Some(window)) = (begun, order.load) {
                recorder.borrow_mut().begin(window.start);
                begun = Some((Instant::now(), thread_cpu()));
            }
            if order.stage > Stage::Cut && ended.is_none() {
                ended = Some((Instant::now(), thread_cpu()));
            }
            stage.set(order);
            if order.stage == Stage::End || orders.changed().await.is_err() {
                break;
            }
        }
        let (begin, end) = (begun.unwrap_or_else(|| (Instant::now(), thread_cpu())), ended);
        let end = end.unwrap_or_else(|| (Instant::now(), thread_cpu()));
        let lag = lag.borrow().clone();
        ThreadHealth {
            cpu: end.1.saturating_sub(begin.1),
            wall: end.0.saturating_duration_since(begin.0),
            lag,
        }
    });
    recorder.borrow_mut().flush();
    Ok(health)
}

/// Wakes at regular times to see how late that is, and to hand over figures when nothing ends that would.
async fn heartbeat(recorder: Rc<RefCell<Recorder>>, stage: Rc<StageCell>, lag: Rc<RefCell<Histogram<u64>>>) {
    let mut due = tokio::time::Instant::now();
    loop {
        due = (due + HEARTBEAT).max(tokio::time::Instant::now());
        tokio::time::sleep_until(due).await;
        let now = tokio::time::Instant::now();
        if (Stage::Load..=Stage::Cut).contains(&stage.get()) {
            lag.borrow_mut().saturating_record((now - due).as_nanos() as u64);
            recorder.borrow_mut().hand_over_if_due(now.into_std());
        }
    }
}

/// CPU time that the calling thread has used.
fn thread_cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}
