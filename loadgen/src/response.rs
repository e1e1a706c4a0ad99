//! Reads HTTP/1 responses in the buffer they were received into, keeping nothing but what the caller needs.

mod head;
#[cfg(test)]
mod tests;

use crate::kept::Kept;
pub(crate) use head::HeadMemory;
use head::{Head, parse_head};

/// Bytes of a chunk's size line, extensions included, and of all trailers.
const MAX_CHUNK_OVERHEAD: usize = 16 * 1024;

/// What is wrong with a response.
pub(crate) type Malformed = &'static str;

/// How the end of a body is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Body {
    Fixed(u64),
    Chunked(Chunk),
    UntilClose,
}

/// Where in a chunked body the reader stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chunk {
    /// In the size, after so many digits.
    Size { size: u64, digits: u8 },
    /// In an extension, or between CR and LF of the size line.
    SizeLine { size: u64 },
    /// In the data, with so many bytes to come.
    Data { left: u64 },
    /// Before the CRLF that ends the data; the CR has been seen or not.
    DataEnd { cr: bool },
    /// In the trailers; whether the line has anything in it yet.
    Trailer { empty: bool },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Head,
    Body(Body),
    Done,
}

/// Reads one response; [`Self::start`] readies it for the next.
#[derive(Debug)]
pub(crate) struct ResponseReader {
    state: State,
    status: u16,
    keep_alive: bool,
    head_request: bool,
    keep_body: bool,
    overhead: usize,
}

/// How far a response is after some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// The head is incomplete: keep the bytes and add to them.
    MoreHead,
    /// The bytes were used up, the body is incomplete: the buffer may be overwritten.
    MoreBody,
    /// The response is complete.
    Done,
}

impl ResponseReader {
    pub(crate) fn new() -> Self {
        Self {
            state: State::Head,
            status: 0,
            keep_alive: true,
            head_request: false,
            keep_body: false,
            overhead: 0,
        }
    }

    /// Readies the reader for the answer to a request.
    pub(crate) fn start(&mut self, head_request: bool, kept: &mut Kept) {
        *self = Self {
            head_request,
            ..Self::new()
        };
        kept.start();
    }

    /// The status code; 0 before the head is complete.
    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    /// Whether the connection can carry another request.
    pub(crate) fn keep_alive(&self) -> bool {
        self.keep_alive
    }

    /// Takes bytes: before the head is complete all that were received so far (interim answers included, which are
    /// skipped anew each time), afterwards the new ones.
    #[inline]
    pub(crate) fn advance(
        &mut self,
        bytes: &[u8],
        kept: &mut Kept,
        memory: &mut HeadMemory,
    ) -> Result<Progress, Malformed> {
        let mut rest = bytes;
        while self.state == State::Head {
            let Some(head) = self.take_head(rest, kept, memory)? else {
                return Ok(Progress::MoreHead);
            };
            rest = &rest[head..];
        }
        self.take_body(rest, kept)
    }

    /// The connection ended. True if that is how this response ends.
    pub(crate) fn ends_with_close(&mut self) -> bool {
        self.keep_alive = false;
        match self.state {
            State::Body(Body::UntilClose) => {
                self.state = State::Done;
                true
            }
            state => state == State::Done,
        }
    }

    fn take_head(
        &mut self,
        bytes: &[u8],
        kept: &mut Kept,
        memory: &mut HeadMemory,
    ) -> Result<Option<usize>, Malformed> {
        let head = match memory.recall(bytes) {
            Some(head) => head,
            None => match parse_head(bytes, kept)? {
                Some(head) => {
                    memory.remember(&bytes[..head.length], head);
                    head
                }
                None => return Ok(None),
            },
        };
        let Head {
            length,
            status,
            keep_alive,
            body,
        } = head;
        if status < 200 && status != 101 {
            return Ok(Some(length));
        }
        self.status = status;
        self.keep_alive = keep_alive && status != 101;
        self.keep_body = kept.keeps_body(status);
        if kept.wants.head {
            kept.head.extend_from_slice(&bytes[..length]);
        }
        self.state = if self.head_request || matches!(status, 101 | 204 | 304) || body == Body::Fixed(0) {
            State::Done
        } else {
            State::Body(body)
        };
        Ok(Some(length))
    }

    fn take_body(&mut self, bytes: &[u8], kept: &mut Kept) -> Result<Progress, Malformed> {
        let State::Body(body) = self.state else {
            return Ok(self.done(bytes));
        };
        match body {
            Body::Fixed(left) => {
                let taken = left.min(bytes.len() as u64);
                let (data, rest) = bytes.split_at(taken as usize);
                if self.keep_body {
                    kept.body.extend(data);
                }
                if taken == left {
                    return Ok(self.done(rest));
                }
                self.state = State::Body(Body::Fixed(left - taken));
                Ok(Progress::MoreBody)
            }
            Body::UntilClose => {
                if self.keep_body {
                    kept.body.extend(bytes);
                }
                Ok(Progress::MoreBody)
            }
            Body::Chunked(chunk) => self.take_chunks(chunk, bytes, kept),
        }
    }

    fn take_chunks(&mut self, mut chunk: Chunk, mut bytes: &[u8], kept: &mut Kept) -> Result<Progress, Malformed> {
        while let Some((&byte, rest)) = bytes.split_first() {
            if let Chunk::Data { left } = chunk {
                let taken = left.min(bytes.len() as u64);
                let (data, rest) = bytes.split_at(taken as usize);
                if self.keep_body {
                    kept.body.extend(data);
                }
                bytes = rest;
                chunk = if taken == left {
                    Chunk::DataEnd { cr: false }
                } else {
                    Chunk::Data { left: left - taken }
                };
                continue;
            }
            self.overhead += 1;
            if self.overhead > MAX_CHUNK_OVERHEAD {
                return Err("the response has an over-long chunk header or trailer");
            }
            bytes = rest;
            chunk = match chunk {
                Chunk::Size { size, digits } => match (byte as char).to_digit(16) {
                    Some(_) if digits == 16 => return Err("the response has an over-large chunk"),
                    Some(digit) => Chunk::Size {
                        size: size << 4 | u64::from(digit),
                        digits: digits + 1,
                    },
                    None if digits == 0 => return Err("the response has a malformed chunk size"),
                    None if byte == b'\n' => after_size(size, &mut self.overhead),
                    None if matches!(byte, b';' | b'\r' | b' ' | b'\t') => Chunk::SizeLine { size },
                    None => return Err("the response has a malformed chunk size"),
                },
                Chunk::SizeLine { size } if byte == b'\n' => after_size(size, &mut self.overhead),
                Chunk::DataEnd { cr: false } if byte == b'\r' => Chunk::DataEnd { cr: true },
                Chunk::DataEnd { .. } if byte == b'\n' => Chunk::Size { size: 0, digits: 0 },
                Chunk::DataEnd { .. } => return Err("the response has a chunk that is longer than its size"),
                Chunk::Trailer { empty: true } if byte == b'\n' => return Ok(self.done(bytes)),
                Chunk::Trailer { empty } => Chunk::Trailer {
                    empty: byte == b'\n' || (empty && byte == b'\r'),
                },
                unchanged => unchanged,
            };
        }
        self.state = State::Body(Body::Chunked(chunk));
        Ok(Progress::MoreBody)
    }

    fn done(&mut self, rest: &[u8]) -> Progress {
        self.state = State::Done;
        if !rest.is_empty() {
            // Bytes nobody asked for: whatever they are, the next answer could not be told from them.
            self.keep_alive = false;
        }
        Progress::Done
    }
}

fn after_size(size: u64, overhead: &mut usize) -> Chunk {
    if size == 0 {
        Chunk::Trailer { empty: true }
    } else {
        *overhead = 0;
        Chunk::Data { left: size }
    }
}
