//! HTTP/1.1, one request a connection.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use serde_json::Value as Json;

/// Bytes of a request's head.
const LARGEST_HEAD: usize = 64 << 10;
/// Bytes of a request's body.
const LARGEST_BODY: usize = 8 << 20;
const HEADERS: usize = 64;
/// How long a client may take to send its request.
const TIMEOUT: Duration = Duration::from_secs(30);

pub(crate) struct Request {
    pub(crate) method: String,
    /// Without the query.
    pub(crate) path: String,
    pub(crate) authorization: Option<String>,
    pub(crate) body: Vec<u8>,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Json,
}

/// Answers each connection on a thread of its own, for ever.
pub(crate) fn serve(listener: &TcpListener, answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) {
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
    let Answer { status, body } = answer(&read(&mut connection)?);
    let body = body.to_string();
    let head = format!(
        "HTTP/1.1 {status} \r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    connection.write_all(head.as_bytes())?;
    connection.write_all(body.as_bytes())
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
    let header = |name: &str| {
        let header = head
            .headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(header.value).ok().map(str::to_owned)
    };
    let body_length = header("content-length").map_or(Ok(0), |text| text.parse::<usize>());
    let body = &received[length..];
    if body.len() < body_length.map_err(io::Error::other)? {
        return Ok(None);
    }
    let target = head.path.unwrap_or("/");
    Ok(Some(Request {
        method: head.method.unwrap_or_default().to_owned(),
        path: target.split('?').next().unwrap_or_default().to_owned(),
        authorization: header("authorization"),
        body: body.to_vec(),
    }))
}
