//! The highest arrival rate at which a target still meets its objectives.

pub(crate) mod belief;
pub(crate) mod search;
#[cfg(test)]
mod simulation;

pub use search::SearchSettings;
