//! The live view of a run in a terminal: a block of lines below what was printed before, redrawn in place and removed at
//! the end.
//!
//! It lives among the lines of the terminal instead of taking the whole screen, asks the terminal nothing, reads no key
//! and changes no mode, so that there is nothing to restore however the process ends, Ctrl-C included. It is drawn by a
//! thread of its own from the latest state, so that a terminal that is slow or stopped does not hold up the run.

mod draw;
mod histogram;
mod panels;
#[cfg(test)]
pub(crate) mod sample;
mod screen;
mod state;
mod styled_text;
mod tables;

use std::io::{self, Write};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use ratatui::layout::Size;

use crate::observer::{RunStage, Snapshot};
use crate::progress::without_controls;
use crate::run_info::RunInfo;

use screen::Screen;
use state::State;

/// A terminal smaller than this is better served by lines.
const SMALLEST: Size = Size::new(60, 16);
/// The least time between two drawings.
const PACE: Duration = Duration::from_millis(200);
/// How often the thread looks up when nothing happens: resizing shows after this time.
const LOOK_UP: Duration = Duration::from_millis(500);
/// A thread that comes back this late was stopped (Ctrl-Z), and the cursor is not where it was.
const STOPPED: Duration = Duration::from_secs(2);
/// How long the last drawing may take.
const PATIENCE: Duration = Duration::from_secs(1);
/// Notes that may wait to be written; those beyond are lost.
const WAITING_NOTES: usize = 256;

/// Whether a view may use colours and weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Palette {
    /// Text alone.
    Plain,
    /// The 16 colours that every terminal lets its user choose.
    Colour,
}

/// Whether a terminal is large enough for a view.
pub(crate) fn fits(size: Size) -> bool {
    size.width >= SMALLEST.width && size.height >= SMALLEST.height
}

/// The terminal's size; nothing by nothing where it does not say.
pub(crate) fn size_of_stderr() -> Size {
    rustix::termios::tcgetwinsize(io::stderr()).map_or(Size::ZERO, |size| Size::new(size.ws_col, size.ws_row))
}

/// A view under way.
pub struct TerminalView {
    shared: Arc<Shared>,
    /// Closed by the thread when it has ended.
    done: Option<Receiver<()>>,
}

struct Shared {
    slot: Mutex<Slot>,
    changed: Condvar,
}

/// What the next drawing shows. Newer figures replace older ones that were not drawn.
#[derive(Default)]
struct Slot {
    state: State,
    notes: Vec<String>,
    is_new: bool,
    end: Option<End>,
}

/// How a view ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// It is removed.
    Remove,
    /// The terminal belongs to others by now: nothing more is written.
    Abandon,
}

impl TerminalView {
    /// Begins to draw on standard error.
    ///
    /// # Errors
    /// The system refuses a thread.
    pub(crate) fn start(palette: Palette) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            slot: Mutex::default(),
            changed: Condvar::new(),
        });
        let (ended, done) = mpsc::sync_channel::<()>(0);
        let of_thread = Arc::clone(&shared);
        thread::Builder::new().name("terminal-view".to_owned()).spawn(move || {
            // A terminal that has gone away is no reason to end a run.
            let _ = keep_drawing(&of_thread, palette);
            drop(ended);
        })?;
        Ok(Self {
            shared,
            done: Some(done),
        })
    }

    pub(crate) fn note(&self, text: &str) {
        let text = without_controls(text);
        self.change(|slot| {
            if slot.notes.len() < WAITING_NOTES {
                slot.notes.push(text);
            }
        });
    }

    pub(crate) fn stage(&self, stage: RunStage) {
        self.change(|slot| slot.state.stage = Some(stage));
    }

    pub(crate) fn begin(&self, info: &RunInfo) {
        self.change(|slot| slot.state.begin(info));
    }

    pub(crate) fn progress(&self, snapshot: &Snapshot) {
        self.change(|slot| slot.state.observe(snapshot));
    }

    /// Removes the view; gives up on a terminal that takes nothing.
    pub(crate) fn finish(&mut self) {
        let Some(done) = self.done.take() else { return };
        self.change(|slot| slot.end = Some(End::Remove));
        if let Err(mpsc::RecvTimeoutError::Timeout) = done.recv_timeout(PATIENCE) {
            self.change(|slot| slot.end = Some(End::Abandon));
        }
    }

    fn change(&self, change: impl FnOnce(&mut Slot)) {
        let mut slot = self.shared.slot();
        change(&mut slot);
        slot.is_new = true;
        drop(slot);
        self.shared.changed.notify_one();
    }
}

impl Drop for TerminalView {
    fn drop(&mut self) {
        if thread::panicking() {
            // What was said about the panic stands below the view, and would be removed in its stead.
            self.change(|slot| slot.end = Some(End::Abandon));
        } else {
            self.finish();
        }
    }
}

impl Shared {
    fn slot(&self) -> MutexGuard<'_, Slot> {
        // No change leaves the slot half done.
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn keep_drawing(shared: &Shared, palette: Palette) -> io::Result<()> {
    let mut screen = Screen::new(palette);
    loop {
        let before = Instant::now();
        // The end does not wait for the pace.
        let (slot, _) = shared
            .changed
            .wait_timeout_while(shared.slot(), PACE, |slot| slot.end.is_none())
            .unwrap_or_else(PoisonError::into_inner);
        let (mut slot, _) = shared
            .changed
            .wait_timeout_while(slot, LOOK_UP, |slot| !slot.is_new)
            .unwrap_or_else(PoisonError::into_inner);
        slot.is_new = false;
        let (state, notes, end) = (slot.state.clone(), std::mem::take(&mut slot.notes), slot.end);
        drop(slot);
        if before.elapsed() > STOPPED {
            screen.forget();
        }
        let size = size_of_stderr();
        let bytes = match end {
            Some(End::Abandon) => return Ok(()),
            Some(End::Remove) => screen.remove(&notes, size),
            None => screen.update(&notes, size, |area, buffer| draw::draw(&state, area, buffer)),
        };
        io::stderr().write_all(bytes.as_bytes())?;
        if end.is_some() {
            return Ok(());
        }
    }
}
