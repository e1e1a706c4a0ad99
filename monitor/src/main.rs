//! `monitor`: tools of the monitor host.

mod cli;
#[cfg(feature = "demo")]
mod demo;

use std::io;
use std::process::ExitCode;

use clap::Parser as _;

use cli::{Cli, Command};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let json = cli.json;
    match cli.command {
        Command::Up(arguments) => on_runtime(json, cli::up::run(arguments, json)),
        Command::Down(arguments) => on_runtime(json, cli::down::run(arguments, json)),
        Command::Status(arguments) => on_runtime(json, cli::status::run(arguments, json)),
        Command::Logs(arguments) => on_runtime(json, cli::logs::run(arguments, json)),
        Command::Secrets(arguments) => on_runtime(json, cli::secrets::run(arguments, json)),
        Command::Backup(arguments) => on_runtime(json, cli::backup::run(*arguments, json)),
        Command::Restore(arguments) => on_runtime(json, cli::restore::run(arguments, json)),
        Command::Doctor(arguments) => on_runtime(json, cli::doctor::run(arguments, json)),
        Command::Watchdog(arguments) => on_runtime(json, cli::watchdog::run(arguments, json)),
        Command::Dashboards(command) => command.run(json),
        #[cfg(feature = "demo")]
        Command::Demo(arguments) => demo::run(&arguments),
    }
}

/// Runs a command that talks to servers; gives its exit status.
fn on_runtime(json: bool, command: impl Future<Output = u8>) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    ExitCode::from(match runtime {
        Ok(runtime) => {
            let status = runtime.block_on(command);
            // A disk that hangs would keep the program from ending.
            runtime.shutdown_background();
            status
        }
        Err(reason) => no_runtime(&reason, json),
    })
}

fn no_runtime(reason: &io::Error, json: bool) -> u8 {
    let message = format!("the system gave no threads to run on ({reason}); free some memory or processes");
    cli::complain(&message, json)
}
