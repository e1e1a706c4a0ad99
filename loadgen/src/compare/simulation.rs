//! How often the verdicts are right, on runs whose truth is known.

use super::estimate::Confidence;
use super::{FigureChange, Series, Verdict, figures_of};

/// A target whose speed wanders from second to second.
struct Target {
    rng: fastrand::Rng,
    /// How much of its deviation from the usual speed a second inherits from the one before.
    memory: f64,
    /// Standard deviation of the logarithm of its speed.
    wander: f64,
    /// What the latencies in the slowest thirtieth are multiplied by.
    tail: f64,
    /// The share of requests that fail.
    failing: f64,
}

impl Target {
    fn new(seed: u64) -> Self {
        Self {
            rng: fastrand::Rng::with_seed(seed),
            memory: 0.6,
            wander: 0.08,
            tail: 1.0,
            failing: 0.01,
        }
    }

    fn normal(&mut self) -> f64 {
        let (radius, angle) = (1.0 - self.rng.f64(), self.rng.f64() * std::f64::consts::TAU);
        (-2.0 * radius.ln()).sqrt() * angle.cos()
    }

    fn run(&mut self, seconds: u32, rate: f64) -> Series {
        let mut deviation = self.normal() * self.wander;
        let innovation = self.wander * (1.0 - self.memory * self.memory).sqrt();
        let mut of_seconds = Vec::new();
        for _ in 0..seconds {
            deviation = self.memory * deviation + innovation * self.normal();
            let count = (rate + rate.sqrt() * self.normal()).max(0.0) as u64;
            let latencies: Vec<u64> = (0..count)
                .map(|_| {
                    let position = self.normal();
                    let tail = if position > 1.834 { self.tail } else { 1.0 };
                    let latency = 2e7 * (deviation + 0.5 * position).exp() * tail;
                    // As an HDR histogram of three digits would round it.
                    (latency / 16_384.0).ceil() as u64 * 16_384
                })
                .collect();
            let failed = (0..count).filter(|_| self.rng.f64() < self.failing).count();
            of_seconds.push((latencies, failed as u64));
        }
        Series::of_seconds(of_seconds)
    }
}

fn compared(base: &Series, new: &Series) -> Vec<FigureChange> {
    // The command line's defaults.
    let (tolerance, confidence) = (0.05, Confidence::of_each(0.95, 8));
    figures_of(None, [base, new], false, tolerance, confidence)
}

fn verdict(changes: &[FigureChange], figure: &str) -> Verdict {
    changes.iter().find(|change| change.figure == figure).unwrap().verdict
}

#[test]
fn noise_is_rarely_called_a_difference() {
    const PAIRS: u64 = 300;
    for (seconds, rate) in [(40, 100.0), (120, 100.0)] {
        let mut false_alarms = 0;
        for pair in 0..PAIRS {
            let base = Target::new(2 * pair).run(seconds, rate);
            let new = Target::new(2 * pair + 1).run(seconds, rate);
            let differs = |change: &FigureChange| matches!(change.verdict, Verdict::Better | Verdict::Worse);
            false_alarms += u64::from(compared(&base, &new).iter().any(differs));
        }
        assert!(false_alarms * 20 <= PAIRS, "{false_alarms} of {PAIRS} at {seconds} s");
    }
}

#[test]
fn intervals_cover_no_change_without_the_tolerance() {
    const PAIRS: u64 = 300;
    let mut missed = 0;
    for pair in 0..PAIRS {
        let base = Target::new(5000 + 2 * pair).run(90, 100.0);
        let new = Target::new(5001 + 2 * pair).run(90, 100.0);
        let excluded = |change: &FigureChange| {
            change
                .change
                .is_some_and(|change| change.low > 0.0 || change.high < 0.0)
        };
        missed += u64::from(compared(&base, &new).iter().any(excluded));
    }
    assert!(missed * 10 <= PAIRS, "{missed} of {PAIRS}");
}

#[test]
fn a_regression_of_a_fifth_is_found() {
    const PAIRS: u64 = 40;
    let mut found = 0;
    for pair in 0..PAIRS {
        let base = Target::new(9000 + 2 * pair).run(240, 300.0);
        let mut slower = Target::new(9001 + 2 * pair);
        slower.tail = 1.2;
        let changes = compared(&base, &slower.run(240, 300.0));
        found += u64::from(verdict(&changes, "p99") == Verdict::Worse);
        assert_ne!(verdict(&changes, "p50"), Verdict::Worse, "the median is what it was");
    }
    assert!(found * 10 >= PAIRS * 9, "{found} of {PAIRS}");
}

#[test]
fn more_failures_are_found_and_a_few_are_not_made_much_of() {
    let base = Target::new(1).run(120, 200.0);
    let mut failing = Target::new(2);
    failing.failing = 0.02;
    assert_eq!(
        verdict(&compared(&base, &failing.run(120, 200.0)), "error_rate"),
        Verdict::Worse
    );
    failing.failing = 0.011;
    assert_eq!(
        verdict(&compared(&base, &failing.run(120, 200.0)), "error_rate"),
        Verdict::NoDifference
    );
    let mut perfect = Target::new(3);
    perfect.failing = 0.0;
    let perfect = perfect.run(120, 200.0);
    assert_eq!(
        verdict(&compared(&perfect, &perfect), "error_rate"),
        Verdict::NoDifference
    );
    assert_eq!(verdict(&compared(&perfect, &base), "error_rate"), Verdict::Worse);
    assert_eq!(verdict(&compared(&base, &perfect), "error_rate"), Verdict::Better);
}

#[test]
fn a_small_change_that_is_certain_is_within_tolerance_and_a_short_run_shows_nothing() {
    let seconds = |latency: u64| Series::of_seconds(vec![((0..1000).map(|n| latency + n).collect(), 0); 120]);
    let changes = compared(&seconds(10_000_000), &seconds(10_300_000));
    let p50 = changes.iter().find(|change| change.figure == "p50").unwrap();
    assert!(p50.change.unwrap().low > 0.0, "{p50:?}");
    assert_eq!(p50.verdict, Verdict::NoDifference);
    assert_eq!(
        verdict(&compared(&seconds(10_000_000), &seconds(10_600_000)), "p50"),
        Verdict::Worse
    );

    let short = Target::new(1).run(10, 1000.0);
    assert_eq!(verdict(&compared(&short, &short), "p50"), Verdict::TooLittleData);
    let sparse = Target::new(1).run(60, 3.0);
    assert_eq!(verdict(&compared(&sparse, &sparse), "p99_9"), Verdict::TooLittleData);
    let empty = Series::of_seconds(vec![(Vec::new(), 0); 60]);
    assert!(
        compared(&empty, &empty)
            .iter()
            .all(|change| change.verdict == Verdict::TooLittleData)
    );
}
