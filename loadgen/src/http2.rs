//! One virtual user's HTTP/2 connection, and one request at a time on it.
//!
//! A virtual user stands for one client, and waits for each answer before it goes on. So it has a connection of its own
//! and never more than one stream open, where a browser would have many: `--vus` means the same in both protocols, and
//! their figures can be compared.

use std::cell::Cell;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use h2::client::{Builder, ResponseFuture, SendRequest};
use h2::{Reason, RecvStream, SendStream};
use http::header::{self, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode, Uri, Version};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::AbortHandle;

use crate::client::{Outgoing, Stream};
use crate::kept::Kept;
use crate::outcome::{Cause, Failure, FailureKind};

/// What the target may send ahead. Everything is read at once, so this only keeps large bodies from waiting for a round
/// trip.
const WINDOW: u32 = 1024 * 1024;
/// The largest head that is taken.
const MAX_HEAD: u32 = 256 * 1024;
/// Bytes of a body handed over at a time.
const PIECE: usize = 16 * 1024;
/// Header fields a request may have.
const MAX_FIELDS: usize = 256;

/// Bytes that have gone over a connection: frames of all kinds, heads in their compressed form.
#[derive(Clone, Copy, Default)]
pub(crate) struct Traffic {
    pub(crate) sent: u64,
    pub(crate) received: u64,
}

/// An open connection.
pub(crate) struct Http2Connection {
    requests: SendRequest<Bytes>,
    traffic: Rc<Cell<Traffic>>,
    scheme: &'static str,
    /// Answers pings and the like, also while no request is under way.
    driver: AbortHandle,
}

impl Http2Connection {
    /// Begins a connection; must be called on the runtime of a generator thread.
    pub(crate) async fn open(stream: Stream) -> Result<Self, h2::Error> {
        let scheme = match stream {
            Stream::Plain(_) => "http",
            Stream::Tls(_) => "https",
        };
        let traffic = Rc::new(Cell::new(Traffic::default()));
        let counted = Counted {
            stream,
            traffic: Rc::clone(&traffic),
        };
        let (requests, connection) = Builder::new()
            .enable_push(false)
            .initial_window_size(WINDOW)
            .initial_connection_window_size(WINDOW)
            .max_header_list_size(MAX_HEAD)
            .handshake(counted)
            .await?;
        let driver = tokio::task::spawn_local(async move {
            // How a connection ends is told to the requests on it.
            let _ = connection.await;
        });
        Ok(Self {
            requests,
            traffic,
            scheme,
            driver: driver.abort_handle(),
        })
    }

    /// Whether the connection can carry another request, as far as is known.
    pub(crate) fn is_usable(&mut self) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        !matches!(self.requests.poll_ready(&mut context), Poll::Ready(Err(_)))
    }

    /// Bytes so far.
    pub(crate) fn traffic(&self) -> Traffic {
        self.traffic.get()
    }

    /// Whether a connection is good for another request after this failure: a stream that was reset says nothing about
    /// the others.
    pub(crate) fn survives(failure: &Failure) -> bool {
        matches!(&failure.cause, Cause::Http2(error) if error.is_reset())
    }
}

impl Drop for Http2Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// One request on a connection.
pub(crate) struct Http2Exchange {
    state: State,
    body: Option<SendStream<Bytes>>,
    /// Bytes of the request, as prepared, that have been handed over.
    written: usize,
}

enum State {
    Unsent,
    Waiting(ResponseFuture),
    Reading { status: u16, body: RecvStream, keeps: bool },
}

impl Http2Exchange {
    pub(crate) fn new() -> Self {
        Self {
            state: State::Unsent,
            body: None,
            written: 0,
        }
    }

    /// Whether the answer has begun.
    pub(crate) fn answering(&self) -> bool {
        matches!(self.state, State::Reading { .. })
    }

    /// Goes on; gives the status code when the answer is complete.
    pub(crate) fn poll(
        &mut self,
        context: &mut Context<'_>,
        connection: &mut Http2Connection,
        outgoing: &Outgoing<'_>,
        kept: &mut Kept,
    ) -> Poll<Result<u16, Failure>> {
        if let State::Unsent = self.state {
            if let Err(error) = ready!(connection.requests.poll_ready(context)) {
                return Poll::Ready(Err(Failure {
                    sent: false,
                    ..Failure::http2(error)
                }));
            }
            let bytes = outgoing.unsent(0);
            let (request, head) = translate(bytes, connection.scheme)
                .map_err(|text| Failure::unsent(FailureKind::Protocol, Cause::Text(text)))?;
            let has_body = head < outgoing.len();
            let (response, body) = connection
                .requests
                .send_request(request, !has_body)
                .map_err(Failure::http2)?;
            self.written = head;
            self.body = has_body.then_some(body);
            self.state = State::Waiting(response);
        }
        self.send_body(context, outgoing);
        if let State::Waiting(response) = &mut self.state {
            let response = ready!(Pin::new(response).poll(context)).map_err(Failure::http2)?;
            self.state = take_head(response, kept);
        }
        let State::Reading { status, body, keeps } = &mut self.state else {
            return Poll::Pending;
        };
        while let Some(data) = ready!(body.poll_data(context)) {
            let data = data.map_err(Failure::http2)?;
            body.flow_control()
                .release_capacity(data.len())
                .map_err(Failure::http2)?;
            if *keeps {
                kept.body.extend(&data);
            }
        }
        Poll::Ready(Ok(*status))
    }

    /// Hands over as much of the body as the target lets us.
    fn send_body(&mut self, context: &mut Context<'_>, outgoing: &Outgoing<'_>) {
        while let Some(body) = &mut self.body {
            let bytes = outgoing.unsent(self.written);
            body.reserve_capacity(bytes.len().min(PIECE));
            while body.capacity() == 0 {
                match body.poll_capacity(context) {
                    Poll::Ready(Some(Ok(_))) => {}
                    // What has become of the request is told by its answer.
                    Poll::Ready(Some(Err(_)) | None) => {
                        self.body = None;
                        return;
                    }
                    Poll::Pending => return,
                }
            }
            let count = body.capacity().min(bytes.len()).min(PIECE);
            self.written += count;
            let is_last = self.written == outgoing.len();
            let result = body.send_data(Bytes::copy_from_slice(&bytes[..count]), is_last);
            if is_last || result.is_err() {
                self.body = None;
            }
        }
    }
}

/// Takes the head of an answer, in the form of HTTP/1.1 so that what looks at it has one form to know.
fn take_head(response: Response<RecvStream>, kept: &mut Kept) -> State {
    let (parts, body) = response.into_parts();
    let status = parts.status.as_u16();
    if parts.status.is_redirection()
        && let Some(location) = parts.headers.get(header::LOCATION)
    {
        kept.location.extend(location.as_bytes());
    }
    if kept.wants.head {
        write_head(parts.status, &parts.headers, &mut kept.head);
    }
    let keeps = kept.keeps_body(status);
    State::Reading { status, body, keeps }
}

fn write_head(status: StatusCode, headers: &http::HeaderMap, out: &mut Vec<u8>) {
    out.extend_from_slice(b"HTTP/1.1 ");
    out.extend_from_slice(status.as_str().as_bytes());
    out.push(b' ');
    out.extend_from_slice(status.canonical_reason().unwrap_or_default().as_bytes());
    out.extend_from_slice(b"\r\n");
    for (name, value) in headers {
        out.extend_from_slice(name.as_str().as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"\r\n");
}

/// The request as HTTP/2 has it, and how long its head is in HTTP/1.1.
///
/// The field `Host` becomes the authority; fields that are about an HTTP/1.1 connection are left out.
fn translate(bytes: &[u8], scheme: &'static str) -> Result<(Request<()>, usize), &'static str> {
    const WRONG: &str = "the request cannot be written in HTTP/2; check its method, path and header fields";
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut parsed = httparse::Request::new(&mut fields);
    let Ok(httparse::Status::Complete(head)) = parsed.parse(bytes) else {
        return Err(WRONG);
    };
    let (Some(method), Some(path)) = (parsed.method, parsed.path) else {
        return Err(WRONG);
    };
    let mut authority = None;
    let mut request = Request::new(());
    *request.version_mut() = Version::HTTP_2;
    *request.method_mut() = Method::from_bytes(method.as_bytes()).map_err(|_| WRONG)?;
    let headers = request.headers_mut();
    headers.reserve(parsed.headers.len());
    for field in parsed.headers.iter() {
        let name = HeaderName::from_bytes(field.name.as_bytes()).map_err(|_| WRONG)?;
        if name == header::HOST {
            authority = Some(field.value);
        } else if !is_of_connection(&name) {
            let value = HeaderValue::from_bytes(field.value).map_err(|_| WRONG)?;
            headers.append(name, value);
        }
    }
    *request.uri_mut() = Uri::builder()
        .scheme(scheme)
        .authority(authority.ok_or(WRONG)?)
        .path_and_query(path)
        .build()
        .map_err(|_| WRONG)?;
    Ok((request, head))
}

/// RFC 9113, 8.2.2.
fn is_of_connection(name: &HeaderName) -> bool {
    [
        header::CONNECTION,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
        header::TE,
    ]
    .contains(name)
        || matches!(name.as_str(), "keep-alive" | "proxy-connection" | "http2-settings")
}

impl Failure {
    /// Whether the target has said that it did not look at the request and that another connection will.
    pub(crate) fn is_untouched(&self) -> bool {
        matches!(&self.cause, Cause::Http2(error)
            if error.is_go_away() && error.is_remote() && error.reason() == Some(Reason::NO_ERROR))
    }
}

/// A stream whose bytes are counted.
struct Counted {
    stream: Stream,
    traffic: Rc<Cell<Traffic>>,
}

impl Counted {
    fn count_sent(&self, result: &Poll<io::Result<usize>>) {
        if let Poll::Ready(Ok(count)) = result {
            let mut traffic = self.traffic.get();
            traffic.sent += *count as u64;
            self.traffic.set(traffic);
        }
    }
}

impl AsyncRead for Counted {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let result = Pin::new(&mut this.stream).poll_read(context, buffer);
        let mut traffic = this.traffic.get();
        traffic.received += (buffer.filled().len() - before) as u64;
        this.traffic.set(traffic);
        result
    }
}

impl AsyncWrite for Counted {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.count_sent(&result);
        result
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.stream).poll_write_vectored(context, pieces);
        this.count_sent(&result);
        result
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_the_connection_stay_behind() {
        let bytes =
            b"PUT /a?b HTTP/1.1\r\nHost: host:81\r\nConnection: close\r\nKeep-Alive: x\r\nX-A: 1\r\nx-a: 2\r\n\r\nbody";
        let (request, head) = translate(bytes, "https").unwrap();
        assert_eq!(request.uri(), "https://host:81/a?b");
        assert_eq!((request.method().as_str(), head), ("PUT", bytes.len() - 4));
        let fields: Vec<_> = request
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
            .collect();
        assert_eq!(fields, [("x-a", &b"1"[..]), ("x-a", b"2")]);
        for wrong in [
            "GET / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a",
        ] {
            assert!(translate(wrong.as_bytes(), "http").is_err(), "{wrong}");
        }
    }

    #[test]
    fn heads_are_kept_in_one_form() {
        let mut headers = http::HeaderMap::new();
        headers.insert("x-a", HeaderValue::from_static("1"));
        headers.append("set-cookie", HeaderValue::from_static("b=2"));
        let mut out = Vec::new();
        write_head(StatusCode::NOT_FOUND, &headers, &mut out);
        assert_eq!(out, b"HTTP/1.1 404 Not Found\r\nx-a: 1\r\nset-cookie: b=2\r\n\r\n");
    }
}
