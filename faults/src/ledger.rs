//! What one client knows of its items. It alone writes them, so every answer can be judged.

use std::time::Instant;

use serde_json::{Value, json};

use crate::answer::Answer;

/// The version of an item, or `None` where there is none.
pub(crate) type State = Option<u64>;

/// What an answer says against what is known.
#[derive(Debug)]
pub(crate) enum Finding {
    /// An acknowledged write is not there.
    Lost(String),
    /// An answer that cannot be true, or not as documented.
    Wrong(String),
}

/// One item.
pub(crate) struct Entry {
    pub(crate) id: String,
    /// The highest version that was sent.
    version: u64,
    /// What it may be: one state if certain, more after a write whose outcome is unknown.
    states: Vec<State>,
    /// Since when it is uncertain.
    pub(crate) uncertain_since: Option<Instant>,
}

impl Entry {
    /// One that was never written.
    pub(crate) fn new(id: String) -> Self {
        Self {
            id,
            version: 0,
            states: vec![None],
            uncertain_since: None,
        }
    }

    /// What it is, if that is certain.
    pub(crate) fn certain(&self) -> Option<State> {
        match self.uncertain_since {
            None => self.states.first().copied(),
            Some(_) => None,
        }
    }

    /// Takes the next version for a write.
    pub(crate) fn next_version(&mut self) -> u64 {
        self.version += 1;
        self.version
    }

    /// The name of a version: long and short ones, with the id in them.
    pub(crate) fn name(&self, version: u64) -> String {
        let padding = "x".repeat(usize::try_from(version * 37 % 200).unwrap_or_default());
        format!("{} version {version} {padding}", self.id)
    }

    /// The item as JSON in this version.
    pub(crate) fn json(&self, version: u64) -> Value {
        json!({ "id": self.id, "name": self.name(version) })
    }

    /// A write was acknowledged.
    pub(crate) fn acknowledged(&mut self, state: State) {
        self.states = vec![state];
    }

    /// A write may or may not have happened, or may still happen.
    pub(crate) fn unknown(&mut self, state: State) {
        self.states.push(state);
        self.uncertain_since = Some(Instant::now());
    }

    /// After a finding, so that the same is not found again and again.
    pub(crate) fn may_be_anything(&mut self) {
        self.states = (1..=self.version).map(Some).chain([None]).collect();
        self.uncertain_since = Some(Instant::now());
    }

    /// Compares what a read answered, `Value::Null` for 404; on success the state that was found.
    pub(crate) fn compare(&self, body: &Value) -> Result<State, Finding> {
        if body.is_null() {
            return if self.states.contains(&None) {
                Ok(None)
            } else {
                Err(Finding::Lost(format!("{} is gone; {}", self.id, self.expected())))
            };
        }
        let found = |state: &&State| state.is_some_and(|version| *body == self.json(version));
        if let Some(state) = self.states.iter().find(found) {
            return Ok(*state);
        }
        match (1..=self.version).find(|version| *body == self.json(*version)) {
            Some(version) => Err(Finding::Lost(format!(
                "{} is in version {version}; {}",
                self.id,
                self.expected()
            ))),
            None => Err(Finding::Wrong(format!("{} was never {body}", self.id))),
        }
    }

    /// A read found it in this state, and nothing that is under way can change it any more.
    pub(crate) fn settle(&mut self, state: State) {
        self.states = vec![state];
        self.uncertain_since = None;
    }

    /// A write was refused as if the item were in another state than it is known to be.
    pub(crate) fn contradicted(&self, request: &str, answer: &Answer) -> Finding {
        Finding::Wrong(format!("{request} was answered {}; {}", answer.text(), self.expected()))
    }

    fn expected(&self) -> String {
        let states: Vec<_> = self
            .states
            .iter()
            .map(|state| match state {
                Some(version) => format!("in version {version}"),
                None => "gone".to_owned(),
            })
            .collect();
        format!("it must be {}", states.join(" or "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_acknowledged_must_be_there() {
        let mut entry = Entry::new("a".to_owned());
        let first = entry.next_version();
        entry.acknowledged(Some(first));
        let second = entry.next_version();
        entry.acknowledged(Some(second));
        assert_eq!(entry.compare(&entry.json(second)).unwrap(), Some(second));
        assert!(matches!(entry.compare(&entry.json(first)), Err(Finding::Lost(_))));
        assert!(matches!(entry.compare(&Value::Null), Err(Finding::Lost(_))));
        let other = Entry::new("b".to_owned());
        assert!(matches!(entry.compare(&other.json(second)), Err(Finding::Wrong(_))));
        entry.acknowledged(None);
        assert_eq!(entry.compare(&Value::Null).unwrap(), None);
        assert!(matches!(entry.compare(&entry.json(second)), Err(Finding::Lost(_))));
    }

    #[test]
    fn a_write_of_unknown_outcome_allows_both_until_it_is_settled() {
        let mut entry = Entry::new("a".to_owned());
        let first = entry.next_version();
        entry.unknown(Some(first));
        assert_eq!(entry.certain(), None);
        assert_eq!(entry.compare(&Value::Null).unwrap(), None);
        assert_eq!(entry.compare(&entry.json(first)).unwrap(), Some(first));
        entry.settle(None);
        assert!(matches!(entry.compare(&entry.json(first)), Err(Finding::Lost(_))));
    }
}
