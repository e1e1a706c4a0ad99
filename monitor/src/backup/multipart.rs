//! Reads a multipart answer while it arrives: what InfluxDB's backup API gives its metadata in.

use bytes::Bytes;

/// Longest head of a part.
const MAX_HEAD: usize = 8 * 1024;
const HEAD_END: &[u8] = b"\r\n\r\n";

/// An answer that is not multipart as it should be.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Malformed(&'static str);

/// What comes next in the answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A part of that name begins.
    Part(String),
    /// More of its content.
    Content(Bytes),
    /// There are no more parts.
    End,
    /// More of the answer is needed.
    More,
}

/// Takes the answer in pieces of any size.
pub(crate) struct Parser {
    delimiter: Vec<u8>,
    buffer: Vec<u8>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the end of the line of a delimiter.
    Delimiter,
    Head,
    Content,
    Ended,
}

impl Parser {
    /// `content_type` as the answer's header has it.
    pub(crate) fn new(content_type: &str) -> Result<Self, Malformed> {
        let boundary = content_type
            .split(';')
            .find_map(|parameter| parameter.trim().strip_prefix("boundary="))
            .map(|boundary| boundary.trim_matches('"'))
            .filter(|boundary| !boundary.is_empty())
            .ok_or(Malformed("it is not multipart"))?;
        Ok(Self {
            delimiter: format!("\r\n--{boundary}").into_bytes(),
            // The first delimiter has no line before it.
            buffer: b"\r\n".to_vec(),
            state: State::Content,
        })
    }

    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    pub(crate) fn next(&mut self) -> Result<Event, Malformed> {
        loop {
            match self.state {
                State::Ended => return Ok(Event::End),
                State::Content => match find(&self.buffer, &self.delimiter) {
                    Some(0) => {
                        self.buffer.drain(..self.delimiter.len());
                        self.state = State::Delimiter;
                    }
                    Some(end) => return Ok(self.content(end)),
                    None => {
                        let certain = self.buffer.len().saturating_sub(self.delimiter.len() - 1);
                        return Ok(if certain == 0 {
                            Event::More
                        } else {
                            self.content(certain)
                        });
                    }
                },
                State::Delimiter => {
                    if self.buffer.starts_with(b"--") {
                        self.state = State::Ended;
                    } else if self.buffer.len() < 2 {
                        return Ok(Event::More);
                    } else if self.buffer.starts_with(b"\r\n") {
                        self.buffer.drain(..2);
                        self.state = State::Head;
                    } else {
                        return Err(Malformed("a boundary is not alone on its line"));
                    }
                }
                State::Head => {
                    // Whether it is too long must not depend on how much of it has come.
                    let end = find(&self.buffer, HEAD_END);
                    let known = end.unwrap_or((self.buffer.len() + 1).saturating_sub(HEAD_END.len()));
                    if known > MAX_HEAD {
                        return Err(Malformed("a part has no end of its head"));
                    }
                    let Some(end) = end else {
                        return Ok(Event::More);
                    };
                    let head: Vec<u8> = self.buffer.drain(..end + HEAD_END.len()).collect();
                    self.state = State::Content;
                    return name(&head).map(Event::Part);
                }
            }
        }
    }

    fn content(&mut self, end: usize) -> Event {
        Event::Content(self.buffer.drain(..end).collect::<Vec<_>>().into())
    }
}

fn name(head: &[u8]) -> Result<String, Malformed> {
    let head = String::from_utf8_lossy(head);
    let name = head.split("name=\"").nth(1).and_then(|rest| rest.split('"').next());
    name.map(str::to_owned).ok_or(Malformed("a part has no name"))
}

fn find(text: &[u8], pattern: &[u8]) -> Option<usize> {
    let first = *pattern.first()?;
    let mut from = 0;
    while let Some(offset) = text.get(from..)?.iter().position(|byte| *byte == first) {
        let at = from + offset;
        if text[at..].starts_with(pattern) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &[u8] = b"--b-1\r\nContent-Disposition: attachment; name=\"kv\"\r\nContent-Type: x\r\n\r\n\
        one\r\n--b-two\r\n\r\n--b-1\r\nContent-Disposition: attachment; name=\"sql\"\r\n\r\n\r\n--b-1--\r\n";

    #[test]
    fn an_answer_cut_anywhere_has_the_same_parts() {
        for size in 1..=ANSWER.len() {
            let mut parser = Parser::new("multipart/mixed; boundary=b-1").unwrap();
            let (mut parts, mut pieces): (Vec<(String, Vec<u8>)>, _) = (Vec::new(), ANSWER.chunks(size));
            loop {
                match parser.next().unwrap() {
                    Event::Part(name) => parts.push((name, Vec::new())),
                    Event::Content(content) => parts.last_mut().unwrap().1.extend_from_slice(&content),
                    Event::More => parser.feed(pieces.next().unwrap()),
                    Event::End => break,
                }
            }
            let expected = [
                ("kv".to_owned(), b"one\r\n--b-two\r\n".to_vec()),
                ("sql".to_owned(), Vec::new()),
            ];
            assert_eq!(parts, expected, "in pieces of {size}");
        }
        assert!(Parser::new("application/json").is_err());
    }
}
