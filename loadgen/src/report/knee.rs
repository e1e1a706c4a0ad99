//! The knee: what became of the latency and of the achieved rate as the rate asked for went up.

use std::borrow::Cow;

use maud::{Markup, html};

use super::axis::{Axis, suitable_latency};
use super::chart::{self, Chart, Entry, Point};
use super::format;
use super::objective::{self, Figure, Objective};
use crate::capacity_result::{CapacityResult, Probe};

/// Pixels.
const MARKER_ROW: f64 = 20.0;
const NAME: f64 = 20.0;
const FIGURE_HEIGHT: f64 = 210.0;
const GAP: f64 = 18.0;
const ACHIEVED_HEIGHT: f64 = 150.0;
/// Half the size of a probe's shape, pixels.
const SHAPE: f64 = 4.5;
/// More probes than these a search does not make.
const MAX_PROBES: usize = 400;
/// Characters of the figure's name.
const NAME_LIMIT: usize = 28;

/// The figure on the upper axis.
struct Drawn<'a> {
    objective: Objective<'a>,
    /// `None`: p99, as no objective says otherwise.
    expression: Option<&'a str>,
}

impl Drawn<'_> {
    /// Short enough for a phone.
    fn name(&self) -> Cow<'static, str> {
        match self.objective.name {
            name if name.chars().count() <= NAME_LIMIT => name.to_owned().into(),
            _ => "figure of the objective".into(),
        }
    }

    fn value(&self, probe: &Probe) -> Option<f64> {
        let value = match self.expression {
            Some(expression) => probe.objectives.iter().find(|o| o.expression == expression)?.value?,
            None if probe.requests > 0 => probe.latency_ms.p99,
            None => return None,
        };
        value.is_finite().then_some(value)
    }
}

pub(super) fn knee(result: &CapacityResult) -> Markup {
    const ID: &str = "knee";
    const TITLE: &str = "The knee";
    let mut probes: Vec<&Probe> = result
        .probes
        .iter()
        .filter(|probe| probe.rate.is_finite() && probe.rate > 0.0)
        .take(MAX_PROBES)
        .collect();
    probes.sort_by(|a, b| a.rate.total_cmp(&b.rate));
    let Some(highest_rate) = probes.last().map(|probe| probe.rate) else {
        return chart::empty(ID, TITLE, "No rate was held long enough to be drawn.");
    };
    let drawn = drawn(result);
    let interval = result
        .interval
        .filter(|(low, high)| low.is_finite() && high.is_finite() && low <= high);
    let x = Axis::amount(
        highest_rate.max(interval.map_or(0.0, |(_, high)| high.min(highest_rate * 1.5))),
        8.0,
        "/s",
    );
    let y = figure_axis(&drawn, &probes);
    let achieved = Axis::amount(
        probes
            .iter()
            .map(|probe| probe.achieved_rate)
            .filter(|rate| rate.is_finite())
            .fold(highest_rate, f64::max),
        3.0,
        "/s",
    );
    let top = MARKER_ROW + NAME;
    let bottom = top + FIGURE_HEIGHT;
    let achieved_top = bottom + GAP + NAME;
    let achieved_bottom = achieved_top + ACHIEVED_HEIGHT;
    let figure_y = |probe: &Probe| {
        drawn
            .value(probe)
            .map(|value| bottom - FIGURE_HEIGHT * y.position(value))
    };
    let achieved_y = |rate: f64| achieved_bottom - ACHIEVED_HEIGHT * achieved.position(rate);

    let points = probes
        .iter()
        .map(|probe| {
            let value = drawn.value(probe);
            let mut marks: Vec<f64> = figure_y(probe).map(chart::tenth).into_iter().collect();
            marks.push(chart::tenth(achieved_y(probe.achieved_rate)));
            Point(
                chart::position(x.position(probe.rate)),
                format!(
                    "{} asked, {}",
                    format::rate(probe.rate),
                    if probe.passed { "borne" } else { "not borne" }
                ),
                vec![
                    value.map_or_else(
                        || format::NONE.to_owned(),
                        |value| objective::text(drawn.objective.figure, value),
                    ),
                    format::rate(probe.achieved_rate),
                ],
                marks,
            )
        })
        .collect();
    let figure_line: Vec<Option<(f64, f64)>> = probes
        .iter()
        .filter_map(|probe| Some(Some((x.position(probe.rate), figure_y(probe)?))))
        .collect();
    let achieved_line: Vec<Option<(f64, f64)>> = probes
        .iter()
        .map(|probe| Some((x.position(probe.rate), achieved_y(probe.achieved_rate))))
        .collect();
    let asked = [
        Some((0.0, achieved_y(0.0))),
        Some((x.position(highest_rate), achieved_y(highest_rate))),
    ];
    let mut note = "By the rate asked for · dashed: the objective, and the rate that was asked for".to_owned();
    if y.is_logarithmic() {
        note.push_str(" · logarithmic scale");
    }
    if interval.is_some() {
        note += &format!(
            " · shaded: where the capacity lies, with {} confidence",
            format::confidence(result.confidence)
        );
    }
    let at_capacity = result
        .rate
        .and_then(|rate| probes.iter().rev().find(|probe| probe.passed && probe.rate <= rate));
    Chart {
        id: ID,
        title: TITLE,
        note,
        meaning: String::new(),
        description: description(result, &drawn, &probes),
        height: achieved_bottom,
        whole: if at_capacity.is_some() { "At the capacity" } else { "At the lowest rate" },
        legend: legend(&drawn, at_capacity.copied().or(probes.first().copied())),
        points,
        drawing: html! {
            @for (top, height) in [(top, FIGURE_HEIGHT), (achieved_top, ACHIEVED_HEIGHT)] {
                @if let Some((low, high)) = interval {
                    @let (from, to) = (x.position(low), x.position(high));
                    rect.interval x=(chart::percent(from)) width=(chart::percent((to - from).max(0.002))) y=(chart::px(top)) height=(chart::px(height)) {}
                }
            }
            text.panel x="0" y=(chart::px(top - 10.0)) { (drawn.name()) }
            (chart::grid(&y, top, FIGURE_HEIGHT))
            @if let Some(bound) = drawn.objective.bound {
                @let at = chart::px(bottom - FIGURE_HEIGHT * y.position(bound));
                line.objective x1="0" x2="100%" y1=(at) y2=(at) {
                    title { "Objective: " (format::excerpt(drawn.expression.unwrap_or_default(), 200)) }
                }
            }
            text.panel x="0" y=(chart::px(achieved_top - 10.0)) { "Achieved rate" }
            (chart::grid(&achieved, achieved_top, ACHIEVED_HEIGHT))
            (chart::line("asked", &asked, achieved_bottom))
            (chart::x_axis(&x, achieved_bottom))
            @if let Some(rate) = result.rate {
                @let at = x.position(rate);
                line.capacity x1=(chart::percent(at)) x2=(chart::percent(at)) y1=(chart::px(MARKER_ROW - 4.0)) y2=(chart::px(achieved_bottom)) {}
                text.capacity-label x=(chart::percent(at)) y="11" text-anchor=(anchor(at)) { "capacity " (format::rate(rate)) }
            }
            (chart::line("knee", &figure_line, achieved_bottom))
            (chart::line("knee", &achieved_line, achieved_bottom))
            @for probe in &probes {
                @let at = x.position(probe.rate);
                @if let Some(y) = figure_y(probe) { (shape(probe.passed, at, y)) }
                (shape(probe.passed, at, achieved_y(probe.achieved_rate)))
            }
        },
        below: html! {
            ul.shape-key {
                li.borne { (sample(true)) " rate was borne" }
                li.not-borne { (sample(false)) " rate was not borne" }
            }
        },
    }
    .render()
}

/// The objective that is drawn: the first about latency, otherwise the first, otherwise p99.
fn drawn(result: &CapacityResult) -> Drawn<'_> {
    let read = |expression: &String| Objective::read(expression).figure == Figure::Latency;
    let chosen = result
        .objectives
        .iter()
        .find(|expression| read(expression))
        .or(result.objectives.first());
    match chosen {
        Some(expression) => Drawn {
            objective: Objective::read(expression),
            expression: Some(expression),
        },
        None => Drawn {
            objective: Objective::read("p99"),
            expression: None,
        },
    }
}

fn figure_axis(drawn: &Drawn<'_>, probes: &[&Probe]) -> Axis {
    let mut values: Vec<f64> = probes.iter().filter_map(|probe| drawn.value(probe)).collect();
    values.sort_by(f64::total_cmp);
    let bound = drawn.objective.bound.unwrap_or_default();
    let highest = values.last().copied().unwrap_or_default().max(bound * 1.1);
    match drawn.objective.figure {
        Figure::Latency => {
            let lowest = values.iter().copied().find(|value| *value > 0.0);
            // Where the knee is steep, the rates that were borne must not lie on the floor.
            suitable_latency(
                lowest,
                values.get(values.len() / 4).copied().unwrap_or_default() * 4.0,
                highest,
            )
        }
        Figure::Share => Axis::share(highest),
        Figure::Rate => Axis::amount(highest, 4.0, "/s"),
        Figure::Count => Axis::amount(highest, 4.0, ""),
    }
}

fn legend(drawn: &Drawn<'_>, probe: Option<&Probe>) -> Vec<Entry> {
    let value = probe.and_then(|probe| drawn.value(probe));
    vec![
        Entry {
            class: "plain",
            name: drawn.name(),
            value: value.map_or_else(
                || format::NONE.to_owned(),
                |value| objective::text(drawn.objective.figure, value),
            ),
        },
        Entry {
            class: "plain",
            name: "achieved".into(),
            value: probe.map_or_else(|| format::NONE.to_owned(), |probe| format::rate(probe.achieved_rate)),
        },
    ]
}

fn description(result: &CapacityResult, drawn: &Drawn<'_>, probes: &[&Probe]) -> String {
    let borne = probes.iter().filter(|probe| probe.passed).count();
    let ends = match (probes.first(), probes.last()) {
        (Some(first), Some(last)) => format!(" between {} and {}", format::rate(first.rate), format::rate(last.rate)),
        _ => String::new(),
    };
    let capacity = match result.rate {
        Some(rate) => format!("The capacity is {}.", format::rate(rate)),
        None => "No rate was borne for certain.".to_owned(),
    };
    format!(
        "{} and the achieved rate for {} probes{ends}, of which {borne} were borne. {capacity}",
        drawn.name(),
        probes.len()
    )
}

fn anchor(at: f64) -> &'static str {
    match at {
        at if at < 0.3 => "start",
        at if at > 0.7 => "end",
        _ => "middle",
    }
}

/// A rate that was borne is a disc, one that was not a cross, so that colour is not needed to tell them.
fn shape(passed: bool, at: f64, y: f64) -> Markup {
    html! {
        svg.probe x=(chart::percent(at)) y=(chart::px(y)) width="1" height="1" aria-hidden="true" {
            (outline(passed, 0.0, 0.0))
        }
    }
}

fn sample(passed: bool) -> Markup {
    html! { svg.swatch aria-hidden="true" width="14" height="14" { (outline(passed, 7.0, 7.0)) } }
}

fn outline(passed: bool, x: f64, y: f64) -> Markup {
    let (left, right, above, below) = (x - SHAPE, x + SHAPE, y - SHAPE, y + SHAPE);
    html! {
        @if passed {
            circle.borne cx=(chart::px(x)) cy=(chart::px(y)) r=(chart::px(SHAPE)) {}
        } @else {
            path.not-borne d=(format!("M{left} {above}L{right} {below}M{left} {below}L{right} {above}")) {}
        }
    }
}
