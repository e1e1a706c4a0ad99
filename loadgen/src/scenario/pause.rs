//! Think time: how long a virtual user waits after a request.

use std::f64::consts::TAU;
use std::fmt;
use std::time::Duration;

/// A distribution of pauses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Pause {
    /// Always the same.
    Constant(Duration),
    /// Anything in between, equally likely.
    Uniform {
        /// The shortest.
        least: Duration,
        /// The longest.
        most: Duration,
    },
    /// As between events that know nothing of each other.
    Exponential {
        /// The mean, before the bound is applied.
        mean: Duration,
        /// Longer ones become this.
        most: Duration,
    },
    /// Around a mean.
    Normal {
        /// The mean, before the bounds are applied.
        mean: Duration,
        /// The standard deviation, before the bounds are applied.
        deviation: Duration,
        /// Shorter ones become this.
        least: Duration,
        /// Longer ones become this.
        most: Duration,
    },
}

impl Pause {
    /// Draws one.
    #[inline]
    pub(crate) fn draw(&self, rng: &mut fastrand::Rng) -> Duration {
        match *self {
            Self::Constant(pause) => pause,
            Self::Uniform { least, most } => least + most.saturating_sub(least).mul_f64(rng.f64()),
            Self::Exponential { mean, most } => mean.mul_f64(exponential(rng)).min(most),
            Self::Normal {
                mean,
                deviation,
                least,
                most,
            } => {
                // Box and Muller's transform; of its two independent values one is enough.
                let normal = (2.0 * exponential(rng)).sqrt() * (TAU * rng.f64()).cos();
                let seconds = mean.as_secs_f64() + deviation.as_secs_f64() * normal;
                Duration::from_secs_f64(seconds.max(0.0)).clamp(least, most)
            }
        }
    }
}

/// Exponentially distributed with mean 1.
fn exponential(rng: &mut fastrand::Rng) -> f64 {
    -(1.0 - rng.f64()).ln()
}

impl fmt::Display for Pause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = humantime::format_duration;
        match *self {
            Self::Constant(pause) => write!(f, "{}", time(pause)),
            Self::Uniform { least, most } => write!(f, "{} to {}, uniform", time(least), time(most)),
            Self::Exponential { mean, most } => {
                write!(f, "exponential with mean {}, at most {}", time(mean), time(most))
            }
            Self::Normal {
                mean,
                deviation,
                least,
                most,
            } => write!(
                f,
                "normal with mean {} and deviation {}, from {} to {}",
                time(mean),
                time(deviation),
                time(least),
                time(most)
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean_of(pause: Pause) -> f64 {
        let mut rng = fastrand::Rng::with_seed(5);
        (0..20_000).map(|_| pause.draw(&mut rng).as_secs_f64()).sum::<f64>() / 20_000.0
    }

    #[test]
    fn means_are_those_asked_for() {
        let seconds = Duration::from_secs;
        for (pause, mean) in [
            (Pause::Constant(seconds(2)), 2.0),
            (
                Pause::Uniform {
                    least: seconds(1),
                    most: seconds(3),
                },
                2.0,
            ),
            (
                Pause::Exponential {
                    mean: seconds(2),
                    most: seconds(40),
                },
                2.0,
            ),
            (
                Pause::Normal {
                    mean: seconds(5),
                    deviation: seconds(1),
                    least: seconds(0),
                    most: seconds(10),
                },
                5.0,
            ),
        ] {
            let found = mean_of(pause);
            assert!((found - mean).abs() < mean * 0.03, "{pause}: {found}");
        }
    }

    #[test]
    fn bounds_hold() {
        let mut rng = fastrand::Rng::with_seed(5);
        let (least, most) = (Duration::from_millis(900), Duration::from_millis(1100));
        for _ in 0..1000 {
            for pause in [
                Pause::Normal {
                    mean: Duration::from_secs(1),
                    deviation: Duration::from_secs(9),
                    least,
                    most,
                },
                Pause::Uniform { least, most },
            ] {
                assert!((least..=most).contains(&pause.draw(&mut rng)));
            }
            let mean = Duration::from_secs(1);
            assert!(Pause::Exponential { mean, most }.draw(&mut rng) <= most);
        }
    }
}
