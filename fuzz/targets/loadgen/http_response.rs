//! Answers of any kind give the same result however the bytes are split, and whether or not the head was met before.

use crate::kept::Kept;
use crate::response::{HeadMemory, Progress, ResponseReader};

/// Status, body and head, or `None` if the connection ended too early; an error has no further meaning.
type Outcome = Result<Option<(u16, Vec<u8>, Vec<u8>)>, ()>;

fn read<'a>(pieces: impl Iterator<Item = &'a [u8]>, head_request: bool, memory: &mut HeadMemory) -> Outcome {
    let mut reader = ResponseReader::new();
    let mut kept = Kept::new();
    kept.wants.body = 1 << 20;
    kept.wants.head = true;
    reader.start(head_request, &mut kept);
    let mut buffer = Vec::new();
    let mut done = false;
    for piece in pieces {
        buffer.extend_from_slice(piece);
        match reader.advance(&buffer, &mut kept, memory).map_err(|_| ())? {
            Progress::MoreHead => {}
            Progress::MoreBody => buffer.clear(),
            // Whether bytes follow is not compared: it is seen only where they come with the end of the answer.
            Progress::Done => {
                done = true;
                break;
            }
        }
    }
    if !done && !reader.ends_with_close() {
        return Ok(None);
    }
    assert!((100..1000).contains(&reader.status()));
    Ok(Some((reader.status(), kept.body.as_bytes().to_vec(), kept.head)))
}

pub(super) fn check(data: &[u8]) {
    let Some((&control, text)) = data.split_first() else {
        return;
    };
    let head_request = control & 1 == 1;
    let size = usize::from(control >> 1) + 1;
    let mut memory = HeadMemory::default();
    let whole = read(std::iter::once(text), head_request, &mut memory);
    // By now the head may be remembered, which must not matter.
    let split = read(text.chunks(size), head_request, &mut memory);
    assert_eq!(whole, split);
}
