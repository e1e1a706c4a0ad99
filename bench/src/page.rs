//! `docs/benchmarks.md`.

use crate::error::BenchError;
use crate::figures::Figures;

/// Writes it with its charts.
pub(crate) fn write(_figures: &Figures) -> Result<(), BenchError> {
    Ok(())
}
