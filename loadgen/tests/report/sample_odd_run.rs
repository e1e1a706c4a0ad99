//! Results of runs that go to the limits of what a report can show.

use loadgen::run_info::{Environment, LoadModel};
use loadgen::summary::{RunResult, TimelinePoint};

use crate::sample_requests::{Request, request, requests};
use crate::sample_run::{check, healthy, result, troubled};

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
            due: 3_000_000,
            dropped: u64::from(n == 50_000),
            vus: 100_000,
            cpu_percent: 1_450.0 + f64::from(n % 11),
            lag_ms_p99: 0.2,
        })
        .collect();
    result.summary.model = LoadModel::Open;
    result.summary.due = 259_200_000_000;
    result.summary.dropped = 1;
    result.summary.generators = (1..=500).map(|n| format!("{n}/500")).collect();
    result.heatmap.columns = (0..86_400u64)
        .map(|n| {
            (0..result.heatmap.bounds_ms.len() as u64 - 1)
                .map(|row| 1 << (((n / 480) * 7_919 + row * row * 104_729) % 23))
                .collect()
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
    let links = [
        "javascript:window.pwned=1",
        attack,
        "data:text/html,<script>1</script>",
        "vbscript:1",
        "//host/x",
    ];
    for (traced, link) in summary
        .slowest
        .iter_mut()
        .chain(&mut summary.failures)
        .zip(links.iter().cycle())
    {
        traced.trace_id = attack.to_owned();
        traced.step = attack.to_owned();
        traced.status = attack.to_owned();
        traced.sampled = true;
        traced.trace_url = Some((*link).to_owned());
    }
    summary.load = format!("{attack}{endless}");
    summary.generators = vec![attack.to_owned(), endless.clone()];
    summary.tags = [(attack.to_owned(), endless.clone())].into();
    summary.generator.reasons = vec![format!("{attack}{endless}")];
    summary.environment = Environment {
        host: attack.to_owned(),
        os: endless.clone(),
        architecture: attack.to_owned(),
        cores: u32::MAX,
    };
    summary.checks = vec![check(attack, &endless, 1, 1)];
    for step in summary.steps.values_mut() {
        step.tags = [(attack.to_owned(), endless.clone())].into();
    }
    result
}
