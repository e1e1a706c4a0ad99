//! The document that a run ends in, drawn up from its totals.

use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use hdrhistogram::Histogram;

use crate::distribution::{distribution, latency_ms, spectrum};
use crate::health::Health;
use crate::recorder::{Ending, TracedEnd, latency_histogram};
use crate::run_info::{LoadModel, RunInfo, StepInfo};
use crate::step_figures::StepFigures;
use crate::summary::{Check, ErrorKind, Generator, RunResult, SCHEMA, Step, Summary, TracedRequest};
use crate::totals::Totals;

/// Buckets of the distribution per power of ten.
const BUCKETS_PER_DECADE: f64 = 10.0;
/// Failed requests listed.
const FAILURES: usize = 20;
/// What stands for the trace id in the address of a trace.
const TRACE_ID: &str = "{trace_id}";
/// The last millisecond that RFC 3339 has a date for.
const LAST_DATE_MS: u64 = 253_402_300_799_999;

/// What is known only when a run is over.
#[derive(Clone, Debug, Default)]
pub(crate) struct RunEnd {
    /// Whether it was asked to end early.
    pub(crate) interrupted: bool,
    /// Virtual users at most at a time.
    pub(crate) vus: u32,
    /// The names of the generators, in the order of their numbers.
    pub(crate) generators: Vec<String>,
    /// Where traces can be looked at, with `{trace_id}` in place of the id.
    pub(crate) trace_url: Option<String>,
}

impl Totals {
    /// Draws up the figures of a run that is over; nothing may be added afterwards.
    pub(crate) fn result(&mut self, info: &RunInfo, end: &RunEnd) -> RunResult {
        let took = self.last_end.unwrap_or_default();
        let seconds = took.as_secs_f64();
        let thresholds = self.watch.results(took);
        let latency = total(self.steps.iter().map(|step| &step.latency));
        let uncorrected = (info.model == LoadModel::Open)
            .then(|| total(self.steps.iter().filter_map(|step| step.uncorrected.as_ref())));
        let requests = self.requests();
        let failed = self.failed();
        let describe = |request: &TracedEnd| describe(request, info, end.trace_url.as_deref());
        let started_at = UNIX_EPOCH + Duration::from_millis(info.started_at_ms.min(LAST_DATE_MS));
        let summary = Summary {
            schema: SCHEMA,
            run_id: info.run_id.clone(),
            loadgen_version: info.loadgen_version.clone(),
            command: info.command.clone(),
            scenario: info.scenario.clone(),
            target: info.target.clone(),
            started_at: humantime::format_rfc3339_millis(started_at).to_string(),
            duration_s: seconds,
            vus: end.vus,
            model: info.model,
            load: info.load.clone(),
            generators: end.generators.clone(),
            tags: info.tags.clone(),
            interrupted: end.interrupted,
            requests,
            rate: rate(requests, seconds),
            failed,
            due: self.due,
            dropped: self.dropped,
            status: status(&self.steps),
            errors: self.errors(info),
            latency_ms: latency_ms(&latency),
            uncorrected_latency_ms: uncorrected.as_ref().map(latency_ms),
            bytes_sent: self.steps.iter().map(|step| step.sent).sum(),
            bytes_received: self.steps.iter().map(|step| step.received).sum(),
            steps: self
                .steps
                .iter()
                .zip(&info.steps)
                .map(|(figures, step)| (step.name.clone(), step_summary(figures, step, seconds)))
                .collect(),
            checks: self
                .steps
                .iter()
                .zip(&info.steps)
                .flat_map(|(figures, step)| checks(figures, step))
                .collect(),
            thresholds,
            generator: health(&self.health, &end.generators),
            environment: info.environment.clone(),
            slowest: self.slowest.iter().map(describe).collect(),
            failures: self.failures(FAILURES).iter().map(describe).collect(),
        };
        let recorded = latency.iter_recorded();
        let counts = recorded.map(|value| (value.value_iterated_to(), value.count_at_value()));
        RunResult {
            summary,
            timeline: self.timeline.points(),
            distribution: distribution(counts, BUCKETS_PER_DECADE),
            spectrum: spectrum(&latency, uncorrected.as_ref()),
            heatmap: self.timeline.heatmap(),
        }
    }

    /// Every kind of failure, most frequent first. A status may be expected of one step and not of another, so only
    /// requests that failed count.
    fn errors(&self, info: &RunInfo) -> Vec<ErrorKind> {
        let mut counts: BTreeMap<Ending, (u64, usize)> = BTreeMap::new();
        for (index, step) in self.steps.iter().enumerate() {
            for (ending, count) in &step.failures {
                counts.entry(*ending).or_insert((0, index)).0 += count;
            }
        }
        let describe = |(ending, (count, step)): (Ending, (u64, usize))| {
            let example = self.examples.iter().find(|example| example.ending == ending);
            ErrorKind {
                kind: ending.name(),
                count,
                example: example.map_or_else(
                    || format!("{}: {}", step_name(info, step), ending.name()),
                    |example| example.text.clone(),
                ),
            }
        };
        let mut errors: Vec<ErrorKind> = counts.into_iter().map(describe).collect();
        errors.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.kind.cmp(&b.kind)));
        errors
    }
}

fn total<'a>(parts: impl Iterator<Item = &'a Histogram<u64>>) -> Histogram<u64> {
    let mut total = latency_histogram();
    for part in parts {
        // Cannot fail: all histograms have the same bounds.
        let _ = total.add(part);
    }
    total
}

/// Requests by status or kind of error.
fn status<'a>(steps: impl IntoIterator<Item = &'a StepFigures>) -> BTreeMap<String, u64> {
    let mut status = BTreeMap::new();
    for (ending, count) in steps.into_iter().flat_map(|step| &step.endings) {
        *status.entry(ending.name()).or_default() += count;
    }
    status
}

fn step_summary(figures: &StepFigures, step: &StepInfo, seconds: f64) -> Step {
    let requests = figures.requests();
    Step {
        requests,
        rate: rate(requests, seconds),
        failed: figures.failed,
        status: status([figures]),
        latency_ms: latency_ms(&figures.latency),
        uncorrected_latency_ms: figures.uncorrected.as_ref().map(latency_ms),
        bytes_sent: figures.sent,
        bytes_received: figures.received,
        tags: step.tags.clone(),
    }
}

fn checks<'a>(figures: &'a StepFigures, step: &'a StepInfo) -> impl Iterator<Item = Check> + 'a {
    let results = figures.passed_checks().zip(&figures.failed_checks);
    step.checks.iter().zip(results).map(|(name, (passed, failed))| Check {
        step: step.name.clone(),
        name: name.clone(),
        passed,
        failed: *failed,
    })
}

/// Of several generators the worst figures, and every reason with the name of the generator that it is about.
fn health(generators: &[Health], names: &[String]) -> Generator {
    let mut worst = Generator::default();
    for (index, health) in generators.iter().enumerate() {
        let verdict = health.verdict();
        worst.cpu_percent = worst.cpu_percent.max(verdict.cpu_percent);
        worst.lag_ms_p99 = worst.lag_ms_p99.max(verdict.lag_ms_p99);
        worst.saturated |= verdict.saturated;
        if generators.len() == 1 {
            worst.reasons = verdict.reasons;
        } else {
            let name = names.get(index).cloned().unwrap_or_else(|| (index + 1).to_string());
            let reasons = verdict.reasons.into_iter();
            worst
                .reasons
                .extend(reasons.map(|reason| format!("generator {name}: {reason}")));
        }
    }
    worst
}

fn describe(request: &TracedEnd, info: &RunInfo, trace_url: Option<&str>) -> TracedRequest {
    let trace_id = request.trace.to_hex();
    TracedRequest {
        trace_url: trace_url
            .filter(|_| request.sampled && !trace_id.is_empty())
            .map(|template| template.replace(TRACE_ID, &trace_id)),
        trace_id,
        sampled: request.sampled,
        ended_s: request.ended.as_secs_f64(),
        latency_ms: request.latency as f64 / 1e6,
        status: request.ending.name(),
        step: step_name(info, request.step),
    }
}

fn step_name(info: &RunInfo, index: usize) -> String {
    info.steps.get(index).map_or_else(String::new, |step| step.name.clone())
}

/// Requests per second; 0 where no time has passed.
pub(crate) fn rate(requests: u64, seconds: f64) -> f64 {
    if seconds > 0.0 { requests as f64 / seconds } else { 0.0 }
}
