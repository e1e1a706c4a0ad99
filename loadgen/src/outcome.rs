//! How a request can end.

use std::io;

/// Why a request got no usable answer; the names are keys of a summary's `status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u16)]
pub(crate) enum FailureKind {
    /// Nothing listens at the address.
    ConnectRefused,
    /// The connection, TLS handshake included, was not there in time.
    ConnectTimeout,
    /// The connection could not be opened for another reason (no route, no local port, …).
    ConnectFailed,
    /// The answer was not complete in time.
    Timeout,
    /// The connection was reset.
    Reset,
    /// The connection was closed before the answer was complete.
    Closed,
    /// The host's name could not be resolved.
    Dns,
    /// The TLS handshake or a TLS record failed.
    Tls,
    /// The answer is not HTTP/1.
    Protocol,
    /// No answer had come when the graceful stop ran out.
    Unfinished,
    /// The status was as expected, the body was not.
    UnexpectedBody,
    /// The status was as expected, a header was not.
    UnexpectedHeader,
    /// The answer was as expected, but took longer than a check allows.
    TooSlow,
    /// The answer lacks something that later requests need.
    CaptureFailed,
}

impl FailureKind {
    /// All kinds, in the order of their numbers.
    pub(crate) const ALL: [Self; 14] = [
        Self::ConnectRefused,
        Self::ConnectTimeout,
        Self::ConnectFailed,
        Self::Timeout,
        Self::Reset,
        Self::Closed,
        Self::Dns,
        Self::Tls,
        Self::Protocol,
        Self::Unfinished,
        Self::UnexpectedBody,
        Self::UnexpectedHeader,
        Self::TooSlow,
        Self::CaptureFailed,
    ];

    /// The key in a summary.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ConnectRefused => "connect_refused",
            Self::ConnectTimeout => "connect_timeout",
            Self::ConnectFailed => "connect_failed",
            Self::Timeout => "timeout",
            Self::Reset => "reset",
            Self::Closed => "closed",
            Self::Dns => "dns",
            Self::Tls => "tls",
            Self::Protocol => "protocol",
            Self::Unfinished => "unfinished",
            Self::UnexpectedBody => "unexpected_body",
            Self::UnexpectedHeader => "unexpected_header",
            Self::TooSlow => "too_slow",
            Self::CaptureFailed => "capture_failed",
        }
    }
}

/// A failure and what is known of its cause, rendered only when somebody wants to read it.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) kind: FailureKind,
    pub(crate) cause: Cause,
    /// Whether any byte of the request had been handed to the system when it failed.
    pub(crate) sent: bool,
}

/// What a failure's sentence is made from.
#[derive(Debug)]
pub(crate) enum Cause {
    /// An error of the system or of TLS.
    Io(io::Error),
    /// A sentence of our own.
    Text(&'static str),
}

impl Failure {
    pub(crate) fn text(kind: FailureKind, text: &'static str) -> Self {
        Self {
            kind,
            cause: Cause::Text(text),
            sent: true,
        }
    }

    /// Classifies an error met while connecting.
    pub(crate) fn connecting(error: io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::ConnectionRefused => FailureKind::ConnectRefused,
            io::ErrorKind::TimedOut => FailureKind::ConnectTimeout,
            io::ErrorKind::ConnectionReset => FailureKind::Reset,
            _ => FailureKind::ConnectFailed,
        };
        Self {
            kind,
            cause: Cause::Io(error),
            sent: false,
        }
    }

    /// Classifies an error met during the TLS handshake.
    pub(crate) fn handshaking(error: io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => FailureKind::Reset,
            _ => FailureKind::Tls,
        };
        Self {
            kind,
            cause: Cause::Io(error),
            sent: false,
        }
    }

    /// Classifies an error met while sending or receiving.
    pub(crate) fn exchanging(error: io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionAborted => {
                FailureKind::Reset
            }
            // rustls reports a connection that ended without its closing alert so.
            io::ErrorKind::UnexpectedEof => FailureKind::Closed,
            io::ErrorKind::InvalidData => FailureKind::Tls,
            io::ErrorKind::TimedOut => FailureKind::Timeout,
            _ => FailureKind::Reset,
        };
        Self {
            kind,
            cause: Cause::Io(error),
            sent: true,
        }
    }

    /// One sentence.
    pub(crate) fn describe(&self) -> String {
        match &self.cause {
            Cause::Io(error) => error.to_string(),
            Cause::Text(text) => (*text).to_owned(),
        }
    }
}
