//! How a request can end.

use std::io;

use rustix::io::Errno;

/// Characters of a sentence that has words of the target in it.
const LONGEST_SENTENCE: usize = 256;

/// Why a request got no usable answer; the names are keys of a summary's `status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u16)]
pub(crate) enum FailureKind {
    /// Nothing listens at the address.
    ConnectRefused,
    /// The connection, TLS handshake included, was not there in time.
    ConnectTimeout,
    /// The connection could not be opened for another reason (no route, a proxy that refuses, …).
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
    /// The answer is not HTTP of the version that was asked for.
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
    /// The generator has no local port left for another connection to this address.
    NoLocalPort,
    /// The generator may not open another file.
    TooManyFiles,
    /// The generator's system has no memory for another connection.
    OutOfMemory,
}

impl FailureKind {
    /// All kinds, in the order of their numbers.
    pub(crate) const ALL: [Self; 17] = [
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
        Self::NoLocalPort,
        Self::TooManyFiles,
        Self::OutOfMemory,
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
            Self::NoLocalPort => "no_local_port",
            Self::TooManyFiles => "too_many_open_files",
            Self::OutOfMemory => "out_of_memory",
        }
    }

    /// The kind of an error that says the generator's own system has run out of something.
    fn of_exhaustion(error: &io::Error) -> Option<Self> {
        match Errno::from_io_error(error)? {
            Errno::ADDRNOTAVAIL => Some(Self::NoLocalPort),
            Errno::MFILE | Errno::NFILE => Some(Self::TooManyFiles),
            Errno::NOBUFS | Errno::NOMEM => Some(Self::OutOfMemory),
            _ => None,
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
    /// An error of HTTP/2; boxed, since results are passed around with every request.
    Http2(Box<h2::Error>),
    /// The way to the proxy failed.
    ProxyIo(io::Error),
    /// A sentence of our own on what the proxy did.
    ProxyText(&'static str),
    /// The proxy refused to open a tunnel, with this status.
    ProxyStatus(u16),
}

impl Cause {
    /// Whether it was the proxy that failed, not the target.
    pub(crate) fn is_proxy(&self) -> bool {
        matches!(self, Self::ProxyIo(_) | Self::ProxyText(_) | Self::ProxyStatus(_))
    }
}

impl Failure {
    pub(crate) fn text(kind: FailureKind, text: &'static str) -> Self {
        Self {
            kind,
            cause: Cause::Text(text),
            sent: true,
        }
    }

    /// A failure before any byte of the request was sent.
    pub(crate) fn unsent(kind: FailureKind, cause: Cause) -> Self {
        Self {
            kind,
            cause,
            sent: false,
        }
    }

    /// Classifies an error met while connecting.
    pub(crate) fn connecting(error: io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::ConnectionRefused => FailureKind::ConnectRefused,
            io::ErrorKind::TimedOut => FailureKind::ConnectTimeout,
            io::ErrorKind::ConnectionReset => FailureKind::Reset,
            _ => FailureKind::of_exhaustion(&error).unwrap_or(FailureKind::ConnectFailed),
        };
        Self::unsent(kind, Cause::Io(error))
    }

    /// Classifies an error met during the TLS handshake.
    pub(crate) fn handshaking(error: io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => FailureKind::Reset,
            _ => FailureKind::Tls,
        };
        Self::unsent(kind, Cause::Io(error))
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
            _ => FailureKind::of_exhaustion(&error).unwrap_or(FailureKind::Reset),
        };
        Self {
            kind,
            cause: Cause::Io(error),
            sent: true,
        }
    }

    /// Classifies an error of HTTP/2 met while a request was under way.
    pub(crate) fn http2(error: h2::Error) -> Self {
        let kind = if error.is_io() {
            match error.get_io().map(io::Error::kind) {
                // How h2 reports that the connection ended under open streams.
                Some(io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof) => FailureKind::Closed,
                Some(io::ErrorKind::InvalidData) => FailureKind::Tls,
                Some(io::ErrorKind::TimedOut) => FailureKind::Timeout,
                _ => FailureKind::Reset,
            }
        } else if error.is_go_away() && error.is_remote() {
            FailureKind::Closed
        } else if error.is_reset() && error.is_remote() {
            FailureKind::Reset
        } else {
            FailureKind::Protocol
        };
        Self {
            kind,
            cause: Cause::Http2(Box::new(error)),
            sent: true,
        }
    }

    /// The same failure, met on the way to the proxy.
    pub(crate) fn at_proxy(self) -> Self {
        let cause = match self.cause {
            Cause::Io(error) => Cause::ProxyIo(error),
            Cause::Text(text) => Cause::ProxyText(text),
            other => other,
        };
        Self { cause, ..self }
    }

    /// One sentence.
    pub(crate) fn describe(&self) -> String {
        match &self.cause {
            Cause::Io(error) => error.to_string(),
            Cause::Text(text) => (*text).to_owned(),
            // What a target says when it goes away is of its own choosing, and up to 16 KiB.
            Cause::Http2(error) => format!("HTTP/2: {error}").chars().take(LONGEST_SENTENCE).collect(),
            Cause::ProxyIo(error) => format!("the proxy: {error}"),
            Cause::ProxyText(text) => format!("the proxy: {text}"),
            Cause::ProxyStatus(407) => "the proxy wants other credentials (status 407 to CONNECT)".to_owned(),
            Cause::ProxyStatus(status) => {
                format!("the proxy opened no way to the target (status {status} to CONNECT)")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_places_in_the_list() {
        for (place, kind) in FailureKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, place, "{}", kind.name());
        }
    }

    #[test]
    fn what_the_generator_lacks_is_told_from_what_the_target_does() {
        let kind = |errno: Errno| Failure::connecting(errno.into()).kind;
        assert_eq!(kind(Errno::ADDRNOTAVAIL), FailureKind::NoLocalPort);
        assert_eq!(kind(Errno::MFILE), FailureKind::TooManyFiles);
        assert_eq!(kind(Errno::NFILE), FailureKind::TooManyFiles);
        assert_eq!(kind(Errno::NOBUFS), FailureKind::OutOfMemory);
        assert_eq!(kind(Errno::NOMEM), FailureKind::OutOfMemory);
        assert_eq!(kind(Errno::CONNREFUSED), FailureKind::ConnectRefused);
        assert_eq!(kind(Errno::HOSTUNREACH), FailureKind::ConnectFailed);
        assert_eq!(Failure::exchanging(Errno::NOBUFS.into()).kind, FailureKind::OutOfMemory);
    }
}
