//! Histograms as text: HdrHistogram's V2 format, compressed with zlib, in base64, as its libraries in other languages
//! read it too. Nothing is lost: every bucket keeps its count.

use std::io::Read as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flate2::read::ZlibDecoder;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer, Serializer as _, V2DeflateSerializer, V2Serializer};

use crate::recorder::latency_histogram;

/// Cookie and length before what is compressed.
const ENVELOPE: usize = 8;
/// Cookie, length, offset, digits, two bounds and a ratio.
const HEADER: usize = 40;
/// Bytes at most of a histogram of our bounds, uncompressed: each of its some 24 000 buckets takes at most nine.
const LONGEST: u64 = 1 << 18;
/// Requests in one interval at most; more than any generator sends, and sums of it do not overflow.
pub(crate) const MOST: u64 = 1 << 40;

/// Writes histograms, reusing its buffers.
pub(crate) struct HistogramEncoder {
    serializer: V2DeflateSerializer,
    buffer: Vec<u8>,
}

impl HistogramEncoder {
    pub(crate) fn new() -> Self {
        Self {
            serializer: V2DeflateSerializer::new(),
            buffer: Vec::new(),
        }
    }

    /// The text of a histogram; empty if nothing was counted.
    pub(crate) fn encode(&mut self, histogram: &Histogram<u64>) -> String {
        self.buffer.clear();
        if histogram.is_empty() {
            return String::new();
        }
        match self.serializer.serialize(histogram, &mut self.buffer) {
            Ok(_) => BASE64_STANDARD.encode(&self.buffer),
            Err(error) => unreachable!("writing to memory, counts below 2^63: {error}"),
        }
    }
}

/// Reads histograms.
pub(crate) struct HistogramDecoder {
    deserializer: Deserializer,
    /// How a histogram of our bounds begins, cookie and length left out.
    bounds: Vec<u8>,
}

impl HistogramDecoder {
    pub(crate) fn new() -> Self {
        let mut bounds = Vec::new();
        if let Err(error) = V2Serializer::new().serialize(&latency_histogram(), &mut bounds) {
            unreachable!("writing an empty histogram to memory: {error}");
        }
        bounds.truncate(HEADER);
        bounds.drain(..ENVELOPE);
        Self {
            deserializer: Deserializer::new(),
            bounds,
        }
    }

    /// The histogram that a text stands for, or what is wrong with the text.
    pub(crate) fn decode(&mut self, text: &str) -> Result<Histogram<u64>, String> {
        if text.is_empty() {
            return Ok(latency_histogram());
        }
        let damaged = || "a histogram in it is damaged".to_owned();
        let compressed = BASE64_STANDARD.decode(text).map_err(|_| damaged())?;
        let mut plain = Vec::new();
        // The bounds are looked at before the library allocates what they ask for.
        ZlibDecoder::new(compressed.get(ENVELOPE..).ok_or_else(damaged)?)
            .take(LONGEST)
            .read_to_end(&mut plain)
            .map_err(|_| damaged())?;
        if plain.get(ENVELOPE..HEADER) != Some(&self.bounds) {
            return Err("a histogram in it has other bounds than this version of loadgen uses".to_owned());
        }
        let length = plain.get(4..ENVELOPE).and_then(|bytes| bytes.try_into().ok());
        if length.map(u32::from_be_bytes).map(|length| length as usize) != Some(plain.len() - HEADER) {
            return Err(damaged());
        }
        let histogram: Histogram<u64> = self
            .deserializer
            .deserialize(&mut plain.as_slice())
            .map_err(|_| damaged())?;
        if histogram.len() > MOST {
            return Err(damaged());
        }
        Ok(histogram)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(values in proptest::collection::vec((0_u64..4_000_000_000_000, 1_u64..1000), 0..40)) {
            let mut histogram = latency_histogram();
            for (value, count) in values {
                histogram.saturating_record_n(value, count);
            }
            let text = HistogramEncoder::new().encode(&histogram);
            let read = HistogramDecoder::new().decode(&text).unwrap();
            prop_assert!(read == histogram);
            let figures = |histogram: &Histogram<u64>| (histogram.len(), histogram.min(), histogram.max());
            prop_assert_eq!(figures(&read), figures(&histogram));
        }

        #[test]
        fn damage_is_found_or_harmless(flips in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..4)) {
            let mut histogram = latency_histogram();
            histogram.saturating_record_n(5_000_000, 70_000);
            let mut bytes = BASE64_STANDARD.decode(HistogramEncoder::new().encode(&histogram)).unwrap();
            for (at, byte) in flips {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            let _ = HistogramDecoder::new().decode(&BASE64_STANDARD.encode(bytes));
        }
    }

    #[test]
    fn other_bounds_are_refused() {
        let mut other = Histogram::<u64>::new_with_bounds(1, u64::MAX, 5).unwrap();
        other.saturating_record(1);
        let text = HistogramEncoder::new().encode(&other);
        assert!(HistogramDecoder::new().decode(&text).unwrap_err().contains("bounds"));
    }
}
