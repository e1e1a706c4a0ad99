//! The books of a virtual user on what it has created: what exists, and what may.
//!
//! Every virtual user works on resources of its own, so that every status is known beforehand, and removes them
//! afterwards.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::{Duration, Instant};

use crate::scenario::Fate;
use crate::scenario::expect::Expect;
use crate::scenario::template::Template;

/// Ranges of resources whose existence is unknown that a virtual user remembers; when there are more, it neither creates
/// nor deletes any.
const MOST_UNCERTAIN: usize = 1000;

/// A kind of thing that virtual users create, use and delete.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    pub(crate) name: String,
    /// What several of them are called.
    pub(crate) plural: String,
    /// What their ids are made of.
    pub(crate) id: Template,
    /// How many each virtual user creates before the load.
    pub(crate) at_start: usize,
    /// How many it keeps: a delete that would leave fewer becomes a create.
    pub(crate) least: usize,
    /// How many it may have: a create beyond becomes a delete.
    pub(crate) most: usize,
    /// The step that creates one.
    pub(crate) create: usize,
    /// The step that deletes one.
    pub(crate) delete: usize,
    /// A step that uses one, if there is any.
    pub(crate) using: Option<usize>,
    /// A step that has nothing to do with them, if there is any.
    pub(crate) unrelated: Option<usize>,
}

/// What a step does to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Action {
    /// Which, by its position.
    pub(crate) resource: usize,
    pub(crate) kind: ActionKind,
    pub(crate) pick: Pick,
}

/// See [`Action`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ActionKind {
    Creates,
    Uses,
    Deletes,
}

/// Which of the resources that exist a step is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pick {
    Random,
    Oldest,
    Newest,
}

/// One virtual user's books on one kind of resource.
#[derive(Clone, Debug, Default)]
pub(crate) struct Books {
    /// Numbers of those that exist, oldest first.
    live: VecDeque<u64>,
    /// Numbers of those of which it is unknown whether they exist.
    uncertain: Vec<Range<u64>>,
    /// When the last request that may have created or removed one of them was given up.
    uncertain_since: Option<Instant>,
    next_number: u64,
    /// The one that the last request is about, and where it stands among those that exist.
    current: u64,
    position: usize,
}

impl Books {
    /// How many exist.
    pub(crate) fn live(&self) -> usize {
        self.live.len()
    }

    /// The number of the one that the last request is about.
    #[inline]
    pub(crate) fn current(&self) -> u64 {
        self.current
    }

    /// The step to take where `planned`, which has to do with this resource, is not to be done; `None` where it is.
    #[inline]
    pub(crate) fn redirect(&self, resource: &Resource, planned: ActionKind) -> Option<usize> {
        let live = self.live.len();
        let mut kind = planned;
        if kind == ActionKind::Deletes && live <= resource.least {
            kind = ActionKind::Creates;
        } else if kind == ActionKind::Creates && live >= resource.most {
            kind = ActionKind::Deletes;
        }
        let full = self.uncertain.len() >= MOST_UNCERTAIN;
        if kind != ActionKind::Uses && full {
            kind = ActionKind::Uses;
        }
        if live == 0 && kind != ActionKind::Creates {
            // Everything else needs one of one's own.
            if full {
                return resource.unrelated.or(resource.using);
            }
            kind = ActionKind::Creates;
        }
        if kind == planned {
            return None;
        }
        match kind {
            ActionKind::Creates => Some(resource.create),
            ActionKind::Deletes => Some(resource.delete),
            ActionKind::Uses => resource.using.or(resource.unrelated),
        }
    }

    /// Decides which resource a request is about; false if there is none.
    #[inline]
    pub(crate) fn choose(&mut self, action: Action, rng: &mut fastrand::Rng) -> bool {
        if action.kind == ActionKind::Creates {
            self.current = self.next_number;
            return true;
        }
        self.position = match action.pick {
            _ if self.live.is_empty() => return false,
            Pick::Random => rng.usize(0..self.live.len()),
            Pick::Oldest => 0,
            Pick::Newest => self.live.len() - 1,
        };
        self.current = self.live.get(self.position).copied().unwrap_or_default();
        true
    }

    /// Makes the next request one about the resource of this number.
    pub(crate) fn point_at(&mut self, number: u64) {
        self.current = number;
    }

    /// Notes what became of a request: which resources exist, and which may.
    pub(crate) fn ended(&mut self, kind: ActionKind, expect: &Expect, fate: Fate, now: Instant) {
        match (kind, fate) {
            (ActionKind::Creates, Fate::Answered(status)) if expect.accepts(status) => {
                self.live.push_back(self.next_number);
                self.next_number += 1;
            }
            // Refused: the number is free for the next create.
            (ActionKind::Creates, Fate::Answered(300..=408 | 410..=499) | Fate::NeverSent) => {}
            (ActionKind::Creates, _) => {
                self.doubt(self.next_number, now);
                self.next_number += 1;
            }
            (ActionKind::Deletes, Fate::Answered(status)) if expect.accepts(status) || is_gone(status) => {
                self.live.remove(self.position);
            }
            (ActionKind::Deletes, Fate::Answered(300..=499) | Fate::NeverSent) => {}
            (ActionKind::Deletes, _) => {
                if let Some(number) = self.live.remove(self.position) {
                    self.doubt(number, now);
                }
            }
            (ActionKind::Uses, _) => {}
        }
    }

    fn doubt(&mut self, number: u64, now: Instant) {
        self.uncertain_since = Some(now);
        push_number(&mut self.uncertain, number);
    }

    /// Gives up the books for a clean-up that begins now.
    pub(crate) fn close(&mut self, now: Instant, lateness: Duration) -> Removal {
        let mut known = Vec::new();
        self.live.drain(..).for_each(|number| push_number(&mut known, number));
        Removal {
            known,
            unknown: std::mem::take(&mut self.uncertain),
            late_until: self.uncertain_since.map_or(now, |since| since + lateness).max(now),
        }
    }
}

/// What a clean-up has to remove.
pub(crate) struct Removal {
    /// Those that exist.
    pub(crate) known: Vec<Range<u64>>,
    /// Those that may.
    pub(crate) unknown: Vec<Range<u64>>,
    /// Until then, one that is not there may still appear.
    pub(crate) late_until: Instant,
}

impl Removal {
    /// How many there are.
    pub(crate) fn len(&self) -> u64 {
        self.known
            .iter()
            .chain(&self.unknown)
            .map(|range| range.end - range.start)
            .sum()
    }
}

/// Whether a status says that there is no such resource.
pub(crate) fn is_gone(status: u16) -> bool {
    matches!(status, 404 | 410)
}

/// Adds a number to ranges, extending the last one where it can.
pub(crate) fn push_number(ranges: &mut Vec<Range<u64>>, number: u64) {
    match ranges.last_mut() {
        Some(last) if last.end == number => last.end += 1,
        _ => ranges.push(number..number + 1),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CREATE: usize = 0;
    const READ: usize = 1;
    const LIST: usize = 2;
    const DELETE: usize = 3;

    fn item() -> Resource {
        Resource {
            name: "item".into(),
            plural: "items".into(),
            id: Template::text("x"),
            at_start: 4,
            least: 1,
            most: 5,
            create: CREATE,
            delete: DELETE,
            using: Some(READ),
            unrelated: Some(LIST),
        }
    }

    fn action(kind: ActionKind) -> Action {
        let pick = if kind == ActionKind::Deletes {
            Pick::Oldest
        } else {
            Pick::Random
        };
        Action {
            resource: 0,
            kind,
            pick,
        }
    }

    fn kind_of(step: usize, planned: ActionKind) -> ActionKind {
        match step {
            CREATE => ActionKind::Creates,
            DELETE => ActionKind::Deletes,
            READ => ActionKind::Uses,
            _ => planned,
        }
    }

    #[test]
    fn the_first_request_creates_whatever_was_planned() {
        let books = Books::default();
        assert_eq!(books.redirect(&item(), ActionKind::Creates), None);
        assert_eq!(books.redirect(&item(), ActionKind::Uses), Some(CREATE));
        assert_eq!(books.redirect(&item(), ActionKind::Deletes), Some(CREATE));
    }

    #[test]
    fn with_too_much_in_doubt_nothing_is_written() {
        let now = Instant::now();
        let mut books = Books::default();
        let created = Expect::exactly(201);
        for _ in 0..MOST_UNCERTAIN {
            // Every other create is lost, so that the ranges cannot grow together.
            books.ended(ActionKind::Creates, &created, Fate::Unknown, now);
            books.ended(ActionKind::Creates, &created, Fate::Answered(201), now);
        }
        assert_eq!(books.redirect(&item(), ActionKind::Creates), Some(READ));
        assert_eq!(books.redirect(&item(), ActionKind::Deletes), Some(READ));
        books.live.clear();
        assert_eq!(books.redirect(&item(), ActionKind::Uses), Some(LIST));
    }

    proptest! {
        /// The books against a service that carries out, refuses or loses requests.
        #[test]
        fn the_books_say_what_exists(plans in proptest::collection::vec((0_u8..3, 0_u8..6), 0..400)) {
            let resource = item();
            let (created, deleted) = (Expect::exactly(201), Expect::exactly(200));
            let mut rng = fastrand::Rng::with_seed(1);
            let mut books = Books::default();
            let mut exists = std::collections::BTreeSet::new();
            for (planned, fate) in plans {
                let planned = [ActionKind::Creates, ActionKind::Uses, ActionKind::Deletes][usize::from(planned)];
                let kind = books.redirect(&resource, planned).map_or(planned, |step| kind_of(step, planned));
                prop_assert!(books.choose(action(kind), &mut rng));
                let number = books.current();
                prop_assert_eq!(exists.contains(&number), kind != ActionKind::Creates, "{:?}", kind);
                let done = fate <= 2;
                if done {
                    match kind {
                        ActionKind::Creates => { exists.insert(number); }
                        ActionKind::Deletes => { exists.remove(&number); }
                        ActionKind::Uses => {}
                    }
                }
                let status = if kind == ActionKind::Creates { 201 } else { 200 };
                let fate = match fate {
                    0 | 1 => Fate::Answered(status),
                    2 | 3 => Fate::Unknown,
                    4 => Fate::Answered(503),
                    _ => Fate::NeverSent,
                };
                let expect = if kind == ActionKind::Creates { &created } else { &deleted };
                books.ended(kind, expect, fate, Instant::now());
                prop_assert!(books.live() <= resource.most);
                // What is in doubt is no longer used, whether it exists or not.
                let doubted = |number: &u64| books.uncertain.iter().any(|range| range.contains(number));
                exists.retain(|number| !doubted(number));
                prop_assert!(books.live.iter().eq(exists.iter()));
            }
        }
    }
}
