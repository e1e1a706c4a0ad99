//! Releases the arrivals of one generator thread when they are due.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::rc::Rc;
use std::task::Poll;
use std::time::Instant;

use crate::arrival_queue::{Arrival, ArrivalQueue};
use crate::load::Ramp;
use crate::precise_timer::PreciseTimer;
use crate::recorder::Recorder;
use crate::stage::{LoadWindow, Stage, StageCell};

/// Arrivals released before the thread's other tasks get their turn, even if more are due.
const AT_ONCE: u32 = 64;

/// The arrivals of one thread.
pub(crate) struct Pacer {
    pub(crate) rate: Ramp,
    /// The iterations of this thread have the numbers `first`, `first + stride`, … in the whole run.
    pub(crate) first: u64,
    pub(crate) stride: u64,
    /// Iterations of the whole run that are due at most, warm-up left out.
    pub(crate) iterations: Option<u64>,
    /// Iterations that this generator can begin before its data is used up.
    pub(crate) most_iterations: Option<u64>,
    /// The iterations of this thread have the numbers `first_local`, `first_local + stride_local`, … in this generator.
    pub(crate) first_local: u64,
    pub(crate) stride_local: u64,
    pub(crate) queue: Rc<ArrivalQueue>,
    pub(crate) recorder: Rc<RefCell<Recorder>>,
    pub(crate) stage: Rc<StageCell>,
}

impl Pacer {
    /// Releases every arrival of the window; `all_busy` is asked to find a virtual user where none is free, and says
    /// whether it has.
    pub(crate) async fn run(self, window: LoadWindow, mut all_busy: impl FnMut(Arrival) -> bool) -> io::Result<()> {
        let mut timer = PreciseTimer::new()?;
        let mut number = self.first_local;
        let warm_up = Ramp::constant(self.rate.first_value(), window.start - window.warm_up_start);
        let before = warm_up.arrivals(self.first, self.stride);
        let before = before.map(|offset| window.warm_up_start + offset);
        let arrivals = self
            .rate
            .arrivals(self.first, self.stride)
            .map(|offset| window.start + offset);
        let mut left = self
            .iterations
            .map_or(u64::MAX, |total| total.saturating_sub(self.first).div_ceil(self.stride));
        let mut all_released = false;
        let mut at_once = 0;
        for due in before.chain(arrivals) {
            let counted = due >= window.start;
            if counted && left == 0 || self.most_iterations.is_some_and(|most| number >= most) {
                all_released = true;
                break;
            }
            at_once += 1;
            if at_once == AT_ONCE {
                at_once = 0;
                tokio::task::yield_now().await;
            }
            if !self.wait(&mut timer, due).await {
                self.queue.close(false);
                return Ok(());
            }
            left -= u64::from(counted);
            let arrival = Arrival { due, number };
            number += self.stride_local;
            self.recorder.borrow_mut().arrive(due, Instant::now());
            if !self.queue.hand(arrival) && !all_busy(arrival) {
                self.queue.wait(arrival);
            }
        }
        all_released |= left == 0;
        if !all_released {
            self.wait(&mut timer, window.end).await;
        }
        self.queue.close(all_released);
        Ok(())
    }

    /// Waits until an instant; false if the load was stopped before.
    async fn wait(&self, timer: &mut PreciseTimer, until: Instant) -> bool {
        poll_fn(|context| {
            if self.stage.get() != Stage::Load {
                Poll::Ready(false)
            } else {
                timer.poll_until(context, until).map(|()| true)
            }
        })
        .await
    }
}
