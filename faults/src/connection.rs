//! One connection to the service, as bytes.

use std::io::{self, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use test_servers::http_message::Message;

use crate::answer::Answer;

/// Longer than the service may take for any request, by seconds.
pub(crate) const PATIENCE: Duration = Duration::from_secs(15);

pub(crate) struct Connection(BufReader<TcpStream>);

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Self(BufReader::new(stream)))
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.get_mut().write_all(bytes)
    }

    /// The next answer; an end of the connection before it is an error.
    pub(crate) fn read(&mut self) -> io::Result<Answer> {
        let message = Message::read(&mut self.0, true)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        Answer::from_message(message).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }
}

/// A request; a body is JSON.
pub(crate) fn request(method: &str, path: &str, body: &str, trace_id: &str) -> Vec<u8> {
    let head =
        format!("{method} {path} HTTP/1.1\r\nhost: service\r\ntraceparent: 00-{trace_id}-00000000000000fa-00\r\n");
    let body_head = match body.len() {
        0 => String::new(),
        length => format!("content-type: application/json\r\ncontent-length: {length}\r\n"),
    };
    format!("{head}{body_head}\r\n{body}").into_bytes()
}
