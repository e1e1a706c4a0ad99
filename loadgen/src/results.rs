//! The folder of results that `loadgen run --out` leaves, and that `merge`, `compare` and `push` read.
//!
//! A run of one generator fills the folder itself; one of several generators, which may share a folder, fills a
//! sub-folder for each, named after its segment, such as `2-of-5`. docs/results.md describes the files.

mod error;
pub(crate) mod folder;
pub(crate) mod histogram_text;
pub(crate) mod interval_line;
mod lines;
mod location;
mod merged;
mod reader;
#[cfg(feature = "s3")]
mod s3;
#[cfg(test)]
pub(crate) mod sample;
mod table;
#[cfg(test)]
mod tests;
mod writer;

pub use error::ResultsError;
pub use location::{InvalidLocation, Location};
pub use writer::ResultsWriter;

pub(crate) use merged::MergedWriter;
pub(crate) use reader::{GeneratorResults, Intervals};

/// Version of the format; later versions add files and fields, they never rename, remove or change the unit of one.
const FORMAT: u32 = 1;

/// What the run is.
const RUN: &str = "run.json";
/// Every second with all its counts.
const INTERVALS: &str = "intervals.jsonl";
/// The same, for spreadsheets.
const TABLE: &str = "intervals.csv";
/// The figures of the run, written at its end.
const SUMMARY: &str = "summary.json";
/// The report, written at the end.
const REPORT: &str = "report.html";
