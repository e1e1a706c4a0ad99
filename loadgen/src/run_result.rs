//! The document that a run ends in, drawn up from what its threads counted.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use crate::generator::{Plan, ThreadHealth};
use crate::health;
use crate::run_info::{Environment, LoadModel};
use crate::settings::Settings;
use crate::summary::{Heatmap, RunResult, SCHEMA, Summary};
use crate::threshold::{Figures, Threshold};
use crate::totals::{Totals, distribution, latency_ms, rate};

/// Draws up the figures of a run that began at `start`.
pub(crate) fn run_result(
    settings: &Settings,
    plan: &Plan,
    totals: &Totals,
    start: Instant,
    interrupted: bool,
    health: &[ThreadHealth],
) -> RunResult {
    let specs = plan.scenario.steps();
    let took = totals
        .last_end
        .map_or(Duration::ZERO, |end| end.saturating_duration_since(start));
    let seconds = took.as_secs_f64();
    let latency = totals.latency();
    let judge = |threshold: &Threshold| {
        let step = threshold
            .step()
            .and_then(|name| specs.iter().position(|spec| spec.name == name));
        let figures = step.map(|index| &totals.steps[index]);
        threshold.judge(&Figures {
            latency: figures.map_or(&latency, |step| &step.latency),
            failed: figures.map_or_else(|| totals.failed(), |step| step.failed),
            dropped: 0,
            seconds,
        })
    };
    let summary = Summary {
        schema: SCHEMA,
        run_id: settings.run_id.to_string(),
        loadgen_version: env!("CARGO_PKG_VERSION").to_owned(),
        command: settings.command.clone(),
        scenario: plan.scenario.name().to_owned(),
        target: plan.target.to_string(),
        started_at: humantime::format_rfc3339_millis(SystemTime::now() - start.elapsed()).to_string(),
        duration_s: seconds,
        vus: settings.vus,
        model: LoadModel::Closed,
        load: String::new(),
        generators: vec!["1/1".to_owned()],
        tags: BTreeMap::new(),
        interrupted,
        requests: latency.len(),
        rate: rate(latency.len(), seconds),
        failed: totals.failed(),
        due: 0,
        dropped: 0,
        status: totals.status(),
        errors: totals.errors(&plan.scenario),
        latency_ms: latency_ms(&latency),
        uncorrected_latency_ms: None,
        bytes_sent: totals.steps.iter().map(|step| step.sent).sum(),
        bytes_received: totals.steps.iter().map(|step| step.received).sum(),
        steps: totals.step_summaries(specs, seconds),
        checks: Vec::new(),
        thresholds: settings.thresholds.iter().map(judge).collect(),
        generator: {
            let _ = health;
            health::Health::new().verdict()
        },
        environment: Environment::default(),
        slowest: totals.slowest(specs),
        failures: Vec::new(),
    };
    RunResult {
        summary,
        timeline: totals.timeline.points(took),
        distribution: distribution(&latency),
        spectrum: Vec::new(),
        heatmap: Heatmap::default(),
    }
}
