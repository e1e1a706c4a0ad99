//! `monitor doctor` and `monitor watchdog` from outside: the real binary against real servers, and Grafana's stub in place of Grafana.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod broken_servers;
mod command_line;
mod containers;
mod exported;
mod host;
mod local;
mod panels_after_a_run;
mod program_doubles;
mod provisioned;
mod storage;
mod units;
mod watchdog;
