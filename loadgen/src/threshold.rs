//! Objectives a run is held against, such as `create: p(95)<100ms`.

use std::fmt;
use std::str::FromStr;

use hdrhistogram::Histogram;

use crate::summary::ThresholdResult;

/// An objective: a metric, of all requests or of one step, and a bound.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    text: String,
    step: Option<String>,
    metric: Metric,
    operator: Operator,
    bound: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Metric {
    Percentile(f64),
    Average,
    Minimum,
    Maximum,
    Rate,
    ErrorRate,
    Dropped,
    Count,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
}

/// Why a text is no threshold.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{reason}; write e.g. 'p(99)<250ms', 'rate>500/s', 'error_rate<1%', 'count>=1000' or 'create: avg<50ms'")]
pub struct InvalidThreshold {
    reason: String,
}

/// What thresholds are held against.
pub(crate) struct Figures<'a> {
    pub(crate) latency: &'a Histogram<u64>,
    pub(crate) failed: u64,
    pub(crate) dropped: u64,
    pub(crate) seconds: f64,
}

impl Threshold {
    /// The step it is about, if not all.
    pub fn step(&self) -> Option<&str> {
        self.step.as_deref()
    }

    /// Gives the verdict.
    pub(crate) fn judge(&self, figures: &Figures<'_>) -> ThresholdResult {
        let value = self.metric.value(figures);
        let passed = value.is_some_and(|value| match self.operator {
            Operator::Less => value < self.bound,
            Operator::LessOrEqual => value <= self.bound,
            Operator::Greater => value > self.bound,
            Operator::GreaterOrEqual => value >= self.bound,
            Operator::Equal => value == self.bound,
        });
        ThresholdResult {
            expression: self.text.clone(),
            value,
            passed,
            exceeded_by: None,
            first_crossed_s: None,
        }
    }

    /// A value of this threshold's metric with its unit.
    pub fn with_unit(&self, value: f64) -> String {
        match self.metric {
            Metric::Rate => format!("{value:.1}/s"),
            Metric::ErrorRate => format!("{:.2}%", value * 100.0),
            Metric::Dropped | Metric::Count => format!("{value:.0}"),
            _ => format!("{value:.2}ms"),
        }
    }
}

impl Metric {
    fn parse(text: &str) -> Result<Self, String> {
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
            "dropped" => Self::Dropped,
            "count" => Self::Count,
            _ => {
                return Err(format!(
                    "`{text}` is no metric; there are p(N), avg, min, max, med, rate, error_rate, dropped, count"
                ));
            }
        })
    }

    fn parse_bound(self, text: &str) -> Result<f64, String> {
        let number_end = text
            .find(|c: char| !(c.is_ascii_digit() || c == '.'))
            .unwrap_or(text.len());
        let (number, unit) = text.split_at(number_end);
        let number: f64 = number
            .parse()
            .map_err(|_| format!("`{text}` does not begin with a number"))?;
        let scale = match (self, unit.trim()) {
            (Self::Rate, "/s" | "") | (Self::Dropped | Self::Count, "") | (Self::ErrorRate, "") => 1.0,
            (Self::ErrorRate, "%") => 0.01,
            (Self::Rate, _) => return Err(format!("`{text}`: a rate is so many /s")),
            (Self::ErrorRate, _) => return Err(format!("`{text}`: error_rate is a percentage (%) or a share of 1")),
            (Self::Dropped | Self::Count, _) => return Err(format!("`{text}`: a count has no unit")),
            (_, "us" | "µs") => 0.001,
            (_, "ms") => 1.0,
            (_, "s") => 1000.0,
            _ => return Err(format!("`{text}`: a latency needs a unit of us, ms or s")),
        };
        Ok(number * scale)
    }

    /// The value in the unit that thresholds compare: milliseconds, per second, a share of 1, a count. `None` if there
    /// were no requests to take it from.
    fn value(self, figures: &Figures<'_>) -> Option<f64> {
        let latency = figures.latency;
        let ms = |nanoseconds: u64| nanoseconds as f64 / 1e6;
        let count = latency.len() as f64;
        match self {
            Self::Count => Some(count),
            Self::Dropped => Some(figures.dropped as f64),
            Self::Rate => Some(if figures.seconds > 0.0 {
                count / figures.seconds
            } else {
                0.0
            }),
            _ if latency.is_empty() => None,
            Self::ErrorRate => Some(figures.failed as f64 / count),
            Self::Percentile(percentile) => Some(ms(latency.value_at_percentile(percentile))),
            Self::Average => Some(latency.mean() / 1e6),
            Self::Minimum => Some(ms(latency.min())),
            Self::Maximum => Some(ms(latency.max())),
        }
    }
}

impl FromStr for Threshold {
    type Err = InvalidThreshold;

    fn from_str(text: &str) -> Result<Self, InvalidThreshold> {
        parse(text).map_err(|reason| InvalidThreshold { reason })
    }
}

fn parse(text: &str) -> Result<Threshold, String> {
    const OPERATORS: [(&str, Operator); 5] = [
        ("<=", Operator::LessOrEqual),
        (">=", Operator::GreaterOrEqual),
        ("==", Operator::Equal),
        ("<", Operator::Less),
        (">", Operator::Greater),
    ];
    let (step, expression) = match text.split_once(':') {
        Some((step, expression)) => (Some(step.trim()), expression),
        None => (None, text),
    };
    if step.is_some_and(str::is_empty) {
        return Err("no step is named before the colon".to_owned());
    }
    let at = expression
        .find(['<', '>', '='])
        .ok_or_else(|| format!("`{text}` has none of < <= > >= =="))?;
    let (metric, rest) = expression.split_at(at);
    let (sign, operator) = OPERATORS
        .into_iter()
        .find(|(sign, _)| rest.starts_with(sign))
        .ok_or_else(|| format!("`{text}` has none of < <= > >= =="))?;
    let metric = Metric::parse(metric.trim())?;
    if step.is_some() && metric == Metric::Dropped {
        return Err("dropped counts iterations, which have no step".to_owned());
    }
    let bound = metric.parse_bound(rest[sign.len()..].trim())?;
    Ok(Threshold {
        text: text.trim().to_owned(),
        step: step.map(str::to_owned),
        metric,
        operator,
        bound,
    })
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::recorder::latency_histogram;

    fn judge(text: &str) -> (Option<f64>, bool) {
        let mut latency = latency_histogram();
        for ms in 1..=100 {
            latency.saturating_record(ms * 1_000_000);
        }
        let result = text.parse::<Threshold>().unwrap().judge(&Figures {
            latency: &latency,
            failed: 2,
            dropped: 0,
            seconds: 10.0,
        });
        (result.value, result.passed)
    }

    #[test]
    fn verdicts_follow_the_figures() {
        assert!(judge("p(99)<100ms").1);
        assert!(!judge("p(99)<98ms").1);
        assert!(judge("p(99.9) <= 0.11s").1);
        assert!(judge("med>49000us").1);
        assert!(judge("max<2s").1);
        assert!(judge("min>=0.9ms").1);
        assert_eq!(judge("rate>=10/s"), (Some(10.0), true));
        assert_eq!(judge("error_rate<1%"), (Some(0.02), false));
        assert!(judge("error_rate<=0.02").1);
        assert_eq!(judge("dropped==0"), (Some(0.0), true));
        assert_eq!(judge("count==100"), (Some(100.0), true));
        let (average, _) = judge("avg<1s");
        assert!((average.unwrap() - 50.5).abs() < 0.05);
    }

    #[test]
    fn without_requests_latency_objectives_fail() {
        let latency = latency_histogram();
        let figures = Figures {
            latency: &latency,
            failed: 0,
            dropped: 0,
            seconds: 1.0,
        };
        let judge = |text: &str| text.parse::<Threshold>().unwrap().judge(&figures);
        assert!(!judge("p(99)<1s").passed && judge("p(99)<1s").value.is_none());
        assert!(!judge("error_rate<1%").passed);
        assert!(judge("count==0").passed);
    }

    #[test]
    fn steps_are_named_before_a_colon() {
        let threshold: Threshold = " create : p(95)<100ms".parse().unwrap();
        assert_eq!(threshold.step(), Some("create"));
    }

    #[test]
    fn nonsense_is_refused_with_a_reason() {
        for (text, reason) in [
            ("p(99)", "has none of"),
            ("p(99)=5ms", "has none of"),
            ("p(101)<5ms", "0 to 100"),
            ("p99<5ms", "is no metric"),
            ("avg<5", "needs a unit"),
            ("avg<ms", "does not begin with a number"),
            ("rate>5ms", "so many /s"),
            ("count>5s", "no unit"),
            ("error_rate<1s", "percentage"),
            (": avg<5ms", "no step"),
            ("read: dropped==0", "no step"),
        ] {
            let error = text.parse::<Threshold>().unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,40}") {
            let _ = text.parse::<Threshold>();
            let _ = format!("p({text})<{text}ms").parse::<Threshold>();
        }
    }
}
