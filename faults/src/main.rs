//! `faults`: the real service and loadgen while their servers, disks, memory and clients misbehave.
//!
//! A scenario puts load on the service ([`trial`]), with clients that judge every answer by what they wrote
//! ([`checking_client`], [`ledger`]) and with loadgen beside them ([`load_run`]); does one thing to it; and compares
//! everything at the end.

mod answer;
mod campaign;
mod checking_client;
mod cli;
mod connection;
mod context;
mod failure;
mod ledger;
mod load_run;
mod memory;
mod report;
mod scenarios;
mod tally;
mod trial;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    campaign::run(&cli::Arguments::parse())
}
