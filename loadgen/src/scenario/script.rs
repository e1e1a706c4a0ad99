//! One virtual user's part in a scenario: where it is in an iteration, the values it has drawn and captured, the request
//! it sends next.

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::kept::Wants;
use crate::outcome::FailureKind;
use crate::recorder::Ending;
use crate::request::{PreparedRequest, push_decimal};
use crate::scenario::checks::Answer;
use crate::scenario::definition::Step;
use crate::scenario::resources::{ActionKind, Books};
use crate::scenario::template::{Escape, Part, Refusal, Value, WriteValue, escape_into};
use crate::scenario::templates::Templates;
use crate::scenario::variables::{Slot, Source, TimeFormat, unix_millis, write_time};
use crate::scenario::{Ended, Fate, Judgement};

/// Values captured by the set-up of a run, for all its virtual users.
pub(crate) type Shared = Arc<Vec<(usize, Vec<u8>)>>;

/// One virtual user's part in a scenario.
pub(crate) struct Script {
    pub(super) templates: Rc<Templates>,
    pub(super) request: PreparedRequest,
    /// The step whose request stands in the buffer.
    rendered: Option<usize>,
    /// The step that the last request belongs to.
    pub(super) current: usize,
    pub(super) values: Values,
    /// The iteration's number in this generator.
    number: u64,
    flow: usize,
    /// How many steps of the flow have been taken.
    position: usize,
    state: Iteration,
    failed: Option<Lacking>,
    /// The status of the last request that failed, if there was one.
    pub(super) failed_status: Option<u16>,
    scratch: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Iteration {
    /// Begun, but nothing has been drawn yet.
    Fresh,
    UnderWay,
    Over,
}

/// What an answer of the expected status lacks.
#[derive(Clone, Copy, Debug)]
enum Lacking {
    Check(usize),
    Capture(usize),
}

/// The values of one virtual user.
pub(super) struct Values {
    templates: Rc<Templates>,
    pub(super) slots: Vec<Slot>,
    pub(super) books: Vec<Books>,
    /// The virtual user's number in the whole run.
    vu: u64,
    /// The iteration's number in the whole run.
    iteration: u64,
}

impl WriteValue for Values {
    #[inline]
    fn write(&self, value: Value, escape: Escape, out: &mut Vec<u8>) -> Result<(), Refusal> {
        let definition = &self.templates.definition;
        match value {
            Value::Variable(index) => self.slots[index].write(&definition.variables[index].source, 0, escape, out),
            Value::Column { variable, column } => {
                self.slots[variable].write(&definition.variables[variable].source, column, escape, out)
            }
            Value::Resource(index) => {
                for part in self.templates.ids[index].parts() {
                    match part {
                        Part::Text(text) => escape_into(text.as_bytes(), escape, out)?,
                        Part::Value(Value::Number, _) => push_number(self.books[index].current(), out),
                        Part::Value(value, _) => self.write(*value, escape, out)?,
                    }
                }
                Ok(())
            }
            // Known when templates are compiled, or only inside an id or a head.
            Value::Number | Value::RunId | Value::BodyLength | Value::TraceParent => Err(Refusal::Missing),
            Value::Vu => {
                push_decimal(out, self.vu);
                Ok(())
            }
            Value::Iteration => {
                push_decimal(out, self.iteration);
                Ok(())
            }
            Value::NowMs => write_time(unix_millis(), TimeFormat::UnixMs, escape, out),
            Value::Now => write_time(unix_millis(), TimeFormat::Rfc3339, escape, out),
        }
    }
}

/// Appends ten digits; those that do not fit are cut at the left.
fn push_number(mut number: u64, out: &mut Vec<u8>) {
    let mut digits = [b'0'; 10];
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
    out.extend_from_slice(&digits);
}

impl Script {
    /// The script of the virtual user that has this number in its generator.
    pub(crate) fn new(templates: &Rc<Templates>, number: u32, rng: &mut fastrand::Rng) -> Self {
        let definition = &templates.definition;
        Self {
            templates: Rc::clone(templates),
            request: PreparedRequest::new(rng),
            rendered: None,
            current: 0,
            values: Values {
                templates: Rc::clone(templates),
                slots: vec![Slot::Unset; definition.variables.len()],
                books: vec![Books::default(); definition.resources.len()],
                vu: templates.segment.global(u64::from(number)),
                iteration: 0,
            },
            number: 0,
            flow: 0,
            position: 0,
            state: Iteration::Over,
            failed: None,
            failed_status: None,
            scratch: Vec::new(),
        }
    }

    /// The run's very first request, sent by one virtual user alone: the first of set-up or, where there is none, the
    /// first of iteration 0, with which the virtual user that sent it then goes on: [`Self::next`] without
    /// [`Self::begin`].
    pub(crate) fn opening(&mut self, rng: &mut fastrand::Rng) -> &mut PreparedRequest {
        if self.templates.definition.has_set_up() {
            self.draw(rng);
            self.prepare_outside(self.templates.definition.opening_step(), rng);
        } else {
            self.begin(0);
            // A scenario has at least one step.
            let _ = self.next(rng);
        }
        &mut self.request
    }

    /// The request that was readied last.
    #[inline]
    pub(crate) fn prepared(&self) -> &PreparedRequest {
        &self.request
    }

    /// The step that the request belongs to that was readied last.
    pub(crate) fn step(&self) -> usize {
        self.current
    }

    /// Begins an iteration; `number` counts those of this generator.
    #[inline]
    pub(crate) fn begin(&mut self, number: u64) {
        self.number = number;
        self.state = Iteration::Fresh;
    }

    /// The next request of the iteration; `None` when the iteration is over.
    #[inline]
    pub(crate) fn next(&mut self, rng: &mut fastrand::Rng) -> Option<&mut PreparedRequest> {
        match self.state {
            Iteration::Over => return None,
            Iteration::UnderWay => {}
            Iteration::Fresh => {
                self.state = Iteration::UnderWay;
                self.flow = self.templates.definition.pick_flow(rng);
                self.position = 0;
                self.draw(rng);
            }
        }
        let steps = &self.templates.definition.flows[self.flow].steps;
        let planned = steps.start + self.position;
        self.position += 1;
        if self.position >= steps.len() {
            self.state = Iteration::Over;
        }
        self.choose(planned, rng);
        Some(&mut self.request)
    }

    /// Draws the values of an iteration.
    #[inline]
    pub(super) fn draw(&mut self, rng: &mut fastrand::Rng) {
        let templates = &self.templates;
        self.values.iteration = templates.segment.global(self.number);
        for (slot, variable) in self.values.slots.iter_mut().zip(&templates.definition.variables) {
            slot.draw(&variable.source, templates.segment, self.number, rng);
        }
    }

    /// Readies the request of a step, or of another where the books say that it is not to be done.
    #[inline]
    fn choose(&mut self, planned: usize, rng: &mut fastrand::Rng) {
        let definition = &self.templates.definition;
        let mut step = planned;
        let mut possible = true;
        if let Some(action) = definition.steps[planned].action {
            let books = &self.values.books[action.resource];
            if let Some(instead) = books.redirect(&definition.resources[action.resource], action.kind) {
                step = instead;
            }
            if let Some(action) = definition.steps[step].action {
                possible = self.values.books[action.resource].choose(action, rng);
            }
        }
        self.prepare(step);
        if !possible {
            self.request.refuse(Refusal::NoResource);
        }
    }

    #[inline]
    pub(super) fn prepare(&mut self, step: usize) {
        self.current = step;
        let template = &self.templates.requests[step];
        if template.varies() || self.rendered != Some(step) || self.request.refusal().is_some() {
            self.rendered = Some(step);
            self.request.render(template, &self.values);
        }
    }

    /// Readies a request of set-up or clean-up, with a trace that is not recorded.
    pub(super) fn prepare_outside(&mut self, step: usize, rng: &mut fastrand::Rng) {
        if let Some(action) = self.templates.definition.steps[step].action
            && action.kind == ActionKind::Creates
        {
            self.values.books[action.resource].choose(action, rng);
        }
        self.prepare(step);
        self.request.stamp_trace(rng, false);
    }

    /// What the answer to the request that was readied last is needed for.
    #[inline]
    pub(crate) fn wants(&self) -> Wants {
        self.templates.wants[self.current]
    }

    /// Decides what a request's end is called, and takes note of it.
    #[inline]
    pub(crate) fn judge(&mut self, ended: &Ended<'_>) -> Judgement {
        let templates = Rc::clone(&self.templates);
        let step = &templates.definition.steps[self.current];
        self.failed = None;
        let judgement = match ended.result {
            Err(failure) => Judgement::failed(Ending::failure(failure.kind), None),
            Ok(status) if !step.expect.accepts(*status) => Judgement::failed(Ending::status(*status), None),
            Ok(status) if step.checks.is_empty() && step.captures.is_empty() => Judgement::passed(*status),
            Ok(status) => self.examine(step, *status, ended),
        };
        if let Some(action) = step.action {
            let fate = Fate::of(ended.result);
            self.values.books[action.resource].ended(action.kind, &step.expect, fate, ended.now);
        }
        if judgement.failed {
            self.take_failure(step, ended.result.as_ref().ok().copied());
        }
        judgement
    }

    #[cold]
    fn take_failure(&mut self, step: &Step, status: Option<u16>) {
        self.failed_status = status;
        if !matches!(self.failed, Some(Lacking::Check(_))) {
            // What was captured before belongs to another answer.
            for capture in &step.captures {
                self.values.slots[capture.variable] = Slot::Unset;
            }
        }
        if step.failure_ends_iteration {
            self.state = Iteration::Over;
        }
    }

    /// Holds an answer of the expected status against the checks, and takes from it what is to be captured.
    fn examine(&mut self, step: &Step, status: u16, ended: &Ended<'_>) -> Judgement {
        let mut answer = Answer::new(ended.kept);
        for (index, check) in step.checks.iter().enumerate() {
            let rule = &check.rule;
            if self.failed.is_none() && !rule.holds(status, ended.took, &mut answer, &self.values, &mut self.scratch) {
                self.failed = Some(Lacking::Check(index));
            }
        }
        for (index, capture) in step.captures.iter().enumerate() {
            if answer.capture(capture, &mut self.scratch) {
                self.values.slots[capture.variable].set_text(&self.scratch);
            } else {
                self.failed.get_or_insert(Lacking::Capture(index));
            }
        }
        match self.failed {
            None => Judgement::passed(status),
            Some(Lacking::Check(index)) => {
                let ending = match step.checks[index].rule.failure() {
                    Some(kind) => Ending::failure(kind),
                    None => Ending::status(status),
                };
                Judgement::failed(ending, Some(index))
            }
            Some(Lacking::Capture(index)) => {
                let ending = Ending::failure(FailureKind::CaptureFailed);
                Judgement::failed(ending, Some(step.checks.len() + index))
            }
        }
    }

    /// Puts a failure in words: one sentence that begins with the step's name.
    #[cold]
    pub(crate) fn explain(&self, ended: &Ended<'_>) -> String {
        let step = &self.templates.definition.steps[self.current];
        let name = &step.name;
        // Where something is captured, it may be a secret.
        let found = || {
            if step.captures.is_empty() {
                ended.kept.describe()
            } else {
                String::new()
            }
        };
        match (ended.result, self.failed) {
            (Err(failure), _) => format!("{name}: {}", failure.describe()),
            (Ok(status), None) => {
                format!(
                    "{name}: status {status}, expected {}{}",
                    step.expect,
                    ended.kept.describe()
                )
            }
            (Ok(status), Some(Lacking::Check(index))) => {
                let check = &step.checks[index];
                let found = match check.rule.failure() {
                    None => format!("status {status}{}", found()),
                    Some(FailureKind::TooSlow) => format!("took {:.1} ms", ended.took.as_secs_f64() * 1000.0),
                    // A header's value may be a secret.
                    Some(FailureKind::UnexpectedHeader) => format!("status {status}"),
                    Some(_) => format!("status {status}{}", found()),
                };
                format!("{name}: the check `{}` failed: {found}", check.name)
            }
            (Ok(status), Some(Lacking::Capture(index))) => format!(
                "{name}: nothing could be captured for `{}`: status {status}",
                step.captures[index].name
            ),
        }
    }

    /// How long the virtual user waits after the request that has just ended; zero for no pause at all.
    #[inline]
    pub(crate) fn think_time(&self, step: usize, rng: &mut fastrand::Rng) -> Duration {
        match &self.templates.definition.steps[step].think_time {
            None => self.templates.think_time,
            Some(pause) => pause.draw(rng),
        }
    }

    /// What set-up has captured, for the other virtual users.
    pub(crate) fn shared(&self) -> Shared {
        let variables = &self.templates.definition.variables;
        let captured = self.values.slots.iter().zip(variables).enumerate();
        let texts = captured.filter_map(|(index, (slot, variable))| match (slot, &variable.source) {
            (Slot::Text(text), Source::Capture) => Some((index, text.clone())),
            _ => None,
        });
        Arc::new(texts.collect())
    }

    /// Takes over what the virtual user that did the set-up has captured.
    pub(crate) fn adopt(&mut self, shared: &Shared) {
        for (variable, text) in shared.iter() {
            self.values.slots[*variable].set_text(text);
        }
    }

    /// Sends the request that was readied last, outside the load, and judges its end.
    pub(super) async fn send(&mut self, client: &mut Client) -> (Result<u16, String>, Fate) {
        let start = Instant::now();
        client.kept.wants = self.wants();
        let result = client.exchange(&self.request, start).await;
        let now = Instant::now();
        let fate = Fate::of(&result);
        let ended = Ended {
            result: &result,
            kept: &client.kept,
            took: now - start,
            now,
        };
        let failed = self.judge(&ended).failed;
        let described = match &result {
            Ok(_) if failed => Err(self.explain(&ended)),
            Ok(status) => Ok(*status),
            Err(failure) => Err(failure.describe()),
        };
        (described, fate)
    }
}
