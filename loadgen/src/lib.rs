//! HTTP load generator.
//!
//! [`run`] puts a target under load as [`settings::Settings`] say and gives an [`engine::Finished`]. One request's way
//! through the code: `scenario` picks it, `virtual_user` sends it through its `client`, `recorder` counts it, `totals`
//! sums up what the threads counted, `summary_text` and `report` show it.

mod client;
mod dns;
mod generator;
mod health;
mod interval;
mod open_files;
mod outcome;
mod recorder;
mod request;
mod response;
mod run_result;
mod stage;
mod timeline;
mod totals;
mod virtual_user;

pub mod capacity;
pub mod capacity_result;
pub mod engine;
pub mod interrupt;
pub mod observer;
pub mod output_file;
pub mod progress;
pub mod report;
pub mod run_error;
pub mod run_info;
pub mod scenario;
pub mod settings;
pub mod signals;
pub mod summary;
pub mod summary_text;
pub mod target;
pub mod threshold;
pub mod tls;

pub use engine::run;
