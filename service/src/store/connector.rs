//! The connections to DynamoDB of one worker.
//!
//! The SDK's own client runs every connection as a task of its own and finds it through a shared pool. Here the task
//! that makes a request drives its connection itself: no wake-ups between tasks, no locks that others wait for.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::config::RuntimeComponents;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use flate2::Crc;
use http::header::HOST;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderValue, Uri};
use http_body_util::{BodyExt as _, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

/// A connection that was idle for longer may have been closed by a server or forgotten by a router on the way.
const MAX_IDLE: Duration = Duration::from_secs(20);
/// A page of items has 1 MiB at most, somewhat more as JSON.
const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;
/// A new connection stays within the region; more than one lost packet takes longer than this.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// CRC-32 of the body, in decimal.
const CHECKSUM: &str = "x-amz-crc32";

/// Connections of one worker, opened as needed and kept while they are of use.
#[derive(Clone)]
pub(super) struct WorkerConnections {
    idle: Arc<Mutex<Vec<Connection>>>,
    /// `None` where the server is on this machine.
    tls: Option<TlsConnector>,
}

impl std::fmt::Debug for WorkerConnections {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("WorkerConnections").finish_non_exhaustive()
    }
}

impl WorkerConnections {
    pub(super) fn new(tls: Option<TlsConnector>) -> Self {
        Self {
            idle: Arc::default(),
            tls,
        }
    }

    async fn exchange(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let mut request = request
            .try_into_http1x()
            .map_err(|error| ConnectorError::user(error.into()))?;
        let server = Server::take_from(&mut request)?;
        let (mut connection, response) = loop {
            let (mut connection, reused) = match self.take_idle(&server) {
                Some(connection) => (connection, true),
                None => (Connection::open(&server, self.tls.as_ref()).await?, false),
            };
            match connection.send(request).await {
                Ok(response) => break (connection, response),
                Err(mut failure) => match failure.take_message() {
                    // Closed by the server before anything was sent on it: nothing is lost by taking another one.
                    Some(unsent) if reused => request = unsent,
                    _ => return Err(ConnectorError::io(failure.into_error().into())),
                },
            }
        };
        let (parts, body) = response.into_parts();
        let body = connection
            .drive(Limited::new(body, MAX_ANSWER_BYTES).collect())
            .await
            .map_err(ConnectorError::io)?;
        self.keep(connection);
        let body = body.to_bytes();
        if !is_as_sent(&parts.headers, &body) {
            return Err(ConnectorError::io(
                "the answer is not what its x-amz-crc32 was made of".into(),
            ));
        }
        let answer = http::Response::from_parts(parts, SdkBody::from(body));
        answer
            .try_into()
            .map_err(|error: aws_smithy_runtime_api::http::HttpError| ConnectorError::other(error.into(), None))
    }

    /// The connection used last, so that those not needed age and go.
    fn take_idle(&self, server: &Server) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|connection| connection.idle_since.elapsed() < MAX_IDLE);
        while let Some(at) = idle.iter().rposition(|connection| connection.server == *server) {
            let mut connection = idle.swap_remove(at);
            if connection.is_usable() {
                return Some(connection);
            }
        }
        None
    }

    fn keep(&self, mut connection: Connection) {
        if connection.is_usable() {
            connection.idle_since = Instant::now();
            self.idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(connection);
        }
    }
}

/// Compares an answer with the checksum that DynamoDB sends with it, which the SDK does not look at.
fn is_as_sent(headers: &HeaderMap, body: &[u8]) -> bool {
    let Some(sent) = headers.get(CHECKSUM) else {
        return true;
    };
    let mut received = Crc::new();
    received.update(body);
    sent.to_str().ok().and_then(|sum| sum.parse().ok()) == Some(received.sum())
}

impl HttpConnector for WorkerConnections {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().exchange(request))
    }
}

impl HttpClient for WorkerConnections {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

/// Where a connection leads.
#[derive(Clone, PartialEq, Eq)]
struct Server {
    tls: bool,
    authority: Authority,
}

impl Server {
    /// Leaves the request in the form it has on a connection: a path for its target and the server in `Host`.
    fn take_from(request: &mut http::Request<SdkBody>) -> Result<Self, ConnectorError> {
        let mut uri = std::mem::take(request.uri_mut()).into_parts();
        let tls = uri.scheme == Some(Scheme::HTTPS);
        let authority = uri
            .authority
            .take()
            .ok_or_else(|| ConnectorError::user("the endpoint has no host".into()))?;
        let path = uri.path_and_query.unwrap_or(PathAndQuery::from_static("/"));
        *request.uri_mut() = Uri::from(path);
        let host = match (authority.port_u16(), tls) {
            (Some(80), false) | (Some(443), true) => HeaderValue::from_str(authority.host()),
            _ => HeaderValue::from_str(authority.as_str()),
        };
        let host = host.map_err(|error| ConnectorError::user(error.into()))?;
        request.headers_mut().insert(HOST, host);
        Ok(Self { tls, authority })
    }

    fn port(&self) -> u16 {
        self.authority.port_u16().unwrap_or(if self.tls { 443 } else { 80 })
    }

    /// Without the brackets of an IPv6 address.
    fn host(&self) -> &str {
        self.authority.host().trim_start_matches('[').trim_end_matches(']')
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

type Driver = Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>;
type SendFailure = hyper::client::conn::TrySendError<http::Request<SdkBody>>;

/// One connection and what moves its bytes.
struct Connection {
    server: Server,
    sender: http1::SendRequest<SdkBody>,
    /// `None` once the connection has ended.
    driver: Option<Driver>,
    idle_since: Instant,
}

impl Connection {
    async fn open(server: &Server, tls: Option<&TlsConnector>) -> Result<Self, ConnectorError> {
        let connecting = async {
            let stream = TcpStream::connect((server.host(), server.port())).await?;
            stream.set_nodelay(true)?;
            if !server.tls {
                return Ok::<Box<dyn Stream>, io::Error>(Box::new(stream));
            }
            let tls = tls.ok_or_else(|| io::Error::other("TLS is not set up"))?;
            let name = ServerName::try_from(server.host().to_owned()).map_err(io::Error::other)?;
            Ok(Box::new(tls.connect(name, stream).await?))
        };
        let stream = match tokio::time::timeout(CONNECT_TIMEOUT, connecting).await {
            Ok(stream) => stream.map_err(|error| ConnectorError::io(error.into()))?,
            Err(elapsed) => return Err(ConnectorError::timeout(elapsed.into())),
        };
        let (sender, driver) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| ConnectorError::io(error.into()))?;
        Ok(Self {
            server: server.clone(),
            sender,
            driver: Some(Box::pin(driver)),
            idle_since: Instant::now(),
        })
    }

    async fn send(
        &mut self,
        request: http::Request<SdkBody>,
    ) -> Result<http::Response<hyper::body::Incoming>, SendFailure> {
        let answer = self.sender.try_send_request(request);
        drive(&mut self.driver, answer).await
    }

    async fn drive<F: Future>(&mut self, future: F) -> F::Output {
        drive(&mut self.driver, future).await
    }

    /// True if another request can be sent. Notices a server that has closed the connection meanwhile.
    fn is_usable(&mut self) -> bool {
        poll_driver(&mut self.driver, &mut Context::from_waker(Waker::noop()));
        self.driver.is_some() && self.sender.is_ready()
    }
}

/// Moves the connection's bytes until `future` is ready.
async fn drive<F: Future>(driver: &mut Option<Driver>, future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    std::future::poll_fn(|context| {
        poll_driver(driver, context);
        future.as_mut().poll(context)
    })
    .await
}

fn poll_driver(driver: &mut Option<Driver>, context: &mut Context<'_>) {
    if let Some(running) = driver
        && running.as_mut().poll(context).is_ready()
    {
        // Its error, if any, reaches whoever waits for the answer.
        *driver = None;
    }
}
