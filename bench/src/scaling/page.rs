//! The page, in Markdown.

use std::fmt::Write as _;

use super::checks::{self, Pair};
use super::cost::Cost;
use super::load::Load;
use super::queueing::Queue;
use super::{Model, SCALES};
use crate::figures::Figures;

/// Almost no load.
const IDLE: f64 = 1e-9;
/// A prediction that is further off is named with its reason.
const CLOSE: f64 = 0.25;

/// Three digits, thousands apart, as in 12 300.
pub(super) fn figure(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let digits = value.abs().log10().floor() as i32;
    // Numbers of four digits are often settings, such as 1024.
    let unit = 10_f64.powi(if digits == 3 { 0 } else { digits - 2 });
    let rounded = (value / unit).round() * unit;
    let decimals = usize::try_from(2 - digits).unwrap_or(0).min(4);
    let text = format!("{rounded:.decimals$}");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        let left = whole.len() - place;
        if place > 0 && left.is_multiple_of(3) && whole.len() > 4 && digit.is_ascii_digit() {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    match fraction.trim_end_matches('0') {
        "" => grouped,
        fraction => format!("{grouped}.{fraction}"),
    }
}

/// Whole dollars.
pub(super) fn dollars(value: f64) -> String {
    match value {
        value if value < 0.5 => "–".to_owned(),
        value if value < 100.0 => format!("${value:.0}"),
        value => format!("${}", figure(value)),
    }
}

fn percent(share: f64) -> String {
    match share * 100.0 {
        percent if percent < 0.095 => "< 0.1 %".to_owned(),
        percent if percent < 9.95 => format!("{percent:.1} %"),
        percent if percent < 1000.0 => format!("{percent:.0} %"),
        percent => format!("{} ×", figure(percent / 100.0)),
    }
}

fn row(page: &mut String, cells: impl IntoIterator<Item = String>) {
    page.push('|');
    for cell in cells {
        let _ = write!(page, " {cell} |");
    }
    page.push('\n');
}

/// A head, and the line below it that puts all columns but the first ones to the right.
fn head(page: &mut String, left: usize, cells: &[&str]) {
    row(page, cells.iter().map(|cell| (*cell).to_owned()));
    let sides = (0..cells.len()).map(|column| if column < left { "---" } else { "---:" });
    let _ = writeln!(page, "|{}|", sides.collect::<Vec<_>>().join("|"));
}

/// A head whose columns are the scales.
fn scales_head(page: &mut String, first: &[&str]) {
    let scales = SCALES.map(|scale| format!("{scale}×"));
    let cells: Vec<&str> = first.iter().copied().chain(scales.iter().map(String::as_str)).collect();
    head(page, 1, &cells);
}

/// Breaks at 120 columns, with an indent from the second line on.
fn paragraph(page: &mut String, text: &str, indent: &str) {
    let mut width = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if width > 0 && width + 1 + length > 120 {
            let _ = write!(page, "\n{indent}");
            width = indent.len();
        } else if width > 0 {
            page.push(' ');
            width += 1;
        }
        page.push_str(word);
        width += length;
    }
    page.push('\n');
}

/// All of it.
pub(super) fn markdown(model: &Model, figures: &Figures) -> String {
    let mut page = String::from(
        "# Scaling\n\n\
         <!-- Written by `bench --render` from bench/figures.json and bench/scaling.toml: change those. -->\n\n",
    );
    let workload = &model.assumptions.workload;
    paragraph(
        &mut page,
        &format!(
            "What the design of terraform/dev does at 10, 100 and 1000 times its load: where it ends first, what a \
             month costs, what to change in which order. It is a model, not a measurement: what one request, one span \
             and one point take was measured (docs/benchmarks.md), the rest is multiplication, AWS's limits and \
             prices, and assumptions, all in bench/scaling.toml. 1× is a site with {} requests a second in its busiest \
             hour and {} items. Put your own load there and run `cargo run -p bench -- --render`.",
            figure(workload.requests_per_second),
            figure(workload.items),
        ),
        "",
    );
    the_load(&mut page, model);
    the_limits(&mut page, model);
    the_cost(&mut page, model);
    the_checks(&mut page, figures);
    the_latency(&mut page, model);
    the_inputs(&mut page, model);
    page
}

fn the_load(page: &mut String, model: &Model) {
    page.push_str("\n## The load\n\n");
    scales_head(page, &["busiest hour"]);
    let loads = SCALES.map(|scale| Load::at(scale, &model.assumptions, &model.unit));
    let mut line = |name: &str, value: fn(&Load) -> f64| {
        row(
            page,
            std::iter::once(name.to_owned()).chain(loads.iter().map(|load| figure(value(load)))),
        );
    };
    line("requests a second", |load| load.requests);
    line("requests a month, million", |load| load.month_requests / 1e6);
    line("table, GB", |load| load.table_gb);
    line("tasks that scaling asks for", |load| load.tasks_wanted);
    line("spans a second", |load| load.spans);
    line("spans a second that are kept", |load| load.kept_spans);
    line("points a second into InfluxDB", |load| {
        load.telemetry_points + load.generator_points
    });
    line("load generators of a test", |load| load.generators);
}

fn the_limits(page: &mut String, model: &Model) {
    let parts = model.parts(1.0);
    let full_at = model.full_at();
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by(|a, b| {
        full_at[*a]
            .unwrap_or(f64::MAX)
            .total_cmp(&full_at[*b].unwrap_or(f64::MAX))
    });

    page.push_str(
        "\n## Where it ends first\n\n![Times the load at which each part is full](images/scaling-limits.svg)\n\n",
    );
    let mut known: Vec<usize> = Vec::new();
    for scale in SCALES {
        let at = model.parts(scale);
        let utilisation = |index: &usize| at[*index].utilisation();
        let full: Vec<usize> = order
            .iter()
            .copied()
            .filter(|index| at[*index].change.is_some() && utilisation(index) >= 1.0)
            .collect();
        let added: Vec<&str> = full
            .iter()
            .filter(|index| !known.contains(index))
            .map(|index| at[*index].name)
            .collect();
        let most = order
            .iter()
            .filter(|index| at[**index].change.is_some())
            .max_by(|a, b| utilisation(a).total_cmp(&utilisation(b)));
        let text = match (added.split_first(), known.is_empty(), most) {
            (Some((first, others)), true, _) => {
                let others: String = others.iter().map(|name| format!("; {name}")).collect();
                format!("- **{scale}×**: first *{first}*{others}.")
            }
            (Some(_), false, _) => format!("- **{scale}×**: besides those, {}.", added.join("; ")),
            (None, true, Some(most)) => {
                format!(
                    "- **{scale}×**: nothing is full; most so is *{}*, {}.",
                    at[*most].name,
                    percent(utilisation(most))
                )
            }
            (None, ..) => format!("- **{scale}×**: no other."),
        };
        paragraph(page, &text, "  ");
        known = full;
    }
    for part in parts.iter().filter(|part| part.change.is_none()) {
        let text = format!(
            "\n*{}* is bounded on purpose, by {}: beyond it more load keeps no more of them, and Jaeger's disk stays \
             as it is. What must count everything is metrics.",
            part.name, part.why
        );
        page.push('\n');
        paragraph(page, &text, "");
    }
    page.push_str("\nHow much of what a part has is asked for:\n\n");
    let at = SCALES.map(|scale| model.parts(scale));
    scales_head(page, &["part", "full at", "has"]);
    for index in &order {
        let part = &parts[*index];
        let first = [
            part.name.to_owned(),
            full_at[*index].map_or("never".to_owned(), |scale| format!("{}×", figure(scale))),
            format!("{} {}", figure(part.has), part.unit),
        ];
        let cells = at.iter().map(|parts| match parts[*index].utilisation() {
            share if share >= 1.0 => format!("**{}**", percent(share)),
            share => percent(share),
        });
        row(page, first.into_iter().chain(cells));
    }

    page.push_str("\n### What to change, in this order\n\n");
    let soon = |index: &usize| full_at[*index].is_some_and(|scale| scale <= 1000.0);
    let changes = order
        .iter()
        .filter(|index| soon(index))
        .filter_map(|index| Some((index, parts[*index].change?)));
    for (number, (index, change)) in changes.enumerate() {
        let part = &parts[*index];
        let scale = full_at[*index].unwrap_or(f64::MAX);
        let text = format!(
            "{}. **{}**, at {}× or {} requests a second. {}. Change: {change}.",
            number + 1,
            part.name,
            figure(scale),
            figure(scale * model.assumptions.workload.requests_per_second),
            part.why,
        );
        paragraph(page, &text, if number < 9 { "   " } else { "    " });
    }
    page.push('\n');
    let rest: Vec<&str> = order
        .iter()
        .filter(|index| !soon(index))
        .map(|index| parts[*index].name)
        .collect();
    paragraph(page, &format!("Not full at 1000×: {}.", rest.join("; ")), "");
}

fn the_cost(page: &mut String, model: &Model) {
    page.push_str("\n## What it costs\n\n![Shares of a month's bill](images/scaling-cost.svg)\n\n");
    paragraph(
        page,
        "US dollars a month: the same design with every limit above raised as far as its load asks for. List prices of \
         ap-northeast-2 as quoted in September and October 2026; bench/scaling.toml names the source of each. Nobody \
         has compared them with a bill: check them with AWS's calculator.",
        "",
    );
    page.push('\n');
    scales_head(page, &["a month", "idle"]);
    let scales = [&[IDLE], SCALES.as_slice()].concat();
    let bills: Vec<Vec<Cost>> = scales.iter().map(|scale| model.costs(*scale)).collect();
    cost_rows(page, &bills);
    let totals: Vec<f64> = bills
        .iter()
        .map(|bill| bill.iter().map(|cost| cost.dollars).sum())
        .collect();
    let bold = totals.iter().map(|total| format!("**{}**", dollars(*total)));
    row(page, std::iter::once("**Together**".to_owned()).chain(bold));
    let per_million = scales.iter().zip(&totals).skip(1).map(|(scale, total)| {
        let requests = Load::at(*scale, &model.assumptions, &model.unit).month_requests;
        format!("${:.2}", total / requests * 1e6)
    });
    row(
        page,
        ["A million requests".to_owned(), "–".to_owned()]
            .into_iter()
            .chain(per_million),
    );
    page.push('\n');
    paragraph(
        page,
        "Idle is beside the estimate by root of docs/aws.md, which was made without this model.",
        "",
    );

    page.push_str("\nWhat would take some of it off, each by itself:\n\n");
    scales_head(page, &["change"]);
    cost_rows(page, &SCALES.map(|scale| model.savings(scale)));
}

fn cost_rows(page: &mut String, bills: &[Vec<Cost>]) {
    for (index, cost) in bills.first().into_iter().flatten().enumerate() {
        let cells = bills.iter().map(|bill| dollars(bill[index].dollars));
        row(page, std::iter::once(cost.name.to_owned()).chain(cells));
    }
}

fn the_checks(page: &mut String, figures: &Figures) {
    let checks = checks::checks(figures);
    let close = checks.iter().filter(|check| check.error().abs() <= CLOSE).count();
    page.push_str("\n## Whether the model is right\n\n");
    paragraph(
        page,
        &format!(
            "Its way of reckoning beside measurements that did not go into it, on a machine with {} processors of \
             bench/figures.json. {close} of {} predictions are within {} of what was measured.",
            figures.machine.cores,
            checks.len(),
            percent(CLOSE),
        ),
        "",
    );
    page.push('\n');
    head(page, 2, &["what", "predicted from", "predicted", "measured", "error"]);
    for check in &checks {
        row(
            page,
            [
                check.what.clone(),
                check.from.clone(),
                format!("{} {}", figure(check.predicted), check.unit)
                    .trim_end()
                    .to_owned(),
                format!("{} {}", figure(check.measured), check.unit)
                    .trim_end()
                    .to_owned(),
                format!("{:+.0} %", check.error() * 100.0),
            ],
        );
    }
    let mut reasons: Vec<&str> = Vec::new();
    for check in checks.iter().filter(|check| check.error().abs() > CLOSE) {
        if reasons.is_empty() {
            page.push_str("\nWhere it is off:\n\n");
        }
        if !reasons.contains(&check.why) {
            reasons.push(check.why);
            paragraph(page, &format!("- {}: {}.", check.what, check.why), "  ");
        }
    }

    let latencies = checks::latencies(figures);
    if latencies.is_empty() {
        return;
    }
    page.push_str("\n### Latency near saturation\n\n");
    paragraph(
        page,
        "The service on its embedded store and the generator share all processors: a queue with as many servers as \
         processors (M/M/c by Erlang's formula, Allen and Cunneen's correction for arrivals at a fixed pace; the \
         sources are in bench/src/scaling/queueing.rs). Demand is from the rate that is nearest to half load, time \
         without waiting from the lowest rate.",
        "",
    );
    page.push('\n');
    head(
        page,
        0,
        &[
            "requests/s",
            "in use",
            "p50 predicted",
            "p50 measured",
            "p99 predicted",
            "p99 measured",
        ],
    );
    for check in &latencies {
        let pair = |pair: Pair| {
            let predicted = pair
                .predicted
                .map_or("without end".to_owned(), |ms| format!("{} ms", figure(ms)));
            [predicted, format!("{} ms", figure(pair.measured))]
        };
        let cells = [figure(check.rate), percent(check.utilisation)];
        row(page, cells.into_iter().chain(pair(check.p50)).chain(pair(check.p99)));
    }
    page.push('\n');
    paragraph(
        page,
        "The formula knows waiting for a processor and nothing else: not the slices that a scheduler gives to one \
         thread after the other, not other work of the machine. Both show in p99 long before a queue does. Near the \
         maximum it is too pessimistic, since a busy machine needs less CPU for a request than one at half load.",
        "",
    );
}

fn the_latency(page: &mut String, model: &Model) {
    let design = &model.assumptions.design;
    let task = Queue {
        servers: 1.0,
        demand: model.unit.service_cpu / (design.service_cpu / 1024.0),
        variability: 1.0,
    };
    let at_target = task.mean_wait(task.saturation() * design.scale_at_cpu_percent / 100.0);
    page.push_str("\n## Latency of a task on Fargate\n\n");
    paragraph(
        page,
        &format!(
            "The same formula for a task of {} CPU units, whose requests take {} µs of a vCPU, telemetry included, and \
             wait {} ms for DynamoDB. At the scaling target of {} % waiting for CPU adds {} ms on average, and {} \
             requests a second use {} of a task.",
            figure(design.service_cpu),
            figure(model.unit.service_cpu * 1e6),
            figure(model.assumptions.conversion.dynamodb_ms),
            figure(design.scale_at_cpu_percent),
            figure(at_target.unwrap_or(f64::INFINITY) * 1000.0),
            figure(design.scale_at_requests_per_minute / 60.0),
            percent(task.utilisation(design.scale_at_requests_per_minute / 60.0)),
        ),
        "",
    );
    page.push('\n');
    head(page, 0, &["CPU in use", "requests/s", "mean", "p99"]);
    for use_of in [0.3, 0.6, 0.8, 0.9, 0.95, 0.99] {
        let rate = task.saturation() * use_of;
        let (Some(mean), Some(p99)) = (task.mean_wait(rate), task.wait(rate, 0.99)) else {
            continue;
        };
        let alone = model.assumptions.conversion.dynamodb_ms + task.demand * 1000.0;
        let ms = |wait: f64| format!("{} ms", figure(alone + wait * 1000.0));
        row(page, [percent(use_of), figure(rate), ms(mean), ms(p99)]);
    }
}

fn the_inputs(page: &mut String, model: &Model) {
    page.push_str("\n## What goes in\n\n");
    head(page, 1, &["measured", "value"]);
    let unit = &model.unit;
    let us = |seconds: f64| format!("{} µs", figure(seconds * 1e6));
    for (name, value) in [
        (
            "CPU of a request of the mix in the service, telemetry and TLS included",
            us(unit.service_cpu),
        ),
        (
            "CPU of a request in a load generator, TLS included",
            us(unit.generator_cpu),
        ),
        (
            "bytes of a request, and of its answer",
            format!("{}, {}", figure(unit.request_bytes), figure(unit.answer_bytes)),
        ),
        ("spans of a request", figure(unit.spans_per_request)),
        (
            "points of a task each time it exports metrics",
            figure(unit.points_per_export),
        ),
        (
            "CPU of a span in the collector, and in Jaeger if it is kept",
            format!("{}, {}", us(unit.span_cpu), us(unit.kept_span_cpu)),
        ),
        (
            "disk of a span in Jaeger",
            format!("{} bytes", figure(unit.span_disk_bytes)),
        ),
        (
            "CPU of a point of the service in collector and InfluxDB",
            us(unit.telemetry_point_cpu),
        ),
        (
            "CPU of a point of a generator in InfluxDB",
            us(unit.generator_point_cpu),
        ),
        (
            "disk of a point of the service, and of a generator",
            format!(
                "{}, {} bytes",
                figure(unit.telemetry_point_disk_bytes),
                figure(unit.generator_point_disk_bytes)
            ),
        ),
        (
            "memory of the collector at rest",
            format!("{} MB", figure(unit.collector_rest_mb)),
        ),
        (
            "memory of a span that waits for its trace's decision",
            format!("{} bytes", figure(unit.pending_span_bytes)),
        ),
        (
            "`loadgen merge` of a generator's folder",
            format!("{} ms", figure(unit.merge_seconds * 1000.0)),
        ),
    ] {
        row(page, [name.to_owned(), value]);
    }
    page.push_str("\n### What it leaves out\n\n");
    for text in [
        "How AWS's balancer grows. It does by itself, within minutes; a load that doubles within one is better \
         announced.",
        "DynamoDB's own growth: a new table on demand takes 4000 writes and 12 000 reads a second at once, an old one \
         twice its last peak. A load test of a new environment meets that first.",
        "Logs of the service: it writes none per request, only failures, once a minute at most for each kind.",
        "Queries: dashboards and alert rules ask InfluxDB as often at any scale, but of more series.",
        "One monitor host is one zone: at any scale its loss is minutes without telemetry, docs/recovery.md.",
        "Support plans, taxes, discounts for commitment, people.",
    ] {
        paragraph(page, &format!("- {text}"), "  ");
    }
}
