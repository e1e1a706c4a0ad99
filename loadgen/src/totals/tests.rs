use proptest::prelude::*;

use super::*;
use crate::outcome::FailureKind;
use crate::request::TraceId;
use crate::run_info::{Environment, LoadModel, StepInfo};
use crate::run_result::RunEnd;
use crate::summary::RunResult;

const MS: u64 = 1_000_000;

fn info(model: LoadModel) -> RunInfo {
    let step = |name: &str, checks: &[&str]| StepInfo {
        name: name.to_owned(),
        tags: [("kind".to_owned(), name.to_owned())].into(),
        checks: checks.iter().map(|check| (*check).to_owned()).collect(),
    };
    RunInfo {
        run_id: "nightly-1".to_owned(),
        loadgen_version: "0.1.0".to_owned(),
        command: "loadgen run localhost".to_owned(),
        scenario: "shop".to_owned(),
        target: "http://localhost/".to_owned(),
        model,
        load: "500/s for 20s".to_owned(),
        generator: "1/1".to_owned(),
        tags: [("branch".to_owned(), "main".to_owned())].into(),
        steps: vec![step("read", &["has an id", "has a name"]), step("write", &[])],
        started_at_ms: 1_767_225_600_500,
        load_s: None,
        environment: Environment {
            host: "a".to_owned(),
            os: "Linux 6.1".to_owned(),
            architecture: "x86_64".to_owned(),
            cores: 2,
        },
    }
}

/// A request as a generator counts it.
#[derive(Clone, Debug)]
struct Request {
    number: u64,
    generator: usize,
    step: usize,
    latency: u64,
    waited: u64,
    /// 0 succeeds.
    outcome: u8,
    trace: u64,
}

impl Request {
    fn ending(&self) -> Ending {
        match self.outcome {
            0 => Ending::status(200),
            1 => Ending::failure(FailureKind::UnexpectedBody),
            2 => Ending::failure(FailureKind::Timeout),
            other => Ending::status(500 + u16::from(other)),
        }
    }

    fn end(&self) -> TracedEnd {
        TracedEnd {
            step: self.step,
            ending: self.ending(),
            latency: self.latency,
            ended: Duration::from_millis(self.number * 1000 + self.latency % 1000),
            trace: TraceId {
                high: 1,
                low: self.trace,
            },
            sampled: self.trace.is_multiple_of(2),
        }
    }
}

/// The interval of one generator, which had these requests.
fn interval<'a>(number: u64, info: &RunInfo, requests: impl Iterator<Item = &'a Request>) -> Interval {
    let mut interval = Interval::empty(number, 0);
    let sized = |step: &StepInfo| StepFigures::sized(info.model, step.checks.len());
    interval.steps = info.steps.iter().map(sized).collect();
    for request in requests {
        let (ending, end) = (request.ending(), request.end());
        let step = &mut interval.steps[request.step];
        step.latency.saturating_record(request.latency);
        if info.model == LoadModel::Open {
            step.record_uncorrected(request.latency - request.waited);
            interval.due += 1;
            interval.dropped += u64::from(request.latency.is_multiple_of(3));
        }
        let one = |endings: &mut Vec<(Ending, u64)>| match endings.iter_mut().find(|(known, _)| *known == ending) {
            Some((_, count)) => *count += 1,
            None => endings.push((ending, 1)),
        };
        one(&mut step.endings);
        step.sent += 100;
        step.received += 200;
        if request.outcome != 0 {
            one(&mut step.failures);
            step.failed += 1;
            if request.outcome == 1 && request.step == 0 {
                step.record_failed_check((request.trace % 2) as usize);
            }
            interval.failures.push(end);
            let text = format!("{} happened", ending.name());
            interval.examples.push(Example { ending, text });
        }
        interval.slowest.push(end);
        interval.last_end = interval.last_end.max(Some(end.ended));
    }
    interval
}

fn end() -> RunEnd {
    RunEnd {
        interrupted: false,
        vus: 10,
        generators: vec!["1/1".to_owned()],
        trace_url: Some("http://jaeger/trace/{trace_id}".to_owned()),
    }
}

fn requests() -> impl Strategy<Value = Vec<Request>> {
    let request = (0..12_u64, 0..3_usize, 0..2_usize, MS..3000 * MS, 0..8_u8, 1..u64::MAX);
    let request = request.prop_map(|(number, generator, step, latency, outcome, trace)| Request {
        number,
        generator,
        step,
        latency,
        waited: latency / 3,
        outcome: outcome.saturating_sub(3),
        trace,
    });
    proptest::collection::vec(request, 0..150)
}

fn thresholds() -> Vec<Threshold> {
    let all = [
        "p(95)<2s",
        "read: p(50)<1s for 3s",
        "kind=write: error_rate<10% for 2s",
        "checks>90%",
        "dropped_rate<20%",
        "rate>5/s",
        "max<2900ms",
    ];
    all.map(|text| text.parse().unwrap()).to_vec()
}

fn whole(info: &RunInfo, requests: &[Request]) -> RunResult {
    let mut totals = Totals::new(info, &thresholds());
    for number in 0..12 {
        let here = requests.iter().filter(|request| request.number == number);
        totals.add(0, &interval(number, info, here));
    }
    totals.result(info, &end())
}

fn check(summary: &serde_json::Value) {
    let schema = serde_json::from_str(include_str!("../../summary.schema.json")).unwrap();
    jsonschema::meta::validate(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(summary)
        .map(|error| format!("{error} at {}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}\n{summary:#}");
    // Every field is described, too.
    let described = |schema: &serde_json::Value, value: &serde_json::Value| -> Vec<String> {
        let keys = value.as_object().unwrap().keys();
        keys.filter(|key| schema["properties"].get(key).is_none())
            .cloned()
            .collect()
    };
    assert_eq!(described(&schema, summary), Vec::<String>::new());
    for (list, item) in [("slowest", "traced"), ("failures", "traced"), ("checks", "check")] {
        for value in summary[list].as_array().unwrap() {
            assert_eq!(described(&schema["$defs"][item], value), Vec::<String>::new());
        }
    }
    for value in summary["thresholds"].as_array().unwrap() {
        let schema = &schema["properties"]["thresholds"]["items"];
        assert_eq!(described(schema, value), Vec::<String>::new());
    }
    for value in summary["steps"].as_object().unwrap().values() {
        assert_eq!(described(&schema["$defs"]["step"], value), Vec::<String>::new());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_split_over_generators_gives_the_same_run(requests in requests(), ahead in 0..5_u64) {
        let info = info(LoadModel::Open);
        let expected = whole(&info, &requests);
        let mut totals = Totals::of_generators(&info, &thresholds(), 3);
        // The generators are seconds apart, in an order of their own.
        for number in 0..12 + 2 * ahead {
            for generator in 0..3_u64 {
                let Some(number) = number.checked_sub(generator * ahead).filter(|number| *number < 12) else {
                    continue;
                };
                let here = requests
                    .iter()
                    .filter(|request| request.number == number && request.generator as u64 == generator);
                totals.add(generator as usize, &interval(number, &info, here));
            }
        }
        let merged = totals.result(&info, &end());
        prop_assert_eq!(serde_json::to_value(&merged).unwrap(), serde_json::to_value(&expected).unwrap());
        let summary = &expected.summary;
        prop_assert_eq!(summary.requests, requests.len() as u64);
        prop_assert_eq!(summary.errors.iter().map(|error| error.count).sum::<u64>(), summary.failed);
        prop_assert_eq!(summary.status.values().sum::<u64>(), summary.requests);
        prop_assert_eq!(expected.distribution.iter().map(|bucket| bucket.count).sum::<u64>(), summary.requests);
        prop_assert_eq!(expected.heatmap.columns.iter().flatten().sum::<u64>(), summary.requests);
        prop_assert_eq!(expected.timeline.iter().map(|point| point.requests).sum::<u64>(), summary.requests);
        check(&serde_json::to_value(summary).unwrap());
    }
}

#[test]
fn figures_of_intervals_add_up_within_the_histograms_error() {
    // One request of every latency from 1 to 1000 ms, over ten seconds.
    let request = |ms: u64| Request {
        number: (ms - 1) / 100,
        generator: 0,
        step: 0,
        latency: ms * MS,
        waited: ms * MS / 2,
        outcome: 0,
        trace: ms,
    };
    let requests: Vec<Request> = (1..=1000).map(request).collect();
    let result = whole(&info(LoadModel::Open), &requests);
    let latency = result.summary.latency_ms;
    for (ours, exact) in [
        (latency.min, 1.0),
        (latency.mean, 500.5),
        (latency.p50, 500.0),
        (latency.p90, 900.0),
        (latency.p99, 990.0),
        (latency.p99_9, 999.0),
        (latency.max, 1000.0),
        (result.summary.uncorrected_latency_ms.unwrap().p90, 450.0),
        (result.summary.steps["read"].uncorrected_latency_ms.unwrap().p99, 495.0),
    ] {
        assert!((ours - exact).abs() <= exact / 500.0, "{ours} instead of {exact}");
    }
    assert!(result.timeline.iter().take(10).all(|point| point.requests == 100));
    assert_eq!(result.summary.bytes_received, 200_000);
    assert_eq!(result.summary.started_at, "2026-01-01T00:00:00.500Z");
    assert_eq!(
        result
            .summary
            .slowest
            .iter()
            .map(|slow| slow.latency_ms)
            .collect::<Vec<_>>()[..2],
        [1000.0, 999.0]
    );
    let closed = whole(&info(LoadModel::Closed), &requests).summary;
    assert!(closed.uncorrected_latency_ms.is_none() && closed.steps["read"].uncorrected_latency_ms.is_none());
    assert_eq!((closed.due, closed.dropped), (0, 0));
}

#[test]
fn failures_checks_and_traces_are_listed() {
    let request = |n: u64, outcome: u8| Request {
        number: n / 10,
        generator: 0,
        step: 0,
        latency: (n + 1) * MS,
        waited: 0,
        outcome,
        trace: n + 2,
    };
    let requests: Vec<Request> = (0..110).map(|n| request(n, (n % 11) as u8)).collect();
    let summary = whole(&info(LoadModel::Closed), &requests).summary;
    assert_eq!(summary.failures.len(), 20);
    assert!(
        summary
            .failures
            .windows(2)
            .all(|pair| pair[0].ended_s <= pair[1].ended_s)
    );
    for kind in &summary.errors {
        let listed = summary.failures.iter().filter(|failure| failure.status == kind.kind);
        assert!((1..=3).contains(&listed.count()), "{}", kind.kind);
        assert_eq!(kind.example, format!("{} happened", kind.kind));
    }
    for traced in summary.failures.iter().chain(&summary.slowest) {
        let url = traced
            .sampled
            .then(|| format!("http://jaeger/trace/{}", traced.trace_id));
        assert_eq!(traced.trace_url, url);
    }
    // Ten requests failed a check, every other one the first; those that failed the second had met the first.
    let checks: Vec<(u64, u64)> = summary
        .checks
        .iter()
        .map(|check| (check.passed, check.failed))
        .collect();
    assert_eq!(checks, [(15, 5), (10, 5)]);
    assert_eq!((summary.requests, summary.failed), (110, 100));
}

#[test]
fn of_several_generators_the_worst_counts_and_is_named() {
    let info = info(LoadModel::Closed);
    let mut totals = Totals::of_generators(&info, &[], 2);
    for (generator, cpu_ms) in [(0, 300), (1, 970)] {
        let mut interval = interval(0, &info, std::iter::empty());
        interval.cpu = vec![Duration::from_millis(cpu_ms)];
        totals.add(generator, &interval);
    }
    let end = RunEnd {
        generators: vec!["1/2".to_owned(), "2/2".to_owned()],
        ..end()
    };
    let summary = totals.result(&info, &end).summary;
    assert!(summary.generator.saturated && (summary.generator.cpu_percent - 97.0).abs() < 1e-6);
    assert_eq!(summary.generator.reasons.len(), 1);
    assert!(summary.generator.reasons[0].starts_with("generator 2/2: a generator thread"));
    assert_eq!((summary.duration_s, summary.rate), (0.0, 0.0));
    check(&serde_json::to_value(&summary).unwrap());
}
