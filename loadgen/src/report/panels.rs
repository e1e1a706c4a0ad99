//! Charts of figures that hold for a whole interval: panels one below the other that share the axis of time.

use maud::{Markup, html};

use super::axis::Axis;
use super::chart::{self, Chart, Entry, Point};
use super::crossings::Crossings;
use super::timeline::{Timeline, end};
use crate::summary::TimelinePoint;

/// Room for a panel's name above it, pixels.
const NAME: f64 = 20.0;
/// Between a panel and the name of the next, pixels.
const GAP: f64 = 16.0;
/// The height of the lowest bar: a single failure in a long run must not vanish.
const LEAST_BAR: f64 = 2.0;

/// A figure with its panels, from top to bottom.
pub(super) struct Panels {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) note: String,
    pub(super) description: String,
    pub(super) panels: Vec<Panel>,
}

/// Figures that share a vertical axis.
pub(super) struct Panel {
    pub(super) name: &'static str,
    /// Pixels.
    pub(super) height: f64,
    /// The axis up to a highest value.
    pub(super) axis: fn(f64) -> Axis,
    pub(super) series: Vec<Series>,
    /// What to say where there is nothing but zeros.
    pub(super) all_clear: Option<&'static str>,
}

/// One figure over time.
pub(super) struct Series {
    /// Its class in the style sheet.
    pub(super) class: &'static str,
    /// Its name in the legend.
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    pub(super) value: fn(&TimelinePoint) -> f64,
    pub(super) text: fn(&TimelinePoint) -> String,
    /// The figure of the whole run.
    pub(super) whole: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A line with the area under it.
    Area,
    Line,
    Bars,
}

/// A panel where it stands in the chart.
struct Placed<'a> {
    panel: &'a Panel,
    axis: Axis,
    /// Where its name stands, and where it begins.
    name_y: f64,
    top: f64,
    bottom: f64,
}

impl Panels {
    pub(super) fn render(self, timeline: &Timeline, crossings: &Crossings) -> Markup {
        let x = Axis::elapsed(timeline.total_s());
        let placed = self.placed(timeline, crossings.room());
        let bottom = placed.last().map_or(0.0, |last| last.bottom);
        let points = timeline
            .intervals
            .iter()
            .map(|interval| point(&x, &placed, timeline, interval))
            .collect();
        Chart {
            id: self.id,
            title: self.title,
            note: self.note.clone() + crossings.explanation(),
            meaning: String::new(),
            description: self.description.clone(),
            height: bottom,
            whole: "Whole run",
            legend: self
                .panels
                .iter()
                .flat_map(|panel| &panel.series)
                .map(|series| Entry {
                    class: series.class,
                    name: series.name.into(),
                    value: series.whole.clone(),
                })
                .collect(),
            points,
            drawing: html! {
                // First, so that no mark runs through a text.
                (crossings.draw(&x, bottom))
                @for panel in &placed { (panel.draw(&x, timeline)) }
                (chart::x_axis(&x, bottom))
            },
            below: html! {},
        }
        .render()
    }

    fn placed(&self, timeline: &Timeline, room: f64) -> Vec<Placed<'_>> {
        let mut from = room;
        let mut placed = Vec::with_capacity(self.panels.len());
        for panel in &self.panels {
            let highest = panel.highest(timeline);
            let mut axis = (panel.axis)(highest);
            if highest <= 0.0 {
                axis.ticks.truncate(1);
            }
            let top = from + NAME;
            let bottom = top + panel.height;
            placed.push(Placed {
                panel,
                axis,
                name_y: from + 10.0,
                top,
                bottom,
            });
            from = bottom + GAP;
        }
        placed
    }
}

impl Panel {
    fn highest(&self, timeline: &Timeline) -> f64 {
        self.series
            .iter()
            .flat_map(|series| timeline.intervals.iter().map(series.value))
            .filter(|value| value.is_finite())
            .fold(0.0, f64::max)
    }
}

impl Placed<'_> {
    fn y(&self, series: &Series, value: f64) -> f64 {
        let height = self.panel.height * self.axis.position(value);
        let height = if series.shape == Shape::Bars && value > 0.0 {
            height.max(LEAST_BAR)
        } else {
            height
        };
        self.bottom - height
    }

    fn draw(&self, x: &Axis, timeline: &Timeline) -> Markup {
        let clear = self.panel.all_clear.filter(|_| self.panel.highest(timeline) <= 0.0);
        html! {
            text.panel x="0" y=(chart::px(self.name_y)) { (self.panel.name) }
            (chart::grid(&self.axis, self.top, self.panel.height))
            @if let Some(clear) = clear {
                text.all-clear x="50%" y=(chart::px((self.top + self.bottom) / 2.0)) dy="0.35em" text-anchor="middle" { (clear) }
            } @else {
                @for series in &self.panel.series { (self.draw_series(series, x, timeline)) }
            }
        }
    }

    fn draw_series(&self, series: &Series, x: &Axis, timeline: &Timeline) -> Markup {
        let spans: Vec<(f64, f64, f64)> = timeline
            .intervals
            .iter()
            .map(|interval| {
                let y = self.y(series, (series.value)(interval));
                (x.position(interval.start_s), x.position(end(interval)), y)
            })
            .collect();
        match series.shape {
            Shape::Bars => html! {
                @for (from, to, y) in spans.iter().filter(|(.., y)| *y < self.bottom) {
                    rect.(series.class) x=(chart::percent(*from)) width=(chart::percent(to - from)) y=(chart::px(*y)) height=(chart::px(self.bottom - y)) {}
                }
            },
            shape => chart::steps(series.class, &spans, self.bottom, shape == Shape::Area),
        }
    }
}

fn point(x: &Axis, placed: &[Placed<'_>], timeline: &Timeline, interval: &TimelinePoint) -> Point {
    let mut texts = Vec::new();
    let mut marks = Vec::new();
    for panel in placed {
        for series in &panel.panel.series {
            let value = (series.value)(interval);
            texts.push((series.text)(interval));
            if series.shape != Shape::Bars || value > 0.0 {
                marks.push(chart::tenth(panel.y(series, value)));
            }
        }
    }
    let middle = x.position(interval.start_s + interval.length_s / 2.0);
    Point(chart::position(middle), timeline.label(interval), texts, marks)
}
