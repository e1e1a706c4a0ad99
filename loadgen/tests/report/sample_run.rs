//! Results of runs to draw, built from single requests so that all their figures agree.

use std::collections::BTreeMap;

use loadgen::run_info::{Environment, LoadModel};
use loadgen::summary::{
    Check, ErrorKind, Generator, RunResult, SCHEMA, Step, Summary, ThresholdResult, TimelinePoint, TracedRequest,
};

use crate::sample_latency::{distribution, heatmap, latency, spectrum};
use crate::sample_requests::{Request, requests};

/// A minute of the CRUD mix against a healthy target.
pub(crate) fn healthy() -> RunResult {
    let requests = requests(60, |_, latency| (latency, None));
    let mut result = result(&requests, 60);
    result.summary.thresholds = vec![
        threshold("p(99)<250ms", result.summary.latency_ms.p99, true),
        threshold("error_rate<1%", 0.0, true),
        threshold("rate>500/s", result.summary.rate, true),
        threshold(
            "create: p(95)<100ms",
            result.summary.steps["create"].latency_ms.p95,
            true,
        ),
    ];
    result
}

/// Two minutes in which the target slows down, stops for a while and comes back with errors.
pub(crate) fn troubled() -> RunResult {
    let requests = requests(120, |second, latency| match second {
        40..52 => (latency * (1.0 + f64::from(second - 39) * 0.35), None),
        74..79 => (0.0, Some("")),
        79..84 if (latency as u64).is_multiple_of(3) => (latency * 6.0, Some("503")),
        101 if latency > 12.0 => (10_000.0 * latency / 60.0, Some("timeout")),
        _ => (latency, None),
    });
    let mut result = result(&requests, 120);
    let summary = &mut result.summary;
    summary.thresholds = vec![
        threshold("p(99)<30ms", summary.latency_ms.p99, false),
        threshold("error_rate<5%", summary.failed as f64 / summary.requests as f64, true),
        threshold("create: p(95)<100ms", summary.steps["create"].latency_ms.p95, true),
        ThresholdResult {
            expression: "purge: p(95)<100ms".to_owned(),
            value: None,
            passed: false,
            exceeded_by: None,
            first_crossed_s: None,
            note: None,
        },
    ];
    summary.thresholds[0].exceeded_by = Some(summary.latency_ms.p99 / 30.0 - 1.0);
    summary.thresholds[0].first_crossed_s = Some(44.2);
    summary.thresholds[1].first_crossed_s = Some(79.0);
    summary.generator = Generator {
        cpu_percent: 187.3,
        lag_ms_p99: 41.7,
        saturated: true,
        reasons: vec![
            "Its threads used 94% of both cores: use fewer virtual users, or several generators with --segment."
                .to_owned(),
            "It acted 41.7 ms late on one iteration in a hundred: what it measured includes that.".to_owned(),
        ],
    };
    summary.interrupted = true;
    result
}

/// Two minutes of 800 requests a second, whatever the target does: it stalls for three seconds, and what was due then
/// is sent late or not at all.
pub(crate) fn open() -> RunResult {
    let requests: Vec<Request> = requests(120, |_, latency| (latency, None))
        .into_iter()
        .map(|request| match 63.0 - request.ended {
            // Who was due in the stall waits for its end, and then for those before.
            left if (0.0..3.0).contains(&left) => Request {
                ended: 63.0 + (3.0 - left) / 4.0,
                latency_ms: left * 1_000.0 + (3.0 - left) * 250.0 + request.latency_ms,
                ..request
            },
            _ => request,
        })
        .collect();
    let mut result = result(&requests, 120);
    let all: Vec<&Request> = requests.iter().collect();
    let summary = &mut result.summary;
    summary.model = LoadModel::Open;
    summary.load = "800/s for 2m, up to 400 virtual users, after 10s of warm-up".to_owned();
    summary.vus = 400;
    summary.command =
        "loadgen run http://10.0.3.17:8080 --scenario shop.toml --rate 800/s --duration 2m --max-vus 400 --warmup 10s \
                       --trace-url 'http://traces.example:16686/trace/{trace_id}' --tag build=4711"
            .to_owned();
    summary.scenario = "shop".to_owned();
    summary.target = "http://10.0.3.17:8080".to_owned();
    summary.generators = (1..=3).map(|n| format!("{n}/3")).collect();
    summary.tags = [("build", "4711"), ("branch", "main")]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
    summary.uncorrected_latency_ms = Some(latency(&all, |request| request.uncorrected_ms));
    for (name, step) in &mut summary.steps {
        let of_step: Vec<&Request> = requests.iter().filter(|request| request.step == name).collect();
        step.uncorrected_latency_ms = Some(latency(&of_step, |request| request.uncorrected_ms));
        let kind = if ["read", "list"].contains(&name.as_str()) {
            "read"
        } else {
            "write"
        };
        step.tags = [("kind".to_owned(), kind.to_owned())].into();
    }
    for (second, point) in result.timeline.iter_mut().enumerate() {
        let stalled = (60..63).contains(&second);
        point.dropped = if stalled { 400 } else { 0 };
        // What was dropped never became a request; the rest of those due in the stall ended after it.
        point.due = if stalled || second == 63 { 800 } else { point.requests };
        point.vus = if second < 60 { 24 } else { 400 };
    }
    summary.due = result.timeline.iter().map(|point| point.due).sum();
    summary.dropped = result.timeline.iter().map(|point| point.dropped).sum();
    summary.thresholds = vec![
        ThresholdResult {
            exceeded_by: Some(summary.latency_ms.p99 / 250.0 - 1.0),
            first_crossed_s: Some(63.4),
            ..threshold("p(99)<250ms for 30s", summary.latency_ms.p99, false)
        },
        ThresholdResult {
            first_crossed_s: Some(61.0),
            ..threshold("dropped<1000 for 60s", summary.dropped as f64, true)
        },
        threshold("error_rate<1%", 0.0, true),
    ];
    for (index, slow) in summary.slowest.iter_mut().enumerate() {
        slow.sampled = index % 3 != 2;
        slow.trace_url = slow
            .sampled
            .then(|| format!("http://traces.example:16686/trace/{}", slow.trace_id));
    }
    summary.checks = vec![
        check("read", "status is 200", 54_000, 0),
        check("read", "/name is not empty", 53_988, 12),
        check("create", "answers within 100 ms", 10_611, 189),
    ];
    result.spectrum = spectrum(&all, true);
    result
}

pub(crate) fn check(step: &str, name: &str, passed: u64, failed: u64) -> Check {
    Check {
        step: step.to_owned(),
        name: name.to_owned(),
        passed,
        failed,
    }
}

pub(crate) fn result(requests: &[Request], seconds: u32) -> RunResult {
    let mut steps: BTreeMap<String, Vec<&Request>> = BTreeMap::new();
    for request in requests {
        steps.entry(request.step.to_owned()).or_default().push(request);
    }
    let all: Vec<&Request> = requests.iter().collect();
    let steps = steps
        .into_iter()
        .map(|(name, of_step)| {
            let step = Step {
                requests: of_step.len() as u64,
                rate: of_step.len() as f64 / f64::from(seconds),
                failed: failed(&of_step),
                status: statuses(&of_step),
                latency_ms: latency(&of_step, |request| request.latency_ms),
                uncorrected_latency_ms: None,
                tags: BTreeMap::new(),
                bytes_sent: of_step.len() as u64 * 214,
                bytes_received: of_step.len() as u64 * 188,
            };
            (name, step)
        })
        .collect();
    let mut slowest = all.clone();
    slowest.sort_by(|a, b| b.latency_ms.total_cmp(&a.latency_ms));
    let slowest = slowest
        .iter()
        .take(10)
        .enumerate()
        .map(|(index, request)| traced(index, request));
    let failures = all.iter().filter(|request| request.failed).take(8).enumerate();
    let failures = failures.map(|(index, request)| traced(index + 100, request));
    let timeline = (0..seconds).map(|second| {
        let within: Vec<&Request> = requests
            .iter()
            .filter(|request| request.ended as u32 == second)
            .collect();
        TimelinePoint {
            start_s: f64::from(second),
            length_s: 1.0,
            requests: within.len() as u64,
            failed: failed(&within),
            latency_ms: latency(&within, |request| request.latency_ms),
            due: 0,
            dropped: 0,
            vus: 100,
            cpu_percent: 18.0 + within.len() as f64 / 100.0,
            lag_ms_p99: 0.2 + f64::from(second % 7) * 0.03,
        }
    });
    let summary = Summary {
        schema: SCHEMA,
        run_id: "2026-11-22T140305Z-7f3a".to_owned(),
        loadgen_version: "0.1.0".to_owned(),
        command:
            "loadgen run http://127.0.0.1:8080 --scenario items --vus 100 --duration 60s -H 'authorization: [redacted]'"
                .to_owned(),
        scenario: "items".to_owned(),
        target: "http://127.0.0.1:8080".to_owned(),
        started_at: "2026-11-22T14:03:05.123Z".to_owned(),
        duration_s: f64::from(seconds) + 0.018,
        vus: 100,
        model: LoadModel::Closed,
        load: format!("100 virtual users for {seconds}s"),
        generators: vec!["1/1".to_owned()],
        tags: BTreeMap::new(),
        interrupted: false,
        requests: all.len() as u64,
        rate: all.len() as f64 / f64::from(seconds),
        failed: failed(&all),
        due: 0,
        dropped: 0,
        status: statuses(&all),
        errors: errors(&all),
        latency_ms: latency(&all, |request| request.latency_ms),
        uncorrected_latency_ms: None,
        bytes_sent: all.len() as u64 * 214,
        bytes_received: all.len() as u64 * 188,
        steps,
        checks: Vec::new(),
        thresholds: Vec::new(),
        generator: Generator {
            cpu_percent: 23.4,
            lag_ms_p99: 0.31,
            saturated: false,
            reasons: Vec::new(),
        },
        environment: environment(),
        slowest: slowest.collect(),
        failures: failures.collect(),
    };
    RunResult {
        summary,
        timeline: timeline.collect(),
        distribution: distribution(&all),
        spectrum: spectrum(&all, false),
        heatmap: heatmap(&all, seconds),
    }
}

pub(crate) fn environment() -> Environment {
    Environment {
        host: "load-1".to_owned(),
        os: "Linux 6.12.41".to_owned(),
        architecture: "x86_64".to_owned(),
        cores: 2,
    }
}

fn traced(index: usize, request: &Request) -> TracedRequest {
    TracedRequest {
        trace_id: format!(
            "{:032x}",
            (index as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
        ),
        sampled: false,
        trace_url: None,
        ended_s: request.ended,
        latency_ms: request.latency_ms,
        status: request.status.to_owned(),
        step: request.step.to_owned(),
    }
}

pub(crate) fn threshold(expression: &str, value: f64, passed: bool) -> ThresholdResult {
    ThresholdResult {
        expression: expression.to_owned(),
        value: Some(value),
        passed,
        exceeded_by: None,
        first_crossed_s: None,
        note: None,
    }
}

fn failed(requests: &[&Request]) -> u64 {
    requests.iter().filter(|request| request.failed).count() as u64
}

fn statuses(requests: &[&Request]) -> BTreeMap<String, u64> {
    let mut statuses = BTreeMap::new();
    for request in requests {
        *statuses.entry(request.status.to_owned()).or_default() += 1;
    }
    statuses
}

fn errors(requests: &[&Request]) -> Vec<ErrorKind> {
    let failed: Vec<&Request> = requests.iter().copied().filter(|request| request.failed).collect();
    let example = |kind: &str| match kind {
        "503" => {
            "PUT http://127.0.0.1:8080/items/7f3a-118 answered 503 Service Unavailable: {\"error\":\"The service is at its limit of requests in flight. Try again in a second.\"}"
        }
        "timeout" => "GET http://127.0.0.1:8080/items/7f3a-42 got no answer within 10 s",
        _ => "connect to 127.0.0.1:8080: connection refused; nothing listens there",
    };
    let mut errors: Vec<ErrorKind> = statuses(&failed)
        .into_iter()
        .map(|(kind, count)| ErrorKind {
            example: example(&kind).to_owned(),
            kind,
            count,
        })
        .collect();
    errors.sort_by_key(|error| std::cmp::Reverse(error.count));
    errors
}
