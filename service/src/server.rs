//! Sockets and threads: one listener, its connections spread over workers of one thread each.
//!
//! A worker has its own runtime and its own connections to DynamoDB, so that a request never crosses threads.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use futures_util::FutureExt as _;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::RuntimeMetrics;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::http::dispatch::Dispatch;
use crate::http::health::Draining;

/// Connections the kernel keeps while none is accepted.
const BACKLOG: i32 = 1024;

/// How long a connection may be silent, between requests or within a request's head. Longer than the 60 s of an AWS
/// balancer, which otherwise could send a request on a connection that is being closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(75);

/// Larger request heads are refused with 431. Holds a path with the longest id, percent-encoded.
const MAX_HEAD_BYTES: usize = 32 * 1024;

/// After SIGTERM, how long clients get to notice that answers now close their connections, before idle ones are closed
/// and new ones refused.
pub const LAME_DUCK: Duration = Duration::from_secs(1);

const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// Opens the socket to serve on.
pub fn bind(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A restart need not wait for connections of the process before.
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// A thread that serves connections.
pub struct Worker {
    connections: mpsc::UnboundedSender<std::net::TcpStream>,
    open: Arc<AtomicUsize>,
    runtime: RuntimeMetrics,
    thread: JoinHandle<bool>,
}

impl Worker {
    /// Starts a thread that answers with what `dispatch` makes on it, until its connections' sender is dropped; then
    /// it lets requests in flight finish, for `grace` at most.
    pub fn start(
        index: usize,
        dispatch: impl FnOnce() -> Dispatch + Send + 'static,
        grace: Duration,
    ) -> io::Result<Self> {
        let (connections, incoming) = mpsc::unbounded_channel();
        let open = Arc::<AtomicUsize>::default();
        let open_here = Arc::clone(&open);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let metrics = runtime.metrics();
        let thread = thread::Builder::new()
            .name(format!("worker-{index}"))
            .spawn(move || runtime.block_on(serve(incoming, dispatch(), open_here, grace)))?;
        Ok(Self {
            connections,
            open,
            runtime: metrics,
            thread,
        })
    }

    /// How its runtime is doing.
    pub fn runtime(&self) -> RuntimeMetrics {
        self.runtime.clone()
    }
}

/// Serves connections as they come in. True if all could be closed in time.
async fn serve(
    mut incoming: mpsc::UnboundedReceiver<std::net::TcpStream>,
    dispatch: Dispatch,
    open: Arc<AtomicUsize>,
    grace: Duration,
) -> bool {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(IDLE_TIMEOUT)
        .max_buf_size(MAX_HEAD_BYTES);
    let graceful = GracefulShutdown::new();
    while let Some(stream) = incoming.recv().await {
        let place = OpenConnection(Arc::clone(&open));
        let Ok(stream) = TcpStream::from_std(stream) else {
            continue;
        };
        let dispatch = dispatch.clone();
        let answer = service_fn(move |request| dispatch.clone().answer(request));
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), answer));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
            drop(place);
        });
    }
    tokio::time::timeout(grace, graceful.shutdown()).await.is_ok()
}

/// Counts a connection until dropped; counted up by [`Acceptor::hand_over`].
struct OpenConnection(Arc<AtomicUsize>);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Accepts connections and hands each to the worker with the fewest.
pub struct Acceptor {
    listener: TcpListener,
    workers: Vec<Worker>,
}

impl Acceptor {
    /// Must be called within a runtime.
    pub fn new(listener: std::net::TcpListener, workers: Vec<Worker>) -> io::Result<Self> {
        Ok(Self {
            listener: TcpListener::from_std(listener)?,
            workers,
        })
    }

    /// Accepts until `stop` is ready, then shuts down: `/readyz` turns false and answers close their connections while
    /// new ones are still served; then the socket closes and requests in flight finish.
    /// True if all finished within the workers' grace.
    pub async fn run(self, stop: impl Future<Output = ()>, draining: &Draining) -> bool {
        tokio::select! {
            () = self.accept() => {}
            () = stop => {}
        }
        draining.begin();
        tokio::select! {
            () = self.accept() => {}
            () = self.wait_for_clients_to_leave() => {}
        }
        // What the kernel has already accepted is served as well.
        while let Some(Ok((stream, _))) = self.listener.accept().now_or_never() {
            self.hand_over(stream);
        }
        let Self { listener, workers } = self;
        drop(listener);
        let threads: Vec<_> = workers.into_iter().map(|worker| worker.thread).collect();
        // Dropping a worker's sender, above, tells it to finish.
        let finished: Vec<_> = threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or(false))
            .collect();
        finished.iter().all(|finished| *finished)
    }

    async fn accept(&self) {
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => self.hand_over(stream),
                Err(error) => {
                    // Out of file descriptors, most likely: let some connections end.
                    tracing::error!(%error, "cannot accept connections");
                    tokio::time::sleep(ACCEPT_RETRY).await;
                }
            }
        }
    }

    async fn wait_for_clients_to_leave(&self) {
        let deadline = Instant::now() + LAME_DUCK;
        while self.open() > 0 && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn open(&self) -> usize {
        self.workers
            .iter()
            .map(|worker| worker.open.load(Ordering::Relaxed))
            .sum()
    }

    fn hand_over(&self, stream: TcpStream) {
        // Answers are small: waiting to fill a packet only delays them. Failing, the connection is gone already.
        let _ = stream.set_nodelay(true);
        let least_busy = self
            .workers
            .iter()
            .min_by_key(|worker| worker.open.load(Ordering::Relaxed));
        if let (Some(worker), Ok(stream)) = (least_busy, stream.into_std()) {
            worker.open.fetch_add(1, Ordering::Relaxed);
            if worker.connections.send(stream).is_err() {
                worker.open.fetch_sub(1, Ordering::Relaxed);
            }
        }
    }
}
