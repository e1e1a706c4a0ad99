//! What a run is to do, checked and laid out for its threads.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::thread;
use std::time::SystemTime;

use crate::client::Endpoint;
use crate::environment;
use crate::generator::Plan;
use crate::interrupt::Interrupt;
use crate::load::Load;
use crate::run_error::RunError;
use crate::run_info::{LoadModel, RunInfo};
use crate::settings::Settings;
use crate::target::Target;
use crate::threshold;

/// Virtual users that this generator may have.
pub(super) fn own_most_vus(settings: &Settings) -> u32 {
    u32::try_from(settings.segment.share_of(u64::from(settings.load.most_vus()))).unwrap_or(u32::MAX)
}

pub(super) fn check(settings: &Settings) -> Result<(), RunError> {
    threshold::check_selections(&settings.thresholds, settings.scenario.steps())?;
    let segment = settings.segment;
    if let Load::Closed { .. } = settings.load
        && own_most_vus(settings) == 0
    {
        return Err(RunError::EmptySegment {
            segment: segment.to_string(),
            vus: settings.load.most_vus(),
        });
    }
    if settings.scenario.lacks_rows(segment) {
        return Err(RunError::NoRows {
            segment: segment.to_string(),
        });
    }
    match settings.start_at {
        Some(start_at) if start_at < SystemTime::now() => Err(RunError::StartPassed {
            start_at: humantime::format_rfc3339_millis(start_at).to_string(),
        }),
        _ => Ok(()),
    }
}

pub(super) fn plan(settings: &Settings, target: &Target, interrupt: &Interrupt) -> Result<Plan, RunError> {
    let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let opening_counts = opening_counts(settings);
    let iterations_left = settings.iterations.map(|total| {
        let own = settings.segment.share_of(total);
        Arc::new(AtomicU64::new(own.saturating_sub(u64::from(opening_counts))))
    });
    Ok(Plan {
        target: target.clone(),
        endpoint: Endpoint::prepare(target, &settings.transport, settings.timeout, interrupt)?,
        scenario: settings.scenario.clone(),
        headers: settings.headers.clone(),
        trace_headers: settings.trace.headers,
        trace_sample: settings.trace.sample,
        run_id: settings.run_id.to_string(),
        load: settings.load.clone(),
        iterations: settings.iterations,
        iterations_left,
        // The opening request begins the first, unless it belongs to the set-up.
        iterations_begun: AtomicU64::new(u64::from(!settings.scenario.has_set_up())),
        warm_up: settings.warm_up,
        segment: settings.segment,
        threads: u32::try_from(cores).unwrap_or(1).min(own_most_vus(settings)).max(1),
        think_time: settings.think_time,
        timeout: settings.timeout,
        opening_counts,
        most_iterations: settings.scenario.most_iterations(settings.segment),
    })
}

/// The opening request is the first that counts where the load begins with it: not where a schedule, a warm-up or a time
/// of day says when the load begins.
fn opening_counts(settings: &Settings) -> bool {
    matches!(settings.load, Load::Closed { .. })
        && settings.warm_up.is_zero()
        && settings.start_at.is_none()
        && !settings.scenario.has_set_up()
}

/// What is known before the first request.
pub(super) fn run_info(settings: &Settings, plan: &Plan) -> RunInfo {
    RunInfo {
        run_id: settings.run_id.to_string(),
        loadgen_version: env!("CARGO_PKG_VERSION").to_owned(),
        command: settings.command.clone(),
        scenario: plan.scenario.name().to_owned(),
        target: plan.target.to_string(),
        model: match settings.load {
            Load::Closed { .. } => LoadModel::Closed,
            Load::Open { .. } => LoadModel::Open,
        },
        load: describe_load(settings),
        generator: settings.segment.to_string(),
        tags: settings.tags.clone(),
        steps: plan.scenario.steps().to_vec(),
        started_at_ms: 0,
        load_s: Some(settings.load.duration().as_secs_f64()).filter(|_| settings.load.duration() < Settings::UNTIMED),
        environment: environment::describe(),
    }
}

fn describe_load(settings: &Settings) -> String {
    let mut text = settings.load.to_string();
    if let Some(iterations) = settings.iterations {
        text = match text.split_once(" for ") {
            Some((load, _)) if settings.load.duration() >= Settings::UNTIMED => {
                format!("{load}, {iterations} iterations")
            }
            _ => format!("{text}, at most {iterations} iterations"),
        };
    }
    if !settings.warm_up.is_zero() {
        text.push_str(&format!(
            ", after a warm-up of {}",
            humantime::format_duration(settings.warm_up)
        ));
    }
    text
}
