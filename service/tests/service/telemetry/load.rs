//! Requests from several connections while something happens.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use test_servers::poll;

use crate::answer::Answer;
use crate::running_service::RunningService;

const CONNECTIONS: usize = 4;

/// Between two requests of a connection: the servers behind the service have the same two or so cores.
const PAUSE: Duration = Duration::from_millis(20);

/// What load there was.
pub(crate) struct Load {
    /// Every answer, and how long it took.
    pub(crate) answers: Vec<(Answer, Duration)>,
}

impl Load {
    /// How many answers there were.
    pub(crate) fn count(&self) -> i64 {
        i64::try_from(self.answers.len()).unwrap()
    }

    /// The slowest answer.
    pub(crate) fn slowest(&self) -> Duration {
        self.answers
            .iter()
            .map(|(_, duration)| *duration)
            .max()
            .unwrap_or_default()
    }

    /// Asserts that all answers have this status.
    #[track_caller]
    pub(crate) fn all_are(&self, status: u16) {
        for (answer, _) in &self.answers {
            assert_eq!(answer.status, status, "{answer:?}");
        }
    }
}

/// Sends `PUT /items/1` from some connections for as long as `during` takes, which is given the count of answers so
/// far. Panics where a request is not answered.
#[track_caller]
pub(crate) fn under_load(service: &RunningService, during: impl FnOnce(&AtomicU64)) -> Load {
    let (answered, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CONNECTIONS)
            .map(|_| scope.spawn(|| send_until(service, &is_over, &answered)))
            .collect();
        {
            let _over = SetWhenDropped(&is_over);
            during(&answered);
        }
        let answers = clients.into_iter().flat_map(|client| client.join().unwrap());
        Load {
            answers: answers.collect(),
        }
    })
}

fn send_until(service: &RunningService, is_over: &AtomicBool, answered: &AtomicU64) -> Vec<(Answer, Duration)> {
    let mut connection = service.connect();
    let mut answers = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        let begin = Instant::now();
        let answer = connection.send_json("PUT", "/items/1", &json!({ "name": "Under load" }));
        answers.push((answer, begin.elapsed()));
        answered.fetch_add(1, Ordering::Relaxed);
        thread::sleep(PAUSE);
    }
    answers
}

/// Waits for this many answers more than there are.
#[track_caller]
pub(crate) fn await_more(answered: &AtomicU64, more: u64) {
    let before = answered.load(Ordering::Relaxed);
    poll("more load", || {
        (answered.load(Ordering::Relaxed) >= before + more).then_some(())
    });
}

/// So that the load ends also where a test fails.
pub(crate) struct SetWhenDropped<'a>(pub(crate) &'a AtomicBool);

impl Drop for SetWhenDropped<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
