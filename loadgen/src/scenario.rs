//! What virtual users send: named steps, in an order that each virtual user decides for itself.

pub(crate) mod items;

use std::sync::Arc;
use std::time::Instant;

use crate::client::Client;
use crate::outcome::Failure;
use crate::request::{PreparedRequest, RequestParts, TraceHeaders};
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

    /// The names of the steps, in a summary and in thresholds.
    pub fn step_names(&self) -> impl Iterator<Item = &'static str> {
        self.steps().iter().map(|step| step.name)
    }

    pub(crate) fn steps(&self) -> &'static [Step] {
        match self {
            Self::Request(_) => &REQUEST_STEPS,
            Self::Items => &items::STEPS,
        }
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
}

/// One virtual user's part in a scenario.
pub(crate) enum Script {
    /// See [`Scenario::Request`].
    Request(PreparedRequest),
    /// See [`Scenario::Items`].
    Items(Box<items::ItemsScript>),
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
                Self::Request(PreparedRequest::render(context.target, &parts, rng))
            }
            Scenario::Items => Self::Items(Box::new(items::ItemsScript::new(context, number, rng))),
        }
    }

    /// The run's very first request, sent by one virtual user alone.
    pub(crate) fn opening(&mut self) -> &mut PreparedRequest {
        match self {
            Self::Request(request) => request,
            Self::Items(script) => script.opening(),
        }
    }

    /// Takes note of how the opening request ended.
    pub(crate) fn opened(&mut self, fate: Fate, now: Instant) {
        if let Self::Items(script) = self {
            script.ended(items::CREATE, fate, now);
        }
    }

    /// The next request and the step it belongs to.
    #[inline]
    pub(crate) fn next(&mut self, rng: &mut fastrand::Rng) -> (usize, &mut PreparedRequest) {
        match self {
            Self::Request(request) => (0, request),
            Self::Items(script) => script.next(rng),
        }
    }

    /// Whether the beginning of a body is what the last request asked for.
    pub(crate) fn body_as_expected(&self, body: &[u8]) -> bool {
        match self {
            Self::Request(_) => true,
            Self::Items(script) => script.body_has_id(body),
        }
    }

    /// Takes note of how the last request ended.
    #[inline]
    pub(crate) fn ended(&mut self, step: usize, fate: Fate, now: Instant) {
        if let Self::Items(script) = self {
            script.ended(step, fate, now);
        }
    }

    /// Creates what the script needs; gives the number of items created.
    pub(crate) async fn set_up(&mut self, client: &mut Client) -> Result<u64, String> {
        match self {
            Self::Request(_) => Ok(0),
            Self::Items(script) => script.set_up(client).await,
        }
    }

    /// Removes what the script created.
    pub(crate) async fn clean_up(&mut self, client: &mut Client) -> CleanUp {
        match self {
            Self::Request(_) => CleanUp::default(),
            Self::Items(script) => script.clean_up(client).await,
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
