//! How much load is offered over time: virtual users in the closed model, arrivals in the open one.

use std::fmt;
use std::time::Duration;

/// A quantity over time: linear between the ends of its stages.
#[derive(Clone, Debug, PartialEq)]
pub struct Ramp {
    pieces: Vec<Piece>,
}

/// A part of a ramp; a piece without length is a jump.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Piece {
    /// Seconds since the start of the ramp.
    start: f64,
    length: f64,
    from: f64,
    to: f64,
}

impl Piece {
    fn end(&self) -> f64 {
        self.start + self.length
    }

    fn area(&self) -> f64 {
        (self.from + self.to) / 2.0 * self.length
    }
}

/// One stage as typed: the target is reached at its end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stage {
    /// How long it takes.
    pub duration: Duration,
    /// Virtual users, or iterations per second.
    pub target: f64,
}

impl Ramp {
    /// The same value all the time.
    pub fn constant(value: f64, duration: Duration) -> Self {
        Self {
            pieces: vec![Piece {
                start: 0.0,
                length: duration.as_secs_f64(),
                from: value,
                to: value,
            }],
        }
    }

    /// One stage after the other, beginning at `from`.
    pub fn stages(from: f64, stages: &[Stage]) -> Self {
        let mut start = 0.0;
        let mut value = from;
        let mut pieces = Vec::with_capacity(stages.len());
        for stage in stages {
            let length = stage.duration.as_secs_f64();
            pieces.push(Piece {
                start,
                length,
                from: value,
                to: stage.target,
            });
            start += length;
            value = stage.target;
        }
        Self { pieces }
    }

    /// How long it goes on.
    pub fn duration(&self) -> Duration {
        Duration::from_secs_f64(self.pieces.last().map_or(0.0, Piece::end))
    }

    /// The value at a time; after the end the last one.
    pub fn at(&self, time: Duration) -> f64 {
        let time = time.as_secs_f64();
        let piece = self.pieces.iter().find(|piece| time < piece.end());
        match piece.or(self.pieces.last()) {
            Some(piece) if piece.length > 0.0 => {
                let share = ((time - piece.start) / piece.length).clamp(0.0, 1.0);
                piece.from + (piece.to - piece.from) * share
            }
            Some(piece) => piece.to,
            None => 0.0,
        }
    }

    /// The highest value.
    pub fn peak(&self) -> f64 {
        let values = self.pieces.iter().flat_map(|piece| [piece.from, piece.to]);
        values.fold(0.0, f64::max)
    }

    /// The value it begins with; of a ramp from nothing, what its first stage leads to.
    pub fn first_value(&self) -> f64 {
        let values = self.pieces.iter().flat_map(|piece| [piece.from, piece.to]);
        values.into_iter().find(|value| *value > 0.0).unwrap_or(0.0)
    }

    /// The area below the ramp: of a rate, how many arrivals there are.
    pub fn area(&self) -> f64 {
        self.pieces.iter().map(Piece::area).sum()
    }

    /// The same ramp with a constant piece before it.
    pub fn after(&self, value: f64, duration: Duration) -> Self {
        let length = duration.as_secs_f64();
        let lead = Piece {
            start: 0.0,
            length,
            from: value,
            to: value,
        };
        let shifted = self.pieces.iter().map(|piece| Piece {
            start: piece.start + length,
            ..*piece
        });
        Self {
            pieces: std::iter::once(lead).chain(shifted).collect(),
        }
    }

    /// When the value lies above `level`, as spans of time in ascending order: of virtual users, when the one with that
    /// number works.
    pub fn spans_above(&self, level: f64) -> Vec<(Duration, Duration)> {
        let mut spans: Vec<(f64, f64)> = Vec::new();
        for piece in &self.pieces {
            let crossing = piece.start + (level - piece.from) / (piece.to - piece.from) * piece.length;
            let (from, to) = match (piece.from > level, piece.to > level) {
                (true, true) => (piece.start, piece.end()),
                (true, false) => (piece.start, crossing),
                (false, true) => (crossing, piece.end()),
                (false, false) => continue,
            };
            match spans.last_mut() {
                Some(last) if last.1 >= from => last.1 = to,
                _ => spans.push((from, to)),
            }
        }
        let spans = spans.into_iter().filter(|(from, to)| to > from);
        spans
            .map(|(from, to)| (Duration::from_secs_f64(from), Duration::from_secs_f64(to)))
            .collect()
    }

    /// When the arrivals of a rate are due that have the numbers `first`, `first + stride`, …
    pub fn arrivals(&self, first: u64, stride: u64) -> Arrivals {
        Arrivals {
            ramp: self.clone(),
            piece: 0,
            before: 0.0,
            next: first,
            stride: stride.max(1),
        }
    }
}

/// The instants at which arrivals are due: number k at the time at which k arrivals' worth of area lies below the rate.
/// The numbers that several generators take from one schedule thus interleave to the whole of it.
#[derive(Clone, Debug)]
pub struct Arrivals {
    ramp: Ramp,
    piece: usize,
    /// The area below the pieces before this one.
    before: f64,
    next: u64,
    stride: u64,
}

impl Iterator for Arrivals {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        loop {
            let piece = self.ramp.pieces.get(self.piece)?;
            let area = piece.area();
            let wanted = self.next as f64 - self.before;
            // An arrival at the very end of a piece belongs to the next one.
            if wanted >= area - area * 1e-12 {
                self.before += area;
                self.piece += 1;
                continue;
            }
            // wanted = from·x + slope/2·x², solved in the form that loses no digits when the slope is small.
            let slope = (piece.to - piece.from) / piece.length;
            let root = (piece.from * piece.from + 2.0 * slope * wanted).max(0.0).sqrt();
            let x = if wanted <= 0.0 {
                0.0
            } else {
                2.0 * wanted / (piece.from + root)
            };
            self.next += self.stride;
            return Some(Duration::from_secs_f64(piece.start + x.clamp(0.0, piece.length)));
        }
    }
}

/// The load of a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Load {
    /// Each virtual user starts its next iteration when the last one has ended.
    Closed {
        /// Virtual users over time.
        vus: Ramp,
    },
    /// Iterations start when they are due, whatever the target does.
    Open {
        /// Iterations per second over time.
        rate: Ramp,
        /// Virtual users at the start.
        vus: u32,
        /// Virtual users at most; there are more than at the start only when all are busy.
        max_vus: u32,
    },
}

impl Load {
    /// How long load is offered, warm-up left out.
    pub fn duration(&self) -> Duration {
        match self {
            Self::Closed { vus } => vus.duration(),
            Self::Open { rate, .. } => rate.duration(),
        }
    }

    /// Virtual users at the most, over all segments.
    pub fn most_vus(&self) -> u32 {
        match self {
            Self::Closed { vus } => vus.peak().ceil() as u32,
            Self::Open { max_vus, .. } => *max_vus,
        }
    }
}

/// In words, as in `500/s for 1m`.
impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (ramp, unit) = match self {
            Self::Closed { vus } => (vus, " virtual users"),
            Self::Open { rate, .. } => (rate, "/s"),
        };
        let mut value = ramp.pieces.first().map_or(0.0, |piece| piece.from);
        write!(f, "{value}{unit}")?;
        for piece in &ramp.pieces {
            let length = humantime::format_duration(Duration::from_millis((piece.length * 1e3).round() as u64));
            if piece.length == 0.0 {
                write!(f, ", then {}{unit}", piece.to)?;
            } else if piece.to == value {
                write!(f, " for {length}")?;
            } else {
                write!(f, ", to {}{unit} within {length}", piece.to)?;
            }
            value = piece.to;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stages(list: &[(f64, f64)]) -> Vec<Stage> {
        list.iter()
            .map(|(seconds, target)| Stage {
                duration: Duration::from_secs_f64(*seconds),
                target: *target,
            })
            .collect()
    }

    #[test]
    fn a_constant_rate_is_evenly_spaced() {
        let due: Vec<Duration> = Ramp::constant(4.0, Duration::from_secs(2)).arrivals(0, 1).collect();
        let expected: Vec<Duration> = (0..8).map(|k| Duration::from_millis(250 * k)).collect();
        assert_eq!(due, expected);
    }

    #[test]
    fn a_rising_rate_has_as_many_arrivals_as_its_area() {
        let ramp = Ramp::stages(0.0, &stages(&[(10.0, 100.0), (5.0, 100.0), (0.0, 20.0), (5.0, 0.0)]));
        let due: Vec<Duration> = ramp.arrivals(0, 1).collect();
        assert_eq!(ramp.area(), 1050.0);
        assert_eq!(due.len(), 1050);
        // Half of the first stage's area lies below its last 10·(1 − 1/√2) seconds.
        assert!((due[250].as_secs_f64() - 10.0 / 2_f64.sqrt()).abs() < 1e-9);
        assert!(due[1049] < Duration::from_secs(20));
        assert_eq!(ramp.at(Duration::from_secs(5)), 50.0);
        assert_eq!(ramp.at(Duration::from_secs(15)), 20.0);
        assert_eq!((ramp.peak(), ramp.first_value()), (100.0, 100.0));
    }

    #[test]
    fn virtual_users_work_while_the_ramp_lies_above_their_number() {
        let ramp = Ramp::stages(0.0, &stages(&[(10.0, 10.0), (10.0, 10.0), (10.0, 0.0)]));
        assert_eq!(
            ramp.spans_above(4.0),
            [(Duration::from_secs(4), Duration::from_secs(26))]
        );
        let twice = Ramp::stages(2.0, &stages(&[(1.0, 0.0), (1.0, 2.0)]));
        assert_eq!(twice.spans_above(1.0).len(), 2);
        assert!(twice.spans_above(2.0).is_empty());
        assert_eq!(
            twice.spans_above(0.0),
            [(Duration::ZERO, Duration::from_secs(2))],
            "zero is left at once"
        );
    }

    #[test]
    fn a_load_is_put_in_words() {
        let open = |ramp| Load::Open {
            rate: ramp,
            vus: 1,
            max_vus: 1,
        };
        assert_eq!(
            open(Ramp::constant(500.0, Duration::from_secs(60))).to_string(),
            "500/s for 1m"
        );
        let ramp = Ramp::stages(0.0, &stages(&[(30.0, 100.0), (120.0, 100.0), (0.0, 50.0), (5.0, 50.0)]));
        assert_eq!(
            Load::Closed { vus: ramp }.to_string(),
            "0 virtual users, to 100 virtual users within 30s for 2m, then 50 virtual users for 5s"
        );
    }

    fn ramps() -> impl Strategy<Value = Ramp> {
        let stage = (0.0..20.0_f64, prop_oneof![Just(0.0), 0.1..300.0_f64]);
        (
            prop_oneof![Just(0.0), 0.1..300.0_f64],
            proptest::collection::vec(stage, 1..5),
        )
            .prop_map(|(from, list)| Ramp::stages(from, &stages(&list)))
    }

    proptest! {
        #[test]
        fn segments_interleave_to_the_schedule_of_one(ramp in ramps(), segments in 1_u64..9) {
            let whole: Vec<Duration> = ramp.arrivals(0, 1).collect();
            let mut parts: Vec<(u64, Duration)> = Vec::new();
            for segment in 0..segments {
                let part = ramp.arrivals(segment, segments);
                parts.extend(part.enumerate().map(|(k, due)| (segment + segments * k as u64, due)));
            }
            parts.sort();
            prop_assert_eq!(parts.iter().map(|(_, due)| *due).collect::<Vec<_>>(), whole.clone());
            prop_assert!(whole.is_sorted());
            prop_assert!((whole.len() as f64 - ramp.area()).abs() <= 1.0, "{} {}", whole.len(), ramp.area());
            prop_assert!(whole.iter().all(|due| *due <= ramp.duration()));
        }

        #[test]
        fn virtual_users_add_up_to_the_ramp(ramp in ramps(), at in 0.0..1.0_f64) {
            let time = ramp.duration().mul_f64(at);
            let working = (0..300)
                .filter(|vu| ramp.spans_above(f64::from(*vu)).iter().any(|(from, to)| (*from..*to).contains(&time)))
                .count();
            prop_assert!((working as f64 - ramp.at(time)).abs() <= 1.01 , "{working} {}", ramp.at(time));
        }
    }
}
