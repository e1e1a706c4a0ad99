//! The HTML report of a run: one file that needs nothing else, neither a network nor JavaScript, to be read.

mod axis;
mod chart;
mod distribution;
mod format;
mod over_time;
mod tables;
mod timeline;
mod verdict;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

use crate::summary::{Generator, RunResult, Summary};
use timeline::Timeline;
use verdict::{Level, Verdict};

const STYLE: &str = include_str!("report/page.css");
const SCRIPT: &str = include_str!("report/page.js");
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E\
                    %3Cpath d='M1 13 5 7l3 3 6-8' fill='none' stroke='%232563eb' stroke-width='2.5'/%3E%3C/svg%3E";

/// Characters of a text from outside, such as the command; the rest is in the summary JSON.
const TEXT_LIMIT: usize = 4_000;

/// The report as a complete HTML document.
///
/// All that comes from outside, such as URLs and error texts, is escaped, and the page's content security policy runs
/// and loads nothing but what is part of this crate.
pub fn render(result: &RunResult) -> String {
    let RunResult {
        summary,
        timeline,
        distribution,
        ..
    } = result;
    let timeline = Timeline::new(timeline);
    let verdict = Verdict::of(summary);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            (head(summary, &verdict))
            body {
                (masthead(summary))
                main {
                    (banner(&verdict))
                    (figures(summary))
                    @if !summary.thresholds.is_empty() { (tables::thresholds(summary)) }
                    (over_time::latency(summary, &timeline))
                    (over_time::rate(summary, &timeline))
                    (distribution::distribution(summary, distribution))
                    (tables::percentiles(summary))
                    @if !summary.steps.is_empty() { (tables::steps(summary)) }
                    @if !summary.status.is_empty() { (tables::statuses(summary)) }
                    (tables::errors(summary))
                    @if !summary.slowest.is_empty() { (tables::slowest(summary)) }
                    (generator(&summary.generator))
                    (context(summary))
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

fn head(summary: &Summary, verdict: &Verdict) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta http-equiv="Content-Security-Policy" content=(content_security_policy());
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            meta name="referrer" content="no-referrer";
            title { (verdict.level.name()) " · load run " (format::excerpt(&summary.run_id, 80)) }
            link rel="icon" href=(ICON);
            style { (PreEscaped(STYLE)) }
        }
    }
}

/// Allows the page's own style and script by their hashes, and nothing else: even a text that slipped through the
/// escaping could neither run nor load anything.
fn content_security_policy() -> String {
    let hash = |source: &str| BASE64_STANDARD.encode(Sha256::digest(source));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; img-src data:; base-uri 'none'; \
         form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

fn masthead(summary: &Summary) -> Markup {
    html! {
        header {
            p.kicker { "Load run" }
            h1 { (format::excerpt(&summary.target, 300)) }
            p.note {
                (format::excerpt(&summary.scenario, 120)) " · "
                time datetime=(summary.started_at) { (format::instant(&summary.started_at)) }
                " · " (format::excerpt(&summary.run_id, 120))
            }
        }
    }
}

fn banner(verdict: &Verdict) -> Markup {
    let strokes = match verdict.level {
        Level::Passed => "M6 12.5l4 4 8-9",
        Level::Warning => "M12 6v8M12 17.5v.1",
        Level::Failed => "M7.5 7.5l9 9M16.5 7.5l-9 9",
    };
    html! {
        section.verdict.(verdict.level.class()) aria-label="Verdict" {
            svg.icon aria-hidden="true" viewBox="0 0 24 24" width="28" height="28" {
                circle cx="12" cy="12" r="11" {}
                path d=(strokes) {}
            }
            div {
                p.headline { strong { (verdict.level.name()) ":" } " " (verdict.headline) "." }
                @if !verdict.remarks.is_empty() {
                    ul { @for remark in &verdict.remarks { li { (remark) } } }
                }
            }
        }
    }
}

fn figures(summary: &Summary) -> Markup {
    let latency = |ms: f64| {
        if summary.requests > 0 {
            format::latency(ms)
        } else {
            format::NONE.to_owned()
        }
    };
    let latencies = &summary.latency_ms;
    let tiles = [
        ("Requests", format::count(summary.requests)),
        ("Rate", format::rate(summary.rate)),
        ("Failed", format::percent(summary.failed, summary.requests)),
        ("Duration", format::duration(summary.duration_s)),
        ("Virtual users", format::count(summary.vus.into())),
        ("Latency p50", latency(latencies.p50)),
        ("Latency p95", latency(latencies.p95)),
        ("Latency p99", latency(latencies.p99)),
        ("Latency p99.9", latency(latencies.p99_9)),
        ("Latency max", latency(latencies.max)),
    ];
    html! {
        section.headline-figures aria-label="Headline figures" {
            dl.figures {
                @for (name, value) in tiles {
                    div.bad[name == "Failed" && summary.failed > 0] {
                        dt { (name) }
                        dd.long[value.chars().count() > 11] { (value) }
                    }
                }
            }
        }
    }
}

fn generator(generator: &Generator) -> Markup {
    html! {
        section.card {
            h2 { "Generator" }
            dl.facts {
                (fact("Bottleneck", if generator.saturated { "✗ yes: the latencies are partly its own" } else { "✓ no" }))
                (fact("CPU", &format!("{}% of one core", format::significant(generator.cpu_percent))))
                (fact("Scheduling lag, p99", &format::latency(generator.lag_ms_p99)))
            }
        }
    }
}

fn context(summary: &Summary) -> Markup {
    html! {
        section.card {
            h2 { "Run" }
            dl.facts {
                (fact("Run id", &summary.run_id))
                (fact("Target", &summary.target))
                (fact("Scenario", &summary.scenario))
                div.wide {
                    dt { "Command" }
                    dd { code.command { (format::excerpt(&summary.command, TEXT_LIMIT)) } }
                }
                (fact("Started", &format::instant(&summary.started_at)))
                (fact("Duration", &format!("{}{}", format::duration(summary.duration_s), if summary.interrupted { ", interrupted" } else { "" })))
                (fact("Virtual users", &format::count(summary.vus.into())))
                (fact("Iterations dropped", &format::count(summary.dropped)))
                (fact("Sent", &format::bytes(summary.bytes_sent)))
                (fact("Received", &format::bytes(summary.bytes_received)))
                (fact("loadgen", &summary.loadgen_version))
                (fact("Summary format", &summary.schema.to_string()))
            }
        }
    }
}

fn fact(name: &str, value: &str) -> Markup {
    html! { div { dt { (name) } dd { (format::excerpt(value, TEXT_LIMIT)) } } }
}
