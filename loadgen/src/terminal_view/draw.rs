//! Where the parts of a view go: what matters least is left out first where there is little room.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::state::State;
use super::{histogram, panels, tables};
use crate::observer::Snapshot;

/// The headline and the gauge.
const HEAD: u16 = 2;
/// Requests and latency, with their titles.
const CORE: u16 = 7;
/// As large as they grow beside a histogram.
const TALL_CORE: u16 = 13;
/// From this width on the histogram stands beside them.
const WIDE: u16 = 110;
/// A histogram with title and scale.
const LOW_HISTOGRAM: u16 = 5;
const TALL_HISTOGRAM: u16 = 11;
/// Lines of a table that it gets before others get any, and the most it gets.
const FEW_LINES: u16 = 3;
const MANY_LINES: u16 = 10;

/// Draws a view from the top of `area`; gives the number of rows it took.
pub(crate) fn draw(state: &State, area: Rect, buffer: &mut Buffer) -> u16 {
    let mut rows = Rows { left: area };
    let Some(snapshot) = &state.snapshot else {
        if state.stage.is_some() {
            panels::headline(state, rows.take(1), buffer);
        }
        return area.height - rows.left.height;
    };
    panels::headline(state, rows.take(1), buffer);
    panels::gauge(snapshot, rows.take(1), buffer);
    let heights = Heights::of(snapshot, area);
    core(state, snapshot, rows.take(heights.core), heights.is_wide, buffer);
    if heights.histogram > 0 {
        histogram::histogram(&snapshot.histogram, rows.take(heights.histogram), buffer);
    }
    tables::steps(&snapshot.steps, rows.take(heights.steps), buffer);
    verdicts(snapshot, rows.take(heights.verdicts), buffer);
    panels::generator(&snapshot.generator, rows.take(1), buffer);
    area.height - rows.left.height
}

/// Rows not yet given away.
struct Rows {
    left: Rect,
}

impl Rows {
    fn take(&mut self, rows: u16) -> Rect {
        let height = rows.min(self.left.height);
        let taken = Rect { height, ..self.left };
        self.left.y += height;
        self.left.height -= height;
        taken
    }
}

/// Rows of each part; no rows for what has nothing to show or no room.
#[derive(Debug, Default)]
struct Heights {
    is_wide: bool,
    core: u16,
    histogram: u16,
    steps: u16,
    verdicts: u16,
}

impl Heights {
    fn of(snapshot: &Snapshot, area: Rect) -> Self {
        let has_histogram = snapshot.histogram.iter().any(|bar| bar.count > 0);
        let is_wide = has_histogram && area.width >= WIDE;
        let has_low_histogram = has_histogram && !is_wide;
        // A single step is the run itself.
        let steps = if snapshot.steps.len() > 1 {
            lines(snapshot.steps.len())
        } else {
            0
        };
        let verdicts = lines(snapshot.errors.len().max(snapshot.thresholds.len()));

        // The generator's line comes out of the same rows.
        let mut left = area.height.saturating_sub(HEAD + 1);
        let mut heights = Self {
            is_wide,
            ..Self::default()
        };
        grow(&mut heights.core, CORE, &mut left);
        grow_table(&mut heights.verdicts, verdicts.min(FEW_LINES), &mut left);
        grow_table(&mut heights.steps, steps.min(FEW_LINES), &mut left);
        if has_low_histogram && left >= LOW_HISTOGRAM {
            grow(&mut heights.histogram, LOW_HISTOGRAM, &mut left);
        }
        grow_table(&mut heights.steps, steps, &mut left);
        grow_table(&mut heights.verdicts, verdicts, &mut left);
        if heights.histogram > 0 {
            grow(&mut heights.histogram, TALL_HISTOGRAM, &mut left);
        }
        if is_wide {
            grow(&mut heights.core, TALL_CORE, &mut left);
        }
        heights
    }
}

fn lines(count: usize) -> u16 {
    u16::try_from(count).map_or(MANY_LINES, |count| count.min(MANY_LINES))
}

fn grow(height: &mut u16, to: u16, left: &mut u16) {
    let more = to.saturating_sub(*height).min(*left);
    *height += more;
    *left -= more;
}

/// A table has a title besides its lines, and is nothing without a line.
fn grow_table(height: &mut u16, lines: u16, left: &mut u16) {
    if lines > 0 && (*height > 0 || *left >= 2) {
        grow(height, lines + 1, left);
    }
}

fn core(state: &State, snapshot: &Snapshot, area: Rect, is_wide: bool, buffer: &mut Buffer) {
    const GAP: u16 = 2;
    /// A label, the last second and the whole run.
    const LATENCY: u16 = 30;
    let latency = LATENCY.min(area.width / 2);
    let requests = if is_wide {
        (area.width - latency) * 2 / 5
    } else {
        area.width.saturating_sub(latency + GAP)
    };
    let of_requests = Rect {
        width: requests,
        ..area
    };
    let of_latency = Rect {
        x: of_requests.right() + GAP,
        width: latency,
        ..area
    };
    panels::requests(state, snapshot, of_requests, buffer);
    panels::latency(snapshot, of_latency.intersection(area), buffer);
    if is_wide {
        let x = of_latency.right() + GAP;
        let of_histogram = Rect {
            x,
            width: area.right().saturating_sub(x),
            ..area
        };
        histogram::histogram(&snapshot.histogram, of_histogram, buffer);
    }
}

/// Thresholds and failures, beside each other if there are both.
fn verdicts(snapshot: &Snapshot, area: Rect, buffer: &mut Buffer) {
    let (of_thresholds, of_errors) = match (snapshot.thresholds.is_empty(), snapshot.errors.is_empty()) {
        (true, _) => (Rect { width: 0, ..area }, area),
        (false, true) => (area, Rect { width: 0, ..area }),
        (false, false) => {
            let half = area.width.saturating_sub(2) / 2;
            let right = Rect {
                x: area.x + half + 2,
                width: area.width.saturating_sub(half + 2),
                ..area
            };
            (Rect { width: half, ..area }, right)
        }
    };
    tables::thresholds(&snapshot.thresholds, of_thresholds, buffer);
    tables::errors(&snapshot.errors, of_errors, buffer);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observer::RunStage;
    use crate::terminal_view::sample;

    fn lines(state: &State, width: u16, height: u16) -> Vec<String> {
        let area = Rect::new(0, 0, width, height);
        let mut buffer = Buffer::empty(area);
        let used = draw(state, area, &mut buffer);
        let line = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
        for y in used..height {
            assert_eq!(line(y).trim(), "", "below the rows it says it used");
        }
        (0..used).map(|y| line(y).trim_end().to_owned()).collect()
    }

    fn has(lines: &[String], wanted: &str) -> bool {
        lines.iter().any(|line| line.contains(wanted))
    }

    #[test]
    fn everything_shows_where_there_is_room() {
        for (width, height) in [(79, 29), (119, 39)] {
            let lines = lines(&sample::state(), width, height);
            for wanted in [
                "http://127.0.0.1:8080/items  500/s for 1m  generator 2/3",
                "23s of 1m00s, 37s left",
                "rate      498.2/s of 500.0/s",
                "VUs       20 of at most 100",
                "requests  11 459",
                "failed    92 (0.80%)",
                "dropped   17",
                "p99.9      73.2ms     80.5ms",
                "Latency of the last 10 s",
                "create           2 291",
                "✓ p(95)<250ms",
                "✗ error_rate<0.5%",
                "· p(99)<50ms for 30s",
                " 7 × connect_refused",
                "Generator CPU 41% of 200%, 0.40ms late (p99)",
            ] {
                let text = lines.join("\n");
                assert!(has_words(&lines, wanted), "{wanted} at {width}×{height}:\n{text}");
            }
            assert!(lines[0].ends_with("  load"), "{}", lines[0]);
            assert!(lines.iter().any(|line| line.contains('█')), "bars");
        }
    }

    /// Whether one line has the words in this order, however far apart.
    fn has_words(lines: &[String], wanted: &str) -> bool {
        lines.iter().any(|line| {
            let mut words = line.split_whitespace();
            wanted.split_whitespace().all(|word| words.any(|other| other == word))
        })
    }

    #[test]
    fn what_matters_most_stays_where_there_is_little_room() {
        let small = lines(&sample::state(), 59, 15);
        for wanted in ["498.2/s", "p99 ", "92 (0.80%)", "✗ error_rate<0.5%", "503", "Generator"] {
            assert!(has(&small, wanted), "{wanted}:\n{}", small.join("\n"));
        }
        assert!(!has(&small, "10 s"), "no histogram:\n{}", small.join("\n"));
        let lower = lines(&sample::state(), 59, 6);
        assert!(
            has(&lower, "498.2/s") && has(&lower, "Generator"),
            "{}",
            lower.join("\n")
        );
    }

    #[test]
    fn no_size_is_too_small() {
        let mut busy = sample::state();
        if let Some(snapshot) = &mut busy.snapshot {
            snapshot.steps = vec![snapshot.steps[0].clone(); 1000];
            snapshot.errors = vec![("ü".repeat(300), u64::MAX); 100];
            snapshot.histogram = snapshot.histogram.repeat(50);
            snapshot.requests = u64::MAX;
            snapshot.rate = f64::MAX;
            snapshot.generator.saturated = true;
        }
        let mut empty = sample::state();
        empty.rates = Default::default();
        if let Some(snapshot) = &mut empty.snapshot {
            snapshot.duration = None;
            snapshot.histogram.clear();
            snapshot.errors.clear();
            snapshot.steps.clear();
            snapshot.thresholds.clear();
        }
        for state in [State::default(), sample::state(), busy, empty] {
            for width in (1..130).step_by(3) {
                for height in (1..45).step_by(2) {
                    lines(&state, width, height);
                }
            }
        }
    }

    #[test]
    fn a_crossed_threshold_is_never_among_those_left_out() {
        let mut state = sample::state();
        if let Some(snapshot) = &mut state.snapshot {
            let crossed = snapshot.thresholds[1].clone();
            snapshot.thresholds = vec![snapshot.thresholds[0].clone(); 50];
            snapshot.thresholds.push(crossed);
        }
        let lines = lines(&state, 79, 23);
        assert!(has(&lines, "✗ error_rate"), "{}", lines.join("\n"));
        assert!(has(&lines, " more"), "{}", lines.join("\n"));
    }

    #[test]
    fn before_the_first_figures_the_stage_is_shown() {
        let mut state = State::default();
        assert!(lines(&state, 79, 23).is_empty());
        state.stage = Some(RunStage::SetUp);
        let only = lines(&state, 79, 23);
        assert!(only.len() == 1 && only[0].starts_with("loadgen") && only[0].ends_with("set-up"));
    }

    #[test]
    fn a_generator_without_room_says_so() {
        let mut state = sample::state();
        if let Some(snapshot) = &mut state.snapshot {
            snapshot.generator.saturated = true;
        }
        let lines = lines(&state, 79, 23);
        assert!(has(&lines, "Generator IS THE BOTTLENECK"), "{}", lines.join("\n"));
    }
}
