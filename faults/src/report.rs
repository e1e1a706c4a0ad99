//! The figures of scenarios as a table, for people and for docs/faults.md.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

const BEGIN: &str = "<!-- Written by make faults: begin -->";
const END: &str = "<!-- Written by make faults: end -->";

/// What came of a scenario that kept all promises.
pub(crate) struct Figures {
    /// Of the checking clients and of loadgen.
    pub(crate) requests: u64,
    pub(crate) acknowledged: u64,
    /// Answered with 503 or 504, or not at all.
    pub(crate) failed: u64,
    pub(crate) lost: u64,
    pub(crate) wrong: u64,
    pub(crate) slowest: Duration,
    /// Bytes.
    pub(crate) memory_peak: u64,
    pub(crate) first_good: Duration,
    pub(crate) to_rate: Duration,
    /// What this scenario alone measures.
    pub(crate) remark: String,
}

/// A scenario and what came of it.
pub(crate) struct Row {
    pub(crate) scenario: &'static str,
    /// `None` where a promise was broken.
    pub(crate) figures: Option<Figures>,
}

const HEADINGS: [&str; 10] = [
    "scenario",
    "requests",
    "acknowledged writes",
    "failed",
    "lost",
    "wrong",
    "slowest ms",
    "peak memory MiB",
    "good again ms",
    "rate again ms",
];

fn cells(row: &Row) -> Vec<String> {
    let Some(figures) = &row.figures else {
        return vec![row.scenario.to_owned(), "BROKEN".to_owned()];
    };
    vec![
        row.scenario.to_owned(),
        figures.requests.to_string(),
        figures.acknowledged.to_string(),
        figures.failed.to_string(),
        figures.lost.to_string(),
        figures.wrong.to_string(),
        figures.slowest.as_millis().to_string(),
        (figures.memory_peak >> 20).to_string(),
        figures.first_good.as_millis().to_string(),
        figures.to_rate.as_millis().to_string(),
    ]
}

fn remarks(rows: &[Row]) -> impl Iterator<Item = (&'static str, &str)> {
    rows.iter()
        .filter_map(|row| Some((row.scenario, row.figures.as_ref()?.remark.as_str())))
        .filter(|(_, remark)| !remark.is_empty())
}

/// For a terminal.
pub(crate) fn text(rows: &[Row]) -> String {
    let mut lines = vec![HEADINGS.map(str::to_owned).to_vec()];
    lines.extend(rows.iter().map(cells));
    let width = |column: usize| lines.iter().filter_map(|line| line.get(column)).map(String::len).max();
    let widths: Vec<usize> = (0..HEADINGS.len()).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for line in &lines {
        let cells: Vec<_> = line
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(column, (cell, &width))| match column {
                0 => format!("{cell:<width$}"),
                _ => format!("{cell:>width$}"),
            })
            .collect();
        text += &cells.join("  ");
        text += "\n";
    }
    for (scenario, remark) in remarks(rows) {
        text += &format!("{scenario}: {remark}\n");
    }
    text
}

/// Puts the table between the markers of a file.
pub(crate) fn write_markdown(file: &Path, rows: &[Row], heading: &str) -> io::Result<()> {
    let before = fs::read_to_string(file)?;
    let missing = || io::Error::other(format!("no {BEGIN} and {END} in it"));
    let (head, rest) = before.split_once(BEGIN).ok_or_else(missing)?;
    let (_, tail) = rest.split_once(END).ok_or_else(missing)?;
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut table = line(&HEADINGS.map(str::to_owned));
    table += &format!("|---|{}\n", "---:|".repeat(HEADINGS.len() - 1));
    table.extend(rows.iter().map(|row| line(&cells(row))));
    let notes: String = remarks(rows)
        .map(|(scenario, remark)| format!("- `{scenario}`: {remark}\n"))
        .collect();
    fs::write(
        file,
        format!("{head}{BEGIN}\n\n{heading}\n\n{table}\n{notes}\n{END}{tail}"),
    )
}
