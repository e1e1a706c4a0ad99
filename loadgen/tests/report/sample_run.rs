//! Results of runs to draw: a realistic one, built from single requests so that all its figures agree, and odd ones.

use std::collections::BTreeMap;

use loadgen::summary::{
    DistributionBucket, ErrorKind, Generator, Latency, RunResult, SCHEMA, SlowRequest, Step, Summary, ThresholdResult,
    TimelinePoint,
};

struct Request {
    /// Seconds since the start.
    ended: f64,
    step: &'static str,
    latency_ms: f64,
    status: &'static str,
    failed: bool,
}

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
        },
    ];
    summary.generator = Generator {
        cpu_percent: 187.3,
        lag_ms_p99: 41.7,
        saturated: true,
    };
    summary.interrupted = true;
    result
}

/// No request ended at all.
pub(crate) fn silent() -> RunResult {
    let mut result = result(&[], 10);
    result.summary.interrupted = true;
    result
}

/// One interval, one request.
pub(crate) fn single() -> RunResult {
    let mut result = result(&[request(0.4, "request", 0.087, "200", false)], 1);
    result.summary.scenario = "request".to_owned();
    result
}

/// Refused connections and nothing else.
pub(crate) fn all_failed() -> RunResult {
    let requests: Vec<Request> = (0..300)
        .map(|n| {
            request(
                f64::from(n) / 10.0,
                "request",
                0.02 + f64::from(n % 7) * 0.004,
                "refused",
                true,
            )
        })
        .collect();
    result(&requests, 30)
}

/// Answers that take an hour beside answers that take a few microseconds.
pub(crate) fn extreme_latencies() -> RunResult {
    let requests: Vec<Request> = (0..2_000)
        .map(|n| {
            request(
                f64::from(n) * 3.6,
                "request",
                if n % 400 == 399 {
                    3_600_000.0
                } else {
                    0.004 + f64::from(n % 50) * 1e-4
                },
                "200",
                false,
            )
        })
        .collect();
    result(&requests, 7_200)
}

/// Latencies below a millisecond.
pub(crate) fn fast() -> RunResult {
    result(&requests(5, |_, latency| (latency / 100.0, None)), 5)
}

/// Forty steps with long names, three million requests a second for a day.
pub(crate) fn wide() -> RunResult {
    let mut result = healthy();
    let step = result.summary.steps["read"].clone();
    result.summary.steps = (1..=40)
        .map(|n| {
            (
                format!("step {n:02}: GET /organisations/{{organisation}}/accounts/{{account}}"),
                step.clone(),
            )
        })
        .collect();
    result.summary.requests = 259_200_000_000;
    result.summary.failed = 1;
    result.summary.rate = 3_000_000.0;
    result.summary.duration_s = 86_400.0;
    result.summary.vus = 100_000;
    result.summary.bytes_received = u64::MAX;
    result.timeline = (0..86_400u32)
        .map(|n| TimelinePoint {
            start_s: f64::from(n),
            length_s: 1.0,
            requests: 3_000_000 + u64::from(n % 977) * 100,
            failed: u64::from(n == 40_000),
            latency_ms: result.summary.latency_ms,
        })
        .collect();
    result
}

/// Every text that comes from outside tries to become markup, or to burst the page.
pub(crate) fn hostile() -> RunResult {
    let attack = "\"'><script>window.pwned=1</script><img src=x onerror=window.pwned=1></style></title><a href=javascript:alert(1)>&lt;";
    let endless = "x".repeat(20_000);
    let mut result = troubled();
    let summary = &mut result.summary;
    summary.run_id = format!("run{attack}");
    summary.target = format!("http://host/{attack}{}", &endless[..3_000]);
    summary.command = format!("loadgen run 'http://host/' -d '{attack}{endless}'");
    summary.scenario = attack.to_owned();
    summary.started_at = attack.to_owned();
    summary.loadgen_version = attack.to_owned();
    let steps = std::mem::take(&mut summary.steps);
    summary.steps = steps
        .into_iter()
        .map(|(name, step)| (format!("{name}{attack}{endless}"), step))
        .collect();
    summary.status.insert(format!("{attack}{endless}"), 3);
    for error in &mut summary.errors {
        error.kind = format!("{}{attack}{endless}", error.kind);
        error.example = format!("{attack} {endless}");
    }
    for threshold in &mut summary.thresholds {
        threshold.expression = format!("{attack}: p(99)<1ms");
    }
    for slow in &mut summary.slowest {
        slow.trace_id = attack.to_owned();
        slow.step = attack.to_owned();
        slow.status = attack.to_owned();
    }
    result
}

fn request(ended: f64, step: &'static str, latency_ms: f64, status: &'static str, failed: bool) -> Request {
    Request {
        ended,
        step,
        latency_ms,
        status,
        failed,
    }
}

/// The CRUD mix for some seconds. `mishap` changes the latency of a request in a second and may fail it with a status;
/// the status `""` means that the request never was.
fn requests(seconds: u32, mishap: impl Fn(u32, f64) -> (f64, Option<&'static str>)) -> Vec<Request> {
    const STEPS: [(&str, &str, f64, u64); 5] = [
        ("read", "200", 2.1, 60),
        ("update", "200", 4.8, 15),
        ("create", "201", 5.6, 12),
        ("list", "200", 8.9, 8),
        ("delete", "200", 4.1, 5),
    ];
    let mut random = Random(42);
    let mut requests = Vec::new();
    for second in 0..seconds {
        let count = 760.0 * (1.0 - (-f64::from(second + 1) / 2.0).exp()) + random.normal() * 14.0;
        for index in 0..count as u32 {
            let mut pick = random.below(100);
            let (step, status, usual, _) = STEPS
                .into_iter()
                .find(|(.., weight)| {
                    let hit = pick < *weight;
                    pick = pick.saturating_sub(*weight);
                    hit
                })
                .unwrap();
            let tail = if random.below(100) == 0 { 6.0 } else { 1.0 };
            let (latency, failure) = mishap(second, usual * tail * (random.normal() * 0.32).exp());
            if failure == Some("") {
                continue;
            }
            let ended = f64::from(second) + f64::from(index) / count;
            requests.push(request(
                ended,
                step,
                latency,
                failure.unwrap_or(status),
                failure.is_some(),
            ));
        }
    }
    requests
}

fn result(requests: &[Request], seconds: u32) -> RunResult {
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
                latency_ms: latency(&of_step),
                uncorrected_latency_ms: None,
                bytes_sent: of_step.len() as u64 * 214,
                bytes_received: of_step.len() as u64 * 188,
            };
            (name, step)
        })
        .collect();
    let mut slowest = all.clone();
    slowest.sort_by(|a, b| b.latency_ms.total_cmp(&a.latency_ms));
    let slowest = slowest.iter().take(10).enumerate().map(|(index, request)| SlowRequest {
        trace_id: format!(
            "{:032x}",
            (index as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
        ),
        latency_ms: request.latency_ms,
        status: request.status.to_owned(),
        step: request.step.to_owned(),
    });
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
            latency_ms: latency(&within),
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
        interrupted: false,
        requests: all.len() as u64,
        rate: all.len() as f64 / f64::from(seconds),
        failed: failed(&all),
        dropped: 0,
        status: statuses(&all),
        errors: errors(&all),
        latency_ms: latency(&all),
        uncorrected_latency_ms: None,
        bytes_sent: all.len() as u64 * 214,
        bytes_received: all.len() as u64 * 188,
        steps,
        thresholds: Vec::new(),
        generator: Generator {
            cpu_percent: 23.4,
            lag_ms_p99: 0.31,
            saturated: false,
        },
        slowest: slowest.collect(),
    };
    RunResult {
        summary,
        timeline: timeline.collect(),
        distribution: distribution(&all),
    }
}

fn threshold(expression: &str, value: f64, passed: bool) -> ThresholdResult {
    ThresholdResult {
        expression: expression.to_owned(),
        value: Some(value),
        passed,
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

fn latency(requests: &[&Request]) -> Latency {
    let mut sorted: Vec<f64> = requests.iter().map(|request| request.latency_ms).collect();
    sorted.sort_by(f64::total_cmp);
    let (Some(min), Some(max)) = (sorted.first(), sorted.last()) else {
        return Latency::default();
    };
    let at = |share: f64| sorted[((sorted.len() as f64 * share).ceil() as usize).clamp(1, sorted.len()) - 1];
    Latency {
        min: *min,
        mean: sorted.iter().sum::<f64>() / sorted.len() as f64,
        p50: at(0.5),
        p90: at(0.9),
        p95: at(0.95),
        p99: at(0.99),
        p99_9: at(0.999),
        max: *max,
    }
}

fn distribution(requests: &[&Request]) -> Vec<DistributionBucket> {
    const RATIO: f64 = 1.1;
    let Some(lowest) = requests.iter().map(|request| request.latency_ms).min_by(f64::total_cmp) else {
        return Vec::new();
    };
    let mut upper = lowest;
    let mut buckets: Vec<DistributionBucket> = Vec::new();
    let mut sorted: Vec<f64> = requests.iter().map(|request| request.latency_ms).collect();
    sorted.sort_by(f64::total_cmp);
    let mut rest = sorted.as_slice();
    while !rest.is_empty() {
        let within = rest.partition_point(|ms| *ms <= upper);
        buckets.push(DistributionBucket {
            from_ms: upper / RATIO,
            to_ms: upper,
            count: within as u64,
        });
        rest = &rest[within..];
        upper *= RATIO;
    }
    buckets
}

/// Numbers that look random and are the same every time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 ^ (self.0 >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd) >> 32
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// Roughly normal: the sum of twelve uniform numbers less six.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.next() as f64 / f64::from(u32::MAX)).sum::<f64>() - 6.0
    }
}
