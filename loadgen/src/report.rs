//! The HTML reports of a run and of a search for the capacity: each one file that needs nothing else, neither a network
//! nor JavaScript, to be read.
//!
//! All that comes from outside, such as URLs and error texts, is escaped and cut to a length, and the page's content
//! security policy runs and loads nothing but what is part of this crate.

mod axis;
mod capacity;
mod chart;
mod crossings;
mod distribution;
mod format;
mod heatmap;
mod knee;
mod latency_over_time;
mod load_over_time;
mod objective;
mod page;
mod panels;
mod requests;
mod spectrum;
mod tables;
mod timeline;
mod verdict;

use maud::{Markup, html};

use crate::run_info::LoadModel;
use crate::summary::{RunResult, Summary};
pub use capacity::render_capacity;
use crossings::Crossings;
use page::{Page, Tile, fact};
use timeline::Timeline;
use verdict::Verdict;

/// The report of a run as a complete HTML document.
pub fn render(result: &RunResult) -> String {
    let summary = &result.summary;
    let timeline = Timeline::new(&result.timeline);
    let crossings = Crossings::of(&summary.thresholds);
    let verdict = Verdict::of(summary);
    let consequence = "the latencies are partly its own, and the target may bear more than this.";
    let main = html! {
        @if summary.generator.saturated { (page::bottleneck(consequence, &summary.generator.reasons)) }
        (page::verdict(&verdict))
        (page::tiles(&tiles(summary)))
        @if !summary.thresholds.is_empty() { (tables::thresholds(&summary.thresholds, summary.duration_s)) }
        (latency_over_time::latency_over_time(summary, &timeline, &crossings))
        (heatmap::heatmap(&result.heatmap, &result.timeline, &crossings))
        (load_over_time::rate(summary, &timeline, &crossings))
        (load_over_time::users(summary, &timeline, &crossings))
        (spectrum::spectrum(summary, &result.spectrum))
        (distribution::distribution(summary, &result.distribution))
        (tables::percentiles(summary))
        @if !summary.steps.is_empty() { (tables::steps(summary)) }
        @if !summary.checks.is_empty() { (tables::checks(summary)) }
        @if !summary.status.is_empty() { (tables::statuses(summary)) }
        (requests::errors(summary))
        (requests::failures(summary))
        (requests::slowest(summary))
        (load_over_time::generator(summary, &timeline, &crossings))
        (generator(summary))
        @if !result.timeline.is_empty() {
            section.card {
                h2 { "Figures" }
                (tables::over_time(summary, &result.timeline))
            }
        }
        (context(summary))
    };
    Page {
        kind: "Load run",
        level: verdict.level,
        run_id: &summary.run_id,
        target: &summary.target,
        scenario: &summary.scenario,
        load: &summary.load,
        started_at: &summary.started_at,
        main,
    }
    .render()
}

fn tiles(summary: &Summary) -> Vec<Tile> {
    let latency = |ms: f64| {
        if summary.requests > 0 {
            format::latency(ms)
        } else {
            format::NONE.to_owned()
        }
    };
    let latencies = &summary.latency_ms;
    let dropped = match summary.model {
        LoadModel::Open => Tile {
            name: "Dropped",
            value: format::percent(summary.dropped, summary.due),
            bad: summary.dropped > 0,
        },
        LoadModel::Closed => Tile::new("Virtual users", format::count(summary.vus.into())),
    };
    vec![
        Tile::new("Requests", format::count(summary.requests)),
        Tile::new("Rate", format::rate(summary.rate)),
        Tile {
            name: "Failed",
            value: format::percent(summary.failed, summary.requests),
            bad: summary.failed > 0,
        },
        dropped,
        Tile::new("Duration", format::duration(summary.duration_s)),
        Tile::new("Latency p50", latency(latencies.p50)),
        Tile::new("Latency p95", latency(latencies.p95)),
        Tile::new("Latency p99", latency(latencies.p99)),
        Tile::new("Latency p99.9", latency(latencies.p99_9)),
        Tile::new("Latency max", latency(latencies.max)),
    ]
}

fn generator(summary: &Summary) -> Markup {
    let generator = &summary.generator;
    html! {
        section.card {
            h2 { @if summary.generators.len() > 1 { "Generators" } @else { "Generator" } }
            dl.facts {
                (fact("Bottleneck", if generator.saturated { "✗ yes: the latencies are partly its own" } else { "✓ no" }))
                (fact(
                    if summary.generators.len() > 1 { "CPU of the busiest" } else { "CPU" },
                    &format!("{}% of one core", format::significant(generator.cpu_percent)),
                ))
                (fact("Scheduling lag, p99", &format::latency(generator.lag_ms_p99)))
                (page::environment(&summary.environment))
                (page::list("Segments", summary.generators.iter().cloned()))
            }
        }
    }
}

fn context(summary: &Summary) -> Markup {
    let model = match summary.model {
        LoadModel::Closed => "closed: a virtual user starts its next iteration when its last one has ended",
        LoadModel::Open => "open: a schedule says when an iteration is due, whatever the target does",
    };
    html! {
        section.card {
            h2 { "Run" }
            dl.facts {
                (page::command(&summary.command))
                (fact("Run id", &summary.run_id))
                (fact("Target", &summary.target))
                (fact("Scenario", &summary.scenario))
                @if !summary.load.is_empty() { (fact("Load", &summary.load)) }
                (fact("Model", model))
                (fact("Started", &format::instant(&summary.started_at)))
                (fact("Duration", &format!("{}{}", format::duration(summary.duration_s), if summary.interrupted { ", interrupted" } else { "" })))
                (fact("Virtual users at most", &format::count(summary.vus.into())))
                @if summary.model == LoadModel::Open {
                    (fact("Iterations due", &format::count(summary.due)))
                    (fact("Iterations dropped", &format::count(summary.dropped)))
                }
                (fact("Sent", &format::bytes(summary.bytes_sent)))
                (fact("Received", &format::bytes(summary.bytes_received)))
                (fact("loadgen", &summary.loadgen_version))
                (fact("Summary format", &summary.schema.to_string()))
                (page::list("Tags", summary.tags.iter().map(|(key, value)| format!("{key}={value}"))))
            }
        }
    }
}
