//! `loadgen run` from outside: the real binary against real servers.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod answers;
mod certificate;
mod command;
mod commands;
mod http2;
mod http2_server;
mod interrupts;
mod items;
mod items_server;
mod open_model;
mod outputs;
mod proxy_server;
mod results;
mod scenarios;
mod starts;
mod target_server;
mod terminal;
mod transport;
