//! `loadgen` and the real InfluxDB.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod check;
mod push;
mod run;
#[expect(dead_code, reason = "the tests of runs need more of it")]
#[path = "../run/target_server.rs"]
mod target_server;
