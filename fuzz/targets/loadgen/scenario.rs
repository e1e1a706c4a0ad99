//! Scenarios: every mistake has a place that is in the text, and a scenario without one can be looked over.

use crate::scenario::file::{outline, parse};
use crate::scenario::{Scenario, ScenarioError};

pub(super) fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let vars = [("token".to_owned(), "a\"b %".to_owned())];
    match parse("scenario.toml", text, None, &vars) {
        Ok(definition) => {
            let scenario = Scenario::from(definition);
            assert!(!scenario.steps().is_empty());
            let _ = outline(&scenario, &vars);
        }
        Err(ScenarioError::Mistakes(mistakes)) => {
            assert!(!mistakes.is_empty());
            let lines = text.split('\n').count();
            for mistake in mistakes {
                assert!((1..=lines).contains(&mistake.line), "{mistake}");
                let shown = mistake.to_string();
                assert!(!shown.contains(|c: char| c.is_control() && c != '\n'), "{shown:?}");
            }
        }
        Err(_) => {}
    }
}
