//! The command `loadgen`.

mod cli;
mod redact;

use std::process::ExitCode;

use clap::Parser;

use cli::{COULD_NOT_RUN, Cli, Command, colours, complain};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let command_line: Vec<String> = std::env::args_os()
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    let (on_stdout, on_stderr) = colours();
    let done = match Cli::parse().command {
        Command::Run(args) => Ok(args.run(&command_line)),
        Command::Capacity(args) => Ok(args.run(&command_line)),
        Command::Merge(args) => args.run(on_stdout, on_stderr),
        Command::Compare(args) => args.run(on_stdout, on_stderr),
        Command::Push(args) => Ok(args.run()),
        Command::Check(args) => Ok(args.run()),
        Command::Completions(args) => Ok(args.run()),
        Command::Man(args) => Ok(args.run()),
    };
    ExitCode::from(done.unwrap_or_else(|error| complain(&*error, COULD_NOT_RUN)))
}
