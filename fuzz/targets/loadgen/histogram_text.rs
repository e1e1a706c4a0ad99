//! Histograms of results: what is read is written the same, and counts stay below what sums of them can hold.

use std::io::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::results::histogram_text::{HistogramDecoder, HistogramEncoder, MOST};

pub(super) fn check(data: &[u8]) {
    let Some((&how, rest)) = data.split_first() else {
        return;
    };
    let mut decoder = HistogramDecoder::new();
    let text = match how % 3 {
        0 => String::from_utf8_lossy(rest).into_owned(),
        1 => BASE64_STANDARD.encode(rest),
        // Behind the compression, which no fuzzer writes.
        _ => BASE64_STANDARD.encode(compressed(&with_header(rest))),
    };
    let Ok(histogram) = decoder.decode(&text) else {
        return;
    };
    assert!(histogram.len() <= MOST);
    let again = HistogramEncoder::new().encode(&histogram);
    let read = decoder
        .decode(&again)
        .unwrap_or_else(|reason| panic!("{reason}: {again}"));
    assert!(read == histogram && read.len() == histogram.len());
}

/// The counts as they come, behind a header that is taken.
fn with_header(counts: &[u8]) -> Vec<u8> {
    let mut empty = Vec::new();
    let histogram = crate::recorder::latency_histogram();
    let mut serializer = hdrhistogram::serialization::V2Serializer::new();
    let _ = hdrhistogram::serialization::Serializer::serialize(&mut serializer, &histogram, &mut empty);
    empty.truncate(40);
    empty[4..8].copy_from_slice(&(counts.len() as u32).to_be_bytes());
    [&empty, counts].concat()
}

fn compressed(plain: &[u8]) -> Vec<u8> {
    // What stands before the stream is looked at by nobody here.
    let mut encoder = flate2::write::ZlibEncoder::new(vec![0; 8], flate2::Compression::fast());
    let _ = encoder.write_all(plain);
    encoder.finish().unwrap_or_default()
}
