//! Turns figures into lines of InfluxDB's line protocol. No input or output, no clock: the same figures give the same
//! lines, so that writing them twice changes nothing.
//!
//! A generator writes per second two points for each step and one for itself, whatever the rate: 101 points and as many
//! series for the 50 steps a scenario may have.

use std::io::Write as _;
use std::time::Duration;

use hdrhistogram::Histogram;

use super::buckets;
use super::line_protocol::{FieldValue, Point};
use super::names::*;
use crate::distribution::latency_ms;
use crate::health::Health;
use crate::interval::{INTERVAL, Interval};
use crate::recorder::{Ending, latency_histogram};
use crate::run_info::RunInfo;
use crate::run_result::rate;
use crate::step_figures::StepFigures;
use crate::summary::{Latency, RunResult, Summary};
use crate::summary_text::{grouped, milliseconds, share};

/// Bytes of a text field.
const LONGEST_TEXT: usize = 2_000;

/// Whole lines of line protocol, times in nanoseconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lines {
    pub(crate) text: Vec<u8>,
    /// Lines, each of which is a point.
    pub(crate) points: u64,
}

impl Lines {
    fn push(&mut self, point: &Point<'_>) {
        // Writing to memory does not fail.
        if point.has_fields() && writeln!(self.text, "{point}").is_ok() {
            self.points += 1;
        }
    }
}

/// Encodes the figures of one generator in one run.
pub(crate) struct Encoder {
    /// Tags of every point.
    tags: Vec<(String, String)>,
    steps: Vec<String>,
    started_at_ms: u64,
    title: String,
    text: String,
    /// Statuses and kinds of errors that have a field of their own.
    endings: Vec<Ending>,
}

impl Encoder {
    pub(crate) fn new(info: &RunInfo) -> Self {
        let own = [
            (RUN_ID_TAG, &info.run_id),
            (SCENARIO_TAG, &info.scenario),
            (GENERATOR_TAG, &info.generator),
        ];
        let own = own.into_iter().map(|(key, value)| (key.to_owned(), tag_text(value)));
        let given = info
            .tags
            .iter()
            .filter(|(key, _)| is_free_tag(key))
            .take(MOST_RUN_TAGS)
            .map(|(key, value)| (tag_text(key), tag_text(value)));
        Self {
            tags: own.chain(given).filter(|(_, value)| !value.is_empty()).collect(),
            steps: info.steps.iter().map(|step| tag_text(&step.name)).collect(),
            started_at_ms: info.started_at_ms,
            title: format!("{} {}", info.scenario, info.run_id),
            text: format!(
                "{} on {} by generator {} on {}, loadgen {}",
                info.load, info.target, info.generator, info.environment.host, info.loadgen_version
            ),
            endings: Vec::new(),
        }
    }

    /// The event of the start.
    pub(crate) fn start(&self) -> Lines {
        let mut lines = Lines::default();
        let point = text_field(
            self.event(EVENT_START, Duration::ZERO),
            TITLE_FIELD,
            &format!("{} started", self.title),
        );
        lines.push(&text_field(point, TEXT_FIELD, &self.text));
        lines
    }

    /// The figures of one second.
    pub(super) fn interval(&mut self, interval: &Interval) -> Lines {
        let since_start = INTERVAL.saturating_mul(u32::try_from(interval.number).unwrap_or(u32::MAX));
        let seconds = interval.length.as_secs_f64();
        let mut lines = Lines::default();
        for index in 0..interval.steps.len().min(self.steps.len()) {
            let step = &interval.steps[index];
            self.know(step);
            let point = |measurement| self.point(measurement, since_start).tag(STEP_TAG, &self.steps[index]);
            lines.push(&self.step(point(STEP_MEASUREMENT), step, seconds));
            if !step.latency.is_empty() {
                let buckets = buckets::counts(&step.latency).into_iter();
                lines.push(&buckets.fold(point(LATENCY_MEASUREMENT), |point, (field, count)| {
                    point.field(field, integer(count))
                }));
            }
        }
        lines.push(&generator(
            self.point(GENERATOR_MEASUREMENT, since_start),
            interval,
            seconds,
        ));
        lines
    }

    /// The event of the end.
    pub(super) fn end(&self, result: &RunResult) -> Lines {
        let summary = &result.summary;
        let crossed: Vec<&str> = summary
            .thresholds
            .iter()
            .filter(|threshold| !threshold.passed)
            .map(|threshold| threshold.expression.as_str())
            .collect();
        let verdict = match (summary.interrupted, crossed.is_empty(), summary.thresholds.is_empty()) {
            (true, ..) => "interrupted",
            (false, false, _) => "failed",
            (false, true, false) => "passed",
            (false, true, true) => "done",
        };
        let lasted = Duration::try_from_secs_f64(summary.duration_s).unwrap_or_default();
        let point = self.event(EVENT_END, lasted);
        let point = text_field(point, TITLE_FIELD, &format!("{} {verdict}", self.title));
        let point = text_field(point, TEXT_FIELD, &main_figures(summary, &crossed))
            .field(PASSED_FIELD, crossed.is_empty() && !summary.interrupted)
            .field(STARTED_AT_FIELD, integer(self.started_at_ms))
            .field(REQUESTS_FIELD, integer(summary.requests))
            .field(FAILED_FIELD, integer(summary.failed))
            .field(DUE_FIELD, integer(summary.due))
            .field(DROPPED_FIELD, integer(summary.dropped))
            .field(SATURATED_FIELD, summary.generator.saturated);
        let mut lines = Lines::default();
        lines.push(&latencies(
            float(point, RATE_FIELD, summary.rate),
            &LATENCY_FIELDS,
            (summary.requests > 0).then_some(&summary.latency_ms),
        ));
        lines
    }

    fn event<'a>(&'a self, event: &'a str, since_start: Duration) -> Point<'a> {
        self.point(EVENT_MEASUREMENT, since_start).tag(EVENT_TAG, event)
    }

    fn point<'a>(&'a self, measurement: &'a str, since_start: Duration) -> Point<'a> {
        let time = Duration::from_millis(self.started_at_ms).saturating_add(since_start);
        let point = Point::new(measurement, i64::try_from(time.as_nanos()).unwrap_or(i64::MAX));
        self.tags
            .iter()
            .fold(point, |point, (key, value)| point.tag(key, value))
    }

    /// Gives the endings of a step a field, as long as there are some left.
    fn know(&mut self, step: &StepFigures) {
        for (ending, _) in &step.endings {
            if self.endings.len() < MOST_ENDINGS && !self.endings.contains(ending) {
                self.endings.push(*ending);
            }
        }
    }

    fn step<'a>(&self, point: Point<'a>, step: &StepFigures, seconds: f64) -> Point<'a> {
        let mut point = point
            .field(REQUESTS_FIELD, integer(step.requests()))
            .field(FAILED_FIELD, integer(step.failed))
            .field(BYTES_SENT_FIELD, integer(step.sent))
            .field(BYTES_RECEIVED_FIELD, integer(step.received));
        point = float(point, RATE_FIELD, rate(step.requests(), seconds));
        if !step.failed_checks.is_empty() {
            point = point.field(FAILED_CHECKS_FIELD, integer(step.failed_checks.iter().sum()));
        }
        let mut other = 0;
        for (ending, count) in &step.endings {
            if self.endings.contains(ending) {
                point = point.field(ending_field(*ending), integer(*count));
            } else {
                other += count;
            }
        }
        if other > 0 {
            point = point.field(OTHER_ENDINGS_FIELD, integer(other));
        }
        point = latencies(point, &LATENCY_FIELDS, figures(&step.latency).as_ref());
        let uncorrected = step.uncorrected.as_ref().and_then(figures);
        latencies(point, &UNCORRECTED_LATENCY_FIELDS, uncorrected.as_ref())
    }
}

/// Adds the figures of a generator over all its steps.
fn generator<'a>(point: Point<'a>, interval: &Interval, seconds: f64) -> Point<'a> {
    let mut health = Health::new();
    health.add(interval);
    let health = health.verdict();
    let sum = |figure: fn(&StepFigures) -> u64| integer(interval.steps.iter().map(figure).sum());
    let mut point = point
        .field(REQUESTS_FIELD, integer(interval.requests()))
        .field(FAILED_FIELD, integer(interval.failed()))
        .field(BYTES_SENT_FIELD, sum(|step| step.sent))
        .field(BYTES_RECEIVED_FIELD, sum(|step| step.received))
        .field(DUE_FIELD, integer(interval.due))
        .field(DROPPED_FIELD, integer(interval.dropped))
        .field(VUS_FIELD, i64::from(interval.vus))
        .field(SATURATED_FIELD, health.saturated);
    point = float(point, RATE_FIELD, rate(interval.requests(), seconds));
    point = float(point, CPU_FIELD, health.cpu_percent);
    point = float(point, LAG_FIELD, health.lag_ms_p99);
    let all = of_all_steps(interval.steps.iter().map(|step| Some(&step.latency)));
    point = latencies(point, &LATENCY_FIELDS, all.as_ref());
    let uncorrected = of_all_steps(interval.steps.iter().map(|step| step.uncorrected.as_ref()));
    latencies(point, &UNCORRECTED_LATENCY_FIELDS, uncorrected.as_ref())
}

/// The figures of several histograms together; the usual case, one that is not empty, takes no copy.
fn of_all_steps<'a>(histograms: impl Iterator<Item = Option<&'a Histogram<u64>>>) -> Option<Latency> {
    let mut filled = histograms.flatten().filter(|histogram| !histogram.is_empty());
    let first = filled.next()?;
    let Some(second) = filled.next() else {
        return figures(first);
    };
    let mut all = latency_histogram();
    for histogram in [first, second].into_iter().chain(filled) {
        // Cannot fail: all histograms have the same bounds.
        let _ = all.add(histogram);
    }
    figures(&all)
}

fn figures(latency: &Histogram<u64>) -> Option<Latency> {
    (!latency.is_empty()).then(|| latency_ms(latency))
}

fn latencies<'a>(point: Point<'a>, names: &LatencyFields, latency: Option<&Latency>) -> Point<'a> {
    let Some(latency) = latency else { return point };
    let figures = [
        (names.min, latency.min),
        (names.mean, latency.mean),
        (names.p50, latency.p50),
        (names.p90, latency.p90),
        (names.p95, latency.p95),
        (names.p99, latency.p99),
        (names.p99_9, latency.p99_9),
        (names.max, latency.max),
    ];
    figures
        .into_iter()
        .fold(point, |point, (name, value)| float(point, name, value))
}

/// The field that counts an ending.
fn ending_field(ending: Ending) -> String {
    let name = ending.name();
    let is_status = name.bytes().all(|byte| byte.is_ascii_digit());
    let prefix = if is_status {
        STATUS_FIELD_PREFIX
    } else {
        ERROR_FIELD_PREFIX
    };
    format!("{prefix}{name}")
}

fn main_figures(summary: &Summary, crossed: &[&str]) -> String {
    let mut text = format!(
        "{} requests in {:.1} s, {:.1}/s, {} failed ({}), p50 {}, p99 {}",
        grouped(summary.requests),
        summary.duration_s,
        summary.rate,
        grouped(summary.failed),
        share(summary.failed, summary.requests),
        milliseconds(summary.latency_ms.p50),
        milliseconds(summary.latency_ms.p99),
    );
    if summary.dropped > 0 {
        text.push_str(&format!(", {} dropped", grouped(summary.dropped)));
    }
    if summary.generator.saturated {
        text.push_str("; the generator was the bottleneck");
    }
    if !crossed.is_empty() {
        text.push_str(&format!("; crossed: {}", crossed.join(", ")));
    }
    text
}

/// Whether a tag of a run says nothing that a point says already.
fn is_free_tag(key: &str) -> bool {
    !key.is_empty() && !TAKEN_TAGS.contains(&key)
}

fn integer(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Line protocol has no infinity and no NaN; such a field is left out.
fn float<'a>(point: Point<'a>, name: &str, value: f64) -> Point<'a> {
    if value.is_finite() {
        point.field(name, value)
    } else {
        point
    }
}

fn text_field<'a>(point: Point<'a>, name: &str, text: &str) -> Point<'a> {
    point.field(name, FieldValue::Text(plain(text, LONGEST_TEXT)))
}

/// A name or value of a tag. Line protocol cannot say a backslash before what it escapes, or at the end.
fn tag_text(text: &str) -> String {
    plain(text, LONGEST_TAG).replace('\\', "/")
}

/// One line of bounded length.
fn plain(text: &str, longest: usize) -> String {
    let end = text.floor_char_boundary(longest);
    text[..end].replace(char::is_control, " ")
}

#[cfg(test)]
mod tests;
