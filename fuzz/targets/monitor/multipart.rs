//! Multipart answers: the same parts with the same content however the bytes are split.

use crate::backup::multipart::{Event, Parser};

/// Names and contents, and whether the answer came to its end; an error has no further meaning.
type Outcome = Result<(Vec<(String, Vec<u8>)>, bool), ()>;

pub(super) fn check(data: &[u8]) {
    let Some((&control, answer)) = data.split_first() else {
        return;
    };
    let size = usize::from(control) + 1;
    let whole = parts(std::iter::once(answer));
    assert_eq!(whole, parts(answer.chunks(size)));
    if let Ok((parts, _)) = whole {
        let content: usize = parts.iter().map(|(_, content)| content.len()).sum();
        assert!(content <= answer.len());
    }
}

fn parts<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Outcome {
    let mut parser = Parser::new("multipart/mixed; boundary=\"b\"").map_err(|_| ())?;
    let mut found: Vec<(String, Vec<u8>)> = Vec::new();
    for piece in pieces {
        parser.feed(piece);
        loop {
            match parser.next().map_err(|_| ())? {
                Event::More => break,
                Event::End => return Ok((found, true)),
                Event::Part(name) => found.push((name, Vec::new())),
                Event::Content(bytes) => {
                    if let Some((_, content)) = found.last_mut() {
                        content.extend_from_slice(&bytes);
                    }
                }
            }
        }
    }
    Ok((found, false))
}
