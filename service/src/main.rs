//! `service`: the REST service.

use std::process::ExitCode;

use service::settings::Settings;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The settings are wrong.
const EXIT_USAGE: u8 = 2;
/// The service could not start, or did not stop within its grace period.
const EXIT_FAILURE: u8 = 1;

fn main() -> ExitCode {
    let settings = match Settings::from_command_line() {
        Ok(settings) => settings,
        Err(refusal) => {
            refusal.print();
            return ExitCode::from(if refusal.is_help() { 0 } else { EXIT_USAGE });
        }
    };
    service::logging::init(&settings.log);
    match service::run(settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(EXIT_FAILURE)
        }
    }
}
