//! Latencies in buckets whose bounds are the same for every generator, step and second, so that counts add up exactly
//! over all of them.

use std::sync::LazyLock;

use hdrhistogram::Histogram;

/// Upper bounds in each power of ten, in hundredths: the preferred numbers of the series R20 (ISO 3), which grow by
/// 12 % on average and by 15 % at most.
const MANTISSAS: [u64; 20] = [
    100, 112, 125, 140, 160, 180, 200, 224, 250, 280, 315, 355, 400, 450, 500, 560, 630, 710, 800, 900,
];
/// Nanoseconds: the first bound, 0.1 ms, is a hundred of these.
const LOWEST_UNIT: u64 = 1_000;
/// Powers of ten from the first bound to the last, 100 s.
const DECADES: u32 = 6;

/// The bucket without an upper bound.
pub const INFINITY_FIELD: &str = "+Inf";

static BUCKETS: LazyLock<Vec<Bucket>> = LazyLock::new(|| {
    let decade = |decade: u32| MANTISSAS.map(|mantissa| mantissa * LOWEST_UNIT * 10u64.pow(decade));
    let last = MANTISSAS[0] * LOWEST_UNIT * 10u64.pow(DECADES);
    let mut buckets: Vec<Bucket> = (0..DECADES)
        .flat_map(decade)
        .chain([last])
        .map(|to_ns| Bucket {
            to_ns,
            field: (to_ns as f64 / 1e6).to_string(),
        })
        .collect();
    buckets.push(Bucket {
        to_ns: u64::MAX,
        field: INFINITY_FIELD.to_owned(),
    });
    buckets
});

struct Bucket {
    /// Inclusive.
    to_ns: u64,
    field: String,
}

/// The fields of [`LATENCY_MEASUREMENT`](super::names::LATENCY_MEASUREMENT), ascending: each is named by the upper bound
/// of its bucket in milliseconds, inclusive, and counts the requests between the bound before it and its own. The first,
/// `0.1`, has no lower bound and the last, [`INFINITY_FIELD`], no upper one.
///
/// A field is absent where it and the one above it are 0, so the bounds around every request are there.
pub fn bucket_fields() -> impl Iterator<Item = &'static str> {
    BUCKETS.iter().map(|bucket| bucket.field.as_str())
}

/// The fields to write for a histogram of nanoseconds: those that are not 0, the one below each of them, and always the
/// last.
pub(super) fn counts(latency: &Histogram<u64>) -> Vec<(&'static str, u64)> {
    let buckets: &'static [Bucket] = &BUCKETS;
    let mut counts = vec![0; buckets.len()];
    let mut index = 0;
    for recorded in latency.iter_recorded() {
        // What the histogram does not tell apart counts as the middle of it.
        let value = latency.median_equivalent(recorded.value_iterated_to());
        while buckets.get(index).is_some_and(|bucket| bucket.to_ns < value) {
            index += 1;
        }
        if let Some(count) = counts.get_mut(index) {
            *count += recorded.count_at_value();
        }
    }
    let last = buckets.len() - 1;
    let shown = |index: &usize| *index == last || counts[*index] > 0 || counts[*index + 1] > 0;
    (0..buckets.len())
        .filter(shown)
        .map(|index| (buckets[index].field.as_str(), counts[index]))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::recorder::latency_histogram;

    #[test]
    fn bounds_are_numbers_that_grow_by_15_percent_at_most() {
        let fields: Vec<&str> = bucket_fields().collect();
        assert_eq!(
            (fields[0], fields[1], fields[20], fields[120]),
            ("0.1", "0.112", "1", "100000")
        );
        assert_eq!((fields.len(), fields[121]), (122, INFINITY_FIELD));
        let bounds: Vec<f64> = fields.iter().map(|field| field.parse().unwrap()).collect();
        assert!(
            bounds[..121]
                .windows(2)
                .all(|pair| pair[0] < pair[1] && pair[1] / pair[0] < 1.15)
        );
    }

    proptest! {
        /// Whoever adds up the counts of two generators, or of two seconds, gets those of one that saw everything.
        #[test]
        fn counts_add_up_and_none_is_lost(
            left in prop::collection::vec(0u64..400_000_000_000, 0..200),
            right in prop::collection::vec(0u64..400_000_000_000, 0..200),
        ) {
            let histogram = |values: &[u64]| {
                let mut histogram = latency_histogram();
                values.iter().for_each(|value| histogram.saturating_record(*value));
                histogram
            };
            let of = |histogram: &Histogram<u64>, field: &str| {
                counts(histogram).into_iter().find(|(name, _)| *name == field).map_or(0, |(_, count)| count)
            };
            let (left, right) = (histogram(&left), histogram(&right));
            let mut both = left.clone();
            both.add(&right).unwrap();
            let mut total = 0;
            let mut before = 0.0;
            for field in bucket_fields() {
                let count = of(&both, field);
                prop_assert_eq!(of(&left, field) + of(&right, field), count);
                total += count;
                let bound: f64 = field.parse().unwrap();
                let inside = |ns: u64| (before * 0.999..=bound * 1.001).contains(&(ns as f64 / 1e6));
                let expected = both.iter_recorded().filter(|slot| inside(slot.value_iterated_to()))
                    .map(|slot| slot.count_at_value()).sum::<u64>();
                prop_assert!(count <= expected, "{} has {}", field, count);
                before = bound;
            }
            prop_assert_eq!(total, both.len());
        }
    }
}
