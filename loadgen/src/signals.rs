//! Ctrl-C and SIGTERM as requests to end a run.

use std::io;
use std::thread;

use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

use crate::interrupt::Interrupt;

/// Has every SIGINT and SIGTERM ask the run to end. Takes the signals over for the whole process, so it is for programs
/// that do nothing else.
///
/// # Errors
/// The system refuses a thread or a handler.
pub fn request_on_signal(interrupt: &Interrupt) -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_io().build()?;
    let (mut int, mut term) = {
        let _inside = runtime.enter();
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
    };
    let interrupt = interrupt.clone();
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        runtime.block_on(async {
            loop {
                tokio::select! {
                    _ = int.recv() => interrupt.request(),
                    _ = term.recv() => interrupt.request(),
                }
            }
        });
    })?;
    Ok(())
}
