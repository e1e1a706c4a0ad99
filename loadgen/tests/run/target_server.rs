//! A small HTTP/1.1 server that behaves, or misbehaves, as a test tells it to.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A request as received.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(given, _)| given.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// What to do about a request.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    delay: Duration,
    bytes: Vec<u8>,
    one_by_one: bool,
    /// Between the bytes, if they go one by one.
    pause: Duration,
    then: Then,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    Continue,
    Close,
    Reset,
    Stall,
}

impl Reply {
    pub(crate) fn raw(text: impl Into<Vec<u8>>) -> Self {
        Self {
            delay: Duration::ZERO,
            bytes: text.into(),
            one_by_one: false,
            pause: Duration::ZERO,
            then: Then::Continue,
        }
    }

    pub(crate) fn status(status: u16, body: &str) -> Self {
        Self::raw(format!(
            "HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ))
    }

    pub(crate) fn redirect(to: &str) -> Self {
        Self::raw(format!(
            "HTTP/1.1 301 Moved\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n"
        ))
    }

    pub(crate) fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    pub(crate) fn byte_by_byte(mut self) -> Self {
        self.one_by_one = true;
        self
    }

    /// Byte by byte, with a pause after each.
    pub(crate) fn slowly(mut self, pause: Duration) -> Self {
        self.one_by_one = true;
        self.pause = pause;
        self
    }

    /// Resets the connection after the answer.
    pub(crate) fn then_reset(mut self) -> Self {
        self.then = Then::Reset;
        self
    }

    /// Says nothing more after the answer.
    pub(crate) fn then_stall(mut self) -> Self {
        self.then = Then::Stall;
        self
    }

    /// Closes the connection after the answer, without having announced it.
    pub(crate) fn then_close(mut self) -> Self {
        self.then = Then::Close;
        self
    }

    /// Resets the connection instead of, or after, an answer.
    pub(crate) fn reset() -> Self {
        Self {
            then: Then::Reset,
            ..Self::raw("")
        }
    }

    /// Never answers.
    pub(crate) fn stall() -> Self {
        Self {
            then: Then::Stall,
            ..Self::raw("")
        }
    }
}

type Behaviour = dyn Fn(&Request, u64) -> Reply + Send + Sync;

/// The server; it stops listening when dropped.
pub(crate) struct TargetServer {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
}

struct State {
    behaviour: Box<Behaviour>,
    tls: Option<Arc<ServerConfig>>,
    requests: AtomicU64,
    connections: AtomicU64,
    handling: Mutex<Vec<Duration>>,
    open: Mutex<Vec<TcpStream>>,
    stopped: AtomicBool,
}

impl TargetServer {
    /// Starts a server; `behaviour` is given each request and how many came before it.
    pub(crate) fn start(behaviour: impl Fn(&Request, u64) -> Reply + Send + Sync + 'static) -> Self {
        Self::listen(Box::new(behaviour), None)
    }

    /// Answers its first request, which is the one before the load, and never another.
    pub(crate) fn answering_once() -> Self {
        Self::start(|_, number| match number {
            0 => Reply::status(200, "ok"),
            _ => Reply::stall(),
        })
    }

    pub(crate) fn start_tls(
        config: ServerConfig,
        behaviour: impl Fn(&Request, u64) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::listen(Box::new(behaviour), Some(Arc::new(config)))
    }

    fn listen(behaviour: Box<Behaviour>, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            behaviour,
            tls,
            requests: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            handling: Mutex::new(Vec::new()),
            open: Mutex::new(Vec::new()),
            stopped: AtomicBool::new(false),
        });
        let accepting = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if accepting.stopped.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let state = Arc::clone(&accepting);
                state.connections.fetch_add(1, Ordering::SeqCst);
                thread::spawn(move || serve(&state, stream));
            }
        });
        Self { address, state }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Requests that were read to their end.
    pub(crate) fn requests(&self) -> u64 {
        self.state.requests.load(Ordering::SeqCst)
    }

    pub(crate) fn connections(&self) -> u64 {
        self.state.connections.load(Ordering::SeqCst)
    }

    /// How long each request waited for its answer to be sent, shortest first.
    pub(crate) fn handling(&self) -> Vec<Duration> {
        let mut handling = self
            .state
            .handling
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        handling.sort();
        handling
    }

    /// Stops listening and drops every connection.
    pub(crate) fn stop(&self) {
        if !self.state.stopped.swap(true, Ordering::SeqCst) {
            // Wakes the accepting thread, which then drops the listener.
            drop(TcpStream::connect(self.address));
            for stream in self.state.open.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
    }
}

impl Drop for TargetServer {
    fn drop(&mut self) {
        self.stop();
    }
}

fn serve(state: &State, stream: TcpStream) {
    // A connection may end in whatever way; the test looks at what the generator makes of it.
    let _ = stream.set_nodelay(true);
    if let Ok(copy) = stream.try_clone() {
        state.open.lock().unwrap_or_else(PoisonError::into_inner).push(copy);
    }
    let Ok(control) = stream.try_clone() else { return };
    let ended = match &state.tls {
        Some(config) => {
            let Ok(connection) = ServerConnection::new(Arc::clone(config)) else {
                return;
            };
            converse(state, StreamOwned::new(connection, stream), &control)
        }
        None => converse(state, stream, &control),
    };
    if ended.is_ok() {
        let _ = control.shutdown(Shutdown::Both);
    }
}

fn converse(state: &State, stream: impl Read + Write, control: &TcpStream) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some(request) = read_request(&mut stream)? {
        let begin = Instant::now();
        let number = state.requests.fetch_add(1, Ordering::SeqCst);
        let reply = (state.behaviour)(&request, number);
        thread::sleep(reply.delay);
        if reply.then == Then::Reset {
            stream.get_mut().write_all(&reply.bytes)?;
            rustix::net::sockopt::set_socket_linger(control, Some(Duration::ZERO))?;
            // Linger only matters for the last close, so the copy that `stop` would use must go first.
            let peer = control.peer_addr()?;
            let mut open = state.open.lock().unwrap_or_else(PoisonError::into_inner);
            open.retain(|copy| copy.peer_addr().is_ok_and(|other| other != peer));
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        // Once the answer is on its way, the client may have it before this thread gets to look at the clock.
        state
            .handling
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(begin.elapsed());
        let output = stream.get_mut();
        if reply.one_by_one {
            for byte in &reply.bytes {
                output.write_all(&[*byte])?;
                output.flush()?;
                thread::sleep(reply.pause);
            }
        } else {
            output.write_all(&reply.bytes)?;
            output.flush()?;
        }
        match reply.then {
            Then::Continue | Then::Reset => {}
            Then::Close => return Ok(()),
            Then::Stall => {
                // Until the client gives up.
                let _ = stream.read(&mut [0]);
                return Ok(());
            }
        }
    }
    Ok(())
}

fn read_request(stream: &mut impl BufRead) -> io::Result<Option<Request>> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match line.trim_end().split_once(": ") {
            Some((name, value)) => headers.push((name.to_owned(), value.to_owned())),
            None => break,
        }
    }
    let mut request = Request {
        method,
        path,
        headers,
        body: Vec::new(),
    };
    if let Some(length) = request.header("content-length").and_then(|value| value.parse().ok()) {
        request.body.resize(length, 0);
        stream.read_exact(&mut request.body)?;
    }
    Ok(Some(request))
}
