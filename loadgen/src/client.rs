//! One virtual user's HTTP client: a keep-alive connection and one timer, reused; the receive buffer is its thread's.

mod endpoint;
mod http1;
mod outgoing;
mod stream;

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::time::{Sleep, sleep_until};

use crate::cookies::CookieJar;
use crate::http2::{Http2Connection, Http2Exchange};
use crate::kept::Kept;
use crate::outcome::{Cause, Failure, FailureKind};
use crate::request::PreparedRequest;
use crate::response::{HeadMemory, ResponseReader};
use crate::stage::{Stage, StageCell};

pub(crate) use endpoint::Endpoint;
pub(crate) use outgoing::Outgoing;
pub(crate) use stream::Stream;

use endpoint::Connection;
use http1::Http1Exchange;

/// Room for a response's head and for each piece of its body.
const RECEIVED: usize = 64 * 1024;

/// What the clients of one generator thread share.
pub(crate) struct ClientContext {
    endpoint: Endpoint,
    timeout: Duration,
    stage: Rc<StageCell>,
    received: RefCell<Received>,
}

/// What one client at a time uses, for the time of one poll: a thread has one of these however many virtual users it has.
struct Received {
    /// What has just been received.
    bytes: Box<[u8]>,
    heads: HeadMemory,
}

impl ClientContext {
    /// `timeout` is how long one exchange may take; the tasks of the clients must be registered with `stage`.
    pub(crate) fn new(endpoint: Endpoint, timeout: Duration, stage: Rc<StageCell>) -> Rc<Self> {
        Rc::new(Self {
            endpoint,
            timeout,
            stage,
            received: RefCell::new(Received {
                bytes: vec![0; RECEIVED].into(),
                heads: HeadMemory::default(),
            }),
        })
    }
}

/// A client of one virtual user.
pub(crate) struct Client {
    context: Rc<ClientContext>,
    /// Place of the address that last accepted a connection.
    address: usize,
    connection: Option<Connection>,
    reader: ResponseReader,
    /// What was kept of the last answer.
    pub(crate) kept: Kept,
    /// What has been received of an incomplete head.
    head: Vec<u8>,
    timer: Pin<Box<Sleep>>,
    timer_armed: bool,
    rewriting: Option<Box<Rewriting>>,
    /// Bytes of the last request written, framing of TLS left out, that of HTTP/2 included.
    pub(crate) sent: u64,
    /// Bytes of the last answer read, framing of TLS left out, that of HTTP/2 included.
    pub(crate) received: u64,
}

/// What a client needs whose requests do not leave as they were prepared.
struct Rewriting {
    jar: Option<CookieJar>,
    bytes: Vec<u8>,
}

impl Client {
    /// A client that is not connected yet; `number` spreads clients over the target's addresses.
    pub(crate) fn new(context: Rc<ClientContext>, number: usize) -> Self {
        let jar = context.endpoint.cookies().map(|origin| CookieJar::new(origin.clone()));
        let rewrites = jar.is_some() || context.endpoint.forwarding().is_some();
        let rewriting = rewrites.then(|| Box::new(Rewriting { jar, bytes: Vec::new() }));
        Self {
            context,
            address: number,
            connection: None,
            reader: ResponseReader::new(),
            kept: Kept::new(),
            head: Vec::new(),
            timer: Box::pin(sleep_until(tokio::time::Instant::now())),
            timer_armed: false,
            rewriting,
            sent: 0,
            received: 0,
        }
    }

    /// How long one exchange may take.
    pub(crate) fn timeout(&self) -> Duration {
        self.context.timeout
    }

    /// Whether the load has been stopped.
    pub(crate) fn stopping(&self) -> bool {
        self.context.stage.get() >= Stage::Stop
    }

    /// Sends a request and reads its answer; gives the status code.
    ///
    /// The timeout counts from `began` and covers opening a connection. A connection that the target closed while it lay
    /// idle is replaced without a failure, for nothing was lost with it; once a byte of the request has been sent,
    /// whatever happens is the request's outcome: a second attempt would make the target see requests that are not in
    /// the figures. The one exception is HTTP/2, where a target that goes away says which requests it has not looked at.
    #[inline]
    pub(crate) async fn exchange(&mut self, request: &PreparedRequest, began: Instant) -> Result<u16, Failure> {
        self.sent = 0;
        self.received = 0;
        if let Some(refusal) = request.refusal() {
            return Err(Failure::unsent(
                FailureKind::CaptureFailed,
                Cause::Text(refusal.describe()),
            ));
        }
        let deadline = began + self.context.timeout;
        match &self.rewriting {
            None => self.exchange_unchanged(&Outgoing::unchanged(request), deadline).await,
            Some(_) => Box::pin(self.exchange_rewritten(request, deadline)).await,
        }
    }

    async fn exchange_rewritten(&mut self, request: &PreparedRequest, deadline: Instant) -> Result<u16, Failure> {
        let Some(mut rewriting) = self.rewriting.take() else {
            return self.exchange_unchanged(&Outgoing::unchanged(request), deadline).await;
        };
        let Rewriting { jar, bytes } = &mut *rewriting;
        outgoing::rewrite(request, self.context.endpoint.forwarding(), jar.as_ref(), bytes);
        self.kept.wants.head |= jar.is_some();
        let result = self
            .exchange_unchanged(&Outgoing::rewritten(request, bytes), deadline)
            .await;
        if let (Some(jar), Ok(_)) = (jar, &result) {
            jar.take(&self.kept.head, outgoing::request_target(request.unsent(0)));
        }
        self.rewriting = Some(rewriting);
        result
    }

    #[inline]
    async fn exchange_unchanged(&mut self, outgoing: &Outgoing<'_>, deadline: Instant) -> Result<u16, Failure> {
        let usable = match &mut self.connection {
            Some(Connection::Http1(stream)) => stream.is_quiet(),
            Some(Connection::Http2(connection)) => connection.is_usable(),
            None => false,
        };
        if !usable {
            self.connection = None;
            // Boxed, since it is rare and would make every virtual user's task larger.
            Box::pin(self.connect(deadline)).await?;
        }
        if matches!(self.connection, Some(Connection::Http2(_))) {
            return Box::pin(self.exchange_http2(outgoing, deadline)).await;
        }
        self.exchange_http1(outgoing, deadline).await
    }

    #[inline]
    async fn exchange_http1(&mut self, outgoing: &Outgoing<'_>, deadline: Instant) -> Result<u16, Failure> {
        self.renew_timer(deadline);
        let request = outgoing.request();
        self.reader.start(request.is_head(), &mut self.kept);
        self.head.clear();
        let mut exchange = Http1Exchange::new();
        let result = poll_fn(|context| {
            let polled = self.poll_http1(context, outgoing, &mut exchange);
            if polled.is_ready() {
                return polled;
            }
            let answering = self.reader.status() != 0;
            self.poll_end(context, deadline, answering, &mut exchange.waited)
        })
        .await;
        self.sent = exchange.written() as u64;
        match &result {
            Ok(_) if self.reader.keep_alive() && !request.closes() && exchange.written() == outgoing.len() => {}
            _ => self.connection = None,
        }
        if self.head.capacity() > 0 {
            self.head = Vec::new();
        }
        result
    }

    async fn exchange_http2(&mut self, outgoing: &Outgoing<'_>, deadline: Instant) -> Result<u16, Failure> {
        let mut result = self.exchange_stream(outgoing, deadline).await;
        if matches!(&result, Err(failure) if failure.is_untouched()) {
            self.connect(deadline).await?;
            result = self.exchange_stream(outgoing, deadline).await;
        }
        result
    }

    /// One request on the HTTP/2 connection, which is kept if it can carry another.
    async fn exchange_stream(&mut self, outgoing: &Outgoing<'_>, deadline: Instant) -> Result<u16, Failure> {
        let Some(Connection::Http2(mut connection)) = self.connection.take() else {
            return Err(Failure::text(FailureKind::Closed, "the connection is closed"));
        };
        self.renew_timer(deadline);
        self.kept.start();
        let before = connection.traffic();
        let mut exchange = Http2Exchange::new();
        let mut waited = false;
        let result = poll_fn(|context| {
            let polled = exchange.poll(context, &mut connection, outgoing, &mut self.kept);
            if polled.is_ready() {
                return polled;
            }
            self.poll_end(context, deadline, exchange.answering(), &mut waited)
        })
        .await;
        let after = connection.traffic();
        self.sent += after.sent - before.sent;
        self.received += after.received - before.received;
        if result.as_ref().err().is_none_or(Http2Connection::survives) && !outgoing.request().closes() {
            self.connection = Some(Connection::Http2(connection));
        }
        result
    }

    /// Arms the timer anew if it has fired; most requests end long before the one that it was armed for would have.
    #[inline]
    fn renew_timer(&mut self, deadline: Instant) {
        if self.timer.is_elapsed() {
            self.arm_timer(deadline);
        }
    }

    fn arm_timer(&mut self, deadline: Instant) {
        self.timer.as_mut().reset(deadline.into());
        self.timer_armed = false;
    }

    /// Gives an exchange up that takes too long, or that the run no longer waits for.
    fn poll_end(
        &mut self,
        context: &mut Context<'_>,
        deadline: Instant,
        answering: bool,
        waited: &mut bool,
    ) -> Poll<Result<u16, Failure>> {
        // The first time a request has to wait, a timer that is armed has not fired: it has just been looked at.
        if !std::mem::replace(waited, true) && self.timer_armed {
            return Poll::Pending;
        }
        if self.context.stage.get() == Stage::Cut {
            let text = "no answer had come when the graceful stop ran out";
            return Poll::Ready(Err(Failure::text(FailureKind::Unfinished, text)));
        }
        while self.timer.as_mut().poll(context).is_ready() {
            if Instant::now() >= deadline {
                let text = if answering {
                    "the answer was not complete within the timeout"
                } else {
                    "no answer within the timeout"
                };
                return Poll::Ready(Err(Failure::text(FailureKind::Timeout, text)));
            }
            self.arm_timer(deadline);
        }
        self.timer_armed = true;
        Poll::Pending
    }

    async fn connect(&mut self, deadline: Instant) -> Result<(), Failure> {
        let context = Rc::clone(&self.context);
        let (address, connection) = tokio::select! {
            biased;
            result = context.endpoint.connect(self.address, deadline) => result?,
            () = context.stage.cut() => {
                let text = "no connection had been opened when the graceful stop ran out";
                return Err(Failure::unsent(FailureKind::Unfinished, Cause::Text(text)));
            }
        };
        self.address = address;
        self.connection = Some(connection);
        Ok(())
    }
}
