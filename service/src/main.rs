//! `service`: the REST service.

use std::process::ExitCode;

use service::health_check;
use service::settings::Invocation;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The settings are wrong.
const EXIT_USAGE: u8 = 2;
/// The service could not start, did not stop within its grace period, or is not healthy.
const EXIT_FAILURE: u8 = 1;

fn main() -> ExitCode {
    let outcome = match Invocation::from_command_line() {
        Ok(Invocation::Serve(settings)) => {
            service::logging::init(&settings.log);
            service::run(*settings).map_err(|error| error.to_string())
        }
        Ok(Invocation::CheckHealth(address)) => health_check::ask(address).map_err(|error| error.to_string()),
        Err(refusal) => {
            refusal.print();
            return ExitCode::from(if refusal.is_help() { 0 } else { EXIT_USAGE });
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(EXIT_FAILURE)
        }
    }
}
