//! An HTTP proxy: passes requests on, opens tunnels, and refuses whom it does not know.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// The proxy; it stops listening when dropped.
pub(crate) struct ProxyServer {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
}

struct State {
    /// The `Proxy-Authorization` that is let through.
    authorization: Option<String>,
    /// First lines of requests.
    seen: Mutex<Vec<String>>,
    stopped: AtomicBool,
}

impl ProxyServer {
    pub(crate) fn start(authorization: Option<&str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            authorization: authorization.map(str::to_owned),
            seen: Mutex::new(Vec::new()),
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
                thread::spawn(move || serve(&state, stream));
            }
        });
        Self { address, state }
    }

    /// The first lines of the requests so far.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.state.seen.lock().unwrap().clone()
    }
}

impl Drop for ProxyServer {
    fn drop(&mut self) {
        self.state.stopped.store(true, Ordering::SeqCst);
        // Wakes the accepting thread, which then drops the listener.
        drop(TcpStream::connect(self.address));
    }
}

fn serve(state: &State, client: TcpStream) -> io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let mut client = client;
    let mut upstream: Option<TcpStream> = None;
    loop {
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if line == "\r\n" {
                break;
            }
            head.push(line);
        }
        let first = head[0].trim_end().to_owned();
        state.seen.lock().unwrap().push(first.clone());
        let given = head.iter().find_map(|line| line.strip_prefix("Proxy-Authorization: "));
        if state.authorization.is_some() && given.map(str::trim_end) != state.authorization.as_deref() {
            client.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")?;
            continue;
        }
        let mut words = first.split(' ');
        let (method, target) = (words.next().unwrap(), words.next().unwrap());
        if method == "CONNECT" {
            let Ok(upstream) = TcpStream::connect(target) else {
                client.write_all(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")?;
                continue;
            };
            client.write_all(b"HTTP/1.1 200 Connection established\r\nVia: double\r\n\r\n")?;
            let (mut back, mut there) = (upstream.try_clone()?, upstream);
            let mut answers = client.try_clone()?;
            thread::spawn(move || {
                let _ = io::copy(&mut back, &mut answers);
                let _ = answers.shutdown(Shutdown::Both);
            });
            let _ = io::copy(&mut reader, &mut there);
            let _ = there.shutdown(Shutdown::Both);
            return Ok(());
        }
        let (host, path) = target.strip_prefix("http://").unwrap().split_once('/').unwrap();
        let upstream = match &mut upstream {
            Some(upstream) => upstream,
            none => none.insert(TcpStream::connect(host)?),
        };
        let mut request = format!("{method} /{path} HTTP/1.1\r\n");
        request.extend(
            head[1..]
                .iter()
                .filter(|line| !line.starts_with("Proxy-"))
                .map(String::as_str),
        );
        request.push_str("\r\n");
        let mut request = request.into_bytes();
        let length = |head: &str| {
            let line = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
            line.map_or(0, |value| value.trim().parse().unwrap())
        };
        let mut body = vec![0; length(&head.concat())];
        reader.read_exact(&mut body)?;
        request.extend(body);
        upstream.write_all(&request)?;
        // The answers of the tests' servers have a length.
        let mut answer = Vec::new();
        let mut byte = [0];
        while !answer.ends_with(b"\r\n\r\n") {
            upstream.read_exact(&mut byte)?;
            answer.push(byte[0]);
        }
        let mut body = vec![0; length(&String::from_utf8_lossy(&answer))];
        upstream.read_exact(&mut body)?;
        answer.extend(body);
        client.write_all(&answer)?;
    }
}
