//! Objectives: what is taken is printed such that it is taken again as the same, and can be judged.

use crate::run_info::StepInfo;
use crate::threshold::{Threshold, check_selections};

pub(super) fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(threshold) = text.parse::<Threshold>() else {
        return;
    };
    assert_eq!(threshold.to_string().parse::<Threshold>().as_ref(), Ok(&threshold));
    if let Some(window) = threshold.window() {
        assert!((1..=600).contains(&window.as_secs()) && window.subsec_nanos() == 0);
    }
    let _ = check_selections(std::slice::from_ref(&threshold), &[StepInfo::default()]);
    for value in [0.0, 1.0, 250.0, 1e12] {
        let excess = threshold.exceeded_by(value);
        assert!(
            excess.is_none_or(|excess| excess.is_finite() && excess >= 0.0),
            "{excess:?}"
        );
        let _ = threshold.with_unit(value);
    }
}
