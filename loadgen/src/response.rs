//! Reads HTTP/1 responses in the buffer they were received into, keeping nothing but what the caller needs.

use std::mem::MaybeUninit;

use httparse::{Header, ParserConfig, Status};

/// Header fields an answer may have.
const MAX_HEADERS: usize = 128;
/// Bytes of a chunk's size line, extensions included, and of all trailers.
const MAX_CHUNK_OVERHEAD: usize = 16 * 1024;
/// Bytes of a body, or of a `Location`, kept for error examples.
pub(crate) const EXCERPT: usize = 256;

/// What is wrong with a response.
pub(crate) type Malformed = &'static str;

/// A bounded excerpt of what was received; its buffer is reused.
#[derive(Debug, Default)]
pub(crate) struct Excerpt {
    bytes: Vec<u8>,
    limit: usize,
}

impl Excerpt {
    pub(crate) fn new() -> Self {
        Self {
            bytes: Vec::new(),
            limit: EXCERPT,
        }
    }

    fn clear(&mut self) {
        self.bytes.clear();
    }

    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        let room = self.limit.saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// What the answer to a request is needed for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wants {
    /// Bytes of the body of a 2xx answer to keep. Of other answers at least [`EXCERPT`] bytes are kept.
    pub(crate) body: usize,
    /// Keep the head.
    pub(crate) head: bool,
}

/// What a parser keeps of an answer.
#[derive(Debug)]
pub(crate) struct Kept {
    /// The beginning of the body: of every unexpected answer, of others only as `wants` says.
    pub(crate) body: Excerpt,
    /// The `Location` of a redirect.
    pub(crate) location: Excerpt,
    /// The head as received, from the status line to the empty line, if wanted.
    pub(crate) head: Vec<u8>,
    /// What of the next answer is to be kept.
    pub(crate) wants: Wants,
}

impl Kept {
    pub(crate) fn new() -> Self {
        Self {
            body: Excerpt::new(),
            location: Excerpt::new(),
            head: Vec::new(),
            wants: Wants::default(),
        }
    }

    /// Forgets the last answer.
    pub(crate) fn start(&mut self) {
        self.body.clear();
        self.body.limit = self.wants.body.max(EXCERPT);
        self.location.clear();
        self.head.clear();
    }

    /// Whether the body of an answer with this status is kept.
    pub(crate) fn keeps_body(&self, status: u16) -> bool {
        self.wants.body > 0 || !(200..300).contains(&status)
    }

    /// What is worth reading, for an example of a failure: where a redirect points, how a body begins.
    pub(crate) fn describe(&self) -> String {
        let location = String::from_utf8_lossy(self.location.as_bytes());
        if !location.is_empty() {
            return format!(", Location: {}", printable(&location));
        }
        let body = self.body.as_bytes();
        let body = String::from_utf8_lossy(&body[..body.len().min(EXCERPT)]);
        let body = printable(body.trim());
        if body.is_empty() {
            String::new()
        } else {
            format!(", body: {body}")
        }
    }
}

/// The text on one line, without control characters that a terminal would obey.
fn printable(text: &str) -> String {
    text.chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .collect()
}

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

/// What a head says.
#[derive(Debug, Clone, Copy)]
struct Head {
    /// Bytes of it.
    length: usize,
    status: u16,
    keep_alive: bool,
    /// As the fields say; method and status may rule a body out.
    body: Body,
}

/// Heads longer than this are not remembered.
const MOST_REMEMBERED: usize = 1024;

/// The head of an earlier answer and what it says. Under load most heads are the same, byte for byte, for a second at
/// least, and to compare is much cheaper than to parse. All clients of a thread share one.
#[derive(Debug, Default)]
pub(crate) struct HeadMemory {
    bytes: Vec<u8>,
    head: Option<Head>,
}

impl HeadMemory {
    /// What the head at the beginning of these bytes says, if it is the one remembered: it has its end in it.
    #[inline]
    fn recall(&self, bytes: &[u8]) -> Option<Head> {
        self.head.filter(|_| bytes.starts_with(&self.bytes))
    }

    fn remember(&mut self, bytes: &[u8], head: Head) {
        // Of a redirect more is kept than is remembered.
        let is_plain = (200..300).contains(&head.status) || head.status >= 400;
        if bytes.len() <= MOST_REMEMBERED && is_plain {
            self.bytes.clear();
            self.bytes.extend_from_slice(bytes);
            self.head = Some(head);
        }
    }
}

fn parse_head(bytes: &[u8], kept: &mut Kept) -> Result<Option<Head>, Malformed> {
    let mut headers = [const { MaybeUninit::<Header<'_>>::uninit() }; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut []);
    let length = match ParserConfig::default().parse_response_with_uninit_headers(&mut response, bytes, &mut headers) {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err("the response has more than 128 header fields"),
        Err(httparse::Error::Version) => return Err("the response is not HTTP/1.0 or HTTP/1.1"),
        Err(_) => return Err("the response has a malformed head"),
    };
    let status = response.code.unwrap_or_default();
    if !(100..1000).contains(&status) {
        return Err("the response has a malformed status code");
    }
    let mut keep_alive = response.version == Some(1);
    if status < 200 && status != 101 {
        let body = Body::Fixed(0);
        return Ok(Some(Head {
            length,
            status,
            keep_alive,
            body,
        }));
    }
    let mut content_length = None;
    let mut chunked = false;
    let mut until_close = false;
    for header in response.headers.iter() {
        match header.name.len() {
            14 if header.name.eq_ignore_ascii_case("content-length") => {
                let value = parse_length(header.value)?;
                if content_length.is_some_and(|earlier| earlier != value) {
                    return Err("the response has two different Content-Length fields");
                }
                content_length = Some(value);
            }
            17 if header.name.eq_ignore_ascii_case("transfer-encoding") => {
                chunked = ends_with_chunked(header.value);
                until_close = !chunked;
            }
            10 if header.name.eq_ignore_ascii_case("connection") => {
                if has_token(header.value, b"close") {
                    keep_alive = false;
                } else if has_token(header.value, b"keep-alive") {
                    keep_alive = true;
                }
            }
            8 if (300..400).contains(&status) && header.name.eq_ignore_ascii_case("location") => {
                kept.location.clear();
                kept.location.extend(header.value);
            }
            _ => {}
        }
    }
    let body = if chunked {
        Body::Chunked(Chunk::Size { size: 0, digits: 0 })
    } else if until_close {
        Body::UntilClose
    } else {
        content_length.map_or(Body::UntilClose, Body::Fixed)
    };
    Ok(Some(Head {
        length,
        status,
        keep_alive,
        body,
    }))
}

fn after_size(size: u64, overhead: &mut usize) -> Chunk {
    if size == 0 {
        Chunk::Trailer { empty: true }
    } else {
        *overhead = 0;
        Chunk::Data { left: size }
    }
}

fn parse_length(value: &[u8]) -> Result<u64, Malformed> {
    const BAD: Malformed = "the response has a malformed Content-Length";
    let value = value.trim_ascii();
    if value.is_empty() {
        return Err(BAD);
    }
    value.iter().try_fold(0_u64, |length, byte| match byte {
        b'0'..=b'9' => length
            .checked_mul(10)
            .and_then(|length| length.checked_add(u64::from(byte - b'0')))
            .ok_or(BAD),
        _ => Err(BAD),
    })
}

fn ends_with_chunked(value: &[u8]) -> bool {
    value
        .rsplit(|byte| *byte == b',')
        .next()
        .is_some_and(|last| last.trim_ascii().eq_ignore_ascii_case(b"chunked"))
}

fn has_token(value: &[u8], token: &[u8]) -> bool {
    value
        .split(|byte| *byte == b',')
        .any(|part| part.trim_ascii().eq_ignore_ascii_case(token))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kept() -> Kept {
        let mut kept = Kept::new();
        kept.wants.body = EXCERPT;
        kept
    }

    /// Status, reuse and body; `None` if the connection ended too early.
    type End = Result<Option<(u16, bool, Vec<u8>)>, Malformed>;

    /// Reads a response that arrives in pieces, as a connection does. It must not matter whether its head is remembered.
    fn read(pieces: &[&[u8]], head_request: bool) -> End {
        let mut memory = HeadMemory::default();
        let end = read_remembering(pieces, head_request, &mut memory);
        assert_eq!(read_remembering(pieces, head_request, &mut memory), end);
        end
    }

    fn read_remembering(pieces: &[&[u8]], head_request: bool, memory: &mut HeadMemory) -> End {
        let mut reader = ResponseReader::new();
        let mut kept = kept();
        reader.start(head_request, &mut kept);
        let mut buffer = Vec::new();
        for piece in pieces {
            buffer.extend_from_slice(piece);
            match reader.advance(&buffer, &mut kept, memory)? {
                Progress::MoreHead => {}
                Progress::MoreBody => buffer.clear(),
                Progress::Done => {
                    return Ok(Some((
                        reader.status(),
                        reader.keep_alive(),
                        kept.body.as_bytes().to_vec(),
                    )));
                }
            }
        }
        let complete = reader.ends_with_close();
        Ok(complete.then(|| (reader.status(), reader.keep_alive(), kept.body.as_bytes().to_vec())))
    }

    #[test]
    fn bodies_end_where_their_framing_says() {
        let done = |status, keep_alive, body: &str| Ok(Some((status, keep_alive, body.as_bytes().to_vec())));
        let whole = |text: &str| read(&[text.as_bytes()], false);
        assert_eq!(
            whole("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
            done(200, true, "hello")
        );
        assert_eq!(
            whole("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"),
            done(200, false, "hello")
        );
        assert_eq!(
            whole("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"),
            done(200, false, "ok")
        );
        assert_eq!(
            whole("HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: Keep-Alive\r\n\r\nok"),
            done(200, true, "ok")
        );
        assert_eq!(whole("HTTP/1.1 200 OK\r\n\r\nall of it"), done(200, false, "all of it"));
        assert_eq!(whole("HTTP/1.1 204 No Content\r\n\r\n"), done(204, true, ""));
        assert_eq!(
            whole("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"),
            done(304, true, "")
        );
        assert_eq!(
            whole("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"),
            done(201, true, "")
        );
        assert_eq!(
            whole(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n3;a=b\r\nabc\r\n0\r\nT: x\r\n\r\n"
            ),
            done(200, true, "abc")
        );
        assert_eq!(
            read(&[b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"], true),
            done(200, true, "")
        );
        assert_eq!(
            whole("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokmore"),
            done(200, false, "ok")
        );
        assert_eq!(whole("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"), Ok(None));
    }

    #[test]
    fn malformed_responses_are_refused() {
        let fails = |text: &str| assert!(read(&[text.as_bytes()], false).is_err(), "{text}");
        fails("SSH-2.0-OpenSSH_9.2\r\n");
        fails("HTTP/2.0 200 OK\r\n\r\n");
        fails("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n");
        fails("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n");
        fails("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n");
        fails("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n");
        fails("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n");
        fails("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n11111111111111111\r\n");
        let endless = format!(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;{}",
            "x".repeat(20_000)
        );
        fails(&endless);
    }

    #[test]
    fn the_target_of_a_redirect_is_kept() {
        let mut reader = ResponseReader::new();
        let mut kept = kept();
        let text = b"HTTP/1.1 301 Moved\r\nLocation: https://host/a\r\nContent-Length: 0\r\n\r\n";
        let mut memory = HeadMemory::default();
        for _ in 0..2 {
            reader.start(false, &mut kept);
            assert_eq!(reader.advance(text, &mut kept, &mut memory), Ok(Progress::Done));
            assert_eq!(kept.location.as_bytes(), b"https://host/a");
        }
    }

    #[test]
    fn every_byte_may_come_alone() {
        let text =
            b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n\
            A\r\n0123456789\r\n1\r\nx\r\n0\r\na: b\r\nc: d\r\n\r\n";
        let pieces: Vec<&[u8]> = text.chunks(1).collect();
        assert_eq!(read(&pieces, false), Ok(Some((200, true, b"0123456789x".to_vec()))));
    }

    const VALID: [&str; 7] = [
        "HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 12\r\n\r\nhello, world",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n00c\r\nhello, world\r\n0\r\nT: x\r\n\r\n",
        "HTTP/1.0 404 Not Found\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nno",
        "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 301 Moved\r\nLocation: https://host/a\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 500 Oh\r\n\r\nuntil the end",
        "HTTP/1.1 304 Not Modified\nContent-Length: 9\n\n",
    ];

    proptest! {
        #[test]
        fn splits_change_nothing(bodies in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..40), 0..5),
                                 cuts in proptest::collection::vec(1_usize..200, 0..12)) {
            let mut text = b"HTTP/1.1 200 OK\r\nServer: x\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
            for body in &bodies {
                text.extend_from_slice(format!("{:x}\r\n", body.len()).as_bytes());
                text.extend_from_slice(body);
                text.extend_from_slice(b"\r\n");
            }
            text.extend_from_slice(b"0\r\n\r\n");
            let mut pieces = Vec::new();
            let mut rest: &[u8] = &text;
            for cut in cuts {
                let (piece, after) = rest.split_at(cut.min(rest.len()));
                pieces.push(piece);
                rest = after;
            }
            pieces.push(rest);
            prop_assert_eq!(read(&pieces, false), Ok(Some((200, true, bodies.concat()))));
        }

        /// Valid answers with a few bytes changed, removed or repeated: no panic, and the same end however they arrive.
        #[test]
        fn damage_is_noticed_at_the_same_place_however_it_arrives(
            number in 0..VALID.len(),
            changes in proptest::collection::vec((any::<prop::sample::Index>(), 0..4_u8, any::<u8>()), 0..4),
            size in 1_usize..40,
            head_request in any::<bool>(),
        ) {
            let mut text = VALID[number].as_bytes().to_vec();
            for (index, kind, byte) in changes {
                let at = index.index(text.len());
                match kind {
                    0 => text[at] = byte,
                    1 => text.truncate(at.max(1)),
                    2 => text.insert(at, byte),
                    _ => text.extend_from_within(at..),
                }
            }
            let split: Vec<&[u8]> = text.chunks(size).collect();
            // Whether the connection can be reused is left out: bytes that follow are seen only if they come along.
            let end = |pieces: &[&[u8]]| {
                read(pieces, head_request).map(|end| end.map(|(status, _, body)| (status, body))).map_err(drop)
            };
            prop_assert_eq!(end(&split), end(&[&text]));
        }

        /// httparse reads sizes of chunks by itself, so it can judge ours.
        #[test]
        fn sizes_of_chunks_are_those_of_httparse(line in "[0-9a-fA-F]{1,4}[ \t]{0,2}(;[a-z=]{0,6})?") {
            let line = format!("{line}\r\n");
            let theirs = match httparse::parse_chunk_size(line.as_bytes()) {
                Ok(Status::Complete((_, size))) => Some(size),
                _ => None,
            };
            let data = "x".repeat(theirs.unwrap_or_default().min(0xffff) as usize);
            let end = if theirs == Some(0) { "" } else { "\r\n0\r\n" };
            let text = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{line}{data}{end}\r\n");
            let ours = read(&[text.as_bytes()], false);
            match theirs {
                Some(_) => prop_assert!(matches!(ours, Ok(Some((200, true, _)))), "{line:?}: {ours:?}"),
                None => prop_assert!(!matches!(ours, Ok(Some(_))), "{line:?}: {ours:?}"),
            }
        }

        #[test]
        fn no_bytes_make_it_panic(text in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&[&text], false);
            let mut framed = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
            framed.extend_from_slice(&text);
            let _ = read(&[&framed], false);
        }
    }
}
