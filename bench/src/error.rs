//! Why something could not be measured.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

use test_servers::ServerError;

use crate::scaling::ScalingError;

/// Why something could not be measured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BenchError {
    #[error(transparent)]
    Server(#[from] ServerError),
    #[error(transparent)]
    Scaling(#[from] ScalingError),
    #[error("{what}: {cause}")]
    System { what: String, cause: io::Error },
    #[error("{path:?} is not there; make bench builds or gets it")]
    Missing { path: PathBuf },
    #[error("{tool} failed ({status}): {output}")]
    Tool {
        tool: String,
        status: ExitStatus,
        output: String,
    },
    #[error("what {from} said cannot be read: {cause}")]
    Unreadable { from: String, cause: String },
    #[error(
        "the figures that would stay are of another machine ({0}); measure all groups, or remove bench/figures.json first"
    )]
    OtherMachine(String),
    #[error("{0}")]
    Wrong(String),
    #[error("/proc could not be read, which only Linux has: {0}")]
    Proc(#[from] procfs::ProcError),
    #[error("a server did not answer: {0}")]
    Http(#[from] reqwest::Error),
}

impl BenchError {
    /// For `map_err`: what was done when the system refused.
    pub(crate) fn system(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |cause| Self::System { what, cause }
    }

    /// For `map_err`: whose words could not be read.
    pub(crate) fn unreadable<E: std::fmt::Display>(from: impl Into<String>) -> impl FnOnce(E) -> Self {
        let from = from.into();
        move |cause| Self::Unreadable {
            from,
            cause: cause.to_string(),
        }
    }
}
