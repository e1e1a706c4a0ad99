//! One exchange over HTTP/1.1.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{Client, Connection, Outgoing, Received};
use crate::outcome::{Failure, FailureKind};
use crate::response::Progress;

/// The largest head that is read.
const MAX_HEAD: usize = 256 * 1024;

/// How far one exchange is.
pub(super) struct Http1Exchange {
    sending: bool,
    written: usize,
    write_error: Option<io::Error>,
    pub(super) waited: bool,
}

impl Http1Exchange {
    pub(super) fn new() -> Self {
        Self {
            sending: true,
            written: 0,
            write_error: None,
            waited: false,
        }
    }

    /// Bytes of the request that have been handed to the system.
    pub(super) fn written(&self) -> usize {
        self.written
    }
}

impl Client {
    #[inline]
    pub(super) fn poll_http1(
        &mut self,
        context: &mut Context<'_>,
        outgoing: &Outgoing<'_>,
        exchange: &mut Http1Exchange,
    ) -> Poll<Result<u16, Failure>> {
        let Some(Connection::Http1(stream)) = &mut self.connection else {
            return Poll::Ready(Err(Failure::text(FailureKind::Closed, "the connection is closed")));
        };
        while exchange.sending {
            let bytes = outgoing.unsent(exchange.written);
            if bytes.is_empty() {
                match Pin::new(&mut *stream).poll_flush(context) {
                    Poll::Ready(result) => {
                        exchange.sending = false;
                        exchange.write_error = result.err();
                    }
                    Poll::Pending => break,
                }
                continue;
            }
            match Pin::new(&mut *stream).poll_write(context, bytes) {
                Poll::Ready(Ok(count)) if count > 0 => exchange.written += count,
                Poll::Ready(result) => {
                    // The target may have answered before it stopped reading, so the answer is looked for all the same.
                    exchange.sending = false;
                    exchange.write_error = Some(result.err().unwrap_or_else(|| io::ErrorKind::BrokenPipe.into()));
                }
                Poll::Pending => break,
            }
        }
        // Nothing below gives control to another task while this is borrowed.
        let Received { bytes, heads } = &mut *self.context.received.borrow_mut();
        loop {
            let mut buffer = ReadBuf::new(bytes);
            let result = ready!(Pin::new(&mut *stream).poll_read(context, &mut buffer));
            let count = buffer.filled().len();
            match result {
                Ok(()) if count > 0 => {}
                Ok(()) => {
                    if self.reader.ends_with_close() {
                        return Poll::Ready(Ok(self.reader.status()));
                    }
                    if let Some(error) = exchange.write_error.take() {
                        return Poll::Ready(Err(Failure::exchanging(error)));
                    }
                    let text = if self.received == 0 {
                        "the target closed the connection without answering"
                    } else {
                        "the target closed the connection in the middle of the answer"
                    };
                    return Poll::Ready(Err(Failure::text(FailureKind::Closed, text)));
                }
                Err(error) => {
                    // Many servers end TLS without its closing alert; a body that ends with the connection is complete.
                    if error.kind() == io::ErrorKind::UnexpectedEof && self.reader.ends_with_close() {
                        return Poll::Ready(Ok(self.reader.status()));
                    }
                    return Poll::Ready(Err(Failure::exchanging(error)));
                }
            }
            self.received += count as u64;
            let received = &bytes[..count];
            let advanced = if self.head.is_empty() {
                self.reader.advance(received, &mut self.kept, heads)
            } else {
                self.head.extend_from_slice(received);
                self.reader.advance(&self.head, &mut self.kept, heads)
            };
            match advanced {
                Ok(Progress::Done) => return Poll::Ready(Ok(self.reader.status())),
                Ok(Progress::MoreBody) => self.head.clear(),
                Ok(Progress::MoreHead) => {
                    if self.head.is_empty() {
                        self.head.extend_from_slice(received);
                    }
                    if self.head.len() >= MAX_HEAD {
                        let text = "the response has a head of more than 256 KiB";
                        return Poll::Ready(Err(Failure::text(FailureKind::Protocol, text)));
                    }
                }
                Err(text) => return Poll::Ready(Err(Failure::text(FailureKind::Protocol, text))),
            }
        }
    }
}
