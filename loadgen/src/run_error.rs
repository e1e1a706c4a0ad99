//! Why a run could not be done.

use crate::outcome::{Failure, FailureKind};
use crate::target::{Scheme, Target};
use crate::threshold::UnknownSelection;
use crate::tls::TlsError;

/// Why a run could not be done; each is one sentence that says what happened and what to do.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A threshold is about something that the scenario does not have.
    #[error(transparent)]
    Threshold(#[from] UnknownSelection),
    /// A segment has no virtual user.
    #[error("segment {segment} of {vus} virtual users has none; use more --vus or fewer segments")]
    EmptySegment {
        /// As typed.
        segment: String,
        /// Virtual users of the whole run.
        vus: u32,
    },
    /// A segment has no row of a data file.
    #[error("a data file of the scenario has no row for segment {segment}; use more rows or fewer segments")]
    NoRows {
        /// As typed.
        segment: String,
    },
    /// The time at which to start is over.
    #[error(
        "--start-at {start_at} has passed; give a time by which every generator is ready, e.g. half a minute from now"
    )]
    StartPassed {
        /// RFC 3339.
        start_at: String,
    },
    /// The process may not open enough connections.
    #[error(
        "{vus} virtual users need {needed} open files, the limit is {limit}; raise it (ulimit -n {needed}) or use fewer --vus"
    )]
    TooFewFiles {
        /// Virtual users.
        vus: u32,
        /// Descriptors needed.
        needed: u64,
        /// Descriptors allowed.
        limit: u64,
    },
    /// The host could not be resolved.
    #[error("the host `{host}` could not be resolved ({reason}); check its spelling and the network's DNS")]
    Dns {
        /// The host.
        host: String,
        /// The resolver's words.
        reason: String,
    },
    /// There are entries of `--resolve`, and none is for the host that is connected to.
    #[error(
        "no --resolve entry is for {host} port {port}, which this run connects to; correct the entry, or leave it out to \
         use the network's DNS"
    )]
    NoEntry {
        /// The host.
        host: String,
        /// The port.
        port: u16,
    },
    /// TLS could not be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The first request got no answer.
    #[error("{request}: no answer, so the run was not started: {reason}; {advice}")]
    NoAnswer {
        /// Method and URL.
        request: String,
        /// What happened.
        reason: String,
        /// What to do.
        advice: String,
    },
    /// The scenario could not create what it needs.
    #[error(
        "set-up failed: {request}: {reason}; check the base URL, and that the target offers what the scenario needs"
    )]
    SetUp {
        /// Method and URL.
        request: String,
        /// What happened.
        reason: String,
    },
    /// Set-up failed, and what it had created could not be removed.
    #[error("{error}; {left}")]
    LeftBehind {
        /// Why the run was given up.
        error: Box<RunError>,
        /// What is left.
        left: String,
    },
    /// The run was interrupted before there was anything to record.
    #[error("interrupted before the first answer")]
    Interrupted,
    /// The system refuses threads or the like.
    #[error("the generator could not start: {0}; free some memory or threads, or use fewer --vus")]
    System(#[from] std::io::Error),
}

impl RunError {
    /// Whether the user ended the run.
    pub fn is_interruption(&self) -> bool {
        match self {
            Self::Interrupted => true,
            Self::LeftBehind { error, .. } => error.is_interruption(),
            _ => false,
        }
    }

    /// The opening request failed.
    pub(crate) fn no_answer(request: String, failure: &Failure, target: &Target) -> Self {
        let (host, port) = (target.host(), target.port());
        let advice = match failure.kind {
            _ if failure.cause.is_proxy() => "check --proxy, and the proxy's log".to_owned(),
            FailureKind::ConnectRefused => {
                format!("nothing listens at {host} port {port}: start the target, or correct host and port")
            }
            FailureKind::ConnectTimeout => {
                format!("{host} port {port} does not react: check address, firewall and security groups, or raise --timeout")
            }
            FailureKind::Timeout => {
                "the target accepts connections but does not answer: check its health, or raise --timeout".to_owned()
            }
            FailureKind::Tls if target.scheme() == Scheme::Https => {
                "check the certificate (--cacert to trust another authority, --insecure to trust anything) and that the \
                 port speaks TLS"
                    .to_owned()
            }
            FailureKind::Protocol => {
                "the port speaks something else than was asked for: check scheme and port, and --http2".to_owned()
            }
            FailureKind::NoLocalPort | FailureKind::TooManyFiles | FailureKind::OutOfMemory => {
                "this machine has no room for another connection: end what else holds some, or use another machine".to_owned()
            }
            FailureKind::Reset | FailureKind::Closed if target.scheme() == Scheme::Http => {
                "check the target's log, and whether the port wants https".to_owned()
            }
            _ => "check the target's log and the way to it".to_owned(),
        };
        Self::NoAnswer {
            request,
            reason: failure.describe(),
            advice,
        }
    }
}
