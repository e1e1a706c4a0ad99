//! `loadgen run` from outside: the real binary against real servers.

mod answers;
mod command;
mod interrupts;
mod items;
mod items_server;
mod outputs;
mod starts;
mod target_server;
