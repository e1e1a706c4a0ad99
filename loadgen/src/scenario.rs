//! What virtual users send: named steps, in an order that each virtual user decides for itself.

pub(crate) mod items;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::outcome::{Failure, FailureKind};
use crate::recorder::Ending;
use crate::request::{PreparedRequest, RequestParts, TraceHeaders};
use crate::response::{EXCERPT, Kept, Wants};
use crate::run_info::StepInfo;
use crate::segment::Segment;
use crate::settings::Header;
use crate::target::Target;

/// What a run sends.
#[derive(Clone, Debug)]
pub enum Scenario {
    /// The same request to the target's URL, again and again.
    Request(RequestSpec),
    /// A mix of creating, reading, updating, listing and deleting items below the target's URL.
    Items,
}

/// The request of [`Scenario::Request`].
#[derive(Clone, Debug)]
pub struct RequestSpec {
    /// The method, upper case.
    pub method: String,
    /// The body.
    pub body: Option<Arc<[u8]>>,
}

/// A step: what a summary calls it and which answers it expects.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) expect: Expect,
    /// Whether the script looks at the body of an expected answer.
    pub(crate) checks_body: bool,
}

/// The statuses a step expects.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Expect {
    /// Any 2xx.
    Success,
    /// This one.
    Exactly(u16),
}

impl Expect {
    #[inline]
    pub(crate) fn accepts(self, status: u16) -> bool {
        match self {
            Self::Success => (200..300).contains(&status),
            Self::Exactly(expected) => status == expected,
        }
    }

    pub(crate) fn describe(self) -> String {
        match self {
            Self::Success => "2xx".to_owned(),
            Self::Exactly(expected) => expected.to_string(),
        }
    }
}

const REQUEST_STEPS: [Step; 1] = [Step {
    name: "request",
    expect: Expect::Success,
    checks_body: false,
}];

impl Scenario {
    /// The name in a summary.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Request(_) => "request",
            Self::Items => "items",
        }
    }

    /// The steps, in the order of the figures.
    pub fn steps(&self) -> Vec<StepInfo> {
        let specs = match self {
            Self::Request(_) => &REQUEST_STEPS[..],
            Self::Items => &items::STEPS,
        };
        let info = |step: &Step| StepInfo {
            name: step.name.to_owned(),
            ..StepInfo::default()
        };
        specs.iter().map(info).collect()
    }

    /// Whether virtual users have something to create before and to remove after the load.
    pub(crate) fn has_set_up(&self) -> bool {
        matches!(self, Self::Items)
    }

    /// The method and path of a run's first request.
    pub(crate) fn opening(&self, target: &Target) -> String {
        match self {
            Self::Request(spec) => format!("{} {target}", spec.method),
            Self::Items => format!(
                "POST {target}{}",
                if target.to_string().ends_with('/') {
                    "items"
                } else {
                    "/items"
                }
            ),
        }
    }
}

/// What all scripts of a run are made from.
pub(crate) struct ScriptContext<'a> {
    pub(crate) target: &'a Target,
    pub(crate) headers: &'a [Header],
    pub(crate) trace: Option<&'a TraceHeaders>,
    pub(crate) run_id: &'a str,
    pub(crate) segment: Segment,
    /// How long a virtual user waits after each request of a step that has no think time of its own.
    pub(crate) think_time: Duration,
}

/// One virtual user's part in a scenario.
pub(crate) enum Script {
    /// See [`Scenario::Request`].
    Request(PreparedRequest, bool),
    /// See [`Scenario::Items`].
    Items(Box<items::ItemsScript>, bool),
}

impl Script {
    pub(crate) fn new(scenario: &Scenario, context: &ScriptContext<'_>, number: u32, rng: &mut fastrand::Rng) -> Self {
        match scenario {
            Scenario::Request(spec) => {
                let parts = RequestParts {
                    method: &spec.method,
                    path_and_query: &context.target.path_and_query(),
                    headers: context.headers,
                    body: spec.body.clone(),
                    trace: context.trace,
                };
                Self::Request(PreparedRequest::render(context.target, &parts, rng), false)
            }
            Scenario::Items => Self::Items(Box::new(items::ItemsScript::new(context, number, rng)), false),
        }
    }

    /// The run's very first request, sent by one virtual user alone.
    pub(crate) fn opening(&mut self) -> &mut PreparedRequest {
        match self {
            Self::Request(request, _) => request,
            Self::Items(script, _) => script.opening(),
        }
    }

    /// Begins an iteration; `number` counts those of this generator.
    #[inline]
    pub(crate) fn begin(&mut self, number: u64) {
        let _ = number;
        match self {
            Self::Request(_, done) | Self::Items(_, done) => *done = false,
        }
    }

    /// The next request of the iteration; `None` when the iteration is over.
    #[inline]
    pub(crate) fn next(&mut self, rng: &mut fastrand::Rng) -> Option<Next<'_>> {
        match self {
            Self::Request(_, true) | Self::Items(_, true) => None,
            Self::Request(request, done) => {
                *done = true;
                Some(Next {
                    step: 0,
                    wants: Wants::default(),
                    request,
                })
            }
            Self::Items(script, done) => {
                *done = true;
                let (step, request) = script.next(rng);
                let body = if items::STEPS[step].checks_body { EXCERPT } else { 0 };
                Some(Next {
                    step,
                    wants: Wants { body, head: false },
                    request,
                })
            }
        }
    }

    /// Decides what a request's end is called, and takes note of it.
    #[inline]
    pub(crate) fn judge(&mut self, ended: &Ended<'_>) -> Judgement {
        let spec = &self.steps()[ended.step];
        let judgement = match ended.result {
            Err(failure) => Judgement::failed(Ending::failure(failure.kind)),
            Ok(status) if !spec.expect.accepts(*status) => Judgement::failed(Ending::status(*status)),
            Ok(status) => match self {
                Self::Items(script, _) if spec.checks_body && !script.body_has_id(ended.kept.body.as_bytes()) => {
                    Judgement::failed(Ending::failure(FailureKind::UnexpectedBody))
                }
                _ => Judgement {
                    ending: Ending::status(*status),
                    failed: false,
                    failed_check: None,
                },
            },
        };
        if let Self::Items(script, _) = self {
            script.ended(ended.step, Fate::of(ended.result), ended.now);
        }
        judgement
    }

    /// Puts a failure in words: one sentence that begins with the step's name.
    #[cold]
    pub(crate) fn explain(&self, ended: &Ended<'_>) -> String {
        let spec = &self.steps()[ended.step];
        match ended.result {
            Ok(status) => format!(
                "{}: status {status}, expected {}{}",
                spec.name,
                spec.expect.describe(),
                ended.kept.describe()
            ),
            Err(failure) => format!("{}: {}", spec.name, failure.describe()),
        }
    }

    /// How long the virtual user waits after the request that has just ended; zero for no pause at all.
    #[inline]
    pub(crate) fn think_time(&self, step: usize, rng: &mut fastrand::Rng) -> Duration {
        let _ = (step, rng);
        Duration::ZERO
    }

    fn steps(&self) -> &'static [Step] {
        match self {
            Self::Request(..) => &REQUEST_STEPS,
            Self::Items(..) => &items::STEPS,
        }
    }

    /// What set-up has captured for all virtual users.
    pub(crate) fn shared(&self) -> Shared {
        Shared::default()
    }

    /// Takes over what the set-up of another virtual user has captured.
    pub(crate) fn adopt(&mut self, shared: &Shared) {
        let _ = shared;
    }

    /// Creates what the script needs; gives the number of items created.
    pub(crate) async fn set_up(&mut self, client: &mut Client) -> Result<u64, String> {
        match self {
            Self::Request(..) => Ok(0),
            Self::Items(script, _) => script.set_up(client).await,
        }
    }

    /// Removes what the script created.
    pub(crate) async fn clean_up(&mut self, client: &mut Client) -> CleanUp {
        match self {
            Self::Request(..) => CleanUp::default(),
            Self::Items(script, _) => script.clean_up(client).await,
        }
    }
}

/// Values that set-up has captured for all virtual users, by name.
pub(crate) type Shared = Arc<std::collections::BTreeMap<String, String>>;

/// The next request of an iteration.
pub(crate) struct Next<'a> {
    pub(crate) step: usize,
    /// What its answer is needed for.
    pub(crate) wants: Wants,
    pub(crate) request: &'a mut PreparedRequest,
}

/// A request that ended.
pub(crate) struct Ended<'a> {
    pub(crate) step: usize,
    /// The status, or why there is none.
    pub(crate) result: &'a Result<u16, Failure>,
    /// What was kept of the answer.
    pub(crate) kept: &'a Kept,
    /// How long it took, from the instant it was sent.
    pub(crate) took: Duration,
    pub(crate) now: Instant,
}

/// What a request's end is called.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judgement {
    pub(crate) ending: Ending,
    pub(crate) failed: bool,
    /// The check that it failed, by its position in the step.
    pub(crate) failed_check: Option<usize>,
}

impl Judgement {
    fn failed(ending: Ending) -> Self {
        Self {
            ending,
            failed: true,
            failed_check: None,
        }
    }
}

/// What became of a request, as far as its sender knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The target answered with this status.
    Answered(u16),
    /// The target never saw it.
    NeverSent,
    /// It was sent, but no answer came: the target may have carried it out, or may yet do so.
    Unknown,
}

impl Fate {
    #[inline]
    pub(crate) fn of(result: &Result<u16, Failure>) -> Self {
        match result {
            Ok(status) => Self::Answered(*status),
            Err(failure) if failure.sent => Self::Unknown,
            Err(_) => Self::NeverSent,
        }
    }
}

/// What a clean-up did.
#[derive(Clone, Debug, Default)]
pub(crate) struct CleanUp {
    /// Items that were there and are gone.
    pub(crate) deleted: u64,
    /// Items that may still be there.
    pub(crate) left: u64,
    /// Why, for one of them.
    pub(crate) reason: Option<String>,
}
