//! A small HTTP/2 server that behaves, or misbehaves, as a test tells it to.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use bytes::Bytes;
use h2::Reason;
use h2::server::SendResponse;
use http::{HeaderMap, Request, Response};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

/// What to do about a request.
#[derive(Clone, Debug)]
pub(crate) enum Http2Reply {
    /// A status, header fields and a body.
    Answer(u16, HeaderMap, Bytes),
    /// Answers, and lets no other request begin on this connection.
    AnswerAndGoAway,
    /// Resets the stream.
    Reset(Reason),
    /// Answers with half a body and drops the connection.
    Drop,
    /// Never answers.
    Stall,
}

impl Http2Reply {
    pub(crate) fn status(status: u16, body: impl Into<Bytes>) -> Self {
        Self::Answer(status, HeaderMap::new(), body.into())
    }
}

/// A request as received: head and length of the body.
pub(crate) type Seen = (Request<()>, usize);

type Behaviour = dyn Fn(&Seen, u64) -> Http2Reply + Send + Sync;

struct State {
    behaviour: Box<Behaviour>,
    requests: AtomicU64,
    connections: AtomicU64,
    sent: AtomicU64,
    last: Mutex<Option<Seen>>,
}

/// The server; it stops when dropped.
pub(crate) struct Http2Server {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
    _stop: oneshot::Sender<()>,
}

impl Http2Server {
    /// Starts a server; `behaviour` is given each request and how many came before it.
    pub(crate) fn start(
        tls: Option<ServerConfig>,
        behaviour: impl Fn(&Seen, u64) -> Http2Reply + Send + Sync + 'static,
    ) -> Self {
        let state = Arc::new(State {
            behaviour: Box::new(behaviour),
            requests: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            last: Mutex::new(None),
        });
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let acceptor = tls.map(|mut config| {
            config.alpn_protocols = vec![b"h2".to_vec()];
            TlsAcceptor::from(Arc::new(config))
        });
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    () = accept(TcpListener::from_std(listener).unwrap(), acceptor, shared) => {}
                }
            });
        });
        Self {
            address,
            state,
            _stop: stop,
        }
    }

    /// Requests that were read to their end.
    pub(crate) fn requests(&self) -> u64 {
        self.state.requests.load(Ordering::SeqCst)
    }

    pub(crate) fn connections(&self) -> u64 {
        self.state.connections.load(Ordering::SeqCst)
    }

    /// Bytes of bodies that were handed over for sending.
    pub(crate) fn sent(&self) -> u64 {
        self.state.sent.load(Ordering::SeqCst)
    }

    /// The last request.
    pub(crate) fn last(&self) -> Seen {
        let last = self.state.last.lock().unwrap();
        let (request, length) = last.as_ref().unwrap();
        (request.clone(), *length)
    }
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, state: Arc<State>) {
    loop {
        let Ok((tcp, _)) = listener.accept().await else {
            continue;
        };
        state.connections.fetch_add(1, Ordering::SeqCst);
        let (state, tls) = (Arc::clone(&state), tls.clone());
        tokio::spawn(async move {
            match tls {
                None => converse(tcp, state).await,
                Some(tls) => {
                    if let Ok(stream) = tls.accept(tcp).await {
                        converse(stream, state).await;
                    }
                }
            }
        });
    }
}

async fn converse(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, state: Arc<State>) {
    let Ok(mut connection) = h2::server::handshake(stream).await else {
        return;
    };
    let (orders, mut order) = tokio::sync::mpsc::unbounded_channel();
    loop {
        let accepted = tokio::select! {
            accepted = connection.accept() => accepted,
            Some(order) = order.recv() => {
                match order {
                    Order::GoAway => connection.graceful_shutdown(),
                    Order::Drop => return,
                }
                continue;
            }
        };
        let Some(Ok((request, respond))) = accepted else { return };
        let (state, orders) = (Arc::clone(&state), orders.clone());
        tokio::spawn(async move {
            let _ = handle(request, respond, &state, &orders).await;
        });
    }
}

enum Order {
    GoAway,
    Drop,
}

async fn handle(
    request: Request<h2::RecvStream>,
    mut respond: SendResponse<Bytes>,
    state: &State,
    orders: &tokio::sync::mpsc::UnboundedSender<Order>,
) -> Result<(), h2::Error> {
    let (parts, mut body) = request.into_parts();
    let mut length = 0;
    while let Some(data) = body.data().await {
        let data = data?;
        length += data.len();
        body.flow_control().release_capacity(data.len())?;
    }
    let seen = (Request::from_parts(parts, ()), length);
    let number = state.requests.fetch_add(1, Ordering::SeqCst);
    let reply = (state.behaviour)(&seen, number);
    *state.last.lock().unwrap() = Some(seen);
    let head = |status: u16, headers: HeaderMap| {
        let mut response = Response::new(());
        *response.status_mut() = status.try_into().unwrap();
        *response.headers_mut() = headers;
        response
    };
    match reply {
        Http2Reply::Answer(status, headers, mut body) => {
            let mut stream = respond.send_response(head(status, headers), body.is_empty())?;
            state.sent.fetch_add(body.len() as u64, Ordering::SeqCst);
            while !body.is_empty() {
                stream.reserve_capacity(body.len());
                let room = std::future::poll_fn(|context| stream.poll_capacity(context)).await;
                let Some(room) = room.transpose()? else { break };
                let piece = body.split_to(room.min(body.len()));
                stream.send_data(piece, body.is_empty())?;
            }
        }
        Http2Reply::AnswerAndGoAway => {
            let _ = orders.send(Order::GoAway);
            respond.send_response(head(200, HeaderMap::new()), true)?;
        }
        Http2Reply::Reset(reason) => respond.send_reset(reason),
        Http2Reply::Drop => {
            let mut stream = respond.send_response(head(200, HeaderMap::new()), false)?;
            stream.send_data(Bytes::from_static(b"half"), false)?;
            let _ = orders.send(Order::Drop);
            std::future::pending::<()>().await;
        }
        Http2Reply::Stall => std::future::pending().await,
    }
    Ok(())
}
