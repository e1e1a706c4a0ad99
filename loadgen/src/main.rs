//! The command `loadgen`.

mod cli;
mod redact;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command, Failure};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let command_line: Vec<String> = std::env::args_os()
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    let done = match Cli::parse().command {
        Command::Run(args) => args.run(&command_line),
        Command::Capacity(args) => args.run(&command_line),
        Command::Merge(args) => args.run(),
        Command::Compare(args) => args.run(),
        Command::Push(args) => args.run(),
        Command::Check(args) => args.run(),
        Command::Completions(args) => args.run(),
        Command::Man(args) => args.run(),
    };
    ExitCode::from(done.unwrap_or_else(Failure::tell))
}
