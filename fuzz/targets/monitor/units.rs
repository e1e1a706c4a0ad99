//! What systemd prints about units.

use crate::units::{Condition, parse};

pub(super) fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let units = parse(&text);
    assert!(units.len() <= text.split("\n\n").count());
    assert!(units.is_sorted_by_key(|unit| unit.condition != Condition::Failed));
    for unit in units {
        assert!(!unit.name.is_empty() && text.contains(&unit.name));
        assert_eq!(unit.reason.is_some(), unit.condition == Condition::Failed);
        let _ = (unit.is_first_start(), unit.age());
    }
}
