//! Lines of a file, of bounded length.

use std::io::{self, BufRead, Read as _};

/// Bytes of a line at most: a second of a scenario of many steps takes some hundred thousand.
const LONGEST: usize = 32 << 20;

/// What comes next in a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A line, without its line feed.
    Line,
    /// The last line, which has no line feed.
    Unfinished,
    /// Nothing.
    End,
}

/// Puts the next line into `line`.
pub(super) fn next_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Next> {
    line.clear();
    reader.take(LONGEST as u64).read_until(b'\n', line)?;
    match line.last() {
        None => Ok(Next::End),
        Some(b'\n') => {
            line.pop();
            Ok(Next::Line)
        }
        Some(_) if line.len() >= LONGEST => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("a line is longer than {LONGEST} bytes"),
        )),
        Some(_) => Ok(Next::Unfinished),
    }
}

/// A small file as a whole.
pub(super) fn read_bounded(path: &std::path::Path, most: u64) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    std::fs::File::open(path)?.take(most + 1).read_to_end(&mut content)?;
    if content.len() as u64 > most {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("it is longer than {most} bytes"),
        ));
    }
    Ok(content)
}
