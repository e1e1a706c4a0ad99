//! `loadgen run` from outside: the real binary against real servers.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod answers;
mod command;
mod interrupts;
mod items;
mod items_server;
mod outputs;
mod scenarios;
mod starts;
mod target_server;
