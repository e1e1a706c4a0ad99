//! The observer of a run that writes it to InfluxDB.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::mpsc::{Sender, channel};

use super::client::{Client, runtime};
use super::delivery::{Deliverer, Message, Outcome};
use super::error::InfluxError;
use super::points::{Encoder, Lines};
use super::settings::InfluxSettings;
use super::spool;
use crate::interval::Interval;
use crate::observer::Observer;
use crate::run_info::RunInfo;
use crate::summary::RunResult;
use crate::summary_text::grouped;

/// Batches that wait for the thread, a batch being a second of a generator: it is behind only where the disk hangs.
const QUEUE: usize = 16;
/// How long, once the load is over, InfluxDB gets to take what waits.
const FLUSH_LIMIT: Duration = Duration::from_secs(10);
/// How much longer than asked the thread may take to end; a disk that hangs is not waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Writes a run to InfluxDB; its methods as an [`Observer`] cost well under a millisecond a second and never wait.
pub struct InfluxOutput {
    encoder: Option<Encoder>,
    queue: Option<Sender<Message>>,
    /// Points that found the queue full.
    lost: u64,
    notes: mpsc::Receiver<String>,
    outcome: mpsc::Receiver<Outcome>,
    thread: Option<JoinHandle<()>>,
}

/// What became of a run's figures.
#[derive(Debug, Default)]
pub struct Delivery {
    /// Points still on disk, and the folder they are in.
    pub left: Option<(u64, PathBuf)>,
    /// Points that neither InfluxDB nor the disk took.
    pub lost: u64,
    /// What was not said yet, see [`InfluxOutput::take_notes`].
    pub notes: Vec<String>,
}

impl InfluxOutput {
    /// Starts the thread that writes; nothing is sent before the load begins.
    ///
    /// # Errors
    /// The settings cannot be used, or the system refuses a thread.
    pub fn start(settings: &InfluxSettings) -> Result<Self, InfluxError> {
        Self::start_bounded(settings, spool::LARGEST)
    }

    pub(super) fn start_bounded(settings: &InfluxSettings, largest_spool: u64) -> Result<Self, InfluxError> {
        let client = Client::new(&settings.destination, &settings.token, &settings.tls)?;
        let runtime = runtime()?;
        let (queue, messages) = channel(QUEUE);
        let (note, notes) = mpsc::channel();
        let (ended, outcome) = mpsc::channel();
        let (destination, root) = (settings.destination.clone(), settings.spool.clone());
        let thread = thread::Builder::new().name("influxdb".to_owned()).spawn(move || {
            let deliverer = Deliverer::new(client, destination, root, largest_spool, note);
            let outcome = runtime.block_on(deliverer.run(messages));
            // Nobody may be left to hear of it.
            let _ = ended.send(outcome);
        })?;
        Ok(Self {
            encoder: None,
            queue: Some(queue),
            lost: 0,
            notes,
            outcome,
            thread: Some(thread),
        })
    }

    /// What the user should know, one line each: at most one about InfluxDB, one about its recovery, one about the spool
    /// and one about lost points in a run.
    pub fn take_notes(&mut self) -> Vec<String> {
        self.notes.try_iter().collect()
    }

    /// Gives InfluxDB ten seconds to take what waits; what it does not take stays on disk.
    pub fn finish(mut self) -> Delivery {
        self.close(FLUSH_LIMIT)
    }

    fn close(&mut self, limit: Duration) -> Delivery {
        let Some(queue) = self.queue.take() else {
            return Delivery::default();
        };
        // Where the queue is full the thread finishes at its end, without the time to flush.
        let limit = queue
            .try_send(Message::Finish(limit))
            .map_or(Duration::ZERO, |()| limit);
        drop(queue);
        let outcome = self.outcome.recv_timeout(limit + PATIENCE);
        if let (Ok(_), Some(thread)) = (&outcome, self.thread.take()) {
            // It has sent its last words.
            let _ = thread.join();
        }
        let mut delivery = Delivery {
            left: None,
            lost: self.lost,
            notes: self.take_notes(),
        };
        match outcome {
            Ok(outcome) => {
                delivery.left = outcome.left;
                delivery.lost += outcome.lost;
            }
            Err(_) => delivery.notes.push(
                "figures for InfluxDB could not be written to disk in time; check the disk of --influx-spool"
                    .to_owned(),
            ),
        }
        delivery
    }

    fn send(&mut self, lines: Lines) {
        let points = lines.points;
        if points > 0 && !self.try_send(Message::Lines(lines)) {
            self.lost += points;
        }
    }

    fn try_send(&self, message: Message) -> bool {
        self.queue.as_ref().is_some_and(|queue| queue.try_send(message).is_ok())
    }
}

impl Observer for InfluxOutput {
    fn begin(&mut self, info: &RunInfo) {
        let encoder = Encoder::new(info);
        self.try_send(Message::Begin(spool_name(info)));
        self.send(encoder.start());
        self.encoder = Some(encoder);
    }

    fn interval(&mut self, interval: &Interval) {
        if let Some(encoder) = &mut self.encoder {
            let lines = encoder.interval(interval);
            self.send(lines);
        }
    }

    fn end(&mut self, result: &RunResult) {
        if let Some(encoder) = &self.encoder {
            let lines = encoder.end(result);
            self.send(lines);
        }
    }
}

impl Drop for InfluxOutput {
    fn drop(&mut self) {
        // A run that came to nothing leaves to `push` what it wrote.
        self.close(Duration::ZERO);
    }
}

impl fmt::Display for Delivery {
    /// What the user should know at the end, one line each; nothing if InfluxDB has everything.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for note in &self.notes {
            writeln!(f, "{note}")?;
        }
        if self.lost > 0 {
            writeln!(
                f,
                "{} points for InfluxDB are lost: neither it nor the disk took them",
                grouped(self.lost)
            )?;
        }
        if let Some((points, folder)) = &self.left {
            writeln!(
                f,
                "{} points are not in InfluxDB yet; send them with: loadgen push {}",
                grouped(*points),
                quoted(folder)
            )?;
        }
        Ok(())
    }
}

/// The name of a run's folder in the spool: what is no part of a plain file name is left out.
fn spool_name(info: &RunInfo) -> String {
    let plain = |text: &str| -> String {
        text.chars()
            .map(|character| match character {
                'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '_' | '-' => character,
                _ => '-',
            })
            .take(64)
            .collect()
    };
    format!(
        "{}-{}",
        plain(info.run_id.trim_start_matches('.')),
        plain(&info.generator)
    )
}

/// A path as a shell reads it.
fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    let plain = |character: char| character.is_ascii_alphanumeric() || "-_./:=@%+,".contains(character);
    if path.chars().all(plain) {
        path
    } else {
        format!("'{}'", path.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests;
