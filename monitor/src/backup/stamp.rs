//! Instants of time as backups write them: RFC 3339 in UTC, to the second.

use std::time::{Duration, SystemTime};

/// `2026-11-25T09:22:19Z`
pub(crate) fn text(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string()
}

/// The same to the nanosecond.
pub(crate) fn precise(time: SystemTime) -> String {
    humantime::format_rfc3339_nanos(time).to_string()
}

/// The instant that [`text`] or [`precise`] wrote.
pub(crate) fn time(text: &str) -> Option<SystemTime> {
    humantime::parse_rfc3339(text).ok()
}

/// `20261125T092219Z`: sorts by time, and is a plain file name.
pub(crate) fn id(time: SystemTime) -> String {
    text(time).replace(['-', ':'], "")
}

/// The instant that an id is made of; none for any other name.
pub(crate) fn of_id(id: &str) -> Option<SystemTime> {
    let well_formed = id.is_ascii() && id.len() == 16 && id.as_bytes()[8] == b'T' && id.ends_with('Z');
    if !well_formed {
        return None;
    }
    time(&format!(
        "{}-{}-{}T{}:{}:{}Z",
        &id[..4],
        &id[4..6],
        &id[6..8],
        &id[9..11],
        &id[11..13],
        &id[13..15]
    ))
}

/// Nothing where `earlier` lies ahead, as with a clock that was set back.
pub(crate) fn since(earlier: SystemTime, now: SystemTime) -> Duration {
    now.duration_since(earlier).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_names_its_instant_and_nothing_else_is_one() {
        let instant = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_598_539);
        assert_eq!(id(instant), "20261125T092219Z");
        assert_eq!(of_id("20261125T092219Z"), Some(instant));
        for other in [
            "",
            "latest",
            "20261325T092219Z",
            "20261125T092219",
            "2026112×T092219Z",
            "20261125X092219Z",
        ] {
            assert_eq!(of_id(other), None, "{other}");
        }
    }
}
