//! The two charts of the page, as SVG.

use std::fmt::Write as _;

use super::cost::Cost;
use super::{Model, SCALES};

/// What fewer than this share of the bill at every scale is about is drawn as one.
const SMALL_SHARE: f64 = 0.05;
/// Okabe and Ito's colours, which people who confuse red and green tell apart; the last is for the small things.
const COLOURS: [&str; 8] = [
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#999999",
];
/// Pixels.
const WIDTH: f64 = 900.0;
const ROW: f64 = 24.0;
const LABELS: f64 = 300.0;
const TOP: f64 = 56.0;

fn open(title: &str, height: f64) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" \
         font-size=\"13\">\n\
         <title>{title}</title>\n<rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#fff\"/>\n\
         <text x=\"12\" y=\"24\" font-size=\"15\" font-weight=\"bold\">{title}</text>\n"
    )
}

/// A bar for each part, as long as the scale at which it is full, on a logarithmic axis.
pub(super) fn limits(model: &Model) -> String {
    let mut rows: Vec<(&str, Option<f64>)> = model
        .parts(1.0)
        .iter()
        .map(|part| part.name)
        .zip(model.full_at())
        .collect();
    rows.sort_by(|a, b| a.1.unwrap_or(f64::MAX).total_cmp(&b.1.unwrap_or(f64::MAX)));
    let height = TOP + ROW * rows.len() as f64 + 16.0;
    // From a tenth to ten times what the page is about.
    let (from, to) = (-1.0, 4.0);
    let x = |scale: f64| LABELS + (scale.log10().clamp(from, to) - from) / (to - from) * (WIDTH - LABELS - 90.0);

    let mut svg = open("Times the load at which a part is full", height);
    for (row, (name, full)) in rows.iter().enumerate() {
        let y = TOP + ROW * row as f64;
        let end = x(full.unwrap_or(f64::MAX));
        let (colour, label) = match full {
            Some(scale) if *scale <= 1000.0 => (COLOURS[5], format!("{}×", super::page::figure(*scale))),
            Some(scale) => (COLOURS[0], format!("{}×", super::page::figure(*scale))),
            None => (COLOURS[0], "never".to_owned()),
        };
        let _ = writeln!(
            svg,
            "<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"end\">{name}</text>\
             <rect x=\"{LABELS}\" y=\"{:.0}\" width=\"{:.1}\" height=\"16\" fill=\"{colour}\"/>\
             <text x=\"{:.1}\" y=\"{:.0}\">{label}</text>",
            LABELS - 8.0,
            y + 13.0,
            y,
            (end - LABELS).max(1.0),
            end + 6.0,
            y + 13.0,
        );
    }
    for scale in SCALES {
        let _ = writeln!(
            svg,
            "<line x1=\"{0:.1}\" x2=\"{0:.1}\" y1=\"{1:.0}\" y2=\"{2:.0}\" stroke=\"#333\" stroke-dasharray=\"3 3\"/>\
             <text x=\"{0:.1}\" y=\"{3:.0}\" text-anchor=\"middle\">{scale}×</text>",
            x(scale),
            TOP - 6.0,
            height - 12.0,
            TOP - 12.0,
        );
    }
    svg + "</svg>\n"
}

/// A bar for each scale: what shares of the bill are about.
pub(super) fn cost(model: &Model) -> String {
    let bills: Vec<Vec<Cost>> = SCALES.iter().map(|scale| model.costs(*scale)).collect();
    let total = |bill: &[Cost]| bill.iter().map(|cost| cost.dollars).sum::<f64>();
    let shares = |index: usize| bills.iter().map(move |bill| bill[index].dollars / total(bill));
    let lines = bills.first().map_or(0, Vec::len);
    // Large ones by themselves, as far as there are colours; the rest together.
    let mut large: Vec<usize> = (0..lines)
        .filter(|index| shares(*index).any(|share| share >= SMALL_SHARE))
        .collect();
    large.sort_by(|a, b| {
        shares(*b)
            .fold(0.0, f64::max)
            .total_cmp(&shares(*a).fold(0.0, f64::max))
    });
    large.truncate(COLOURS.len() - 1);
    large.sort_unstable();
    let names = large.iter().map(|index| bills[0][*index].name).chain(["All else"]);

    let bars = TOP + 2.0 * ROW;
    let height = bars + 40.0 * SCALES.len() as f64;
    let mut svg = open("Shares of a month's bill", height);
    for (place, (name, colour)) in names.zip(legend_colours(large.len())).enumerate() {
        let (x, y) = (12.0 + 220.0 * (place % 4) as f64, 40.0 + ROW * (place / 4) as f64);
        let _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"{y}\" width=\"12\" height=\"12\" fill=\"{colour}\"/><text x=\"{:.0}\" \
             y=\"{:.0}\">{name}</text>",
            x + 18.0,
            y + 11.0,
        );
    }
    for (row, (scale, bill)) in SCALES.iter().zip(&bills).enumerate() {
        let y = bars + 40.0 * row as f64;
        let mut x = 70.0;
        let width = WIDTH - 70.0 - 110.0;
        let drawn: f64 = large.iter().map(|index| bill[*index].dollars).sum();
        let segments = large
            .iter()
            .map(|index| bill[*index].dollars)
            .chain([total(bill) - drawn]);
        let _ = writeln!(
            svg,
            "<text x=\"60\" y=\"{:.0}\" text-anchor=\"end\">{scale}×</text>",
            y + 19.0
        );
        for (dollars, colour) in segments.zip(legend_colours(large.len())) {
            let wide = dollars / total(bill) * width;
            let _ = writeln!(
                svg,
                "<rect x=\"{x:.1}\" y=\"{y:.0}\" width=\"{wide:.1}\" height=\"28\" fill=\"{colour}\" stroke=\"#fff\"/>"
            );
            x += wide;
        }
        let _ = writeln!(
            svg,
            "<text x=\"{:.0}\" y=\"{:.0}\">{}</text>",
            x + 8.0,
            y + 19.0,
            super::page::dollars(total(bill))
        );
    }
    svg + "</svg>\n"
}

/// One for each large line, and the grey.
fn legend_colours(large: usize) -> impl Iterator<Item = &'static str> {
    COLOURS.into_iter().take(large).chain(COLOURS.last().copied())
}
