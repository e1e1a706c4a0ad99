//! Axes: where a value lies between the two ends of a chart, and the round values that are labelled.

use super::format;

/// A labelled position on an axis.
pub(super) struct Tick {
    /// Between 0, the low end, and 1, the high end.
    pub(super) at: f64,
    pub(super) label: String,
}

/// One axis of a chart.
pub(super) struct Axis {
    low: f64,
    high: f64,
    logarithmic: bool,
    pub(super) ticks: Vec<Tick>,
}

/// Milliseconds to a unit: up to which value it is used, factor, name.
const LATENCY_UNITS: [(f64, f64, &str); 5] = [
    (1.0, 1e-3, "µs"),
    (1e3, 1.0, "ms"),
    (120e3, 1e3, "s"),
    (7_200e3, 60e3, "min"),
    (f64::INFINITY, 3_600e3, "h"),
];

/// Seconds between the ticks of a time axis.
const TIME_STEPS: [f64; 20] = [
    1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0, 7_200.0, 10_800.0, 21_600.0,
    43_200.0, 86_400.0, 172_800.0, 604_800.0,
];

const TIME_TICKS: f64 = 8.0;
const VALUE_TICKS: f64 = 5.0;
const LOG_TICKS: usize = 9;

impl Axis {
    /// Time since the start of the run, in seconds.
    pub(super) fn elapsed(total: f64) -> Self {
        let wanted = total / TIME_TICKS;
        let step = if wanted < 1.0 {
            round_step(wanted)
        } else {
            TIME_STEPS
                .into_iter()
                .find(|step| *step >= wanted)
                .unwrap_or_else(|| round_step(wanted))
        };
        let label = |value: f64| format::elapsed(value, step, total);
        Self {
            low: 0.0,
            high: total,
            logarithmic: false,
            ticks: linear_ticks(0.0, total, step, label),
        }
    }

    /// A figure that starts at zero, such as a rate; its end is rounded up.
    pub(super) fn amount(max: f64, ticks: f64, unit: &str) -> Self {
        let max = if max > 0.0 { max } else { 1.0 };
        let step = round_step(max / ticks);
        let high = (max / step - 1e-9).ceil() * step;
        let label = |value: f64| format!("{}{unit}", short(value, step));
        Self {
            low: 0.0,
            high,
            logarithmic: false,
            ticks: linear_ticks(0.0, high, step, label),
        }
    }

    /// Shares of 1, labelled in percent, from zero to `max`.
    pub(super) fn share(max: f64) -> Self {
        let max = if max > 0.0 { max } else { 0.01 };
        let axis = Self::amount(max * 100.0, 4.0, "%");
        Self {
            high: axis.high / 100.0,
            ..axis
        }
    }

    /// Latencies in milliseconds from zero to `max`.
    pub(super) fn latency(max: f64) -> Self {
        let max = if max > 0.0 { max } else { 1.0 };
        let (factor, unit) = latency_unit(max);
        let unit = format!("\u{a0}{unit}");
        let axis = Self::amount(max / factor, VALUE_TICKS, &unit);
        Self {
            high: axis.high * factor,
            ..axis
        }
    }

    /// Latencies in milliseconds on a logarithmic scale, which needs `low` to be positive.
    pub(super) fn latency_log(low: f64, high: f64) -> Self {
        let low = low.max(f64::MIN_POSITIVE.sqrt());
        let high = high.max(low * 1.02);
        let mut axis = Self {
            low,
            high,
            logarithmic: true,
            ticks: Vec::new(),
        };
        let mut values = log_ticks(low, high);
        let labels: Vec<String> = if values.len() < 3 {
            // Less than a decade: round values in between say more than powers of ten.
            let (factor, unit) = latency_unit(high);
            let step = round_step((high - low) / factor / VALUE_TICKS);
            let first = (low / factor / step).ceil();
            let scaled: Vec<f64> = (0..=VALUE_TICKS as u32 + 1)
                .map(|n| (first + f64::from(n)) * step)
                .take_while(|v| v * factor <= high)
                .collect();
            values = scaled.iter().map(|v| v * factor).collect();
            scaled
                .iter()
                .map(|v| format!("{}\u{a0}{unit}", short(*v, step)))
                .collect()
        } else {
            values.iter().map(|v| power_label(*v)).collect()
        };
        axis.ticks = values
            .into_iter()
            .zip(labels)
            .map(|(value, label)| Tick {
                at: axis.position(value),
                label,
            })
            .collect();
        axis
    }

    /// Percentiles, spread so that each further nine takes as much room as the one before. Positions are those of
    /// [`one_in`], up to `high`.
    pub(super) fn percentiles(high: f64) -> Self {
        let high = high.clamp(12.0, 1.2e7);
        let mut axis = Self {
            low: 1.0,
            high,
            logarithmic: true,
            ticks: Vec::new(),
        };
        axis.ticks = (0..=high.log10().floor() as usize)
            .map(|nines| Tick {
                at: axis.position(10f64.powi(nines as i32)),
                label: match nines {
                    0 => "0%".to_owned(),
                    1 => "90%".to_owned(),
                    2 => "99%".to_owned(),
                    _ => format!("99.{}%", "9".repeat(nines - 2)),
                },
            })
            .collect();
        axis
    }

    /// Where a value lies, from 0 to 1; values beyond an end lie on it.
    pub(super) fn position(&self, value: f64) -> f64 {
        let at = if self.logarithmic {
            (value.clamp(self.low, self.high) / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        if at.is_finite() { at.clamp(0.0, 1.0) } else { 0.0 }
    }

    pub(super) fn is_logarithmic(&self) -> bool {
        self.logarithmic
    }
}

/// Which share of requests is slower than a percentile, as "one in so many"; infinite for the slowest of all.
pub(super) fn one_in(percentile: f64) -> f64 {
    100.0 / (100.0 - percentile.clamp(0.0, 100.0))
}

/// From this ratio of the highest latency to the usual one on, a linear scale would flatten everything but the peak.
const LOG_SCALE_FROM: f64 = 100.0;

/// An axis for latencies in milliseconds that suits how far apart they are: `usual` is a typical one, `lowest` the
/// lowest positive one.
pub(super) fn suitable_latency(lowest: Option<f64>, usual: f64, highest: f64) -> Axis {
    match lowest {
        Some(lowest) if usual > 0.0 && highest / usual >= LOG_SCALE_FROM => {
            Axis::latency_log(lowest * 0.8, highest * 1.2)
        }
        _ => Axis::latency(highest),
    }
}

fn latency_unit(max_ms: f64) -> (f64, &'static str) {
    LATENCY_UNITS
        .into_iter()
        .find(|(below, ..)| max_ms < *below)
        .map_or((3_600e3, "h"), |(_, factor, name)| (factor, name))
}

/// The smallest of 1, 2, 2.5, 5 times a power of ten that is not below `wanted`.
fn round_step(wanted: f64) -> f64 {
    if !wanted.is_finite() || wanted <= 0.0 {
        return 1.0;
    }
    let power = 10f64.powf(wanted.log10().floor());
    [1.0, 2.0, 2.5, 5.0]
        .into_iter()
        .map(|m| m * power)
        .find(|step| *step >= wanted * (1.0 - 1e-9))
        .unwrap_or(power * 10.0)
}

fn linear_ticks(low: f64, high: f64, step: f64, label: impl Fn(f64) -> String) -> Vec<Tick> {
    let last = ((high - low) / step + 1e-9).floor().clamp(0.0, 50.0) as u32;
    (0..=last)
        .map(|n| low + f64::from(n) * step)
        .map(|value| Tick {
            at: (value - low) / (high - low),
            label: label(value),
        })
        .collect()
}

/// Powers of ten, with 2 and 5 times them where there is room.
fn log_ticks(low: f64, high: f64) -> Vec<f64> {
    let decades = low.log10().floor() as i32..=high.log10().ceil() as i32;
    let within = |multiples: &[f64], every: usize| -> Vec<f64> {
        decades
            .clone()
            .step_by(every)
            .flat_map(|power| multiples.iter().map(move |m| m * 10f64.powi(power)))
            .filter(|value| (low..=high).contains(value))
            .collect()
    };
    let fine = within(&[1.0, 2.0, 5.0], 1);
    if fine.len() <= LOG_TICKS {
        return fine;
    }
    (1..)
        .map(|every| within(&[1.0], every))
        .find(|ticks| ticks.len() <= LOG_TICKS)
        .unwrap_or_default()
}

fn power_label(ms: f64) -> String {
    let (value, unit) = match ms {
        _ if ms < 0.999 => (ms * 1e3, "µs"),
        _ if ms < 999.0 => (ms, "ms"),
        _ => (ms / 1e3, "s"),
    };
    // The three digits of a round value end in zeros that say nothing on an axis.
    let text = format::significant(value);
    format!("{}\u{a0}{unit}", format::without_idle_decimals(&text))
}

/// A tick's value with the decimals its step needs, in thousands or millions where it is long.
fn short(value: f64, step: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let (factor, suffix) = match value.abs() {
        size if size >= 1e9 => (1e9, "G"),
        size if size >= 1e6 => (1e6, "M"),
        size if size >= 1e4 => (1e3, "k"),
        _ => (1.0, ""),
    };
    let step = step / factor;
    let decimals = (0..9).find(|places| {
        let shifted = step * 10f64.powi(*places);
        (shifted - shifted.round()).abs() < 1e-6 * shifted
    });
    let text = format::fixed(value / factor, decimals.unwrap_or(9) as usize);
    // 1.0M beside 1.5M is noise; beside values of one unit the decimals keep the column even.
    let text = if suffix.is_empty() {
        &text
    } else {
        format::without_idle_decimals(&text)
    };
    format!("{text}{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<String> {
        axis.ticks
            .iter()
            .map(|tick| tick.label.replace('\u{a0}', " "))
            .collect()
    }

    #[test]
    fn ticks_are_round_and_carry_the_unit_that_fits() {
        assert_eq!(
            labels(&Axis::latency(0.42)),
            ["0 µs", "100 µs", "200 µs", "300 µs", "400 µs", "500 µs"]
        );
        assert_eq!(
            labels(&Axis::latency(4.2)),
            ["0 ms", "1 ms", "2 ms", "3 ms", "4 ms", "5 ms"]
        );
        assert_eq!(
            labels(&Axis::latency(3_600_000.0)),
            ["0 min", "20 min", "40 min", "60 min"]
        );
        assert_eq!(
            labels(&Axis::amount(23_000.0, 5.0, "")),
            ["0", "5,000", "10k", "15k", "20k", "25k"]
        );
        assert_eq!(labels(&Axis::amount(0.0, 2.0, "")), ["0", "0.5", "1.0"]);
        assert_eq!(
            labels(&Axis::elapsed(30.0)),
            ["0 s", "5 s", "10 s", "15 s", "20 s", "25 s", "30 s"]
        );
        assert_eq!(
            labels(&Axis::elapsed(90.4)),
            ["0:00", "0:15", "0:30", "0:45", "1:00", "1:15", "1:30"]
        );
        assert_eq!(
            labels(&Axis::elapsed(0.31)),
            ["0.00 s", "0.05 s", "0.10 s", "0.15 s", "0.20 s", "0.25 s", "0.30 s"]
        );
    }

    #[test]
    fn logarithmic_ticks_suit_any_span() {
        assert_eq!(
            labels(&Axis::latency_log(0.8, 60.0)),
            ["1 ms", "2 ms", "5 ms", "10 ms", "20 ms", "50 ms"]
        );
        assert_eq!(
            labels(&Axis::latency_log(0.05, 5_000.0)),
            ["100 µs", "1 ms", "10 ms", "100 ms", "1 s"]
        );
        assert_eq!(
            labels(&Axis::latency_log(1.01, 1.09)),
            ["1.02 ms", "1.04 ms", "1.06 ms", "1.08 ms"]
        );
        assert_eq!(labels(&Axis::latency_log(1.0, 1.0)).len(), 5);
        assert!(labels(&Axis::latency_log(1e-300, 1e9)).len() <= LOG_TICKS);
    }

    #[test]
    fn percentiles_get_a_nine_per_tick() {
        let axis = Axis::percentiles(45_000.0);
        assert_eq!(labels(&axis), ["0%", "90%", "99%", "99.9%", "99.99%"]);
        assert!((axis.position(one_in(99.0)) - axis.ticks[2].at).abs() < 1e-9);
        assert_eq!(axis.position(one_in(100.0)), 1.0);
        assert_eq!(labels(&Axis::percentiles(f64::MAX)).last().unwrap(), "99.99999%");
        assert_eq!(labels(&Axis::percentiles(0.0)), ["0%", "90%"]);
    }

    #[test]
    fn positions_stay_on_the_axis() {
        let axis = Axis::latency_log(1.0, 100.0);
        assert!((axis.position(10.0) - 0.5).abs() < 1e-9);
        for value in [-1.0, 0.0, 1e12, f64::NAN] {
            assert!((0.0..=1.0).contains(&axis.position(value)), "{value}");
        }
    }
}
