//! The built-in scenario on a service of items: every virtual user works on items of its own, so that every status is
//! known beforehand, and removes them afterwards.

use std::collections::VecDeque;
use std::iter::repeat;
use std::ops::Range;
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::request::{PreparedRequest, RequestParts};
use crate::scenario::{CleanUp, Expect, Fate, ScriptContext, Step};

// Positions in STEPS.
pub(crate) const CREATE: usize = 0;
const READ: usize = 1;
const LIST: usize = 3;
const DELETE: usize = 4;

pub(crate) const STEPS: [Step; 5] = [
    Step {
        name: "create",
        expect: Expect::Exactly(201),
        checks_body: false,
    },
    Step {
        name: "read",
        expect: Expect::Exactly(200),
        checks_body: true,
    },
    Step {
        name: "update",
        expect: Expect::Exactly(200),
        checks_body: false,
    },
    Step {
        name: "list",
        expect: Expect::Exactly(200),
        checks_body: false,
    },
    Step {
        name: "delete",
        expect: Expect::Exactly(200),
        checks_body: false,
    },
];

/// Requests in a hundred, by step.
const WEIGHTS: [u32; 5] = [10, 60, 20, 5, 5];

/// Items a virtual user creates before the load, and how many it may have at a time: a delete that would leave it none
/// becomes a create, a create beyond the most becomes a delete.
const AT_START: usize = 4;
const LEAST: usize = 1;
const MOST: usize = 100;

/// Ranges of items whose existence is unknown that a virtual user remembers; when there are more, it only reads.
const MOST_UNCERTAIN: usize = 1000;

/// Digits of an item's number.
const SEQUENCE_DIGITS: &str = "0000000000";

/// Attempts at each request of set-up.
const SET_UP_ATTEMPTS: u32 = 5;
/// A create that got no answer can still be carried out for so many timeouts, but at least for [`LEAST_LATENESS`].
const LATENESS_TIMEOUTS: u32 = 2;
const LEAST_LATENESS: Duration = Duration::from_secs(5);
/// How long clean-up goes on without any progress.
const CLEAN_UP_PATIENCE: Duration = Duration::from_secs(10);
const RETRY_PAUSE: Duration = Duration::from_millis(200);

/// One kind of request and where the item's number stands in it.
struct Template {
    request: PreparedRequest,
    numbers: Vec<Range<usize>>,
}

impl Template {
    fn with_number(&mut self, number: u64) -> &mut PreparedRequest {
        for at in &self.numbers {
            self.request.patch_decimal(at, number);
        }
        &mut self.request
    }
}

/// The script of one virtual user.
pub(crate) struct ItemsScript {
    templates: [Template; 5],
    /// Where the id stands in a read.
    read_id: Range<usize>,
    /// Numbers of the items that exist, oldest first.
    live: VecDeque<u64>,
    /// Numbers of the items of which it is unknown whether they exist.
    uncertain: Vec<Range<u64>>,
    /// When the last request that may have created or removed one of them was given up.
    uncertain_since: Option<Instant>,
    next_number: u64,
    /// The item that the last request is about.
    current: u64,
    created_by_set_up: u64,
    lateness: Duration,
}

/// How ids of a run begin.
pub(crate) fn prefix(run_id: &str) -> String {
    format!("lg-{run_id}")
}

impl ItemsScript {
    pub(crate) fn new(context: &ScriptContext<'_>, user: u32, rng: &mut fastrand::Rng) -> Self {
        let base = context.target.base_path();
        let id = format!("{}-{user}-{SEQUENCE_DIGITS}", prefix(context.run_id));
        let item = format!("{base}/items/{id}");
        let mut template = |method: &str, path: &str, body: Option<String>| {
            let body = body.map(|body| body.into_bytes().into());
            let parts = RequestParts {
                method,
                path_and_query: path,
                headers: context.headers,
                body,
                trace: context.trace,
            };
            let request = PreparedRequest::render(context.target, &parts, rng);
            let id_at = request.position_of(&id);
            let numbers = id_at
                .map(|at| at.end - SEQUENCE_DIGITS.len()..at.end)
                .into_iter()
                .collect();
            Template { request, numbers }
        };
        let templates = [
            template(
                "POST",
                &format!("{base}/items"),
                Some(format!(r#"{{"id":"{id}","name":"created under load"}}"#)),
            ),
            template("GET", &item, None),
            template("PUT", &item, Some(r#"{"name":"updated under load"}"#.to_owned())),
            template("GET", &format!("{base}/items?limit=20"), None),
            template("DELETE", &item, None),
        ];
        let read_id = templates[READ].request.position_of(&id).unwrap_or_default();
        Self {
            templates,
            read_id,
            live: VecDeque::with_capacity(MOST + AT_START),
            uncertain: Vec::new(),
            uncertain_since: None,
            next_number: 0,
            current: 0,
            created_by_set_up: 0,
            lateness: LEAST_LATENESS,
        }
    }

    pub(crate) fn opening(&mut self) -> &mut PreparedRequest {
        self.request(CREATE, self.next_number)
    }

    #[inline]
    fn request(&mut self, step: usize, number: u64) -> &mut PreparedRequest {
        self.current = number;
        self.templates[step].with_number(number)
    }

    pub(crate) fn next(&mut self, rng: &mut fastrand::Rng) -> (usize, &mut PreparedRequest) {
        let mut draw = rng.u32(0..100);
        let mut step = CREATE;
        while draw >= WEIGHTS[step] {
            draw -= WEIGHTS[step];
            step += 1;
        }
        if step == DELETE && self.live.len() <= LEAST {
            step = CREATE;
        } else if step == CREATE && self.live.len() >= MOST {
            step = DELETE;
        }
        if (step == CREATE || step == DELETE) && self.uncertain.len() >= MOST_UNCERTAIN {
            step = READ;
        }
        if self.live.is_empty() && step != CREATE {
            // Everything else needs an item of one's own.
            step = if self.uncertain.len() >= MOST_UNCERTAIN {
                LIST
            } else {
                CREATE
            };
        }
        let number = match step {
            CREATE => self.next_number,
            LIST => self.current,
            DELETE => self.live.front().copied().unwrap_or_default(),
            _ => self
                .live
                .get(rng.usize(0..self.live.len()))
                .copied()
                .unwrap_or_default(),
        };
        (step, self.request(step, number))
    }

    pub(crate) fn body_has_id(&self, body: &[u8]) -> bool {
        let id = self.templates[READ].request.bytes_at(&self.read_id);
        body.windows(id.len()).any(|window| window == id)
    }

    /// Keeps the books: which items exist, and which may.
    pub(crate) fn ended(&mut self, step: usize, fate: Fate, now: Instant) {
        match (step, fate) {
            (CREATE, Fate::Answered(201)) => {
                self.live.push_back(self.next_number);
                self.next_number += 1;
            }
            // Refused: the number is free for the next create.
            (CREATE, Fate::Answered(300..=408 | 410..=499) | Fate::NeverSent) => {}
            (CREATE, _) => {
                self.doubt(self.next_number, now);
                self.next_number += 1;
            }
            (DELETE, Fate::Answered(200 | 404)) => {
                self.live.pop_front();
            }
            (DELETE, Fate::Answered(300..=499) | Fate::NeverSent) => {}
            (DELETE, _) => {
                if let Some(number) = self.live.pop_front() {
                    self.doubt(number, now);
                }
            }
            _ => {}
        }
    }

    fn doubt(&mut self, number: u64, now: Instant) {
        self.uncertain_since = Some(now);
        push_number(&mut self.uncertain, number);
    }

    /// Creates the first items, trying again where the target is only busy.
    pub(crate) async fn set_up(&mut self, client: &mut Client) -> Result<u64, String> {
        self.lateness = (client.timeout() * LATENESS_TIMEOUTS).max(LEAST_LATENESS);
        let mut attempt = 0;
        while self.live.len() < AT_START && !client.stopping() {
            let request = self.request(CREATE, self.next_number);
            let result = client.exchange(request, Instant::now()).await;
            let reason = match &result {
                Ok(201) => String::new(),
                Ok(status) => format!("status {status}{}", client.kept.describe()),
                Err(failure) => failure.describe(),
            };
            let worth_retrying = !matches!(result, Ok(300..=428 | 430..=499));
            let created = matches!(result, Ok(201));
            self.ended(CREATE, Fate::of(&result), Instant::now());
            if created {
                attempt = 0;
                continue;
            }
            attempt += 1;
            if attempt >= SET_UP_ATTEMPTS || !worth_retrying {
                return Err(reason);
            }
            tokio::time::sleep(RETRY_PAUSE * attempt).await;
        }
        self.created_by_set_up = self.live.len() as u64;
        Ok(self.created_by_set_up)
    }

    /// Deletes everything this script created.
    ///
    /// An item whose create got no answer may appear late: it is deleted again and again until the target says 200, or
    /// says 404 at a time when no create can be under way any more.
    pub(crate) async fn clean_up(&mut self, client: &mut Client) -> CleanUp {
        let mut outcome = CleanUp::default();
        let mut last_progress = Instant::now();
        let late_until = self
            .uncertain_since
            .map_or(last_progress, |since| since + self.lateness)
            .max(last_progress);
        let mut known: Vec<Range<u64>> = Vec::new();
        self.live.drain(..).for_each(|number| push_number(&mut known, number));
        let mut unknown = std::mem::take(&mut self.uncertain);
        loop {
            let mut left = (Vec::new(), Vec::new());
            for (number, created) in known
                .into_iter()
                .flatten()
                .zip(repeat(true))
                .chain(unknown.into_iter().flatten().zip(repeat(false)))
            {
                let asked = Instant::now();
                let patient = asked < late_until.max(last_progress) + CLEAN_UP_PATIENCE;
                let result = if patient {
                    self.delete(client, number).await
                } else {
                    Err(String::new())
                };
                match &result {
                    Ok(200) => outcome.deleted += 1,
                    Ok(404) if created || asked >= late_until => {}
                    _ => {
                        push_number(if created { &mut left.0 } else { &mut left.1 }, number);
                        if patient && result != Ok(404) {
                            outcome.reason = Some(describe(result));
                        }
                        continue;
                    }
                }
                last_progress = Instant::now();
            }
            (known, unknown) = left;
            outcome.left = known.iter().chain(&unknown).map(|range| range.end - range.start).sum();
            if outcome.left == 0 || Instant::now() >= late_until.max(last_progress) + CLEAN_UP_PATIENCE {
                return outcome;
            }
            tokio::time::sleep(RETRY_PAUSE).await;
        }
    }

    async fn delete(&mut self, client: &mut Client, number: u64) -> Result<u16, String> {
        let request = self.request(DELETE, number);
        client
            .exchange(request, Instant::now())
            .await
            .map_err(|failure| failure.describe())
    }
}

/// Adds a number to ranges, extending the last one where it can.
fn push_number(ranges: &mut Vec<Range<u64>>, number: u64) {
    match ranges.last_mut() {
        Some(last) if last.end == number => last.end += 1,
        _ => ranges.push(number..number + 1),
    }
}

fn describe(result: Result<u16, String>) -> String {
    match result {
        Ok(status) => format!("status {status}"),
        Err(reason) => reason,
    }
}
