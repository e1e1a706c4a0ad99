//! The thread that brings lines to InfluxDB, or else to the spool.
//!
//! While InfluxDB is well, each batch is posted from memory as it comes. Whatever has to wait, because a post takes long or
//! fails, is written to the spool at once, and posted from there, oldest first, when InfluxDB is well again. So memory
//! holds a batch or two, and a process that is killed has lost no more than what it had just counted. Where the disk
//! refuses as well, a bounded amount waits in memory.

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc::Receiver;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use super::client::Client;
use super::error::InfluxError;
use super::points::Lines;
use super::settings::Destination;
use super::spool::{Chunk, Spool, SpoolError};

/// Bytes posted at once from the spool.
pub(super) const CHUNK: u64 = 512 << 10;
/// Bytes that wait in memory where the spool cannot be written.
const MOST_IN_MEMORY: usize = 4 << 20;
/// Waits between posts that fail, doubled each time, and half of it by chance, so that generators do not come all at once.
const FIRST_WAIT: Duration = Duration::from_millis(250);
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(15);
/// The longest wait at the end of the run, when there is no time to lose.
const LONGEST_LAST_WAIT: Duration = Duration::from_secs(1);

/// What the thread is told.
pub(super) enum Message {
    /// Names the spool after the run.
    Begin(String),
    /// Figures.
    Lines(Lines),
    /// The run is over: bring what there is to InfluxDB within this time, the rest to the spool, and end.
    Finish(Duration),
}

/// What became of everything.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Points that neither InfluxDB nor the disk took.
    pub(super) lost: u64,
    /// Points in the spool, and its folder.
    pub(super) left: Option<(u64, PathBuf)>,
}

pub(super) struct Deliverer {
    client: Client,
    destination: Destination,
    spool_root: PathBuf,
    largest_spool: u64,
    name: String,
    spool: Option<Spool>,
    /// What the spool refused.
    memory: VecDeque<Lines>,
    lost: u64,
    /// Gives up on InfluxDB for this run.
    refused: bool,
    wait: Backoff,
    finishing: bool,
    notes: mpsc::Sender<String>,
    noted: Noted,
}

/// What the user was told already.
#[derive(Default)]
struct Noted {
    trouble: bool,
    recovery: bool,
    spool: bool,
    lost: bool,
}

/// A post under way.
struct Flight {
    post: JoinHandle<Result<(), InfluxError>>,
    load: Load,
}

enum Load {
    /// Lines that are only in memory.
    Memory(Lines),
    /// Lines that wait in the spool as well.
    Copied,
    /// The oldest lines of the spool.
    Spool(Chunk),
}

impl Deliverer {
    pub(super) fn new(
        client: Client,
        destination: Destination,
        spool_root: PathBuf,
        largest_spool: u64,
        notes: mpsc::Sender<String>,
    ) -> Self {
        Self {
            client,
            destination,
            spool_root,
            largest_spool,
            name: String::new(),
            spool: None,
            memory: VecDeque::new(),
            lost: 0,
            refused: false,
            wait: Backoff::new(),
            finishing: false,
            notes,
            noted: Noted::default(),
        }
    }

    /// Delivers until it is told to finish, or nobody is left to tell it.
    pub(super) async fn run(mut self, mut queue: Receiver<Message>) -> Outcome {
        let mut flight: Option<Flight> = None;
        let limit = loop {
            tokio::select! {
                biased;
                landed = land(&mut flight), if flight.is_some() => {
                    self.landed(landed);
                    flight = self.take_off();
                }
                message = queue.recv() => match message {
                    Some(Message::Begin(name)) => self.name = name,
                    Some(Message::Lines(lines)) => self.take(lines, &mut flight),
                    Some(Message::Finish(limit)) => break limit,
                    None => break Duration::ZERO,
                },
                () = sleep_until(self.wait.until), if flight.is_none() && self.has_backlog() && !self.refused => {
                    flight = self.take_off();
                }
            }
        };
        self.finish(flight, limit).await
    }

    fn take(&mut self, lines: Lines, flight: &mut Option<Flight>) {
        if flight.is_none() && !self.has_backlog() && !self.refused && self.wait.is_over() {
            *flight = Some(self.post(Load::Memory(lines)));
            return;
        }
        if let Some(flight) = flight
            && matches!(flight.load, Load::Memory(_))
            && let Load::Memory(waiting) = std::mem::replace(&mut flight.load, Load::Copied)
        {
            // Acknowledged after all, it is sent twice, which changes nothing.
            self.keep(waiting);
        }
        self.keep(lines);
    }

    /// Gives InfluxDB a last chance, and the rest to the spool.
    async fn finish(mut self, mut flight: Option<Flight>, limit: Duration) -> Outcome {
        self.finishing = true;
        self.wait.shorten();
        let deadline = Instant::now() + limit;
        while flight.is_some() || (self.has_backlog() && !self.refused) {
            tokio::select! {
                biased;
                landed = land(&mut flight), if flight.is_some() => {
                    self.landed(landed);
                    flight = self.take_off();
                }
                () = sleep_until(deadline) => break,
                () = sleep_until(self.wait.until), if flight.is_none() => flight = self.take_off(),
            }
        }
        if let Some(Flight { post, load }) = flight {
            post.abort();
            if let Load::Memory(lines) = load {
                self.keep(lines);
            }
        }
        // The disk may have room again.
        for lines in std::mem::take(&mut self.memory) {
            self.keep(lines);
        }
        self.lost += self.memory.iter().map(|lines| lines.points).sum::<u64>();
        Outcome {
            lost: self.lost,
            left: self.spool.take().and_then(close),
        }
    }

    fn has_backlog(&self) -> bool {
        self.spool.as_ref().is_some_and(|spool| spool.points() > 0) || !self.memory.is_empty()
    }

    fn post(&self, load: Load) -> Flight {
        let text = match &load {
            Load::Memory(lines) => lines.text.as_slice(),
            Load::Spool(chunk) => chunk.lines.text.as_slice(),
            Load::Copied => &[],
        };
        let (client, body) = (self.client.clone(), Bytes::copy_from_slice(text));
        Flight {
            post: tokio::spawn(async move { client.post(body).await }),
            load,
        }
    }

    /// Posts the oldest of what waits, if now is the time.
    fn take_off(&mut self) -> Option<Flight> {
        if self.refused || !self.wait.is_over() {
            return None;
        }
        if let Some(spool) = &mut self.spool {
            match spool.oldest(CHUNK) {
                Ok(Some(chunk)) => return Some(self.post(Load::Spool(chunk))),
                Ok(None) => {}
                Err(error) => {
                    spool.skip_oldest();
                    self.note_spool(&error.into());
                }
            }
        }
        let lines = self.memory.pop_front()?;
        Some(self.post(Load::Memory(lines)))
    }

    fn landed(&mut self, (load, result): (Load, Result<(), InfluxError>)) {
        let Err(error) = result else {
            self.wait = Backoff::new();
            if let (Load::Spool(chunk), Some(spool)) = (&load, &mut self.spool) {
                spool.done(chunk);
            }
            if self.noted.trouble && !std::mem::replace(&mut self.noted.recovery, true) {
                self.note("InfluxDB takes figures again".to_owned());
            }
            return;
        };
        if let Load::Memory(lines) = load {
            self.keep(lines);
        }
        if error.is_temporary() {
            let longest = if self.finishing {
                LONGEST_LAST_WAIT
            } else {
                LONGEST_WAIT
            };
            self.wait.fail(error.retry_after(), longest);
        } else {
            self.refused = true;
        }
        if !std::mem::replace(&mut self.noted.trouble, true) {
            let go_on = if self.refused {
                "are kept on disk to be sent later"
            } else {
                "wait on disk, and it is tried again"
            };
            self.note(format!("{error}; the load goes on, figures {go_on}"));
        }
    }

    /// Puts lines where they can wait.
    fn keep(&mut self, lines: Lines) {
        match self.spool() {
            Ok(spool) => match spool.append(&lines) {
                Ok(0) => return,
                Ok(dropped) => return self.lose(dropped, "the spool on disk is full: its oldest points made room"),
                Err(error) => self.note_spool(&error.into()),
            },
            Err(error) => self.note_spool(&error),
        }
        self.memory.push_back(lines);
        let mut bytes: usize = self.memory.iter().map(|lines| lines.text.len()).sum();
        let mut dropped = 0;
        while bytes > MOST_IN_MEMORY
            && let Some(oldest) = self.memory.pop_front()
        {
            bytes -= oldest.text.len();
            dropped += oldest.points;
        }
        if dropped > 0 {
            self.lose(
                dropped,
                "neither InfluxDB nor the disk takes figures: the oldest points are dropped",
            );
        }
    }

    fn spool(&mut self) -> Result<&mut Spool, SpoolError> {
        let spool = match self.spool.take() {
            Some(spool) => spool,
            None => Spool::create(&self.spool_root, &self.name, &self.destination, self.largest_spool)?,
        };
        Ok(self.spool.insert(spool))
    }

    fn lose(&mut self, points: u64, why: &str) {
        self.lost += points;
        if !std::mem::replace(&mut self.noted.lost, true) {
            self.note(why.to_owned());
        }
    }

    fn note_spool(&mut self, error: &SpoolError) {
        if !std::mem::replace(&mut self.noted.spool, true) {
            let folder = self.spool_root.display();
            self.note(format!(
                "figures for InfluxDB cannot be kept in {folder} ({error}); make room there, or give --influx-spool DIR"
            ));
        }
    }

    fn note(&self, text: String) {
        // Without a reader there is nobody to tell.
        let _ = self.notes.send(text);
    }
}

/// Waits for a post to end.
async fn land(flight: &mut Option<Flight>) -> (Load, Result<(), InfluxError>) {
    let Some(under_way) = flight else {
        return std::future::pending().await;
    };
    let result = (&mut under_way.post).await;
    // Only a panic gets here, which is no reason to lose the lines.
    let result = result.unwrap_or_else(|error| Err(InfluxError::System(io::Error::other(error))));
    match flight.take() {
        Some(landed) => (landed.load, result),
        None => std::future::pending().await,
    }
}

/// Closes a spool; gives what is left in it.
fn close(mut spool: Spool) -> Option<(u64, PathBuf)> {
    let points = spool.points() + spool.skipped();
    if points == 0 {
        spool.remove();
        return None;
    }
    // What the system's cache holds survives all but a crash of the machine.
    let _ = spool.sync();
    Some((points, spool.folder().to_owned()))
}

/// When to try again.
pub(super) struct Backoff {
    next: Duration,
    pub(super) until: Instant,
}

impl Backoff {
    pub(super) fn new() -> Self {
        Self {
            next: FIRST_WAIT,
            until: Instant::now(),
        }
    }

    fn is_over(&self) -> bool {
        Instant::now() >= self.until
    }

    /// After a failure; the server may have said how long to stay away.
    pub(super) fn fail(&mut self, retry_after: Option<Duration>, longest: Duration) {
        let wait = self.next.min(longest);
        let wait = wait.mul_f64(0.5 + 0.5 * fastrand::f64());
        self.until = Instant::now() + retry_after.map_or(wait, |asked| asked.max(wait));
        self.next = (self.next * 2).min(LONGEST_WAIT);
    }

    /// Waits no longer than is right at the end of a run.
    fn shorten(&mut self) {
        self.until = self.until.min(Instant::now() + LONGEST_LAST_WAIT);
    }
}
