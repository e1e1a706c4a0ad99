//! The search against simulated targets of known capacity, in virtual time: queues with noise, pauses, two kinds of
//! requests, a limit, and a target that stays slow for a while after an overload.

use std::convert::Infallible;
use std::time::Duration;

use super::belief;
use super::search::{Ending, ProbeRequest, Prober, SearchResult, SearchSettings, Verdict, search};

/// Latency that 99% of the requests must not exceed, seconds.
const OBJECTIVE: f64 = 0.1;
/// Share of requests that may be slower, and share that may be refused.
const ALLOWED: f64 = 0.01;

const SEEDS: u64 = 40;

/// Something that happens now and then, at random, for a while.
#[derive(Clone, Copy)]
struct Disturbance {
    /// Mean time between two, seconds.
    every: f64,
    /// Seconds.
    length: f64,
}

/// Workers that serve one queue.
#[derive(Clone)]
struct Target {
    rng: fastrand::Rng,
    /// When each worker is free.
    free: Vec<f64>,
    /// Seconds that a request takes.
    service: fn(&mut fastrand::Rng) -> f64,
    /// Nothing is done meanwhile.
    pauses: Option<Disturbance>,
    next_pause: f64,
    /// Everything takes half as long again meanwhile.
    neighbour: Option<Disturbance>,
    next_neighbour: f64,
    neighbour_until: f64,
    /// Requests per second beyond which the rest is refused.
    limit: Option<f64>,
    tokens: f64,
    refilled: f64,
    /// How long it works at a third of its speed after somebody had to wait for a second.
    slow_after_overload: Option<f64>,
    slow_until: f64,
}

impl Target {
    fn new(workers: usize, service: fn(&mut fastrand::Rng) -> f64) -> Self {
        Self {
            rng: fastrand::Rng::with_seed(0),
            free: vec![0.0; workers],
            service,
            pauses: None,
            next_pause: 0.0,
            neighbour: None,
            next_neighbour: 0.0,
            neighbour_until: 0.0,
            limit: None,
            tokens: 0.0,
            refilled: 0.0,
            slow_after_overload: None,
            slow_until: 0.0,
        }
    }

    fn undisturbed(&self) -> Self {
        Self {
            pauses: None,
            neighbour: None,
            slow_after_overload: None,
            ..self.clone()
        }
    }

    fn seeded(&self, seed: u64) -> Self {
        let mut target = self.clone();
        target.rng = fastrand::Rng::with_seed(seed);
        let first = |rng: &mut fastrand::Rng, disturbance: Option<Disturbance>| {
            disturbance.map_or(f64::INFINITY, |disturbance| exponential(rng, disturbance.every))
        };
        target.next_pause = first(&mut target.rng, target.pauses);
        target.next_neighbour = first(&mut target.rng, target.neighbour);
        target
    }

    /// A request that arrives at `now`: seconds until its answer, and whether it is a good one.
    fn answer(&mut self, now: f64) -> (f64, bool) {
        if let Some(pause) = self.pauses {
            while self.next_pause <= now {
                for free in &mut self.free {
                    *free = free.max(self.next_pause) + pause.length;
                }
                self.next_pause += exponential(&mut self.rng, pause.every);
            }
        }
        if let Some(neighbour) = self.neighbour {
            while self.next_neighbour <= now {
                self.neighbour_until = self.next_neighbour + neighbour.length;
                self.next_neighbour += exponential(&mut self.rng, neighbour.every);
            }
        }
        if let Some(limit) = self.limit {
            self.tokens = (self.tokens + (now - self.refilled) * limit).min(10.0);
            self.refilled = now;
            if self.tokens < 1.0 {
                return (0.001, false);
            }
            self.tokens -= 1.0;
        }
        let mut service = (self.service)(&mut self.rng);
        if now < self.neighbour_until {
            service *= 1.5;
        }
        if now < self.slow_until {
            service *= 3.0;
        }
        let mut worker = 0;
        for index in 1..self.free.len() {
            if self.free[index] < self.free[worker] {
                worker = index;
            }
        }
        let start = self.free[worker].max(now);
        self.free[worker] = start + service;
        if let Some(time) = self.slow_after_overload
            && start - now > 1.0
        {
            self.slow_until = now + time;
        }
        (start + service - now, true)
    }
}

fn exponential(rng: &mut fastrand::Rng, mean: f64) -> f64 {
    -mean * (1.0 - rng.f64()).ln()
}

/// Offers load to a simulated target.
struct Simulation {
    target: Target,
    now: f64,
    probes: usize,
}

impl Simulation {
    fn holds(&mut self, rate: f64, settle: f64, hold: f64) -> bool {
        let begin = self.now + settle;
        let allowed = (ALLOWED * rate * hold).max(1.0);
        let (mut slow, mut refused) = (0.0, 0.0);
        let (offered, start) = (((settle + hold) * rate) as u64, self.now);
        self.now += settle + hold;
        for number in 0..offered {
            let due = start + number as f64 / rate;
            let (latency, good) = self.target.answer(due);
            if due >= begin {
                slow += f64::from(u8::from(latency > OBJECTIVE));
                refused += f64::from(u8::from(!good));
                if slow > allowed || refused > allowed {
                    self.now = due + latency.min(1.0);
                    return false;
                }
            }
        }
        true
    }
}

impl Prober for Simulation {
    type Error = Infallible;

    fn probe(&mut self, request: &ProbeRequest) -> Result<Verdict, Infallible> {
        self.probes += 1;
        let held = self.holds(request.rate, request.settle.as_secs_f64(), request.hold.as_secs_f64());
        Ok(if held { Verdict::Passed } else { Verdict::Failed })
    }

    fn rest(&mut self, time: Duration) {
        self.now += time.as_secs_f64();
    }

    fn elapsed(&self) -> Duration {
        Duration::from_secs_f64(self.now)
    }

    fn note(&mut self, _text: &str) {}
}

const HOLD: f64 = 10.0;
const CONFIRM_HOLD: f64 = 30.0;
const SETTLE: f64 = 2.0;

/// The rate, to a few thousandths, above which `holds` no longer says yes.
fn bisect(mut holds: impl FnMut(f64) -> bool) -> f64 {
    let (mut low, mut high) = (50.0_f64, 10_000.0_f64);
    while high / low > 1.003 {
        let middle = (low * high).sqrt();
        if holds(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    (low * high).sqrt()
}

fn simulate(target: &Target, seed: u64) -> Simulation {
    Simulation {
        target: target.seeded(seed),
        now: 0.0,
        probes: 0,
    }
}

/// The capacity that a very long and undisturbed trial sees.
fn capacity(target: &Target) -> f64 {
    let target = target.undisturbed();
    bisect(|rate| simulate(&target, 1).holds(rate, 10.0, 300.0))
}

/// The rate that half of the confirming trials bear if nothing disturbs them; where service times are random, somewhat
/// above the capacity, as unlucky times are rarer than they are bad.
fn capacity_of_trials(target: &Target) -> f64 {
    const TRIALS: u64 = 31;
    let target = target.undisturbed();
    bisect(|rate| {
        let passed = (0..TRIALS).filter(|seed| simulate(&target, *seed).holds(rate, SETTLE, CONFIRM_HOLD));
        passed.count() as u64 * 2 > TRIALS
    })
}

/// Searches once per seed; the results must be right in 95 of 100 and cost a bounded number of probes.
fn assert_found(name: &str, target: &Target) {
    let settings = SearchSettings {
        from: 50.0,
        to: 100_000.0,
        precision: 0.02,
        hold: Duration::from_secs_f64(HOLD),
        confirm_hold: Duration::from_secs_f64(CONFIRM_HOLD),
        settle: Duration::from_secs_f64(SETTLE),
        max_time: Duration::from_secs(3600),
    };
    let (truth, truth_of_trials) = (capacity(target), capacity_of_trials(target));
    let (mut right, mut covered, mut most_probes, mut probes) = (0, 0, 0, 0);
    let mut wrong: Vec<(u64, SearchResult)> = Vec::new();
    for seed in 0..SEEDS {
        let mut simulation = simulate(target, seed);
        let Ok(result) = search(&settings, &mut simulation);
        let interval = belief::interval(&result.trials, settings.from, settings.to);
        // The truth itself is known to a few thousandths.
        covered += usize::from(
            interval.is_some_and(|(low, high)| low / 1.003 <= truth_of_trials && truth_of_trials <= high * 1.003),
        );
        most_probes = most_probes.max(simulation.probes);
        probes += simulation.probes;
        let is_close = |rate: f64| (rate / truth - 1.0).abs() <= 0.05;
        if result.ending == Ending::Found && result.rate.is_some_and(is_close) {
            right += 1;
        } else {
            wrong.push((seed, result));
        }
    }
    let seeds = SEEDS as usize;
    let report = format!(
        "{name}: capacity {truth:.0}/s, of trials {truth_of_trials:.0}/s; of {seeds} searches {right} are right, {covered} \
         intervals cover it; {:.1} probes, at most {most_probes}",
        probes as f64 / SEEDS as f64,
    );
    println!("{report}");
    assert!(right * 100 >= seeds * 95, "{report}\n{wrong:?}");
    assert!(covered * 100 >= seeds * 90, "{report}");
    assert!(probes <= 40 * seeds && most_probes <= 80, "{report}");
}

fn one_millisecond(rng: &mut fastrand::Rng) -> f64 {
    exponential(rng, 0.001)
}

fn exactly_four_milliseconds(_rng: &mut fastrand::Rng) -> f64 {
    0.004
}

fn mostly_short(rng: &mut fastrand::Rng) -> f64 {
    if rng.f64() < 0.95 { 0.002 } else { 0.030 }
}

#[test]
fn a_queue_with_random_service_times() {
    let target = Target::new(1, one_millisecond);
    // D/M/1: the sojourn time is exponential with rate mu (1 - s), where s = exp(-(1 - s) mu / lambda).
    let truth = capacity(&target);
    let sojourn_p99 = |rate: f64| {
        let s = (0..10_000).fold(0.5_f64, |s, _| (-(1.0 - s) * 1000.0 / rate).exp());
        100_f64.ln() / (1000.0 * (1.0 - s))
    };
    assert!(sojourn_p99(truth * 0.99) < OBJECTIVE && sojourn_p99(truth * 1.01) > OBJECTIVE);
    assert_found("M service", &target);
}

#[test]
fn workers_with_fixed_service_times() {
    let target = Target::new(4, exactly_four_milliseconds);
    assert!((capacity(&target) / 1000.0 - 1.0).abs() < 0.005);
    assert_found("D service", &target);
}

#[test]
fn a_noisy_neighbour() {
    let mut target = Target::new(4, exactly_four_milliseconds);
    target.neighbour = Some(Disturbance {
        every: 100.0,
        length: 3.0,
    });
    assert_found("noisy neighbour", &target);
}

#[test]
fn pauses_for_garbage_collection() {
    let mut target = Target::new(4, exactly_four_milliseconds);
    target.pauses = Some(Disturbance {
        every: 90.0,
        length: 0.25,
    });
    assert_found("pauses", &target);
}

#[test]
fn two_kinds_of_requests() {
    assert_found("bimodal", &Target::new(8, mostly_short));
}

#[test]
fn a_limit_that_refuses_the_rest() {
    let mut target = Target::new(4, exactly_four_milliseconds);
    target.limit = Some(700.0);
    assert!((capacity(&target) / 707.0 - 1.0).abs() < 0.005);
    assert_found("limit", &target);
}

#[test]
fn a_target_that_stays_slow_after_an_overload() {
    let mut target = Target::new(4, exactly_four_milliseconds);
    target.slow_after_overload = Some(15.0);
    assert_found("hysteresis", &target);
}
