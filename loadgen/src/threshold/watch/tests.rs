use proptest::prelude::*;

use super::*;
use crate::recorder::latency_histogram;
use crate::step_figures::StepFigures;

const MS: u64 = 1_000_000;

fn steps() -> Vec<StepInfo> {
    let step = |name: &str, kind: &str| StepInfo {
        name: name.to_owned(),
        tags: [("kind".to_owned(), kind.to_owned())].into(),
        checks: vec!["has an id".to_owned()],
    };
    vec![step("create", "write"), step("read", "read"), step("update", "write")]
}

/// A second of the steps above, with these latencies in nanoseconds and failures.
fn second(number: u64, by_step: &[(Vec<u64>, u64)]) -> Interval {
    let mut interval = Interval::empty(number, 0);
    let figures = |(latencies, failed): &(Vec<u64>, u64)| {
        let mut step = StepFigures::new();
        for latency in latencies {
            step.latency.saturating_record(*latency);
        }
        step.failed = *failed;
        step.failed_checks = vec![*failed];
        step
    };
    interval.steps = by_step.iter().map(figures).collect();
    interval
}

fn watch(thresholds: &[&str], generators: usize) -> Watch {
    let thresholds: Vec<Threshold> = thresholds.iter().map(|text| text.parse().unwrap()).collect();
    Watch::new(&thresholds, &steps(), generators)
}

fn add(watch: &mut Watch, generator: usize, interval: &Interval) {
    let latency: Vec<SparseCounts> = interval
        .steps
        .iter()
        .map(|step| SparseCounts::of(&step.latency))
        .collect();
    watch.add(generator, interval, &latency);
}

/// Seconds in which so many requests to `read` took so many milliseconds.
fn reads(watch: &mut Watch, seconds: std::ops::Range<u64>, requests: usize, ms: u64) {
    for number in seconds {
        let idle = (Vec::new(), 0);
        add(
            watch,
            0,
            &second(number, &[idle.clone(), (vec![ms * MS; requests], 0), idle]),
        );
    }
}

#[test]
fn a_window_tells_when_and_by_how_much_it_was_crossed() {
    let mut watch = watch(&["p(99)<100ms for 5s", "p(99)<100ms", "rate>=50/s for 5s"], 1);
    reads(&mut watch, 0..30, 100, 10);
    assert!(watch.crossed().is_none());
    reads(&mut watch, 30..31, 100, 120);
    assert_eq!(watch.crossed().unwrap().to_string(), "p(99)<100ms for 5s");
    assert!(!watch.standing()[0].passed && watch.standing()[1].value.starts_with("120"));
    reads(&mut watch, 31..300, 100, 10);
    reads(&mut watch, 300..304, 1, 10);
    let results = watch.results(Duration::from_secs(304));
    let [window, whole, rate] = &results[..] else {
        panic!("{results:?}")
    };
    assert!(
        !window.passed && (window.value.unwrap() - 120.0).abs() < 0.2,
        "{window:?}"
    );
    assert!((window.exceeded_by.unwrap() - 0.2).abs() < 0.002, "{window:?}");
    assert_eq!(window.first_crossed_s, Some(31.0));
    // A hundredth of the requests so far were slow from the 31st second to the 100th.
    assert!(whole.passed && whole.exceeded_by.is_none());
    assert_eq!(whole.first_crossed_s, Some(31.0));
    // Four seconds of the last window had one request each.
    assert_eq!(rate.value, Some(104.0 / 5.0));
    assert_eq!(rate.first_crossed_s, Some(303.0));
}

#[test]
fn a_run_shorter_than_the_window_is_judged_as_a_whole() {
    let mut watch = watch(&["p(50)<20ms for 30s", "rate>1000/s for 30s"], 1);
    reads(&mut watch, 0..10, 100, 10);
    assert!(watch.crossed().is_none());
    let results = watch.results(Duration::from_secs(10));
    assert!(results[0].passed && results[0].note.as_ref().unwrap().contains("shorter"));
    assert!(!results[1].passed && results[1].value == Some(100.0));
    assert_eq!(results[1].first_crossed_s, Some(10.0));
}

#[test]
fn the_quiet_after_the_load_is_not_held_against_the_rate() {
    let mut watch = watch(&["rate>50/s for 3s", "count>100 for 3s", "max<1s for 3s"], 1);
    watch.load_ends_at(Duration::from_secs(10));
    reads(&mut watch, 0..10, 100, 10);
    reads(&mut watch, 10..20, 0, 10);
    reads(&mut watch, 20..21, 1, 9000);
    let results = watch.results(Duration::from_secs(21));
    assert_eq!(
        results.iter().map(|result| result.passed).collect::<Vec<_>>(),
        [true, true, false]
    );
}

#[test]
fn what_cannot_recover_ends_a_run_at_once_and_the_rest_after_a_while() {
    let crossed_after = |text: &str, seconds: u64| {
        let mut watch = watch(&[text], 1);
        for number in 0..seconds {
            let mut interval = second(number, &[(vec![50 * MS; 10], 5)]);
            interval.due = 20;
            interval.dropped = 1;
            add(&mut watch, 0, &interval);
        }
        watch.crossed().is_some()
    };
    for at_once in [
        "dropped==0",
        "max<20ms",
        "count<5",
        "min>=60ms",
        "p(99)<20ms for 1s",
        "rate>11/s for 1s",
    ] {
        assert!(crossed_after(at_once, 1), "{at_once}");
    }
    for later in [
        "p(99)<20ms",
        "error_rate<10%",
        "checks>95%",
        "dropped_rate<1%",
        "rate<5/s",
    ] {
        assert!(!crossed_after(later, 9) && crossed_after(later, 10), "{later}");
    }
    for at_the_end in ["rate>500/s", "count>=100000", "max>1s", "dropped>=1000"] {
        assert!(!crossed_after(at_the_end, 100), "{at_the_end}");
    }
    assert!(!crossed_after("p(99)<60ms", 20));
}

#[test]
fn a_figure_that_must_grow_is_crossed_when_the_run_is_over() {
    let mut watch = watch(&["count>=10000", "count>=100", "p(99)<1s", "create: p(99)<1s"], 1);
    reads(&mut watch, 0..5, 100, 10);
    let results = watch.results(Duration::from_millis(4900));
    assert_eq!(results[0].first_crossed_s, Some(4.9));
    assert!((results[0].exceeded_by.unwrap() - 0.95).abs() < 1e-9);
    assert!(results[1].passed && results[1].first_crossed_s.is_none());
    assert!(results[2].passed);
    // Nothing was measured, which is not as it should be, but nothing was crossed.
    assert!(!results[3].passed && results[3].value.is_none() && results[3].first_crossed_s.is_none());
}

#[test]
fn generators_may_be_apart_and_one_may_have_far_too_many_seconds() {
    let mut watch = watch(&["p(99)<100ms for 2s"], 2);
    let quiet = [(vec![MS; 10], 0)];
    for number in 0..50 {
        add(&mut watch, 0, &second(number, &quiet));
    }
    assert_eq!(watch.open.len(), 50, "seconds wait for the other generator");
    for number in 0..50 {
        let slow = [(vec![if number == 20 { 300 * MS } else { MS }; 10], 0)];
        add(&mut watch, 1, &second(number, &slow));
    }
    assert!(watch.open.is_empty());
    for number in [LAST_SECOND, u64::MAX] {
        add(&mut watch, 1, &second(number, &quiet));
        add(&mut watch, 0, &second(number, &quiet));
    }
    let results = watch.results(Duration::from_secs(50));
    assert_eq!(results[0].first_crossed_s, Some(21.0));
}

fn by_step() -> impl Strategy<Value = Vec<(Vec<u64>, u64)>> {
    let step = (proptest::collection::vec(1_000..2_000_000_000_u64, 0..12), 0..3_u64)
        .prop_map(|(latencies, failed)| (latencies.clone(), failed.min(latencies.len() as u64)));
    proptest::collection::vec(step, 3)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn windows_equal_a_naive_recomputation(
        run in proptest::collection::vec(by_step(), 1..30),
        window in 1..10_usize,
        bound_ms in 1..2000_u64,
    ) {
        let selections: [(&str, &[usize]); 3] = [("", &[0, 1, 2]), ("read: ", &[1]), ("kind=write: ", &[0, 2])];
        for (prefix, selected) in selections {
            let latency = format!("{prefix}p(90)<{bound_ms}ms for {window}s");
            let errors = format!("{prefix}error_rate<=10% for {window}s");
            let checks = format!("{prefix}checks>=90% for {window}s");
            let mut watch = watch(&[&latency, &errors, &checks], 1);
            for (number, seconds) in run.iter().enumerate() {
                add(&mut watch, 0, &second(number as u64, seconds));
            }
            let results = watch.results(Duration::from_secs(run.len() as u64));
            let width = window.min(run.len());
            let mut naive: Vec<(usize, f64, f64)> = Vec::new();
            for (start, seconds) in run.windows(width).enumerate() {
                let mut histogram = latency_histogram();
                let mut failed = 0;
                for (latencies, failures) in seconds.iter().flat_map(|second| selected.iter().map(|step| &second[*step])) {
                    latencies.iter().for_each(|latency| histogram.saturating_record(*latency));
                    failed += failures;
                }
                if !histogram.is_empty() {
                    let ms = histogram.value_at_percentile(90.0) as f64 / 1e6;
                    naive.push((start + width, ms, failed as f64 / histogram.len() as f64));
                }
            }
            let worst = |figure: fn(&(usize, f64, f64)) -> f64| naive.iter().map(figure).reduce(f64::max);
            let first = |is_crossed: &dyn Fn(&(usize, f64, f64)) -> bool| {
                naive.iter().find(|window| is_crossed(window)).map(|window| window.0 as f64)
            };
            prop_assert_eq!(results[0].value, worst(|window| window.1));
            prop_assert_eq!(results[0].first_crossed_s, first(&|window| window.1 >= bound_ms as f64));
            prop_assert_eq!(results[1].value, worst(|window| window.2));
            prop_assert_eq!(results[1].first_crossed_s, first(&|window| window.2 > 0.1));
            if let (Some(passed), Some(failed)) = (results[2].value, worst(|window| window.2)) {
                prop_assert!((passed - (1.0 - failed)).abs() < 1e-9);
            }
            prop_assert_eq!(results[0].note.is_some(), run.len() < window);
        }
    }
}
