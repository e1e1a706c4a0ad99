//! Spools that a process left when it was killed: every whole line comes out once, in order, and nothing else.

use std::fs;

use crate::influxdb::spool::{DESTINATION_FILE, Spool};

pub(super) fn check(data: &[u8]) {
    let Ok(folder) = tempfile::tempdir() else { return };
    let mut parts = data.split(|byte| *byte == 0);
    let destination = parts.next().unwrap_or_default();
    let usual = br#"{"url":"http://127.0.0.1:8086/","org":"o","bucket":"b"}"#;
    let destination = if destination.is_empty() { usual } else { destination };
    let _ = fs::write(folder.path().join(DESTINATION_FILE), destination);
    let mut expected = Vec::new();
    for (number, file) in parts.enumerate().take(5) {
        let _ = fs::write(folder.path().join(format!("{number:06}.lp")), file);
        let whole = file.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        expected.extend_from_slice(&file[..whole]);
    }
    let Ok((mut spool, _)) = Spool::open(folder.path()) else {
        return;
    };
    let points = expected.iter().filter(|byte| **byte == b'\n').count() as u64;
    assert_eq!(spool.points(), points);
    let mut found = Vec::new();
    while let Some(chunk) = spool.oldest(7).unwrap_or_else(|error| panic!("{error}")) {
        found.extend_from_slice(&chunk.lines.text);
        spool.done(&chunk);
    }
    assert!(found == expected);
    assert_eq!(spool.points(), 0);
}
