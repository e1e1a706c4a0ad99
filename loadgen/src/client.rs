//! One virtual user's HTTP client: a keep-alive connection, a receive buffer and one timer, all reused.

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep_until, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::outcome::{Cause, Failure, FailureKind};
use crate::request::PreparedRequest;
use crate::response::{Kept, Progress, ResponseReader};
use crate::stage::{Stage, StageCell};

/// Room for a response's head and for each piece of its body.
const BUFFER: usize = 16 * 1024;
/// The largest head that is read; the buffer grows for it.
const MAX_HEAD: usize = 256 * 1024;

/// Where and how to connect.
#[derive(Clone)]
pub(crate) struct Endpoint {
    pub(crate) addresses: Arc<[SocketAddr]>,
    pub(crate) tls: Option<(TlsConnector, ServerName<'static>)>,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    #[inline]
    fn poll_read(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }

    #[inline]
    fn poll_write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    #[inline]
    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(_) => Poll::Ready(Ok(())),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }
}

/// A client of one virtual user.
pub(crate) struct Client {
    endpoint: Rc<Endpoint>,
    /// Index of the address that last accepted a connection.
    address: usize,
    stream: Option<Stream>,
    reader: ResponseReader,
    /// What was kept of the last answer.
    pub(crate) kept: Kept,
    buffer: Vec<u8>,
    timeout: Duration,
    timer: Pin<Box<Sleep>>,
    timer_armed: bool,
    stage: Rc<StageCell>,
    /// Bytes of the last request written, framing of TLS left out.
    pub(crate) sent: u64,
    /// Bytes of the last answer read, framing of TLS left out.
    pub(crate) received: u64,
}

impl Client {
    /// A client that is not connected yet; `number` spreads clients over the target's addresses.
    pub(crate) fn new(endpoint: Rc<Endpoint>, number: usize, timeout: Duration, stage: Rc<StageCell>) -> Self {
        let address = number % endpoint.addresses.len().max(1);
        Self {
            endpoint,
            address,
            stream: None,
            reader: ResponseReader::new(),
            kept: Kept::new(),
            buffer: vec![0; BUFFER],
            timeout,
            timer: Box::pin(sleep_until(tokio::time::Instant::now())),
            timer_armed: false,
            stage,
            sent: 0,
            received: 0,
        }
    }

    /// How long one exchange may take.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Whether the load has been stopped.
    pub(crate) fn stopping(&self) -> bool {
        self.stage.get() >= Stage::Stop
    }

    /// Sends a request and reads its answer; gives the status code.
    ///
    /// The timeout counts from `now`, when the request became due, and covers opening a connection. A connection that
    /// the target closed while it lay idle is replaced without a failure, for nothing was lost with it; once a byte of
    /// the request has been sent, whatever happens is the request's outcome: a second attempt would make the target see
    /// requests that are not in the figures.
    pub(crate) async fn exchange(&mut self, request: &PreparedRequest, now: Instant) -> Result<u16, Failure> {
        self.sent = 0;
        self.received = 0;
        if let Some(refusal) = request.refusal() {
            return Err(Failure {
                kind: FailureKind::CaptureFailed,
                cause: Cause::Text(refusal.describe()),
                sent: false,
            });
        }
        let deadline = now + self.timeout;
        if self.stream.is_some() {
            poll_fn(|context| {
                self.drop_if_stale(context);
                Poll::Ready(())
            })
            .await;
        }
        if self.stream.is_none() {
            self.connect(deadline).await?;
        }
        self.reader.start(request.is_head(), &mut self.kept);
        if self.timer.is_elapsed() {
            self.arm_timer(deadline);
        }
        let mut transfer = Transfer::default();
        let result = poll_fn(|context| self.poll_exchange(context, request, deadline, &mut transfer)).await;
        self.sent = transfer.written as u64;
        match &result {
            Ok(_) if self.reader.keep_alive() && !request.closes() && transfer.written == request.len() => {}
            _ => self.stream = None,
        }
        if self.buffer.len() > BUFFER {
            self.buffer.truncate(BUFFER);
            self.buffer.shrink_to_fit();
        }
        result
    }

    /// An idle connection must have nothing to read: an end or a reset means it is gone, bytes that it is out of step.
    /// No system call is made unless the reactor has seen something.
    #[inline]
    fn drop_if_stale(&mut self, context: &mut Context<'_>) {
        if let Some(stream) = &mut self.stream {
            let mut buffer = ReadBuf::new(&mut self.buffer);
            if stream.poll_read(context, &mut buffer).is_ready() {
                self.stream = None;
            }
        }
    }

    fn arm_timer(&mut self, deadline: Instant) {
        self.timer.as_mut().reset(deadline.into());
        self.timer_armed = false;
    }

    fn poll_exchange(
        &mut self,
        context: &mut Context<'_>,
        request: &PreparedRequest,
        deadline: Instant,
        transfer: &mut Transfer,
    ) -> Poll<Result<u16, Failure>> {
        let polled = self.poll_transfer(context, request, transfer);
        if polled.is_ready() {
            return polled;
        }
        // The first time a request has to wait, a timer that is armed has not fired: `exchange` has just looked.
        if !std::mem::replace(&mut transfer.waited, true) && self.timer_armed {
            return Poll::Pending;
        }
        if self.stage.get() == Stage::Cut {
            let text = "no answer had come when the graceful stop ran out";
            return Poll::Ready(Err(Failure::text(FailureKind::Unfinished, text)));
        }
        while self.timer.as_mut().poll(context).is_ready() {
            if Instant::now() >= deadline {
                let text = if self.reader.status() == 0 {
                    "no answer within the timeout"
                } else {
                    "the answer was not complete within the timeout"
                };
                return Poll::Ready(Err(Failure::text(FailureKind::Timeout, text)));
            }
            self.arm_timer(deadline);
        }
        self.timer_armed = true;
        Poll::Pending
    }

    #[inline]
    fn poll_transfer(
        &mut self,
        context: &mut Context<'_>,
        request: &PreparedRequest,
        transfer: &mut Transfer,
    ) -> Poll<Result<u16, Failure>> {
        let Some(stream) = &mut self.stream else {
            return Poll::Ready(Err(Failure::text(FailureKind::Closed, "the connection is closed")));
        };
        while transfer.sending {
            let bytes = request.unsent(transfer.written);
            if bytes.is_empty() {
                match stream.poll_flush(context) {
                    Poll::Ready(result) => {
                        transfer.sending = false;
                        transfer.write_error = result.err();
                    }
                    Poll::Pending => break,
                }
                continue;
            }
            match stream.poll_write(context, bytes) {
                Poll::Ready(Ok(count)) if count > 0 => transfer.written += count,
                Poll::Ready(result) => {
                    // The target may have answered before it stopped reading, so the answer is looked for all the same.
                    transfer.sending = false;
                    transfer.write_error = Some(result.err().unwrap_or_else(|| io::ErrorKind::BrokenPipe.into()));
                }
                Poll::Pending => break,
            }
        }
        loop {
            let mut buffer = ReadBuf::new(&mut self.buffer[transfer.filled..]);
            let result = ready!(stream.poll_read(context, &mut buffer));
            let count = buffer.filled().len();
            match result {
                Ok(()) if count > 0 => {}
                Ok(()) => {
                    if self.reader.ends_with_close() {
                        return Poll::Ready(Ok(self.reader.status()));
                    }
                    if let Some(error) = transfer.write_error.take() {
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
            let available = transfer.filled + count;
            match self.reader.advance(&self.buffer[..available], &mut self.kept) {
                Ok(Progress::Done) => return Poll::Ready(Ok(self.reader.status())),
                Ok(Progress::MoreBody) => transfer.filled = 0,
                Ok(Progress::MoreHead) => {
                    transfer.filled = available;
                    if available == self.buffer.len() {
                        if available >= MAX_HEAD {
                            let text = "the response has a head of more than 256 KiB";
                            return Poll::Ready(Err(Failure::text(FailureKind::Protocol, text)));
                        }
                        self.buffer.resize(available * 2, 0);
                    }
                }
                Err(text) => return Poll::Ready(Err(Failure::text(FailureKind::Protocol, text))),
            }
        }
    }

    /// Opens a connection, trying the target's addresses in turn from the one that last worked.
    async fn connect(&mut self, deadline: Instant) -> Result<(), Failure> {
        let stage = Rc::clone(&self.stage);
        tokio::select! {
            biased;
            result = self.connect_any(deadline) => result,
            () = stage.cut() => {
                let text = "no connection had been opened when the graceful stop ran out";
                Err(Failure { kind: FailureKind::Unfinished, cause: Cause::Text(text), sent: false })
            }
        }
    }

    async fn connect_any(&mut self, deadline: Instant) -> Result<(), Failure> {
        let count = self.endpoint.addresses.len();
        let text = "the name has no address";
        let mut failure = Failure {
            kind: FailureKind::Dns,
            cause: Cause::Text(text),
            sent: false,
        };
        for attempt in 0..count {
            let index = (self.address + attempt) % count;
            let now = Instant::now();
            // An address that does not answer must not use up the time of those after it.
            let share = deadline.saturating_duration_since(now) / (count - attempt) as u32;
            match self.connect_to(self.endpoint.addresses[index], now + share).await {
                Ok(stream) => {
                    self.address = index;
                    self.stream = Some(stream);
                    return Ok(());
                }
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    async fn connect_to(&self, address: SocketAddr, deadline: Instant) -> Result<Stream, Failure> {
        let late = |text| Failure {
            kind: FailureKind::ConnectTimeout,
            cause: Cause::Text(text),
            sent: false,
        };
        let tcp = match timeout_at(deadline.into(), TcpStream::connect(address)).await {
            Ok(Ok(tcp)) => tcp,
            Ok(Err(error)) => return Err(Failure::connecting(error)),
            Err(_) => return Err(late("no connection within the timeout")),
        };
        // Only delays answers where it fails.
        let _ = tcp.set_nodelay(true);
        let Some((connector, name)) = &self.endpoint.tls else {
            return Ok(Stream::Plain(tcp));
        };
        match timeout_at(deadline.into(), connector.connect(name.clone(), tcp)).await {
            Ok(Ok(tls)) => Ok(Stream::Tls(Box::new(tls))),
            Ok(Err(error)) => Err(Failure::handshaking(error)),
            Err(_) => Err(late("the TLS handshake was not complete within the timeout")),
        }
    }
}

/// How far one exchange is.
struct Transfer {
    sending: bool,
    written: usize,
    write_error: Option<io::Error>,
    /// Bytes of an incomplete head in the buffer.
    filled: usize,
    waited: bool,
}

impl Default for Transfer {
    fn default() -> Self {
        Self {
            sending: true,
            written: 0,
            write_error: None,
            filled: 0,
            waited: false,
        }
    }
}
