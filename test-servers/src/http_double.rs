//! HTTP/1.1 for doubles and stubs: one request a connection.

use std::collections::BTreeMap;
use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use reqwest::Url;
use serde_json::Value as Json;

/// Bytes of a request's head.
const LARGEST_HEAD: usize = 64 << 10;
/// Bytes of a request's body.
const LARGEST_BODY: usize = 64 << 20;
const HEADERS: usize = 64;
/// How long a client may take to send its request.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A request.
#[derive(Debug)]
pub struct Request {
    /// Its method.
    pub method: String,
    /// Without the query.
    pub path: String,
    /// The query, decoded.
    pub query: BTreeMap<String, String>,
    /// By names in lower case.
    pub headers: BTreeMap<String, String>,
    /// Its body.
    pub body: Vec<u8>,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// Its status code.
    pub status: u16,
    /// Headers besides `Content-Length` and `Connection`.
    pub headers: Vec<(&'static str, &'static str)>,
    /// Its body.
    pub body: Vec<u8>,
}

impl Answer {
    /// A body of JSON.
    pub fn json(status: u16, body: &Json) -> Self {
        Self {
            status,
            headers: vec![("Content-Type", "application/json")],
            body: body.to_string().into_bytes(),
        }
    }
}

/// Answers each connection on a thread of its own, for ever.
pub fn serve(listener: &TcpListener, answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) {
    let answer = Arc::new(answer);
    for connection in listener.incoming() {
        let Ok(connection) = connection else { continue };
        let answer = Arc::clone(&answer);
        thread::spawn(move || {
            // A client that is gone or sends nonsense gets no answer.
            let _ = converse(connection, &*answer);
        });
    }
}

fn converse(mut connection: TcpStream, answer: &(impl Fn(&Request) -> Answer + ?Sized)) -> io::Result<()> {
    connection.set_read_timeout(Some(TIMEOUT))?;
    let request = read(&mut connection)?;
    let Answer { status, headers, body } = answer(&request);
    let headers: String = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let head = format!(
        "HTTP/1.1 {status} \r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    connection.write_all(head.as_bytes())?;
    if request.method == "HEAD" {
        return Ok(());
    }
    connection.write_all(&body)
}

fn read(connection: &mut TcpStream) -> io::Result<Request> {
    let mut received = Vec::new();
    let mut chunk = vec![0; 16 << 10];
    loop {
        let count = connection.read(&mut chunk)?;
        if count == 0 || received.len() > LARGEST_HEAD + LARGEST_BODY {
            return Err(io::ErrorKind::InvalidData.into());
        }
        received.extend_from_slice(&chunk[..count]);
        if let Some(request) = parse(&received)? {
            return Ok(request);
        }
    }
}

/// The request, once all of it is there.
fn parse(received: &[u8]) -> io::Result<Option<Request>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut head = httparse::Request::new(&mut headers);
    let status = head.parse(received).map_err(io::Error::other)?;
    let httparse::Status::Complete(length) = status else {
        return Ok(None);
    };
    let named = |header: &httparse::Header<'_>| {
        let value = std::str::from_utf8(header.value).ok()?;
        Some((header.name.to_ascii_lowercase(), value.to_owned()))
    };
    let (method, target) = (head.method.unwrap_or_default().to_owned(), head.path.unwrap_or("/"));
    let url = Url::parse(&format!("http://double{target}")).map_err(io::Error::other)?;
    let headers: BTreeMap<_, _> = head.headers.iter().filter_map(named).collect();
    let body_length = headers
        .get("content-length")
        .map_or(Ok(0), |text| text.parse::<usize>());
    let body = &received[length..];
    if body.len() < body_length.map_err(io::Error::other)? {
        return Ok(None);
    }
    Ok(Some(Request {
        method,
        path: url.path().to_owned(),
        query: url.query_pairs().into_owned().collect(),
        headers,
        body: body.to_vec(),
    }))
}
