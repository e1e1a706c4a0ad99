//! A client that creates, reads, updates and deletes items of its own and judges every answer.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::answer::{Answer, Documented};
use crate::connection::{Connection, request};
use crate::ledger::{Entry, Finding, State};
use crate::tally::Tally;

/// Items begin with this; nobody else's do.
pub(crate) const ID_PREFIX: &str = "faults-";

/// Between two requests: slow enough that the rate is the same on every machine.
const INTERVAL: Duration = Duration::from_millis(25);
/// Items in use at a time, unless writes of unknown outcome set more aside.
const ITEMS: usize = 60;
/// A write of unknown outcome may still happen for as long after its answer or the fault's end, whichever is later.
const SETTLING_TIME: Duration = Duration::from_secs(2);
/// What the service is given for a request, and what a busy machine may add to it.
const LATEST_ANSWER: Duration = Duration::from_secs(10);
const RETRIES_AT_THE_END: usize = 5;

pub(crate) struct CheckingClient<'a> {
    address: SocketAddr,
    tally: &'a Tally,
    random: fastrand::Rng,
    prefix: String,
    entries: Vec<Entry>,
    connection: Option<Connection>,
}

/// What became of a request.
enum Outcome {
    /// An answer as documented, neither 503 nor 504.
    Answered(Answer),
    /// Nothing was done.
    Refused,
    /// It may have been done.
    Unknown,
}

impl<'a> CheckingClient<'a> {
    pub(crate) fn new(address: SocketAddr, tally: &'a Tally, number: usize, random: fastrand::Rng) -> Self {
        Self {
            address,
            tally,
            random,
            prefix: format!("{ID_PREFIX}{number}-"),
            entries: Vec::new(),
            connection: None,
        }
    }

    /// Works until told to stop; then waits until nothing is uncertain and reads everything once more. What is there in
    /// the end.
    pub(crate) fn run(mut self, stop: &AtomicBool) -> Vec<Value> {
        while !stop.load(Ordering::Relaxed) {
            let next = Instant::now() + INTERVAL;
            self.turn();
            thread::sleep(next.saturating_duration_since(Instant::now()));
        }
        while let Some(wait) = self.uncertain_for() {
            thread::sleep(wait);
        }
        for at in 0..self.entries.len() {
            self.read_at_last(at);
        }
        let items = self.entries.iter();
        items.filter_map(|entry| Some(entry.json(entry.certain()??))).collect()
    }

    /// How long until every write that is under way has happened or never will; `None` if that is so now.
    fn uncertain_for(&self) -> Option<Duration> {
        let newest = self.entries.iter().filter_map(|entry| entry.uncertain_since).max()?;
        let calm = newest.elapsed().min(self.tally.calm_for());
        SETTLING_TIME.checked_sub(calm).filter(|wait| !wait.is_zero())
    }

    fn read_at_last(&mut self, at: usize) {
        for _ in 0..RETRIES_AT_THE_END {
            if self.read(at) {
                return;
            }
            thread::sleep(INTERVAL);
        }
        let id = &self.entries[at].id;
        self.tally
            .find(Finding::Wrong(format!("{id} cannot be read at the end")));
    }

    fn turn(&mut self) {
        let certain = self.entries.iter().filter(|entry| entry.certain().is_some()).count();
        if certain < ITEMS {
            let id = format!("{}{}", self.prefix, self.entries.len());
            self.entries.push(Entry::new(id));
            self.write(self.entries.len() - 1);
            return;
        }
        let at = self.random.usize(0..self.entries.len());
        if self.entries[at].certain().is_none() || self.random.bool() {
            self.read(at);
        } else {
            self.write(at);
        }
    }

    /// Creates, updates or deletes; only where it is certain what there is.
    fn write(&mut self, at: usize) {
        let entry = &mut self.entries[at];
        let (id, path) = (entry.id.clone(), format!("/items/{}", entry.id));
        let (method, path, body, next, success, documented): (_, _, _, State, _, Documented) = match entry.certain() {
            None => return,
            Some(None) => {
                let version = entry.next_version();
                let body = entry.json(version).to_string();
                ("POST", "/items".to_owned(), body, Some(version), 201, &[201, 409])
            }
            Some(Some(_)) if self.random.u8(0..4) == 0 => ("DELETE", path, String::new(), None, 200, &[200, 404]),
            Some(Some(_)) => {
                let version = entry.next_version();
                let body = json!({ "name": entry.name(version) }).to_string();
                ("PUT", path, body, Some(version), 200, &[200, 404])
            }
        };
        let sent = Instant::now();
        let outcome = self.send(method, &path, &body, documented);
        let entry = &mut self.entries[at];
        match outcome {
            Outcome::Answered(answer) if answer.status == success => {
                entry.acknowledged(next);
                self.tally.acknowledged.fetch_add(1, Ordering::Relaxed);
                self.tally.good(sent);
            }
            // The SDK tries again when an answer is lost, and finds that the first try deleted the item.
            Outcome::Answered(_) if method == "DELETE" && self.tally.may_fail() => entry.acknowledged(None),
            Outcome::Answered(answer) => {
                self.tally
                    .find(entry.contradicted(&format!("{method} of {id}"), &answer));
                entry.unknown(next);
            }
            Outcome::Refused => {}
            Outcome::Unknown => entry.unknown(next),
        }
    }

    /// True if there was an answer.
    fn read(&mut self, at: usize) -> bool {
        let path = format!("/items/{}", self.entries[at].id);
        let sent = Instant::now();
        let Outcome::Answered(answer) = self.send("GET", &path, "", &[200, 404]) else {
            return false;
        };
        let entry = &mut self.entries[at];
        let body = if answer.status == 404 {
            Value::Null
        } else {
            answer.json()
        };
        match entry.compare(&body) {
            Ok(state) => {
                self.tally.good(sent);
                let settled = |since: Instant| since.elapsed().min(self.tally.calm_for()) >= SETTLING_TIME;
                if entry.uncertain_since.is_some_and(settled) {
                    entry.settle(state);
                }
            }
            Err(finding) => {
                self.tally.find(finding);
                entry.may_be_anything();
            }
        }
        true
    }

    fn send(&mut self, method: &str, path: &str, body: &str, documented: Documented) -> Outcome {
        let trace_id = format!("{:032x}", self.random.u128(1..));
        let may_fail = self.tally.may_fail();
        let sent = Instant::now();
        self.tally.requests.fetch_add(1, Ordering::Relaxed);
        let exchanged = self.exchange(&request(method, path, body, &trace_id));
        let took = sent.elapsed();
        let may_fail = may_fail || self.tally.may_fail();
        let wrong = |what: String| self.tally.find(Finding::Wrong(format!("{method} {path}: {what}")));
        self.tally.took(took);
        if took > LATEST_ANSWER {
            wrong(format!("nothing for {:.1} s", took.as_secs_f64()));
        }
        let outcome = match exchanged {
            Ok(answer) => {
                if let Some(fault) = answer.fault(&trace_id, documented) {
                    wrong(format!("{fault} in {}", answer.text()));
                    return Outcome::Unknown;
                }
                if !matches!(answer.status, 503 | 504) {
                    return Outcome::Answered(answer);
                }
                if !may_fail {
                    wrong(format!("failed without a reason: {}", answer.text()));
                }
                if answer.is_shed() {
                    Outcome::Refused
                } else {
                    Outcome::Unknown
                }
            }
            Err(error) => {
                if !may_fail {
                    wrong(format!("failed without a reason: {error}"));
                }
                match error.kind() {
                    io::ErrorKind::ConnectionRefused => Outcome::Refused,
                    _ => Outcome::Unknown,
                }
            }
        };
        self.tally.failed.fetch_add(1, Ordering::Relaxed);
        outcome
    }

    fn exchange(&mut self, request: &[u8]) -> io::Result<Answer> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => Connection::open(self.address)?,
        };
        connection.write(request)?;
        let answer = connection.read()?;
        if !answer.closes() {
            self.connection = Some(connection);
        }
        Ok(answer)
    }
}
