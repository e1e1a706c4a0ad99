//! Durations as people type them.

use std::time::Duration;

const LONGEST: Duration = Duration::from_secs(30 * 24 * 3600);

/// A duration with a unit, at most 30 days.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text).map_err(|_| "write e.g. 250ms, 60s or 1m30s".to_owned())?;
    if duration > LONGEST {
        Err("at most 30 days".to_owned())
    } else {
        Ok(duration)
    }
}

/// A duration that is not zero.
pub(crate) fn positive_duration(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("must be longer than nothing, e.g. 60s".to_owned()),
        duration => Ok(duration),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units_and_bounds() {
        assert_eq!(duration("1m30s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert!(duration("10").is_err() && duration("1year").is_err() && positive_duration("0s").is_err());
    }
}
