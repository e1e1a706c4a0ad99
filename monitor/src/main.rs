//! `monitor`: tools of the monitor host.

mod cli;
#[cfg(feature = "demo")]
mod demo;

use std::process::ExitCode;

use clap::Parser as _;

use cli::{Cli, Command, CommandError};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let Cli { json, command } = Cli::parse();
    let done = match command {
        Command::Up(arguments) => on_runtime(cli::up::run(arguments, json)),
        Command::Down(arguments) => on_runtime(cli::down::run(arguments, json)),
        Command::Status(arguments) => on_runtime(cli::status::run(arguments, json)),
        Command::Logs(arguments) => on_runtime(cli::logs::run(arguments, json)),
        Command::Secrets(arguments) => on_runtime(cli::secrets::run(arguments, json)),
        Command::Backup(arguments) => on_runtime(cli::backup::run(*arguments, json)),
        Command::Restore(arguments) => on_runtime(cli::restore::run(arguments, json)),
        Command::Doctor(arguments) => on_runtime(cli::doctor::run(arguments, json)),
        Command::Watchdog(arguments) => on_runtime(cli::watchdog::run(arguments, json)),
        Command::Dashboards(command) => command.run(json),
        #[cfg(feature = "demo")]
        Command::Demo(arguments) => Ok(demo::run(&arguments)),
    };
    ExitCode::from(done.unwrap_or_else(|error| error.report(json)))
}

/// Runs a command that talks to servers; gives its exit status.
fn on_runtime(command: impl Future<Output = Result<u8, CommandError>>) -> Result<u8, CommandError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(CommandError::NoThreads)?;
    let status = runtime.block_on(command);
    // A disk that hangs would keep the program from ending.
    runtime.shutdown_background();
    status
}
