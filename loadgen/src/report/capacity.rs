//! The report of a search for the capacity.

use maud::{Markup, html};

use super::page::{self, Page, Tile, fact};
use super::tables::{ROW_LIMIT, TEXT_LIMIT, table};
use super::verdict::{Level, Verdict};
use super::{format, knee, objective};
use crate::capacity_result::{CapacityResult, Phase, Probe};
use crate::run_info::LoadModel;

/// The report of a search for the capacity as a complete HTML document.
pub fn render_capacity(result: &CapacityResult) -> String {
    let verdict = verdict(result);
    let run = &result.run;
    let consequence = "the rate at which the search ended is what this generator can do, and the target may bear more.";
    let main = html! {
        @if let Some(probe) = limited_by_generator(result) { (page::bottleneck(consequence, &probe.generator.reasons)) }
        (page::verdict(&verdict))
        (page::tiles(&tiles(result)))
        (knee::knee(result))
        (objectives(result))
        (probes(result))
        (context(result))
    };
    Page {
        kind: "Capacity",
        level: verdict.level,
        run_id: &run.run_id,
        target: &run.target,
        scenario: &run.scenario,
        load: &run.load,
        started_at: &result.started_at,
        main,
    }
    .render()
}

/// The probe that ended the search, if it was the generator that could not keep up there.
fn limited_by_generator(result: &CapacityResult) -> Option<&Probe> {
    let failing = result.failing_rate?;
    result
        .probes
        .iter()
        .find(|probe| !probe.passed && probe.generator.saturated && (probe.rate - failing).abs() <= failing * 1e-6)
}

fn verdict(result: &CapacityResult) -> Verdict {
    let mut remarks = vec![result.conclusion.clone()];
    if let Some(limit) = &result.limit {
        remarks.push(match result.failing_rate {
            Some(rate) => format!("At {} it failed: {limit}", format::rate(rate)),
            None => limit.clone(),
        });
    }
    if result.interrupted {
        remarks.push("The search was cut short: the figures are what was known by then.".to_owned());
    }
    remarks.retain(|remark| !remark.is_empty());
    let meets = match result.objectives.len() {
        1 => "meets the objective",
        _ => "meets every objective",
    };
    let (level, headline) = match result.rate {
        Some(rate) => {
            let level = if result.interrupted || result.failing_rate.is_none() || limited_by_generator(result).is_some()
            {
                Level::Warning
            } else {
                Level::Passed
            };
            let least = if result.failing_rate.is_none() { "at least " } else { "" };
            (
                level,
                format!(
                    "The target bears {least}{} and {meets}{}",
                    format::rate(rate),
                    confidence(result)
                ),
            )
        }
        None if result.probes.is_empty() => (Level::Failed, "No rate was tried to its end".to_owned()),
        None => (Level::Failed, format!("No rate was found that {meets}")),
    };
    Verdict {
        level,
        headline,
        remarks,
    }
}

fn confidence(result: &CapacityResult) -> String {
    match result.interval {
        Some((low, high)) => format!(
            "; with {} confidence the capacity lies between {} and {}",
            format::confidence(result.confidence),
            format::rate(low),
            format::rate(high)
        ),
        None => String::new(),
    }
}

fn tiles(result: &CapacityResult) -> Vec<Tile> {
    let rate = |rate: Option<f64>| rate.map_or_else(|| format::NONE.to_owned(), format::rate);
    let interval = result.interval.map_or_else(
        || format::NONE.to_owned(),
        |(low, high)| format!("{} – {}", format::significant(low), format::rate(high)),
    );
    vec![
        Tile {
            name: "Capacity",
            value: rate(result.rate),
            bad: result.rate.is_none(),
        },
        Tile::new("Lies between", interval),
        Tile::new("Lowest failing", rate(result.failing_rate)),
        Tile::new("Probes", format::count(result.probes.len() as u64)),
        Tile::new("Duration", format::duration(result.duration_s)),
    ]
}

/// What was asked, and how close the highest good rate and the lowest bad one came to it.
fn objectives(result: &CapacityResult) -> Markup {
    let at = |rate: Option<f64>, passed: bool| {
        let rate = rate?;
        result
            .probes
            .iter()
            .rev()
            .find(|probe| probe.passed == passed && (probe.rate - rate).abs() <= rate * 1e-6)
    };
    let (good, bad) = (at(result.rate, true), at(result.failing_rate, false));
    let figure = |probe: Option<&Probe>, expression: &str| {
        probe
            .and_then(|probe| {
                probe
                    .objectives
                    .iter()
                    .find(|objective| objective.expression == expression)
            })
            .map_or_else(|| format::NONE.to_owned(), objective::measured)
    };
    if result.objectives.is_empty() {
        return Markup::default();
    }
    table(
        "Objectives",
        &["Objective", "At the capacity", "At the lowest failing rate"],
        html! {
            @for expression in result.objectives.iter().take(ROW_LIMIT) {
                tr {
                    th scope="row" { code { (format::excerpt(expression, TEXT_LIMIT)) } }
                    td { (figure(good, expression)) }
                    td { (figure(bad, expression)) }
                }
            }
        },
    )
}

fn probes(result: &CapacityResult) -> Markup {
    if result.probes.is_empty() {
        return html! { section.card { h2 { "Probes" } p.empty { "No rate was held long enough to tell." } } };
    }
    let total_s = result.duration_s;
    table(
        "Probes",
        &[
            "Probe",
            "Phase",
            "Held from, for",
            "Asked",
            "Achieved",
            "p50",
            "p99",
            "Failed",
            "Dropped",
            "CPU",
            "Verdict",
        ],
        html! {
            @for (index, probe) in result.probes.iter().enumerate().take(ROW_LIMIT) {
                tr {
                    th scope="row" { (index + 1) }
                    td.text { (phase(probe.phase)) }
                    td { (format::elapsed(probe.started_s, 1.0, total_s.max(probe.started_s))) ", " (format::length(probe.duration_s)) }
                    td { (format::rate(probe.rate)) }
                    td { (format::rate(probe.achieved_rate)) }
                    @for ms in [probe.latency_ms.p50, probe.latency_ms.p99] {
                        td { @if probe.requests > 0 { (format::latency(ms)) } @else { (format::NONE) } }
                    }
                    td { (format::percent(probe.failed, probe.requests)) }
                    td { (format::count(probe.dropped)) }
                    td { (format::significant(probe.generator.cpu_percent)) "%" }
                    td.text {
                        @if probe.passed { span.mark.passed { "✓ borne" } } @else { span.mark.failed { "✗ not borne" } }
                        @if !probe.reason.is_empty() { br; (format::excerpt(&probe.reason, TEXT_LIMIT)) }
                    }
                }
            }
        },
    )
}

fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Ramp => "raise",
        Phase::Bisect => "narrow down",
        Phase::Confirm => "confirm",
    }
}

fn context(result: &CapacityResult) -> Markup {
    let run = &result.run;
    html! {
        section.card {
            h2 { "Search" }
            dl.facts {
                (page::command(&run.command))
                (fact("Run id", &run.run_id))
                (fact("Target", &run.target))
                (fact("Scenario", &run.scenario))
                @if !run.load.is_empty() { (fact("Load", &run.load)) }
                (fact("Model", match run.model { LoadModel::Open => "open", LoadModel::Closed => "closed" }))
                (fact("Started", &format::instant(&result.started_at)))
                (fact("Duration", &format!("{}{}", format::duration(result.duration_s), if result.interrupted { ", interrupted" } else { "" })))
                (fact("Generator", &run.generator))
                (page::environment(&result.environment))
                (fact("loadgen", &run.loadgen_version))
                (fact("Format", &result.schema.to_string()))
                (page::list("Tags", run.tags.iter().map(|(key, value)| format!("{key}={value}"))))
            }
        }
    }
}
