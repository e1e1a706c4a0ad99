//! `loadgen` and the real InfluxDB.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../run/certificate.rs"]
mod certificate;
mod check;
#[expect(dead_code, reason = "the tests of runs need more of it")]
#[path = "../run/command.rs"]
mod command;
mod push;
mod run;
#[expect(dead_code, reason = "the tests of runs need more of it")]
#[path = "../run/target_server.rs"]
mod target_server;
