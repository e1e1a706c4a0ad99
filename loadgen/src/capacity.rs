//! The highest arrival rate at which a target still meets its objectives.

pub(crate) mod belief;
mod driver;
mod outcome;
pub(crate) mod search;
#[cfg(test)]
mod simulation;

pub use driver::{CapacitySettings, Found, Outcome, find};
pub use outcome::render;
pub use search::SearchSettings;
