//! HTTP load generator.
//!
//! [`run`] puts a target under load as [`settings::Settings`] say and gives an [`engine::Finished`]. One request's way
//! through the code: `scenario` picks it, `virtual_user` sends it through its `client`, `recorder` counts it into an
//! `interval`, `influxdb` writes that as points, `totals` adds all of them up, `summary_text` and `report` show it.

mod arrival_queue;
mod assembly;
mod client;
mod cookies;
mod crew;
mod distribution;
mod dns;
mod environment;
mod generator;
mod health;
mod http2;
mod kept;
mod latency_counts;
mod live;
mod open_files;
mod outcome;
mod pacer;
mod precise_timer;
mod recorder;
mod request;
mod response;
mod run_result;
mod sparse_histogram;
mod stage;
mod step_figures;
mod terminal_view;
mod timeline;
mod totals;
mod virtual_user;

pub mod capacity;
pub mod capacity_result;
pub mod compare;
pub mod engine;
pub mod influxdb;
pub mod interrupt;
pub mod interval;
pub mod load;
pub mod merge;
pub mod observer;
pub mod output_file;
pub mod progress;
pub mod proxy;
pub mod report;
pub mod results;
pub mod run_error;
pub mod run_info;
pub mod scenario;
pub mod segment;
pub mod settings;
pub mod signals;
pub mod summary;
pub mod summary_text;
pub mod target;
pub mod threshold;
pub mod tls;
pub mod transport;

pub use engine::run;

/// The fuzz targets of this crate's parsers, which see what is private to it.
#[cfg(fuzzing)]
#[path = "../../fuzz/targets/loadgen/mod.rs"]
pub mod fuzzing;
