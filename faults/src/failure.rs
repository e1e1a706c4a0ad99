//! Why a scenario ended before its end.

use std::io;

use test_servers::ServerError;

/// Why a scenario did not pass.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// What was promised did not hold; one sentence that says what was seen.
    #[error("{0}")]
    Broken(String),
    /// A server of the scenario cannot be used.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The operating system refused something.
    #[error("{what}: {cause}")]
    System { what: String, cause: io::Error },
    /// Ctrl-C or SIGTERM.
    #[error("interrupted")]
    Interrupted,
}

impl Failure {
    /// What was promised did not hold.
    pub(crate) fn broken(seen: impl Into<String>) -> Self {
        Self::Broken(seen.into())
    }

    /// For `map_err`: what was tried when the system refused.
    pub(crate) fn system(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        move |cause| Self::System {
            what: what.into(),
            cause,
        }
    }
}
