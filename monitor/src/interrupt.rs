//! Ctrl-C and SIGTERM as a request to end at the next place where nothing is left half done.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Somebody asked this program to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("interrupted; run it again to go on from where it was")]
pub struct Interrupted;

/// Whether somebody asked this program to end; clones see the same request.
#[derive(Clone, Debug)]
pub struct Interrupt {
    requested: watch::Receiver<bool>,
}

impl Interrupt {
    /// Takes SIGINT and SIGTERM over for the whole process.
    ///
    /// # Errors
    /// The system refuses a handler.
    pub fn on_signals() -> io::Result<Self> {
        let (mut int, mut term) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let (request, requested) = watch::channel(false);
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = int.recv() => {}
                    _ = term.recv() => {}
                }
                // Nobody is left who would want to know.
                if request.send(true).is_err() {
                    return;
                }
            }
        });
        Ok(Self { requested })
    }

    /// Between two steps of which each is done whole.
    ///
    /// # Errors
    /// Somebody asked.
    pub fn check(&self) -> Result<(), Interrupted> {
        if *self.requested.borrow() {
            Err(Interrupted)
        } else {
            Ok(())
        }
    }

    /// Does what may be given up at any point.
    ///
    /// # Errors
    /// Somebody asked before it was done.
    pub async fn during<T>(&self, work: impl Future<Output = T>) -> Result<T, Interrupted> {
        let mut requested = self.requested.clone();
        tokio::select! {
            biased;
            Ok(_) = requested.wait_for(|requested| *requested) => Err(Interrupted),
            done = work => Ok(done),
        }
    }
}
