//! HTTP/1.1 messages as bytes, for what an HTTP client would refuse to send or tidy up first.

use std::io::{self, BufRead};

/// A request or an answer.
pub struct Message {
    /// Start line and headers with their line ends, without the empty line.
    pub head: String,
    /// The body, freed of chunks.
    pub body: Vec<u8>,
}

impl Message {
    /// Reads the next message; `None` if the connection ends before it begins.
    pub fn read(from: &mut impl BufRead, has_body: bool) -> io::Result<Option<Self>> {
        let mut head = String::new();
        loop {
            let start = head.len();
            if from.read_line(&mut head)? == 0 {
                return if head.is_empty() {
                    Ok(None)
                } else {
                    Err(io::ErrorKind::UnexpectedEof.into())
                };
            }
            if &head[start..] == "\r\n" {
                head.truncate(start);
                break;
            }
        }
        let mut message = Self { head, body: Vec::new() };
        if !has_body {
            return Ok(Some(message));
        }
        if message
            .header("transfer-encoding")
            .is_some_and(|encoding| encoding.eq_ignore_ascii_case("chunked"))
        {
            message.body = read_chunks(from)?;
        } else if let Some(length) = message.header("content-length") {
            let length: usize = length.parse().map_err(|_| io::ErrorKind::InvalidData)?;
            message.body.resize(length, 0);
            from.read_exact(&mut message.body)?;
        }
        Ok(Some(message))
    }

    /// Value of the first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// Names and values in order.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let lines = self.head.lines().skip(1);
        lines.filter_map(|line| line.split_once(':').map(|(name, value)| (name, value.trim())))
    }

    /// As it goes over the wire, if it came with a `Content-Length`.
    pub fn to_bytes(&self) -> Vec<u8> {
        [self.head.as_bytes(), b"\r\n", &self.body].concat()
    }
}

fn read_chunks(from: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        from.read_line(&mut line)?;
        let length = usize::from_str_radix(line.trim(), 16).map_err(|_| io::ErrorKind::InvalidData)?;
        let mut chunk = vec![0; length + 2];
        from.read_exact(&mut chunk)?;
        if length == 0 {
            return Ok(body);
        }
        body.extend_from_slice(&chunk[..length]);
    }
}
