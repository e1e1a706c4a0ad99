//! What the design does at 1, 10, 100 and 1000 times its load, past what any machine here can try. A model
//! of each part from what was measured of one request, span and point (`bench/figures.json`) and from assumptions and
//! prices (`bench/scaling.toml`), beside measurements that did not go into it. Written to `docs/scaling.md`.

mod assumptions;
mod chart;
mod checks;
mod collector_memory;
mod cost;
mod costs_per_unit;
mod load;
mod measurements;
mod page;
mod parts;
mod queueing;

use std::fs;
use std::path::PathBuf;

use crate::figures::Figures;
use crate::plan::repository;
use assumptions::Assumptions;
use costs_per_unit::CostsPerUnit;

pub(crate) use measurements::measure;

const ASSUMPTIONS: &str = "bench/scaling.toml";
/// Times the load of the assumptions.
const SCALES: [f64; 4] = [1.0, 10.0, 100.0, 1000.0];

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScalingError {
    /// The model needs a figure that nobody has measured.
    #[error("bench/figures.json does not have the figure {0}; run make bench")]
    NotMeasured(String),
    /// The assumptions are not what the model knows.
    #[error("bench/scaling.toml: {0}")]
    Assumptions(#[from] toml::de::Error),
    /// A file cannot be read or written.
    #[error("{}: {cause}", path.display())]
    File { path: PathBuf, cause: std::io::Error },
}

/// Assumptions, and what was measured of one of everything.
struct Model {
    assumptions: Assumptions,
    unit: CostsPerUnit,
}

/// Writes `docs/scaling.md` and its images.
pub(crate) fn write(figures: &Figures) -> Result<(), ScalingError> {
    for (path, text) in files(figures)? {
        let path = repository().join(path);
        fs::write(&path, text).map_err(|cause| ScalingError::File { path, cause })?;
    }
    Ok(())
}

/// What is written, by its place in the checkout.
fn files(figures: &Figures) -> Result<[(&'static str, String); 3], ScalingError> {
    let path = repository().join(ASSUMPTIONS);
    let text = fs::read_to_string(&path).map_err(|cause| ScalingError::File { path, cause })?;
    let assumptions = toml::from_str(&text)?;
    let unit = CostsPerUnit::of(figures, &assumptions)?;
    let model = Model { assumptions, unit };
    Ok([
        ("docs/scaling.md", page::markdown(&model, figures)),
        ("docs/images/scaling-limits.svg", chart::limits(&model)),
        ("docs/images/scaling-cost.svg", chart::cost(&model)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_what_the_figures_and_assumptions_make() {
        let page = repository().join("docs/scaling.md");
        let files = match files(&Figures::read().unwrap()) {
            Ok(files) => files,
            Err(missing @ ScalingError::NotMeasured(_)) => {
                assert!(!page.exists(), "{page:?} is there, but {missing}");
                return;
            }
            Err(error) => panic!("{error}"),
        };
        for (path, text) in files {
            let found = fs::read_to_string(repository().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
            assert!(
                found == text,
                "{path} is not what it would be: run `cargo run -p bench -- --render`"
            );
        }
    }
}
