//! A generator's share of a run that several generators make together.

use std::fmt;
use std::str::FromStr;

/// Which share of a run this generator takes: of everything that is numbered (virtual users, iterations, rows of data)
/// the numbers k with k mod `count` = `index`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    index: u32,
    count: u32,
}

/// Generators that may share a run.
const MOST: u32 = 10_000;

/// A text that is no segment.
#[derive(Debug, thiserror::Error)]
#[error("write e.g. 2/5 for the second of five generators")]
pub struct InvalidSegment;

impl Segment {
    /// The whole run.
    pub const WHOLE: Self = Self { index: 0, count: 1 };

    /// The share with this index, counted from 0, of `count`.
    pub fn new(index: u32, count: u32) -> Option<Self> {
        (index < count && count <= MOST).then_some(Self { index, count })
    }

    /// Counted from 0.
    pub fn index(self) -> u32 {
        self.index
    }

    /// How many shares there are.
    pub fn count(self) -> u32 {
        self.count
    }

    /// The number in the whole run of what this generator calls `number`.
    #[inline]
    pub fn global(self, number: u64) -> u64 {
        u64::from(self.index) + u64::from(self.count) * number
    }

    /// How many of `total` numbers are this generator's.
    pub fn share_of(self, total: u64) -> u64 {
        let (index, count) = (u64::from(self.index), u64::from(self.count));
        (total + count - 1 - index) / count
    }
}

impl Default for Segment {
    fn default() -> Self {
        Self::WHOLE
    }
}

impl FromStr for Segment {
    type Err = InvalidSegment;

    fn from_str(text: &str) -> Result<Self, InvalidSegment> {
        let (number, count) = text.split_once('/').ok_or(InvalidSegment)?;
        let parse = |text: &str| text.trim().parse::<u32>().map_err(|_| InvalidSegment);
        let (number, count) = (parse(number)?, parse(count)?);
        Self::new(number.checked_sub(1).ok_or(InvalidSegment)?, count).ok_or(InvalidSegment)
    }
}

/// As typed, counted from 1.
impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index + 1, self.count)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn segments_are_counted_from_one_by_people() {
        let segment: Segment = "2/5".parse().unwrap();
        assert_eq!(
            (segment.index(), segment.count(), segment.to_string()),
            (1, 5, "2/5".to_owned())
        );
        for text in ["", "0/5", "6/5", "1/0", "1", "a/b", "-1/2", "1/99999"] {
            assert!(text.parse::<Segment>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn shares_partition_all_numbers(total in 0_u64..2000, count in 1_u32..40) {
            let mut numbers: Vec<u64> = Vec::new();
            for index in 0..count {
                let segment = Segment::new(index, count).unwrap();
                numbers.extend((0..segment.share_of(total)).map(|number| segment.global(number)));
            }
            numbers.sort();
            prop_assert_eq!(numbers, (0..total).collect::<Vec<_>>());
        }
    }
}
