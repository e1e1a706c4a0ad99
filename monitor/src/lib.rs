//! Tools of the monitor host: they bring its servers up, tell whether all of it works, and keep its data safe.

pub mod backup;
pub mod compose;
pub mod http;
pub mod influxdb;
pub mod interrupt;
pub mod layout;
pub mod lock;
pub mod metrics;
pub mod progress;
pub mod secrets;
pub mod settings;
