//! Results in InfluxDB 2, without the load noticing.
//!
//! [`check`] finds a wrong token or bucket before the load starts. During the run an [`InfluxOutput`] is an observer that
//! encodes each second (`points`, `buckets`, `line_protocol`) and hands the lines to a thread of its own, which posts them (`client`) and
//! keeps on disk what InfluxDB has not acknowledged (`spool`). [`push`](fn@push) sends later what is still there.

pub mod buckets;
mod client;
mod delivery;
mod error;
mod line_protocol;
pub mod names;
pub(crate) mod points;
mod push;
#[cfg(test)]
mod sample;
mod settings;
pub(crate) mod spool;
mod writer;

pub use client::check;
pub use error::InfluxError;
pub use push::{PushError, PushProgress, PushSettings, Pushed, push};
pub use settings::{Destination, InfluxSettings, SettingsError, Token};
pub use writer::{Delivery, InfluxOutput};
