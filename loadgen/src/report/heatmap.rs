//! The latency over time as a heatmap: how many requests took how long, and when.
//!
//! Cells of one colour are one path, and neighbours of one colour one rectangle in it, so that the drawing stays small.

use maud::{Markup, html};

use super::axis::Axis;
use super::chart::{self, Chart, Entry, Point};
use super::timeline::{end, span_label};
use super::{crossings::Crossings, format};
use crate::summary::{Heatmap, TimelinePoint};

/// More columns and rows than these are not visible at the width of the page.
const MAX_COLUMNS: usize = 180;
const MAX_ROWS: usize = 40;
/// Pixels.
const HEIGHT: f64 = 240.0;
/// Colours, from few requests to many. They follow the logarithm of the count, or a usual second would hide the tail.
const LEVELS: usize = 7;

/// A row: its latencies in milliseconds.
struct Row {
    from_ms: f64,
    to_ms: f64,
}

/// A column: a stretch of time with its requests by row.
struct Column {
    from_s: f64,
    to_s: f64,
    counts: Vec<u64>,
}

/// The heatmap in as many cells as can be seen.
struct Grid {
    rows: Vec<Row>,
    columns: Vec<Column>,
    /// How many recorded intervals a column stands for.
    merged: usize,
    highest: u64,
}

pub(super) fn heatmap(heatmap: &Heatmap, timeline: &[TimelinePoint], crossings: &Crossings) -> Markup {
    let grid = Grid::new(heatmap, timeline);
    let (Some(first), Some(last), Some(latest)) = (grid.rows.first(), grid.rows.last(), grid.columns.last()) else {
        return Markup::default();
    };
    let total_s = latest.to_s;
    let resolution = grid.columns.first().map_or(1.0, |column| column.to_s - column.from_s);
    let x = Axis::elapsed(total_s);
    let y = Axis::latency_log(first.from_ms, last.to_ms);
    let top = crossings.room();
    let bottom = top + HEIGHT;
    let height = |ms: f64| top + HEIGHT * (1.0 - y.position(ms));
    let label = |column: &Column| span_label(column.from_s, column.to_s, resolution, total_s);
    let mut note = format!("A column is {}", format::length(resolution));
    if grid.merged > 1 {
        note += &format!(", {} recorded intervals", grid.merged);
    }
    note += crossings.explanation();
    let points = grid
        .columns
        .iter()
        .map(|column| {
            let (total, busiest, slowest) = grid.read_out(column);
            let middle = (x.position(column.from_s) + x.position(column.to_s)) / 2.0;
            Point(
                chart::position(middle),
                label(column),
                vec![total, busiest, slowest],
                Vec::new(),
            )
        })
        .collect();
    let whole = grid.whole();
    let (total, busiest, slowest) = grid.read_out(&whole);
    Chart {
        id: "latency-heatmap",
        title: "Latencies over time",
        note,
        meaning: String::new(),
        description: format!(
            "How many requests took how long in {} stretches of time. In the whole run most took {busiest}, the slowest \
             up to {slowest}. A cell holds at most {} requests.",
            grid.columns.len(),
            format::count(grid.highest)
        ),
        height: bottom,
        whole: "Whole run",
        legend: vec![
            Entry { class: "plain", name: "requests".into(), value: total },
            Entry { class: "plain", name: "most took".into(), value: busiest },
            Entry { class: "plain", name: "slowest up to".into(), value: slowest },
        ],
        points,
        drawing: html! {
            (chart::grid(&y, top, HEIGHT))
            (chart::x_axis(&x, bottom))
            @let paths = grid.paths(|column| (x.position(column.from_s), x.position(column.to_s)), |row| {
                (height(row.to_ms), height(row.from_ms) - height(row.to_ms))
            });
            (chart::stretched(bottom, &html! {
                @for (level, path) in paths.iter().enumerate() {
                    @if !path.is_empty() {
                        path.heat.(class(level)) d=(path) { title { (grid.range(level)) " requests" } }
                    }
                }
            }))
            (crossings.draw(&x, bottom))
        },
        below: grid.key(),
    }
    .render()
}

fn class(level: usize) -> String {
    format!("heat-{}", level + 1)
}

impl Grid {
    fn new(heatmap: &Heatmap, timeline: &[TimelinePoint]) -> Self {
        let merged = timeline.len().div_ceil(MAX_COLUMNS).max(1);
        let mut columns: Vec<Column> = timeline
            .chunks(merged)
            .zip(heatmap.columns.chunks(merged))
            .filter_map(|(points, counts)| {
                Some(Column {
                    from_s: points.first()?.start_s,
                    to_s: end(points.last()?),
                    counts: sum(counts),
                })
            })
            .collect();
        let bounds: Vec<f64> = heatmap
            .bounds_ms
            .iter()
            .copied()
            .filter(|bound| bound.is_finite())
            .collect();
        let rows = bounds.len().saturating_sub(1);
        let holds_any = |row: &usize| {
            columns
                .iter()
                .any(|column| column.counts.get(*row).is_some_and(|count| *count > 0))
        };
        let (Some(lowest), Some(highest)) = ((0..rows).find(holds_any), (0..rows).rev().find(holds_any)) else {
            return Self {
                rows: Vec::new(),
                columns: Vec::new(),
                merged,
                highest: 0,
            };
        };
        let joined = (highest + 1 - lowest).div_ceil(MAX_ROWS);
        let starts = || (lowest..=highest).step_by(joined);
        let mut kept: Vec<Row> = starts()
            .map(|row| Row {
                from_ms: bounds[row],
                to_ms: bounds[(row + joined).min(rows)],
            })
            .collect();
        // Zero is nowhere on a logarithmic axis: a row that starts there is drawn down to half its upper bound.
        if let Some(first) = kept.first_mut() {
            first.to_ms = first.to_ms.max(1e-6);
            if first.from_ms <= 0.0 {
                first.from_ms = first.to_ms / 2.0;
            }
        }
        for column in &mut columns {
            let count = |row: usize| column.counts.get(row).copied().unwrap_or(0);
            column.counts = starts()
                .map(|row| (row..row + joined).map(count).fold(0, u64::saturating_add))
                .collect();
        }
        let highest = columns
            .iter()
            .flat_map(|column| &column.counts)
            .copied()
            .max()
            .unwrap_or(0);
        Self {
            rows: kept,
            columns,
            merged,
            highest,
        }
    }

    /// The colour of a cell; `None` for an empty one.
    fn level(&self, count: u64) -> Option<usize> {
        if count == 0 {
            return None;
        }
        (0..LEVELS).find(|level| count <= self.most(*level))
    }

    /// The highest count of a colour.
    fn most(&self, level: usize) -> u64 {
        if level + 1 >= LEVELS {
            return self.highest;
        }
        let share = (level + 1) as f64 / LEVELS as f64;
        ((self.highest.max(2) as f64).powf(share).floor() as u64).min(self.highest)
    }

    /// The counts of a colour in words; empty if no count has it.
    fn range(&self, level: usize) -> String {
        let least = if level == 0 { 1 } else { self.most(level - 1) + 1 };
        match self.most(level) {
            most if most < least => String::new(),
            most if most == least => format::count(most),
            most => format!("{}–{}", format::count(least), format::count(most)),
        }
    }

    fn paths(&self, across: impl Fn(&Column) -> (f64, f64), down: impl Fn(&Row) -> (f64, f64)) -> Vec<String> {
        let mut paths = vec![String::new(); LEVELS];
        for (index, row) in self.rows.iter().enumerate() {
            let (top, height) = down(row);
            let mut cells = self
                .columns
                .iter()
                .map(|column| (column, self.level(column.counts[index])))
                .peekable();
            while let Some((column, level)) = cells.next() {
                let Some(level) = level else { continue };
                let (from, mut to) = across(column);
                while let Some((column, _)) = cells.next_if(|(_, next)| *next == Some(level)) {
                    to = across(column).1;
                }
                chart::add_rectangle(&mut paths[level], (from, to), top, height);
            }
        }
        paths
    }

    /// All columns in one.
    fn whole(&self) -> Column {
        let rows: Vec<Vec<u64>> = self.columns.iter().map(|column| column.counts.clone()).collect();
        Column {
            from_s: 0.0,
            to_s: 0.0,
            counts: sum(&rows),
        }
    }

    /// How many requests, the latencies of most of them, the upper bound of the slowest.
    fn read_out(&self, column: &Column) -> (String, String, String) {
        let total = column.counts.iter().copied().fold(0, u64::saturating_add);
        let none = || format::NONE.to_owned();
        let busiest = self.rows.iter().zip(&column.counts).max_by_key(|(_, count)| **count);
        let slowest = self.rows.iter().zip(&column.counts).rfind(|(_, count)| **count > 0);
        match (busiest, slowest) {
            (Some((busiest, _)), Some((slowest, _))) => (
                format::count(total),
                format!(
                    "{} – {}",
                    format::latency(busiest.from_ms),
                    format::latency(busiest.to_ms)
                ),
                format::latency(slowest.to_ms),
            ),
            _ => ("0".to_owned(), none(), none()),
        }
    }

    fn key(&self) -> Markup {
        html! {
            ul.heat-key aria-label="Requests in a cell" {
                @for level in 0..LEVELS {
                    @let range = self.range(level);
                    @if !range.is_empty() {
                        li {
                            svg.swatch aria-hidden="true" width="14" height="14" { rect.heat.(class(level)) width="14" height="14" rx="2" {} }
                            (range)
                        }
                    }
                }
                li { "requests in a cell" }
            }
        }
    }
}

fn sum(rows: &[Vec<u64>]) -> Vec<u64> {
    let mut total = vec![0u64; rows.iter().map(Vec::len).max().unwrap_or(0)];
    for row in rows {
        for (sum, count) in total.iter_mut().zip(row) {
            *sum = sum.saturating_add(*count);
        }
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(count: u32) -> Vec<TimelinePoint> {
        (0..count)
            .map(|n| TimelinePoint {
                start_s: f64::from(n),
                length_s: 1.0,
                requests: 0,
                failed: 0,
                latency_ms: crate::summary::Latency::default(),
                due: 0,
                dropped: 0,
                vus: 1,
                cpu_percent: 0.0,
                lag_ms_p99: 0.0,
            })
            .collect()
    }

    #[test]
    fn joined_cells_keep_every_request() {
        let bounds_ms: Vec<f64> = (0..=200).map(|n| 0.1 * 1.05f64.powi(n)).collect();
        let columns: Vec<Vec<u64>> = (0..1_000u64)
            .map(|n| (0..200).map(|row| (row * n) % 7).collect())
            .collect();
        let all: u64 = columns.iter().flatten().sum();
        let grid = Grid::new(&Heatmap { bounds_ms, columns }, &points(1_000));
        assert!(grid.columns.len() <= MAX_COLUMNS && grid.rows.len() <= MAX_ROWS);
        assert_eq!(grid.columns.iter().flat_map(|column| &column.counts).sum::<u64>(), all);
    }

    #[test]
    fn every_count_has_a_colour_and_its_range_says_so() {
        for highest in [1, 2, 3, 10, 1_000, u64::MAX / 2] {
            let heatmap = Heatmap {
                bounds_ms: vec![0.0, 1.0],
                columns: vec![vec![highest]],
            };
            let grid = Grid::new(&heatmap, &points(1));
            assert_eq!(grid.level(0), None);
            for count in [1, highest / 2 + 1, highest] {
                assert!(
                    !grid.range(grid.level(count).unwrap()).is_empty(),
                    "{count} of {highest}"
                );
            }
        }
    }

    #[test]
    fn what_does_not_fit_together_is_left_out() {
        let heatmap = Heatmap {
            bounds_ms: vec![f64::NAN, 1.0, 2.0],
            columns: vec![vec![1, 2, 3, 4], vec![]],
        };
        assert_eq!(Grid::new(&heatmap, &points(5)).columns.len(), 2);
        assert!(Grid::new(&Heatmap::default(), &points(5)).columns.is_empty());
    }
}
