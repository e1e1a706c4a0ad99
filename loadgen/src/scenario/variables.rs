//! Variables: what they are made from, and the values that a virtual user has drawn.

use std::io::{Cursor, Write};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::request::hex_digits;
use crate::scenario::rows::{Order, Rows, row_of};
use crate::scenario::template::{Escape, Refusal, escape_into, push_integer};
use crate::segment::Segment;

/// The longest value that is captured from an answer, in bytes.
pub(crate) const LONGEST_CAPTURE: usize = 16 * 1024;

/// A variable.
#[derive(Clone, Debug)]
pub(crate) struct Variable {
    pub(crate) name: String,
    pub(crate) source: Source,
}

/// What the values of a variable are made from. All but captures are drawn anew for each iteration.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// Captured from an answer.
    Capture,
    /// A random UUID of version 4.
    Uuid,
    /// `start`, `start + step`, …: no number comes twice in a run, whichever generator and thread it is drawn by.
    Sequence {
        start: i64,
        step: i64,
        /// Digits at the least, filled up with zeros.
        width: usize,
    },
    /// A random integer, both ends included.
    Range { least: i64, most: i64 },
    /// One of several texts; the sums of the weights up to and including each.
    Choice { options: Vec<String>, sums: Vec<u32> },
    /// Random characters.
    Characters { length: usize, alphabet: Vec<char> },
    /// A row of a file.
    Rows { rows: Arc<Rows>, order: Order },
    /// The time at which the iteration began.
    Time(TimeFormat),
}

/// How a time is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeFormat {
    /// Seconds since the Unix epoch.
    Unix,
    /// Milliseconds since the Unix epoch.
    UnixMs,
    /// RFC 3339 in UTC, with milliseconds.
    Rfc3339,
}

/// The value of a variable for one virtual user.
#[derive(Clone, Debug, Default)]
pub(crate) enum Slot {
    /// There is none.
    #[default]
    Unset,
    Integer(i64),
    /// The position of a choice.
    Choice(u32),
    /// The number of a row.
    Row(u32),
    Uuid(u64, u64),
    /// Since the Unix epoch.
    Millis(u64),
    Text(Vec<u8>),
}

impl Slot {
    /// Puts text in, in the memory of the text before it.
    pub(crate) fn set_text(&mut self, text: &[u8]) {
        if let Self::Text(buffer) = self {
            buffer.clear();
            buffer.extend_from_slice(text);
        } else {
            *self = Self::Text(text.to_vec());
        }
    }

    /// Draws a value; `number` counts the iterations of the generator.
    #[inline]
    pub(crate) fn draw(&mut self, source: &Source, segment: Segment, number: u64, rng: &mut fastrand::Rng) {
        *self = match source {
            Source::Capture => return,
            Source::Uuid => Self::Uuid(
                (rng.u64(..) & !0xf000) | 0x4000,
                (rng.u64(..) & !(0b11 << 62)) | (0b10 << 62),
            ),
            Source::Sequence { start, step, .. } => {
                let number = segment.global(number) as i64;
                Self::Integer(start.wrapping_add(step.wrapping_mul(number)))
            }
            Source::Range { least, most } => Self::Integer(rng.i64(*least..=*most)),
            Source::Choice { sums, .. } => {
                let draw = rng.u32(0..sums.last().copied().unwrap_or(1).max(1));
                Self::Choice(sums.partition_point(|sum| *sum <= draw) as u32)
            }
            Source::Characters { length, alphabet } => {
                let mut text = match std::mem::take(self) {
                    Self::Text(mut text) => {
                        text.clear();
                        text
                    }
                    _ => Vec::with_capacity(*length),
                };
                for _ in 0..*length {
                    if let Some(character) = rng.choice(alphabet) {
                        text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                    }
                }
                Self::Text(text)
            }
            Source::Rows { rows, order } => {
                row_of(rows.len(), *order, segment, number, rng).map_or(Self::Unset, Self::Row)
            }
            Source::Time(_) => Self::Millis(unix_millis()),
        };
    }

    /// Appends the value, or one column of it.
    #[inline]
    pub(crate) fn write(
        &self,
        source: &Source,
        column: usize,
        escape: Escape,
        out: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        match (self, source) {
            (Self::Text(text), _) => escape_into(text, escape, out),
            (Self::Integer(number), Source::Sequence { width, .. }) if *width > 1 => {
                write_small(out, escape, |small| write!(small, "{number:0width$}"))
            }
            (Self::Integer(number), _) => {
                push_integer(out, *number);
                Ok(())
            }
            (Self::Choice(index), Source::Choice { options, .. }) => match options.get(*index as usize) {
                Some(option) => escape_into(option.as_bytes(), escape, out),
                None => Err(Refusal::Missing),
            },
            (Self::Row(row), Source::Rows { rows, .. }) => escape_into(rows.cell(*row, column), escape, out),
            (Self::Uuid(high, low), _) => write_uuid(*high, *low, escape, out),
            (Self::Millis(millis), Source::Time(format)) => write_time(*millis, *format, escape, out),
            (_, Source::Rows { .. }) => Err(Refusal::UsedUp),
            _ => Err(Refusal::Missing),
        }
    }
}

/// Milliseconds since the Unix epoch.
pub(crate) fn unix_millis() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as u64)
}

/// Appends a time, given in milliseconds since the Unix epoch.
pub(crate) fn write_time(millis: u64, format: TimeFormat, escape: Escape, out: &mut Vec<u8>) -> Result<(), Refusal> {
    write_small(out, escape, |small| match format {
        TimeFormat::Unix => write!(small, "{}", millis / 1000),
        TimeFormat::UnixMs => write!(small, "{millis}"),
        TimeFormat::Rfc3339 => {
            let time = UNIX_EPOCH + std::time::Duration::from_millis(millis);
            write!(small, "{}", humantime::format_rfc3339_millis(time))
        }
    })
}

fn write_uuid(high: u64, low: u64, escape: Escape, out: &mut Vec<u8>) -> Result<(), Refusal> {
    let (high, low) = (hex_digits(high), hex_digits(low));
    let mut text = [b'-'; 36];
    text[..8].copy_from_slice(&high[..8]);
    text[9..13].copy_from_slice(&high[8..12]);
    text[14..18].copy_from_slice(&high[12..]);
    text[19..23].copy_from_slice(&low[..4]);
    text[24..].copy_from_slice(&low[4..]);
    escape_into(&text, escape, out)
}

/// Appends a text of a few characters without memory of its own.
fn write_small(
    out: &mut Vec<u8>,
    escape: Escape,
    write: impl FnOnce(&mut Cursor<&mut [u8]>) -> std::io::Result<()>,
) -> Result<(), Refusal> {
    let mut bytes = [0_u8; 64];
    let mut small = Cursor::new(&mut bytes[..]);
    write(&mut small).map_err(|_| Refusal::Missing)?;
    let length = small.position() as usize;
    escape_into(&bytes[..length], escape, out)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn drawn(source: &Source, segment: Segment, number: u64, rng: &mut fastrand::Rng) -> String {
        let mut slot = Slot::Unset;
        slot.draw(source, segment, number, rng);
        let mut out = Vec::new();
        slot.write(source, 0, Escape::None, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn values_have_the_form_asked_for() {
        let mut rng = fastrand::Rng::with_seed(3);
        let mut draw = |source: &Source| drawn(source, Segment::WHOLE, 7, &mut rng);
        for _ in 0..100 {
            let uuid = draw(&Source::Uuid);
            let groups: Vec<usize> = uuid.split('-').map(str::len).collect();
            assert_eq!(groups, [8, 4, 4, 4, 12], "{uuid}");
            assert!(
                uuid.as_bytes()[14] == b'4' && b"89ab".contains(&uuid.as_bytes()[19]),
                "{uuid}"
            );
            let number: i64 = draw(&Source::Range { least: -2, most: 2 }).parse().unwrap();
            assert!((-2..=2).contains(&number));
            let text = draw(&Source::Characters {
                length: 5,
                alphabet: vec!['a', 'ü'],
            });
            assert!(text.chars().count() == 5 && text.chars().all(|c| c == 'a' || c == 'ü'));
        }
        let padded = Source::Sequence {
            start: 10,
            step: -3,
            width: 4,
        };
        assert_eq!(draw(&padded), "-011");
        assert_eq!(
            draw(&Source::Time(TimeFormat::Rfc3339)).len(),
            "2026-01-01T00:00:00.000Z".len()
        );
    }

    #[test]
    fn choices_come_by_their_weights() {
        let choice = Source::Choice {
            options: vec!["a".into(), "b".into(), "c".into()],
            sums: vec![1, 1, 4],
        };
        let mut rng = fastrand::Rng::with_seed(3);
        let drawn: Vec<String> = (0..4000).map(|_| drawn(&choice, Segment::WHOLE, 0, &mut rng)).collect();
        let count = |option: &str| drawn.iter().filter(|text| *text == option).count();
        assert_eq!(count("b"), 0);
        assert!((900..1100).contains(&count("a")), "{}", count("a"));
    }

    #[test]
    fn sequences_never_repeat_in_a_run() {
        let source = Source::Sequence {
            start: 5,
            step: 10,
            width: 0,
        };
        let mut rng = fastrand::Rng::new();
        let mut seen = HashSet::new();
        for index in 0..3 {
            let segment = Segment::new(index, 3).unwrap();
            for number in 0..50 {
                assert!(seen.insert(drawn(&source, segment, number, &mut rng)));
            }
        }
        assert!(seen.contains("5") && seen.contains("1495"));
    }
}
