//! The figures that thresholds can bound.

use crate::latency_counts::LatencyCounts;

/// A figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Metric {
    /// A percentile of the latency, 0 to 100.
    Percentile(f64),
    Average,
    Minimum,
    Maximum,
    /// Requests per second.
    Rate,
    /// The share of requests that failed.
    ErrorRate,
    /// The share of check results that passed.
    Checks,
    /// Iterations that could not be started on time.
    Dropped,
    /// The share of them among those that were due.
    DroppedRate,
    /// Requests.
    Count,
}

/// What thresholds are held against: the figures of some requests during some time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Figures<'a> {
    /// Latencies of the requests that ended.
    pub(super) latency: &'a LatencyCounts,
    pub(super) counts: Counts,
    /// How long it was.
    pub(super) seconds: f64,
}

/// What is counted besides latencies.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    /// Requests that failed.
    pub(super) failed: u64,
    /// Results of checks that passed.
    pub(super) passed_checks: u64,
    /// Results of checks that did not.
    pub(super) failed_checks: u64,
    /// Iterations that were due.
    pub(super) due: u64,
    /// Of these, the dropped ones.
    pub(super) dropped: u64,
}

impl Metric {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if let Some(number) = text.strip_prefix("p(").and_then(|rest| rest.strip_suffix(')')) {
            return match number.trim().parse::<f64>() {
                Ok(percentile) if (0.0..=100.0).contains(&percentile) => Ok(Self::Percentile(percentile)),
                _ => Err(format!("`{text}`: a percentile is a number from 0 to 100")),
            };
        }
        Ok(match text {
            "med" => Self::Percentile(50.0),
            "avg" => Self::Average,
            "min" => Self::Minimum,
            "max" => Self::Maximum,
            "rate" => Self::Rate,
            "error_rate" => Self::ErrorRate,
            "checks" => Self::Checks,
            "dropped" => Self::Dropped,
            "dropped_rate" => Self::DroppedRate,
            "count" => Self::Count,
            _ => {
                return Err(format!(
                    "`{text}` is no metric; there are p(N), avg, min, max, med, rate, error_rate, checks, dropped, \
                     dropped_rate, count"
                ));
            }
        })
    }

    /// The name of a share of 1.
    fn share(self) -> Option<&'static str> {
        match self {
            Self::ErrorRate => Some("error_rate"),
            Self::Checks => Some("checks"),
            Self::DroppedRate => Some("dropped_rate"),
            _ => None,
        }
    }

    /// Whether it counts iterations, which belong to no step.
    pub(super) fn counts_iterations(self) -> bool {
        matches!(self, Self::Dropped | Self::DroppedRate)
    }

    /// Whether it is about how much was done, which falls off when the load ends.
    pub(super) fn counts_requests(self) -> bool {
        matches!(self, Self::Rate | Self::Count)
    }

    pub(super) fn parse_bound(self, text: &str) -> Result<f64, String> {
        let number_end = text
            .find(|c: char| !(c.is_ascii_digit() || c == '.'))
            .unwrap_or(text.len());
        let (number, unit) = text.split_at(number_end);
        let number: f64 = number
            .parse()
            .ok()
            .filter(|number: &f64| number.is_finite())
            .ok_or_else(|| format!("`{text}` does not begin with a number"))?;
        let scale = match (self, unit.trim()) {
            (Self::Rate, "/s" | "") | (Self::Dropped | Self::Count, "") => 1.0,
            (Self::Rate, _) => return Err(format!("`{text}`: a rate is so many /s")),
            (Self::Dropped | Self::Count, _) => return Err(format!("`{text}`: a count has no unit")),
            (metric, unit) => match (metric.share(), unit) {
                (Some(_), "") => 1.0,
                (Some(_), "%") => 0.01,
                (Some(name), _) => return Err(format!("`{text}`: {name} is a percentage (%) or a share of 1")),
                (None, "us" | "µs") => 0.001,
                (None, "ms") => 1.0,
                (None, "s") => 1000.0,
                (None, _) => return Err(format!("`{text}`: a latency needs a unit of us, ms or s")),
            },
        };
        Ok(number * scale)
    }

    /// The value in the unit that thresholds compare: milliseconds, per second, a share of 1, a count. `None` if there
    /// was nothing to take it from.
    pub(super) fn value(self, figures: &Figures<'_>) -> Option<f64> {
        let Figures {
            latency,
            counts,
            seconds,
        } = *figures;
        let ms = |nanoseconds: u64| nanoseconds as f64 / 1e6;
        let count = latency.len() as f64;
        let checks = counts.passed_checks + counts.failed_checks;
        match self {
            Self::Count => Some(count),
            Self::Dropped => Some(counts.dropped as f64),
            Self::DroppedRate if counts.due == 0 => Some(0.0),
            Self::DroppedRate => Some(counts.dropped as f64 / counts.due as f64),
            Self::Rate if seconds > 0.0 => Some(count / seconds),
            Self::Rate => Some(0.0),
            Self::Checks => (checks > 0).then(|| counts.passed_checks as f64 / checks as f64),
            _ if latency.len() == 0 => None,
            Self::ErrorRate => Some(counts.failed as f64 / count),
            Self::Percentile(percentile) => Some(ms(latency.percentile(percentile))),
            Self::Average => Some(latency.mean() / 1e6),
            Self::Minimum => Some(ms(latency.min())),
            Self::Maximum => Some(ms(latency.max())),
        }
    }

    pub(super) fn with_unit(self, value: f64) -> String {
        match self {
            Self::Rate => format!("{value:.1}/s"),
            Self::ErrorRate | Self::Checks | Self::DroppedRate => format!("{:.2}%", value * 100.0),
            Self::Dropped | Self::Count => format!("{value:.0}"),
            _ => format!("{value:.2}ms"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::latency_counts::SparseCounts;
    use crate::recorder::latency_histogram;
    use crate::threshold::Threshold;

    fn judge(text: &str, requests: u64) -> (Option<f64>, bool) {
        let mut histogram = latency_histogram();
        for ms in 1..=requests {
            histogram.saturating_record(ms * 1_000_000);
        }
        let mut latency = LatencyCounts::default();
        latency.add(&SparseCounts::of(&histogram));
        let threshold: Threshold = text.parse().unwrap();
        let value = threshold.value(&Figures {
            latency: &latency,
            counts: Counts {
                failed: 2,
                passed_checks: 30 * requests.min(1),
                failed_checks: 10 * requests.min(1),
                due: 200,
                dropped: 3,
            },
            seconds: 10.0,
        });
        (value, value.is_some_and(|value| threshold.is_met_by(value)))
    }

    #[test]
    fn verdicts_follow_the_figures() {
        let judge = |text: &str| judge(text, 100);
        assert!(judge("p(99)<100ms").1);
        assert!(!judge("p(99)<98ms").1);
        assert!(judge("p(99.9) <= 0.11s").1);
        assert!(judge("med>49000us").1);
        assert!(judge("max<2s").1);
        assert!(judge("min>=0.9ms").1);
        assert_eq!(judge("rate>=10/s"), (Some(10.0), true));
        assert_eq!(judge("error_rate<1%"), (Some(0.02), false));
        assert!(judge("error_rate<=0.02").1);
        assert_eq!(judge("dropped==0"), (Some(3.0), false));
        assert_eq!(judge("dropped_rate<2%"), (Some(0.015), true));
        assert_eq!(judge("checks>95%"), (Some(0.75), false));
        assert_eq!(judge("count==100"), (Some(100.0), true));
        let (average, _) = judge("avg<1s");
        assert!((average.unwrap() - 50.5).abs() < 0.05);
    }

    #[test]
    fn without_requests_there_is_nothing_to_judge() {
        let judge = |text: &str| judge(text, 0);
        assert_eq!(judge("p(99)<1s"), (None, false));
        assert_eq!(judge("error_rate<1%"), (None, false));
        assert_eq!(judge("checks>1%"), (None, false));
        assert!(judge("count==0").1);
    }
}
