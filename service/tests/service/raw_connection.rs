//! A connection that sends bytes as they are.

use std::io::{self, BufReader, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::answer::Answer;
use test_servers::http_message::Message;

/// Longer than anything takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct RawConnection(BufReader<TcpStream>);

impl RawConnection {
    pub(crate) fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Self(BufReader::new(stream)))
    }

    pub(crate) fn write(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.0.get_mut().write_all(bytes.as_ref())
    }

    /// Says that nothing more will be written.
    pub(crate) fn finish_writing(&mut self) -> io::Result<()> {
        self.0.get_mut().shutdown(Shutdown::Write)
    }

    /// The next answer, or `None` where the connection ends before it.
    pub(crate) fn read(&mut self) -> io::Result<Option<Answer>> {
        self.read_answer(true)
    }

    fn read_answer(&mut self, has_body: bool) -> io::Result<Option<Answer>> {
        let Some(message) = Message::read(&mut self.0, has_body)? else {
            return Ok(None);
        };
        let status = message.head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let headers = message.headers().map(|(name, value)| {
            (
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_str(value).unwrap(),
            )
        });
        Ok(Some(Answer {
            status: status.unwrap(),
            headers: HeaderMap::from_iter(headers),
            body: message.body,
        }))
    }

    /// Sends a request with this path, unchanged, and a JSON body.
    pub(crate) fn try_send(&mut self, method: &str, path: &str, body: &[u8]) -> io::Result<Option<Answer>> {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: service\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        self.write([head.as_bytes(), body].concat())?;
        self.read_answer(method != "HEAD")
    }

    /// As [`RawConnection::try_send`], where there must be an answer.
    #[track_caller]
    pub(crate) fn send(&mut self, method: &str, path: &str, body: &[u8]) -> Answer {
        self.try_send(method, path, body)
            .unwrap()
            .expect("the service closed the connection without an answer")
    }

    /// As [`RawConnection::send`], with a JSON value as the body.
    #[track_caller]
    pub(crate) fn send_json(&mut self, method: &str, path: &str, body: &serde_json::Value) -> Answer {
        self.send(method, path, body.to_string().as_bytes())
    }
}
