//! Reads the files that a scenario is made of. A pipe or a device has no size to look at, so a bound holds while reading.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// A whole file; `None` if it has more than `most` bytes.
pub(crate) fn read(path: &Path, most: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= most).then_some(bytes))
}
