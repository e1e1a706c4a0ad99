//! How thresholds are written: `[STEP: | TAG=VALUE:] METRIC OPERATOR BOUND [for TIME]`.

use std::str::FromStr;
use std::time::Duration;

use super::{Metric, Operator, Selector, Threshold};

/// The longest window: all its seconds are kept.
const LONGEST_WINDOW: Duration = Duration::from_secs(600);
const SECOND: Duration = Duration::from_secs(1);

/// Why a text is no threshold.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "{reason}; write e.g. 'p(99)<250ms', 'rate>500/s', 'error_rate<1%', 'count>=1000', 'create: avg<50ms', \
     'kind=read: p(95)<100ms' or 'p(99)<250ms for 30s'"
)]
pub struct InvalidThreshold {
    reason: String,
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
    let (selector, expression) = match text.split_once(':') {
        Some((selection, expression)) => (parse_selector(selection.trim())?, expression),
        None => (Selector::All, text),
    };
    let at = expression
        .find(['<', '>', '='])
        .ok_or_else(|| format!("`{text}` has none of < <= > >= =="))?;
    let (metric, rest) = expression.split_at(at);
    let (sign, operator) = OPERATORS
        .into_iter()
        .find(|(sign, _)| rest.starts_with(sign))
        .ok_or_else(|| format!("`{text}` has none of < <= > >= =="))?;
    let metric = Metric::parse(metric.trim())?;
    if selector != Selector::All && metric.counts_iterations() {
        return Err("dropped counts iterations, which have no step".to_owned());
    }
    let bound = rest[sign.len()..].trim();
    let (bound, window) = match bound.split_once(" for ") {
        Some((bound, window)) => (bound.trim_end(), Some(parse_window(window.trim())?)),
        None => (bound, None),
    };
    Ok(Threshold {
        text: text.trim().to_owned(),
        selector,
        metric,
        operator,
        bound: metric.parse_bound(bound)?,
        window,
    })
}

fn parse_selector(text: &str) -> Result<Selector, String> {
    match text.split_once('=') {
        _ if text.is_empty() => Err("no step is named before the colon".to_owned()),
        None => Ok(Selector::Step(text.to_owned())),
        Some((key, value)) => match (key.trim(), value.trim()) {
            ("", _) | (_, "") => Err(format!("`{text}`: a tag is written KEY=VALUE")),
            (key, value) => Ok(Selector::Tag {
                key: key.to_owned(),
                value: value.to_owned(),
            }),
        },
    }
}

fn parse_window(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(window) if (SECOND..=LONGEST_WINDOW).contains(&window) && window.subsec_nanos() == 0 => Ok(window),
        Ok(_) => Err(format!("`for {text}`: a window has whole seconds, from 1s to 10m")),
        Err(_) => Err(format!("`for {text}`: a window is a time, e.g. 30s")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn steps_tags_and_windows_stand_where_people_read_them() {
        let parse = |text: &str| text.parse::<Threshold>().unwrap();
        let step = parse(" create : p(95)<100ms");
        assert_eq!(step.selector, Selector::Step("create".to_owned()));
        assert_eq!(step.window(), None);
        let tag = parse("kind = read: p(95) < 100ms for 1m30s");
        let (key, value) = ("kind".to_owned(), "read".to_owned());
        assert_eq!(tag.selector, Selector::Tag { key, value });
        assert_eq!(tag.window(), Some(Duration::from_secs(90)));
        assert_eq!(parse("dropped==0 for 5s").selector, Selector::All);
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
            ("checks>1s", "checks is a percentage"),
            (": avg<5ms", "no step"),
            ("read: dropped==0", "no step"),
            ("=read: avg<5ms", "KEY=VALUE"),
            ("avg<5ms for 500ms", "whole seconds"),
            ("avg<5ms for 11m", "1s to 10m"),
            ("avg<5ms for ever", "is a time"),
        ] {
            let error = text.parse::<Threshold>().unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,40}") {
            let _ = text.parse::<Threshold>();
            let _ = format!("p({text})<{text}ms for {text}").parse::<Threshold>();
        }
    }
}
