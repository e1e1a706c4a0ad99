//! The search itself: which rates are tried in which order, and what is believed of them. It knows neither requests nor
//! clocks, only a [`Prober`] that holds a rate and says whether it was borne.
//!
//! One trial proves little: a pause of the target or a noisy neighbour fails a rate that is borne otherwise, and luck
//! passes one that is not. So rates are put to the vote. A rate counts as borne while more trials passed than failed,
//! as failing when two or more failed and fewer passed; in between it is tried again. Once the two neighbours are
//! close enough, both must win a vote that a longer trial takes part in, and either may lose what it was believed to be.

use std::time::Duration;

use crate::capacity::belief;
use crate::capacity_result::Phase;

/// Factor between rates of the ramp.
const RAMP: f64 = 2.0;
/// A generator that failed at a rate closer than this to one that was borne is what limits the search.
const CEILING: f64 = 1.1;
/// The interval in which the capacity is believed to be may be this much wider than the precision.
const DOUBT: f64 = 4.0;
/// Times a rate is tried at most; odd, so that there is a majority.
const MOST_VOTES: u32 = 9;
/// Trials of a whole search at most.
const MOST_TRIALS: usize = 100;
/// How often it is looked whether the target has recovered; the waits between double.
const RECOVERY_CHECKS: u32 = 6;
/// A rate is lowered by this factor to see whether the target has recovered.
const LIGHT: f64 = 0.5;
/// Shortest time that a light rate is held.
const LIGHT_HOLD: Duration = Duration::from_secs(1);

/// What to search for.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchSettings {
    /// The lowest rate tried, iterations per second.
    pub from: f64,
    /// The highest rate tried, iterations per second.
    pub to: f64,
    /// How far apart the highest rate that is borne and the lowest that is not may be at the end, as a share.
    pub precision: f64,
    /// How long a rate is held.
    pub hold: Duration,
    /// How long it is held for confirmation.
    pub confirm_hold: Duration,
    /// How long load is offered before it counts, and how long the target rests after a rate it did not bear.
    pub settle: Duration,
    /// How long the search may take.
    pub max_time: Duration,
}

/// What a rate is held for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To find out whether it is borne.
    Trial(Phase),
    /// To find out whether the target is its old self after a rate it did not bear; no evidence about its capacity.
    Recovery,
}

/// A rate to be held.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProbeRequest {
    /// Iterations per second.
    pub(crate) rate: f64,
    /// What for.
    pub(crate) purpose: Purpose,
    /// How long the rate is offered before it counts.
    pub(crate) settle: Duration,
    /// How long it counts.
    pub(crate) hold: Duration,
}

/// What became of a rate that was held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It was borne.
    Passed,
    /// It was not.
    Failed,
    /// It was not, but the generator may be to blame.
    Void,
    /// The user ended the search.
    Interrupted,
}

/// Holds rates.
pub(crate) trait Prober {
    /// Why a rate cannot be held at all.
    type Error;

    /// Holds a rate.
    fn probe(&mut self, request: &ProbeRequest) -> Result<Verdict, Self::Error>;

    /// Leaves the target alone for a while.
    fn rest(&mut self, time: Duration);

    /// Time since the search began.
    fn elapsed(&self) -> Duration;

    /// Says something about the search, one line.
    fn note(&mut self, text: &str);
}

/// A rate that was tried.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Trial {
    pub(crate) rate: f64,
    pub(crate) passed: bool,
}

/// What a search came to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SearchResult {
    /// The highest rate confirmed to be borne.
    pub(crate) rate: Option<f64>,
    /// The lowest rate confirmed not to be.
    pub(crate) failing_rate: Option<f64>,
    /// The highest rate believed to be borne; above `rate` where there was no time to confirm it.
    pub(crate) highest_passed: Option<f64>,
    /// Every trial that counted, in order.
    pub(crate) trials: Vec<Trial>,
    /// Why the search ended.
    pub(crate) ending: Ending,
}

/// Why a search ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Ending {
    /// The neighbours are as close as asked for, and confirmed.
    Found,
    /// The highest rate allowed is borne.
    HighestAllowed,
    /// The lowest rate allowed is not borne.
    NotEvenLowest,
    /// At this rate the generator failed.
    GeneratorLimit(f64),
    /// The target did not recover from this rate.
    NotRecovered(f64),
    /// The time, or the number of trials, is used up.
    OutOfTime,
    /// The user ended it.
    Interrupted,
}

/// Searches for the highest rate that is borne.
///
/// # Errors
/// The prober's own, at once.
pub(crate) fn search<P: Prober>(settings: &SearchSettings, prober: &mut P) -> Result<SearchResult, P::Error> {
    let mut search = Search {
        settings,
        prober,
        tallies: Vec::new(),
        trials: Vec::new(),
        ceiling: None,
        overloaded: None,
    };
    let ending = match search.narrow() {
        Ok(ending) | Err(Stop::Ended(ending)) => ending,
        Err(Stop::Failed(error)) => return Err(error),
    };
    Ok(search.result(ending))
}

/// Why the search does not go on.
enum Stop<E> {
    Ended(Ending),
    Failed(E),
}

/// The votes on a rate.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    rate: f64,
    passed: u32,
    failed: u32,
    /// The longer trials among them.
    passed_long: u32,
    failed_long: u32,
}

impl Tally {
    fn of(rate: f64) -> Self {
        Self {
            rate,
            ..Self::default()
        }
    }

    fn is_borne(&self) -> bool {
        self.passed > self.failed
    }

    fn is_failing(&self) -> bool {
        self.failed >= 2 && self.failed > self.passed
    }

    fn is_decided(&self) -> bool {
        self.is_borne() || self.is_failing()
    }

    /// Whether a longer trial has had its say in a decision of at least two.
    fn is_confirmed(&self) -> bool {
        let exhausted = self.passed + self.failed >= MOST_VOTES;
        self.is_borne() && self.passed >= 2 && (self.passed_long > 0 || exhausted)
            || self.is_failing() && (self.failed_long > 0 || exhausted)
    }
}

struct Search<'a, P: Prober> {
    settings: &'a SearchSettings,
    prober: &'a mut P,
    /// By rate, ascending. Rates that are borne are below those that fail: nothing is tried outside of the gap between
    /// them but its two ends.
    tallies: Vec<Tally>,
    trials: Vec<Trial>,
    /// The lowest rate at which the generator failed.
    ceiling: Option<f64>,
    /// The rate the target has not been seen to recover from yet.
    overloaded: Option<f64>,
}

type Step<T, P> = Result<T, Stop<<P as Prober>::Error>>;

impl<P: Prober> Search<'_, P> {
    fn narrow(&mut self) -> Step<Ending, P> {
        loop {
            let (low, high) = (self.highest_borne(), self.lowest_failing());
            match (low, high) {
                (None, Some(_)) => return Ok(Ending::NotEvenLowest),
                (None, None) => match self.ceiling {
                    Some(ceiling) => return Ok(Ending::GeneratorLimit(ceiling)),
                    None => self.decide(self.settings.from, Phase::Ramp)?,
                },
                (Some(low), None) => match self.ceiling {
                    Some(ceiling) if ceiling / low <= CEILING => {
                        if self.confirm(low)? {
                            return Ok(Ending::GeneratorLimit(ceiling));
                        }
                    }
                    Some(ceiling) => self.decide(between(low, ceiling), Phase::Ramp)?,
                    None if low >= self.settings.to => {
                        if self.confirm(low)? {
                            return Ok(Ending::HighestAllowed);
                        }
                    }
                    None => self.decide((low * RAMP).min(self.settings.to), Phase::Ramp)?,
                },
                (Some(low), Some(high)) => {
                    let close = high / low <= 1.0 + self.settings.precision;
                    if !close && self.has_time_to_narrow() {
                        self.decide(between(low, high), Phase::Bisect)?;
                    } else if self.confirm(low)? && !self.confirm(high)? && !self.challenge(low, high)? {
                        return Ok(if close { Ending::Found } else { Ending::OutOfTime });
                    }
                }
            }
        }
    }

    /// Tries a rate until it is known what to believe of it, or the generator fails.
    fn decide(&mut self, rate: f64, phase: Phase) -> Step<(), P> {
        while !self.tally(rate).is_decided() {
            if !self.try_rate(rate, phase, self.settings.hold)? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Holds a rate for longer until what is believed of it is confirmed, or has changed; says whether it is borne.
    fn confirm(&mut self, rate: f64) -> Step<bool, P> {
        let believed = self.tally(rate).is_borne();
        loop {
            let tally = self.tally(rate);
            if tally.is_confirmed() || tally.is_decided() && tally.is_borne() != believed {
                return Ok(tally.is_borne());
            }
            if !self.try_rate(rate, Phase::Confirm, self.settings.confirm_hold)? {
                // A failure that was seen without the generator failing stands; a pass that it cannot repeat does not.
                if believed {
                    self.tallies.retain(|tally| tally.rate < rate);
                }
                return Ok(false);
            }
        }
    }

    /// Puts one of two confirmed neighbours to the vote again where the evidence as a whole leaves too much room beyond
    /// it; `false` if there is no need.
    fn challenge(&mut self, low: f64, high: f64) -> Step<bool, P> {
        let SearchSettings { from, to, .. } = *self.settings;
        let Some((least, most)) = belief::interval(&self.trials, from, to) else {
            return Ok(false);
        };
        if most / least <= 1.0 + DOUBT * self.settings.precision.max(high / low - 1.0) {
            return Ok(false);
        }
        let doubtful = if low / least > most / high { low } else { high };
        let votes = self.tally(doubtful);
        if votes.passed + votes.failed >= MOST_VOTES {
            return Ok(false);
        }
        while self.try_rate(doubtful, Phase::Confirm, self.settings.confirm_hold)? {
            if self.tally(doubtful).is_decided() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Tries a rate once; `false` if the generator failed at it.
    fn try_rate(&mut self, rate: f64, phase: Phase, hold: Duration) -> Step<bool, P> {
        let mut void = 0;
        loop {
            if self.trials.len() >= MOST_TRIALS {
                return Err(Stop::Ended(Ending::OutOfTime));
            }
            self.recover()?;
            let verdict = self.probe(rate, Purpose::Trial(phase), hold)?;
            let passed = verdict == Verdict::Passed;
            if !passed {
                self.overloaded = Some(rate);
            }
            if verdict == Verdict::Void {
                void += 1;
                if void == 2 {
                    self.ceiling = Some(self.ceiling.map_or(rate, |ceiling| ceiling.min(rate)));
                    return Ok(false);
                }
                self.prober.note(&format!(
                    "the generator did not keep up at {}: trying once more",
                    per_second(rate)
                ));
                continue;
            }
            self.trials.push(Trial { rate, passed });
            let long = u32::from(phase == Phase::Confirm);
            let tally = self.tally_mut(rate);
            if passed {
                tally.passed += 1;
                tally.passed_long += long;
            } else {
                tally.failed += 1;
                tally.failed_long += long;
            }
            return Ok(true);
        }
    }

    /// Waits until the target bears a light rate again after one that it did not bear.
    fn recover(&mut self) -> Step<(), P> {
        let Some(overloaded) = self.overloaded else {
            return Ok(());
        };
        let mut wait = self.settings.settle;
        self.prober.rest(wait);
        // Where nothing has been borne so far, there is nothing to go back to.
        let Some(low) = self.highest_borne() else {
            self.overloaded = None;
            return Ok(());
        };
        let hold = self.settings.hold.min(self.settings.settle).max(LIGHT_HOLD);
        for check in 1..=RECOVERY_CHECKS {
            if self.probe(low * LIGHT, Purpose::Recovery, hold)? == Verdict::Passed {
                self.overloaded = None;
                return Ok(());
            }
            if check < RECOVERY_CHECKS {
                wait = (wait * 2).max(LIGHT_HOLD);
                self.prober.note(&format!(
                    "the target has not recovered from {}: waiting {} s",
                    per_second(overloaded),
                    wait.as_secs()
                ));
                self.prober.rest(wait);
            }
        }
        Err(Stop::Ended(Ending::NotRecovered(overloaded)))
    }

    fn probe(&mut self, rate: f64, purpose: Purpose, hold: Duration) -> Step<Verdict, P> {
        let request = ProbeRequest {
            rate,
            purpose,
            settle: self.settings.settle,
            hold,
        };
        if self.prober.elapsed() + request.settle + hold > self.settings.max_time {
            return Err(Stop::Ended(Ending::OutOfTime));
        }
        match self.prober.probe(&request).map_err(Stop::Failed)? {
            Verdict::Interrupted => Err(Stop::Ended(Ending::Interrupted)),
            verdict => Ok(verdict),
        }
    }

    /// Whether one more trial leaves enough time to confirm both neighbours.
    fn has_time_to_narrow(&self) -> bool {
        let SearchSettings {
            hold,
            confirm_hold,
            settle,
            max_time,
            ..
        } = *self.settings;
        let rest = settle * 2 + LIGHT_HOLD;
        let needed = (hold + settle + rest) * 2 + (confirm_hold + settle + rest) * 2;
        self.prober.elapsed() + needed <= max_time
    }

    fn highest_borne(&self) -> Option<f64> {
        let borne = self.tallies.iter().rfind(|tally| tally.is_borne());
        borne.map(|tally| tally.rate)
    }

    fn lowest_failing(&self) -> Option<f64> {
        let failing = self.tallies.iter().find(|tally| tally.is_failing());
        failing.map(|tally| tally.rate)
    }

    fn tally(&self, rate: f64) -> Tally {
        let known = self.tallies.iter().find(|tally| tally.rate == rate);
        known.copied().unwrap_or_else(|| Tally::of(rate))
    }

    fn tally_mut(&mut self, rate: f64) -> &mut Tally {
        let index = self.tallies.partition_point(|tally| tally.rate < rate);
        if self.tallies.get(index).is_none_or(|tally| tally.rate != rate) {
            self.tallies.insert(index, Tally::of(rate));
        }
        &mut self.tallies[index]
    }

    fn result(self, ending: Ending) -> SearchResult {
        let highest_passed = self.highest_borne();
        // A rate is confirmed as well by trials of higher ones that passed, of lower ones that failed.
        let rate = if let Some(low) = highest_passed
            && self.tally(low).passed >= 2
        {
            Some(low)
        } else {
            let mut borne = self.tallies.iter().rev().filter(|tally| tally.is_borne());
            borne.nth(1).map(|tally| tally.rate)
        };
        SearchResult {
            rate,
            failing_rate: self.lowest_failing(),
            highest_passed,
            trials: self.trials,
            ending,
        }
    }
}

/// The middle of two rates on a logarithmic scale, with as few digits as it can have there.
fn between(low: f64, high: f64) -> f64 {
    let middle = (low * high).sqrt();
    (0..=12)
        .map(|digits| {
            let unit = 10_f64.powi(middle.log10().floor() as i32 - 2 - digits);
            // Dividing by a whole number is exact where multiplying by a fraction is not.
            if unit < 1.0 {
                let per_unit = (1.0 / unit).round();
                (middle * per_unit).round() / per_unit
            } else {
                (middle / unit).round() * unit
            }
        })
        .find(|rounded| (rounded / middle - 1.0).abs() < 0.1 * (high / low - 1.0))
        .unwrap_or(middle)
}

/// A rate with its unit.
pub(crate) fn per_second(rate: f64) -> String {
    let digits = if rate >= 1000.0 {
        0
    } else {
        (3 - rate.log10().floor() as i32).clamp(0, 6) as usize
    };
    let text = format!("{rate:.digits$}");
    let text = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    };
    format!("{text}/s")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Bears rates below its capacity, unless told otherwise for the n-th probe.
    struct Sharp {
        capacity: f64,
        generator_limit: f64,
        failing_probes: Vec<usize>,
        interrupt_at: usize,
        recovers: bool,
        overloaded: bool,
        requests: Vec<ProbeRequest>,
        elapsed: Duration,
    }

    impl Sharp {
        fn new(capacity: f64) -> Self {
            Self {
                capacity,
                generator_limit: f64::INFINITY,
                failing_probes: Vec::new(),
                interrupt_at: usize::MAX,
                recovers: true,
                overloaded: false,
                requests: Vec::new(),
                elapsed: Duration::ZERO,
            }
        }

        fn search(&mut self, settings: &SearchSettings) -> SearchResult {
            search(settings, self).unwrap()
        }
    }

    impl Prober for Sharp {
        type Error = std::convert::Infallible;

        fn probe(&mut self, request: &ProbeRequest) -> Result<Verdict, Self::Error> {
            let number = self.requests.len();
            self.requests.push(*request);
            self.elapsed += request.settle + request.hold;
            if number == self.interrupt_at {
                return Ok(Verdict::Interrupted);
            }
            if self.overloaded && !self.recovers {
                return Ok(Verdict::Failed);
            }
            self.overloaded = request.rate > self.capacity;
            Ok(if request.rate > self.generator_limit {
                Verdict::Void
            } else if self.overloaded || self.failing_probes.contains(&number) {
                Verdict::Failed
            } else {
                Verdict::Passed
            })
        }

        fn rest(&mut self, time: Duration) {
            self.elapsed += time;
        }

        fn elapsed(&self) -> Duration {
            self.elapsed
        }

        fn note(&mut self, _text: &str) {}
    }

    fn settings() -> SearchSettings {
        SearchSettings {
            from: 50.0,
            to: 100_000.0,
            precision: 0.02,
            hold: Duration::from_secs(10),
            confirm_hold: Duration::from_secs(20),
            settle: Duration::from_secs(2),
            max_time: Duration::from_secs(1800),
        }
    }

    #[test]
    fn both_neighbours_are_confirmed_by_a_longer_trial() {
        let mut target = Sharp::new(1234.0);
        let result = target.search(&settings());
        assert_eq!(result.ending, Ending::Found);
        let (rate, failing) = (result.rate.unwrap(), result.failing_rate.unwrap());
        assert!(
            rate <= 1234.0 && 1234.0 < failing && failing / rate <= 1.02,
            "{rate} {failing}"
        );
        let confirmed = |rate: f64| {
            let mut requests = target.requests.iter();
            requests.any(|request| {
                let long = request.purpose == Purpose::Trial(Phase::Confirm) && request.hold.as_secs() == 20;
                long && request.rate == rate
            })
        };
        assert!(confirmed(rate) && confirmed(failing));
        assert!(target.requests.len() <= 40, "{}", target.requests.len());
    }

    #[test]
    fn the_ends_of_the_range_end_the_search() {
        let low = Sharp::new(20.0).search(&settings());
        assert_eq!(
            (low.ending, low.rate, low.failing_rate),
            (Ending::NotEvenLowest, None, Some(50.0))
        );
        let high = Sharp::new(1e9).search(&settings());
        assert_eq!(
            (high.ending, high.rate, high.failing_rate),
            (Ending::HighestAllowed, Some(1e5), None)
        );
    }

    #[test]
    fn a_generator_that_fails_is_a_ceiling_and_not_the_targets_fault() {
        let mut target = Sharp::new(1e9);
        target.generator_limit = 3000.0;
        let result = target.search(&settings());
        assert!(
            matches!(result.ending, Ending::GeneratorLimit(rate) if rate > 3000.0 && rate < 3400.0),
            "{result:?}"
        );
        assert!(result.rate.is_some_and(|rate| rate > 2600.0) && result.failing_rate.is_none());
        // An overload may make the generator fail too; the target's capacity is found below.
        let mut target = Sharp::new(2000.0);
        target.generator_limit = 3000.0;
        let result = target.search(&settings());
        assert_eq!(result.ending, Ending::Found);
        assert!(
            result.rate.is_some_and(|rate| (1960.0..=2000.0).contains(&rate)),
            "{result:?}"
        );
        let mut target = Sharp::new(1e9);
        target.generator_limit = 10.0;
        assert_eq!(target.search(&settings()).ending, Ending::GeneratorLimit(50.0));
    }

    #[test]
    fn a_target_that_stays_down_ends_the_search() {
        let mut target = Sharp::new(1000.0);
        target.recovers = false;
        let result = target.search(&settings());
        assert_eq!(result.ending, Ending::NotRecovered(1600.0));
        assert_eq!((result.rate, result.highest_passed), (Some(400.0), Some(800.0)));
    }

    #[test]
    fn an_interrupted_search_gives_what_it_has() {
        let mut target = Sharp::new(1000.0);
        target.interrupt_at = 4;
        let result = target.search(&settings());
        assert_eq!(
            (result.ending, result.rate, result.highest_passed),
            (Ending::Interrupted, Some(200.0), Some(400.0))
        );
    }

    #[test]
    fn a_search_that_runs_out_of_time_confirms_what_it_has() {
        let mut target = Sharp::new(1000.0);
        let settings = SearchSettings {
            max_time: Duration::from_secs(200),
            ..settings()
        };
        let result = target.search(&settings);
        assert_eq!(result.ending, Ending::OutOfTime);
        assert!(target.elapsed <= settings.max_time);
        let (rate, failing) = (result.rate.unwrap(), result.failing_rate.unwrap());
        assert!((800.0..=1000.0).contains(&rate) && failing > 1000.0, "{result:?}");
    }

    proptest! {
        #[test]
        fn any_capacity_is_found_whichever_probe_fails_by_accident(
            capacity in 60.0..90_000.0,
            precision in 0.005..0.2,
            accident in 0_usize..40,
        ) {
            let settings = SearchSettings { precision, ..settings() };
            let mut target = Sharp::new(capacity);
            target.failing_probes = vec![accident];
            let result = target.search(&settings);
            prop_assert_eq!(result.ending, Ending::Found);
            let (rate, failing) = (result.rate.unwrap(), result.failing_rate.unwrap());
            prop_assert!(rate <= capacity && capacity < failing && failing / rate <= 1.0 + precision, "{:?}", result);
        }

        #[test]
        fn the_middle_is_between(low in 0.01..1e6, gap in 1.0005..4.0) {
            let middle = between(low, low * gap);
            prop_assert!(low < middle && middle < low * gap, "{} {} {}", low, middle, low * gap);
        }
    }

    #[test]
    fn rates_have_few_digits() {
        assert_eq!(between(400.0, 800.0), 566.0);
        let texts = [0.5, 12.25, 566.0, 953.3, 12_345.6].map(per_second);
        assert_eq!(texts, ["0.5/s", "12.25/s", "566/s", "953.3/s", "12346/s"]);
    }
}
