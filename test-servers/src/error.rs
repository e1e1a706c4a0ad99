//! Why a server cannot be used.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

/// Why a server could not be started, stopped or asked. `Debug` prints the same sentence as `Display`, so that a test
/// may simply unwrap.
#[derive(thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum ServerError {
    #[error("{variable} is not set; run make test, or first: eval \"$(make -s test-env)\"")]
    NotInstalled { variable: &'static str },
    #[error("{server} cannot be run as {program:?} ({cause}); run make test, or first: eval \"$(make -s test-env)\"")]
    Spawn {
        server: &'static str,
        program: PathBuf,
        cause: io::Error,
    },
    #[error("{server} ended ({status}) before it was ready; its log ends with\n{log}")]
    Ended {
        server: &'static str,
        status: ExitStatus,
        log: String,
    },
    #[error("{server} was not {state} within {} s; its log ends with\n{log}", patience.as_secs())]
    Late {
        server: &'static str,
        state: &'static str,
        patience: Duration,
        log: String,
    },
    #[error("{server} is not running; restart() starts it again")]
    NotRunning { server: &'static str },
    #[error("a Docker daemon for the tests needs root; run as root, or set DOCKER_HOST to a daemon that they may use")]
    NotRoot,
    #[error(
        "{server} has no image of {program}, which is not built; run make test, or first: cargo test --workspace --no-run"
    )]
    NotBuilt {
        server: &'static str,
        program: &'static str,
    },
    #[error("{command} failed ({status}): {output}")]
    Command {
        command: String,
        status: ExitStatus,
        output: String,
    },
    #[error("{server} did not answer: {cause}")]
    Unreachable { server: &'static str, cause: String },
    #[error("{server} answered {status} to {request}: {body}")]
    Refused {
        server: &'static str,
        request: String,
        status: u16,
        body: String,
    },
    #[error("{server} gave an answer that cannot be read ({cause}): {body}")]
    Unreadable {
        server: &'static str,
        cause: String,
        body: String,
    },
    #[error("the operating system refused a file, a port or a signal for {server}: {cause}")]
    System { server: &'static str, cause: io::Error },
}

impl fmt::Debug for ServerError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")
    }
}
