//! Seconds of results: what is read is written such that it is read again as the same.

use crate::results::interval_line::{LineDecoder, LineEncoder};
use crate::run_info::sample;

pub(super) fn check(data: &[u8]) {
    let info = sample::info("1/1");
    let mut decoder = LineDecoder::new();
    let Ok(interval) = decoder.decode(&info, data) else {
        return;
    };
    let mut encoder = LineEncoder::new();
    let written = encoder.encode(&info, &interval);
    let read = match decoder.decode(&info, &written) {
        Ok(read) => read,
        Err(reason) => panic!("{reason}: {}", String::from_utf8_lossy(&written)),
    };
    assert_eq!(
        (read.requests(), read.failed(), read.due, read.dropped),
        (interval.requests(), interval.failed(), interval.due, interval.dropped)
    );
    assert_eq!(encoder.encode(&info, &read), written);
}
