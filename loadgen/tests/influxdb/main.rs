//! `loadgen` and the real InfluxDB.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod check;
mod push;
mod run;
#[path = "../run/target_server.rs"]
mod target_server;
