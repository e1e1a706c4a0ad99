//! A timer finer than the runtime's, whose ticks are a millisecond long.

#[cfg(target_os = "linux")]
pub(crate) use timerfd::PreciseTimer;

#[cfg(not(target_os = "linux"))]
pub(crate) use tick::PreciseTimer;

#[cfg(target_os = "linux")]
mod timerfd {
    use std::io;
    use std::os::fd::OwnedFd;
    use std::task::{Context, Poll, ready};
    use std::time::{Duration, Instant};

    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
    };
    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;

    /// One timer of the kernel, precise to some ten microseconds.
    pub(crate) struct PreciseTimer {
        timer: AsyncFd<OwnedFd>,
        armed: Option<Instant>,
    }

    impl PreciseTimer {
        /// A timer of the runtime that this is called in.
        pub(crate) fn new() -> io::Result<Self> {
            let timer = timerfd_create(
                TimerfdClockId::Monotonic,
                TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC,
            )?;
            #[expect(
                deprecated,
                reason = "the replacement is unsafe, for types that may close their descriptor early, which an OwnedFd does not"
            )]
            let timer = AsyncFd::with_interest(timer, Interest::READABLE)?;
            Ok(Self { timer, armed: None })
        }

        /// Ready from `until` on.
        pub(crate) fn poll_until(&mut self, context: &mut Context<'_>, until: Instant) -> Poll<()> {
            loop {
                let left = until.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return Poll::Ready(());
                }
                if self.armed != Some(until) {
                    // Setting it also takes back an expiry that nobody has looked at.
                    if set(self.timer.get_ref(), left).is_err() {
                        return Poll::Ready(());
                    }
                    self.armed = Some(until);
                }
                match ready!(self.timer.poll_read_ready(context)) {
                    Ok(mut expired) => expired.clear_ready(),
                    Err(_) => return Poll::Ready(()),
                }
                self.armed = None;
            }
        }
    }

    fn set(timer: &OwnedFd, after: Duration) -> rustix::io::Result<()> {
        let value = Itimerspec {
            it_interval: Timespec { tv_sec: 0, tv_nsec: 0 },
            it_value: Timespec {
                tv_sec: i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: i64::from(after.subsec_nanos()),
            },
        };
        timerfd_settime(timer, TimerfdTimerFlags::empty(), &value).map(drop)
    }
}

#[cfg(not(target_os = "linux"))]
mod tick {
    use std::future::Future;
    use std::io;
    use std::pin::Pin;
    use std::task::{Context, Poll};
    use std::time::Instant;

    use tokio::time::{Sleep, sleep_until};

    /// The runtime's own timer, where the kernel has no other that a runtime could wait for.
    pub(crate) struct PreciseTimer {
        sleep: Pin<Box<Sleep>>,
    }

    impl PreciseTimer {
        /// A timer of the runtime that this is called in.
        pub(crate) fn new() -> io::Result<Self> {
            Ok(Self {
                sleep: Box::pin(sleep_until(tokio::time::Instant::now())),
            })
        }

        /// Ready from `until` on.
        pub(crate) fn poll_until(&mut self, context: &mut Context<'_>, until: Instant) -> Poll<()> {
            if Instant::now() >= until {
                return Poll::Ready(());
            }
            self.sleep.as_mut().reset(until.into());
            self.sleep.as_mut().poll(context)
        }
    }
}
