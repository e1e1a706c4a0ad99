//! The highest arrival rate at which a target still meets its objectives.

pub(crate) mod belief;
mod driver;
mod result_text;
pub(crate) mod search;
#[cfg(test)]
mod simulation;

pub use driver::{CapacitySettings, Found, Outcome, find};
pub use result_text::render;
pub use search::SearchSettings;
