//! Finding the addresses of a target.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::interrupt::Interrupt;
use crate::run_error::RunError;
use crate::target::Target;

/// How often an interrupt is looked for meanwhile.
const TICK: Duration = Duration::from_millis(50);

/// Resolves the host in a thread of its own, because resolvers can block for long.
pub(crate) fn resolve(
    target: &Target,
    timeout: Duration,
    interrupt: &Interrupt,
) -> Result<Arc<[SocketAddr]>, RunError> {
    let failed = |reason: String| RunError::Dns {
        host: target.host(),
        reason,
    };
    let (sender, receiver) = mpsc::channel();
    let asked = target.clone();
    thread::Builder::new()
        .name("resolver".to_owned())
        .spawn(move || sender.send(asked.resolve()))?;
    let deadline = Instant::now() + timeout;
    loop {
        match receiver.recv_timeout(TICK) {
            Ok(Ok(addresses)) if addresses.is_empty() => return Err(failed("the name has no address".to_owned())),
            Ok(Ok(addresses)) => return Ok(addresses.into()),
            Ok(Err(error)) => return Err(failed(error.to_string())),
            Err(_) if interrupt.is_requested() => return Err(RunError::Interrupted),
            Err(_) if Instant::now() >= deadline => return Err(failed("no answer within the timeout".to_owned())),
            Err(_) => {}
        }
    }
}
