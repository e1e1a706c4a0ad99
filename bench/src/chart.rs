//! Charts as SVG files: bars for what is compared, lines for what grows. Their ground is light whatever is around them, so
//! that they can be read on a dark page.

use std::fmt::Write as _;

use crate::catalogue::number;

const WIDTH: f64 = 720.0;
const LEFT: f64 = 150.0;
const RIGHT: f64 = 120.0;
const BAR: f64 = 20.0;
const PITCH: f64 = 30.0;
const TOP: f64 = 44.0;
/// Of the plot of a chart of lines.
const HEIGHT: f64 = 220.0;

/// Told apart by people who do not see all colours, too.
const COLOURS: [&str; 5] = ["#0b6bcb", "#c2410c", "#15803d", "#7c3aed", "#64748b"];

const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#1f2937}.title{font-weight:600;font-size:15px}\
    .small{font-size:12px;fill:#4b5563}.grid{stroke:#e5e7eb}.spread{stroke:#111827;stroke-width:1.2}";

/// A value with its spread.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) least: f64,
    pub(crate) median: f64,
    pub(crate) most: f64,
}

/// One bar for each row, in the order given.
pub(crate) fn bars(title: &str, rows: &[(String, Spread)]) -> String {
    let height = TOP + rows.len() as f64 * PITCH + 14.0;
    let most = rows
        .iter()
        .map(|(_, value)| value.most)
        .fold(f64::MIN_POSITIVE, f64::max);
    let plot = WIDTH - LEFT - RIGHT;
    let x = |value: f64| LEFT + value / most * plot;
    let mut drawing = String::new();
    for (index, (name, value)) in rows.iter().enumerate() {
        let top = TOP + index as f64 * PITCH;
        let middle = top + BAR / 2.0;
        let colour = COLOURS[usize::from(index > 0) * 4];
        let _ = write!(
            drawing,
            r##"<text x="{:.1}" y="{:.1}" text-anchor="end">{name}</text><rect x="{LEFT}" y="{top:.1}" width="{:.1}" height="{BAR}" rx="3" fill="{colour}"/><line class="spread" x1="{:.1}" x2="{:.1}" y1="{middle:.1}" y2="{middle:.1}"/><text x="{:.1}" y="{:.1}">{}</text>"##,
            LEFT - 10.0,
            middle + 4.5,
            (x(value.median) - LEFT).max(1.0),
            x(value.least),
            x(value.most),
            x(value.most) + 8.0,
            middle + 4.5,
            number(value.median),
        );
    }
    frame(title, height, &drawing)
}

/// A line through the values of one thing.
pub(crate) struct Line {
    pub(crate) name: &'static str,
    pub(crate) points: Vec<(f64, Spread)>,
}

/// Lines over a horizontal axis of powers of ten (or two); the vertical one begins at zero, unless values span more than two
/// powers of ten.
pub(crate) fn lines(title: &str, x_title: &str, lines: &[Line]) -> String {
    let points = || lines.iter().flat_map(|line| &line.points);
    let values = || points().map(|(_, value)| value);
    let most = values().map(|value| value.most).fold(f64::MIN_POSITIVE, f64::max);
    let least = values().map(|value| value.least).fold(f64::INFINITY, f64::min);
    let is_logarithmic = least > 0.0 && most / least > 100.0;
    let (left, bottom) = (70.0, TOP + HEIGHT);
    let plot = WIDTH - left - RIGHT;
    let mut xs: Vec<f64> = points().map(|(x, _)| *x).collect();
    xs.sort_by(f64::total_cmp);
    xs.dedup();
    let (first, last) = (xs.first().copied().unwrap_or(1.0), xs.last().copied().unwrap_or(1.0));
    let x = |value: f64| left + (value / first).ln() / (last / first).ln().max(f64::MIN_POSITIVE) * plot;
    let (ticks, y): (Vec<f64>, Box<dyn Fn(f64) -> f64>) = if is_logarithmic {
        let (low, high) = (least.log10().floor(), most.log10().ceil());
        let ticks = (low as i32..=high as i32).map(|power| 10f64.powi(power)).collect();
        (
            ticks,
            Box::new(move |value: f64| bottom - (value.log10() - low) / (high - low) * HEIGHT),
        )
    } else {
        let step = round_step(most / 4.0);
        let high = (most / step).ceil() * step;
        let ticks = (0..=(high / step).round() as u32)
            .map(|tick| f64::from(tick) * step)
            .collect();
        (ticks, Box::new(move |value: f64| bottom - value / high * HEIGHT))
    };
    let mut drawing = String::new();
    for tick in ticks {
        let _ = write!(
            drawing,
            r#"<line class="grid" x1="{left}" x2="{:.1}" y1="{:.1}" y2="{:.1}"/><text class="small" x="{:.1}" y="{:.1}" text-anchor="end">{}</text>"#,
            left + plot,
            y(tick),
            y(tick),
            left - 8.0,
            y(tick) + 4.0,
            number(tick),
        );
    }
    for tick in &xs {
        let _ = write!(
            drawing,
            r#"<text class="small" x="{:.1}" y="{:.1}" text-anchor="middle">{}</text>"#,
            x(*tick),
            bottom + 18.0,
            number(*tick),
        );
    }
    let _ = write!(
        drawing,
        r#"<text class="small" x="{:.1}" y="{:.1}" text-anchor="middle">{x_title}</text>"#,
        left + plot / 2.0,
        bottom + 36.0,
    );
    for (line, colour) in lines.iter().zip(COLOURS) {
        draw_line(&mut drawing, line, colour, x, &y);
    }
    label_ends(&mut drawing, lines, left + plot + 8.0, &y);
    frame(title, bottom + 48.0, &drawing)
}

fn draw_line(drawing: &mut String, line: &Line, colour: &str, x: impl Fn(f64) -> f64, y: impl Fn(f64) -> f64) {
    let mut path = String::new();
    for (index, (at, value)) in line.points.iter().enumerate() {
        let command = if index == 0 { 'M' } else { 'L' };
        let _ = write!(path, "{command}{:.1} {:.1}", x(*at), y(value.median));
        let _ = write!(
            drawing,
            r#"<line stroke="{colour}" x1="{0:.1}" x2="{0:.1}" y1="{1:.1}" y2="{2:.1}"/><circle cx="{0:.1}" cy="{3:.1}" r="3.5" fill="{colour}"/>"#,
            x(*at),
            y(value.least),
            y(value.most),
            y(value.median),
        );
    }
    let _ = write!(
        drawing,
        r#"<path d="{path}" fill="none" stroke="{colour}" stroke-width="2"/>"#
    );
}

/// Names at the ends of lines, moved apart where they would overlap.
fn label_ends(drawing: &mut String, lines: &[Line], left: f64, y: impl Fn(f64) -> f64) {
    let mut ends: Vec<_> = lines
        .iter()
        .zip(COLOURS)
        .filter_map(|(line, colour)| {
            line.points
                .last()
                .map(|(_, value)| (y(value.median), line.name, colour))
        })
        .collect();
    ends.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut above = f64::NEG_INFINITY;
    for (end, name, colour) in ends {
        above = end.max(above + 16.0);
        let _ = write!(
            drawing,
            r#"<text x="{left:.1}" y="{:.1}" style="fill:{colour}">{name}</text>"#,
            above + 4.5
        );
    }
}

fn frame(title: &str, height: f64, drawing: &str) -> String {
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0}" role="img" aria-label="{title}"><style>{STYLE}</style><rect width="{WIDTH}" height="{height:.0}" rx="8" fill="#fbfbfc" stroke="#d1d5db"/><text class="title" x="18" y="27">{title}</text>{drawing}</svg>
"##
    )
}

fn round_step(wanted: f64) -> f64 {
    let power = 10f64.powf(wanted.log10().floor());
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0].map(|multiple| multiple * power);
    steps.into_iter().find(|step| *step >= wanted * 0.999).unwrap_or(wanted)
}
