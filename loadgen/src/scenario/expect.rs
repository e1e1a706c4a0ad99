//! Which statuses a step expects.

use std::fmt;
use std::ops::RangeInclusive;

/// Statuses, as ranges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expect {
    ranges: Vec<RangeInclusive<u16>>,
}

impl Expect {
    /// Any 2xx.
    pub(crate) fn success() -> Self {
        Self {
            ranges: vec![200..=299],
        }
    }

    /// What one of these expects.
    pub(crate) fn any_of(expectations: impl IntoIterator<Item = Self>) -> Self {
        Self {
            ranges: expectations.into_iter().flat_map(|expect| expect.ranges).collect(),
        }
    }

    /// One status.
    pub(crate) fn exactly(status: u16) -> Self {
        Self {
            ranges: vec![status..=status],
        }
    }

    /// As written: `200`, `2xx` or `200-204`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some(class) = text.strip_suffix("xx") {
            let class: u16 = class.parse().ok().filter(|class| (1..=9).contains(class))?;
            return Some(Self {
                ranges: vec![class * 100..=class * 100 + 99],
            });
        }
        let status = |text: &str| {
            let status = text.trim().parse::<u16>().ok();
            status.filter(|status| (100..1000).contains(status))
        };
        let (first, last) = match text.split_once('-') {
            Some((first, last)) => (status(first)?, status(last)?),
            None => (status(text)?, status(text)?),
        };
        (first <= last).then(|| Self {
            ranges: vec![first..=last],
        })
    }

    #[inline]
    pub(crate) fn accepts(&self, status: u16) -> bool {
        self.ranges.iter().any(|range| range.contains(&status))
    }
}

impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, range) in self.ranges.iter().enumerate() {
            let (first, last) = (*range.start(), *range.end());
            f.write_str(if index == 0 { "" } else { " or " })?;
            if first == last {
                write!(f, "{first}")?;
            } else if first % 100 == 0 && last == first + 99 {
                write!(f, "{}xx", first / 100)?;
            } else {
                write!(f, "{first}-{last}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_single_classes_or_ranges() {
        let expect = Expect::any_of(["2xx", "301", "400-404"].map(|text| Expect::parse(text).unwrap()));
        for (status, accepted) in [
            (200, true),
            (299, true),
            (300, false),
            (301, true),
            (400, true),
            (405, false),
        ] {
            assert_eq!(expect.accepts(status), accepted, "{status}");
        }
        assert_eq!(expect.to_string(), "2xx or 301 or 400-404");
        for text in ["", "xx", "0xx", "99", "1000", "404-400", "2x", "-"] {
            assert!(Expect::parse(text).is_none(), "{text}");
        }
    }
}
