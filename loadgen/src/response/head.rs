//! The head of an HTTP/1 response: what its fields say of the body and of the connection.

use std::mem::MaybeUninit;

use httparse::{Header, ParserConfig, Status};

use super::{Body, Chunk, Malformed};
use crate::kept::Kept;

/// Header fields an answer may have.
const MAX_HEADERS: usize = 128;

/// What a head says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    /// Bytes of it.
    pub(super) length: usize,
    pub(super) status: u16,
    pub(super) keep_alive: bool,
    /// As the fields say; method and status may rule a body out.
    pub(super) body: Body,
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
    pub(super) fn recall(&self, bytes: &[u8]) -> Option<Head> {
        self.head.filter(|_| bytes.starts_with(&self.bytes))
    }

    pub(super) fn remember(&mut self, bytes: &[u8], head: Head) {
        // Of a redirect more is kept than is remembered.
        let is_plain = (200..300).contains(&head.status) || head.status >= 400;
        if bytes.len() <= MOST_REMEMBERED && is_plain {
            self.bytes.clear();
            self.bytes.extend_from_slice(bytes);
            self.head = Some(head);
        }
    }
}

pub(super) fn parse_head(bytes: &[u8], kept: &mut Kept) -> Result<Option<Head>, Malformed> {
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
