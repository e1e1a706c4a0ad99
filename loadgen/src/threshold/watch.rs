//! Follows thresholds through a run, second by second.

use std::collections::VecDeque;
use std::time::Duration;

use super::metric::{Counts, Figures};
use super::{Judgeable, Selector, Threshold};
use crate::interval::{INTERVAL, Interval};
use crate::latency_counts::{LatencyCounts, SparseCounts};
use crate::observer::ThresholdSnapshot;
use crate::run_info::StepInfo;
use crate::summary::ThresholdResult;

/// Load after which a figure of the run so far may end the run, where it could still recover.
const A_WHILE: Duration = Duration::from_secs(10);
/// How far generators may be apart; what comes later than that still counts for the whole run, but for no window.
const LONGEST_WAIT: usize = 60;
/// How much of a window may be missing, at the end of a run that did not last whole seconds.
const TOLERANCE: Duration = Duration::from_millis(500);
/// No run has as many seconds; a file may say so.
const LAST_SECOND: u64 = u32::MAX as u64;

/// All thresholds of a run.
pub(crate) struct Watch {
    watched: Vec<Watched>,
    groups: Vec<Group>,
    /// Seconds that not all generators have told of, the first being number `next`.
    open: VecDeque<Option<Second>>,
    next: u64,
    /// Seconds before `next` in which no generator had anything to tell.
    silent: usize,
    /// The last second that each generator told of.
    told: Vec<Option<u64>>,
    load_end: Option<Duration>,
}

/// One threshold.
struct Watched {
    threshold: Threshold,
    group: usize,
    /// Its window among those of its group.
    window: Option<usize>,
    /// The figure of the run so far; of windows, the worst one.
    value: Option<f64>,
    /// Whether a whole window has passed.
    judged: bool,
    first_crossed: Option<Duration>,
    /// Whether it is crossed for good, or has been in a window.
    stands_crossed: bool,
}

/// The requests that some thresholds are about.
struct Group {
    selector: Selector,
    steps: Vec<usize>,
    total: Sum,
    windows: Vec<Window>,
    /// The last seconds, as many as the longest window has.
    recent: VecDeque<Part>,
}

struct Window {
    seconds: usize,
    sum: Sum,
}

/// One second, by group.
struct Second {
    length: Duration,
    parts: Vec<Part>,
}

/// What a group did in a second.
#[derive(Clone, Default)]
struct Part {
    latency: SparseCounts,
    counts: Counts,
    length: Duration,
}

/// What a group did in several seconds.
#[derive(Default)]
struct Sum {
    latency: LatencyCounts,
    counts: Counts,
    length: Duration,
}

impl Counts {
    fn combine(&mut self, other: &Self, combine: impl Fn(u64, u64) -> u64) {
        self.failed = combine(self.failed, other.failed);
        self.passed_checks = combine(self.passed_checks, other.passed_checks);
        self.failed_checks = combine(self.failed_checks, other.failed_checks);
        self.due = combine(self.due, other.due);
        self.dropped = combine(self.dropped, other.dropped);
    }
}

impl Part {
    /// Adds what one generator did.
    fn add(&mut self, steps: &[usize], interval: &Interval, latency: &[SparseCounts]) {
        self.counts.due += interval.due;
        self.counts.dropped += interval.dropped;
        for index in steps {
            let (Some(step), Some(latency)) = (interval.steps.get(*index), latency.get(*index)) else {
                continue;
            };
            self.latency.merge(latency);
            self.counts.failed += step.failed;
            self.counts.passed_checks += step.passed_checks().sum::<u64>();
            self.counts.failed_checks += step.failed_checks.iter().sum::<u64>();
        }
    }
}

impl Sum {
    fn add(&mut self, part: &Part) {
        self.latency.add(&part.latency);
        self.counts.combine(&part.counts, u64::saturating_add);
        self.length = self.length.saturating_add(part.length);
    }

    fn subtract(&mut self, part: &Part) {
        self.latency.subtract(&part.latency);
        self.counts.combine(&part.counts, u64::saturating_sub);
        self.length = self.length.saturating_sub(part.length);
    }

    fn figures(&self, time: Duration) -> Figures<'_> {
        Figures {
            latency: &self.latency,
            counts: self.counts,
            seconds: time.as_secs_f64(),
        }
    }
}

impl Group {
    fn new(selector: &Selector, steps: &[StepInfo]) -> Self {
        let selected = steps.iter().enumerate().filter(|(_, step)| selector.selects(step));
        Self {
            selector: selector.clone(),
            steps: selected.map(|(index, _)| index).collect(),
            total: Sum::default(),
            windows: Vec::new(),
            recent: VecDeque::new(),
        }
    }

    /// The window of this length; made if there is none.
    fn window_of(&mut self, length: Duration) -> usize {
        let seconds = (length.as_secs() as usize).max(1);
        let known = self.windows.iter().position(|window| window.seconds == seconds);
        known.unwrap_or_else(|| {
            self.windows.push(Window {
                seconds,
                sum: Sum::default(),
            });
            self.windows.len() - 1
        })
    }

    fn add(&mut self, part: Part) {
        self.total.add(&part);
        let Some(longest) = self.windows.iter().map(|window| window.seconds).max() else {
            return;
        };
        for window in &mut self.windows {
            if let Some(leaving) = self.recent.len().checked_sub(window.seconds) {
                window.sum.subtract(&self.recent[leaving]);
            }
            window.sum.add(&part);
        }
        self.recent.push_back(part);
        if self.recent.len() > longest {
            self.recent.pop_front();
        }
    }

    /// The figures of a window that ends now, if a whole one has passed.
    fn window(&self, index: usize) -> Option<Figures<'_>> {
        let Window { seconds, sum } = &self.windows[index];
        let is_whole =
            self.recent.len() >= *seconds && sum.length.saturating_add(TOLERANCE) >= INTERVAL * (*seconds as u32);
        is_whole.then(|| sum.figures(sum.length))
    }
}

impl Watched {
    /// Takes note of the figures at a time since the load began.
    fn observe(&mut self, group: &Group, at: Duration, load_end: Option<Duration>) {
        let threshold = &self.threshold;
        let Some(window) = self.window else {
            self.value = threshold.value(&group.total.figures(at));
            let judgeable = threshold.judgeable();
            let crossed = self.value.is_some_and(|value| !threshold.is_met_by(value));
            if crossed && judgeable != Judgeable::AtTheEnd {
                self.first_crossed.get_or_insert(at);
            }
            self.stands_crossed = crossed
                && match judgeable {
                    Judgeable::AtOnce => true,
                    Judgeable::AfterAWhile => at >= A_WHILE,
                    Judgeable::AtTheEnd => false,
                };
            return;
        };
        // When the load has ended, less is done as a matter of course.
        let load_is_over = load_end.is_some_and(|end| at > end);
        if load_is_over && threshold.metric.counts_requests() {
            return;
        }
        let Some(figures) = group.window(window) else { return };
        self.judged = true;
        let Some(value) = threshold.value(&figures) else { return };
        if self
            .value
            .is_none_or(|worst| threshold.excess(value) > threshold.excess(worst))
        {
            self.value = Some(value);
        }
        if !threshold.is_met_by(value) {
            self.first_crossed.get_or_insert(at);
            self.stands_crossed = true;
        }
    }

    /// The verdict on a run that took so long.
    fn result(&self, group: &Group, duration: Duration) -> ThresholdResult {
        let threshold = &self.threshold;
        let windows = self.window.is_some() && self.judged;
        let value = if windows {
            self.value
        } else {
            threshold.value(&group.total.figures(duration))
        };
        let passed = value.is_some_and(|value| threshold.is_met_by(value));
        let known = self.first_crossed.filter(|_| windows || self.window.is_none());
        let first_crossed = known.or_else(|| (!passed && value.is_some()).then_some(duration));
        ThresholdResult {
            expression: threshold.text.clone(),
            value,
            passed,
            exceeded_by: value.and_then(|value| threshold.exceeded_by(value)),
            first_crossed_s: first_crossed.map(|at| at.as_secs_f64()),
            note: (self.window.is_some() && !windows)
                .then(|| "the run was shorter than the window, so all of it was judged".to_owned()),
        }
    }
}

impl Watch {
    /// Thresholds on so many generators that run these steps.
    pub(crate) fn new(thresholds: &[Threshold], steps: &[StepInfo], generators: usize) -> Self {
        let mut groups: Vec<Group> = Vec::new();
        let mut watch = |threshold: &Threshold| {
            let known = groups.iter().position(|group| group.selector == threshold.selector);
            let group = known.unwrap_or_else(|| {
                groups.push(Group::new(&threshold.selector, steps));
                groups.len() - 1
            });
            let window = threshold.window.map(|window| groups[group].window_of(window));
            Watched {
                threshold: threshold.clone(),
                group,
                window,
                value: None,
                judged: false,
                first_crossed: None,
                stands_crossed: false,
            }
        };
        let watched = thresholds.iter().map(&mut watch).collect();
        Self {
            watched,
            groups,
            open: VecDeque::new(),
            next: 0,
            silent: 0,
            told: vec![None; generators.max(1)],
            load_end: None,
        }
    }

    /// From this time on less is done as a matter of course: windows that reach beyond it are not held against bounds
    /// on `rate` and `count`.
    pub(crate) fn load_ends_at(&mut self, end: Duration) {
        self.load_end = Some(end);
    }

    /// Adds what a generator did in a second; `latency` has the latencies of its steps.
    pub(crate) fn add(&mut self, generator: usize, interval: &Interval, latency: &[SparseCounts]) {
        if self.watched.is_empty() {
            return;
        }
        if interval.number < self.next || interval.number > LAST_SECOND {
            self.add_late(interval, latency);
        } else {
            self.add_to_second(interval, latency);
        }
        if self.told.len() <= generator {
            self.told.resize(generator + 1, None);
        }
        self.told[generator] = self.told[generator].max(Some(interval.number).filter(|number| *number <= LAST_SECOND));
        if let Some(complete) = self.told.iter().copied().min().flatten() {
            while self.next <= complete {
                self.close();
            }
        }
    }

    /// Counts for the whole run what comes too late for its windows.
    fn add_late(&mut self, interval: &Interval, latency: &[SparseCounts]) {
        for group in &mut self.groups {
            let mut late = Part::default();
            late.add(&group.steps, interval, latency);
            group.total.add(&late);
        }
    }

    fn add_to_second(&mut self, interval: &Interval, latency: &[SparseCounts]) {
        self.make_room_for(interval.number);
        let index = (interval.number - self.next) as usize;
        if self.open.len() <= index {
            self.open.resize_with(index + 1, || None);
        }
        let second = self.open[index].get_or_insert_with(|| Second {
            length: Duration::ZERO,
            parts: vec![Part::default(); self.groups.len()],
        });
        second.length = second.length.max(interval.length);
        for (part, group) in second.parts.iter_mut().zip(&self.groups) {
            part.add(&group.steps, interval, latency);
        }
    }

    /// Closes seconds that have waited for long, so that the second of this number can be kept.
    fn make_room_for(&mut self, number: u64) {
        let windows = self.groups.iter().flat_map(|group| &group.windows);
        let longest = windows.map(|window| window.seconds).max().unwrap_or(0);
        while number - self.next >= LONGEST_WAIT as u64 {
            if self.open.is_empty() && self.silent > longest {
                // Every window is empty and stays so.
                self.next = number;
                return;
            }
            self.close();
        }
    }

    /// Judges the thresholds at the end of the first open second.
    fn close(&mut self) {
        let second = self.open.pop_front().flatten();
        self.silent = if second.is_some() { 0 } else { self.silent + 1 };
        let Second { length, parts } = second.unwrap_or_else(|| Second {
            length: INTERVAL,
            parts: vec![Part::default(); self.groups.len()],
        });
        let at = Duration::from_secs(self.next).saturating_add(length);
        self.next += 1;
        for (group, mut part) in self.groups.iter_mut().zip(parts) {
            part.length = length;
            group.add(part);
        }
        for watched in &mut self.watched {
            watched.observe(&self.groups[watched.group], at, self.load_end);
        }
    }

    /// The first threshold that is crossed for good or was crossed in a window: a reason to end the run.
    ///
    /// A figure of the run so far that may recover, such as a percentile, counts from [`A_WHILE`] on, so that cold
    /// connections do not end a run; one that cannot, such as `dropped==0`, counts at once. Lower bounds on what only
    /// grows (`count>=1000`, `rate>500/s`) are judged at the end of the run, unless they have a window.
    pub(crate) fn crossed(&self) -> Option<&Threshold> {
        let crossed = self.watched.iter().find(|watched| watched.stands_crossed);
        crossed.map(|watched| &watched.threshold)
    }

    /// The thresholds as they stand.
    pub(crate) fn standing(&self) -> Vec<ThresholdSnapshot> {
        let stand = |watched: &Watched| ThresholdSnapshot {
            expression: watched.threshold.text.clone(),
            value: watched
                .value
                .map_or_else(String::new, |value| watched.threshold.with_unit(value)),
            passed: watched.value.is_none_or(|value| watched.threshold.is_met_by(value)),
        };
        self.watched.iter().map(stand).collect()
    }

    /// The verdicts on a run that took so long; nothing may be added afterwards.
    pub(crate) fn results(&mut self, duration: Duration) -> Vec<ThresholdResult> {
        while !self.open.is_empty() {
            self.close();
        }
        let result = |watched: &Watched| watched.result(&self.groups[watched.group], duration);
        self.watched.iter().map(result).collect()
    }
}

#[cfg(test)]
mod tests;
