//! `monitor`: tools of the monitor host.

#[cfg(feature = "demo")]
mod demo;

use std::process::ExitCode;

use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Tools of the monitor host.
#[derive(Debug, Parser)]
#[command(name = "monitor", version, max_term_width = 120)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Run the service on its embedded store and put it under load
    #[cfg(feature = "demo")]
    Demo(demo::Arguments),
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        #[cfg(feature = "demo")]
        Command::Demo(arguments) => demo::run(arguments),
    }
}
