//! Searches for a capacity to draw: of a target that queues, as one worker does, and odd ones.

use loadgen::capacity_result::{CapacityResult, Phase, Probe, SCHEMA};
use loadgen::run_info::{LoadModel, RunInfo};
use loadgen::summary::{Generator, Latency};

use crate::sample_run::{environment, threshold};

/// Requests per second that the target can serve.
const SERVICE_RATE: f64 = 2_000.0;
const BOUND_MS: f64 = 50.0;

/// The search finds the rate above which the queue grows too long.
pub(crate) fn knee() -> CapacityResult {
    let ramp = [250.0, 500.0, 1_000.0, 2_000.0].map(|rate| (Phase::Ramp, rate));
    let bisect = [1_500.0, 1_750.0, 1_875.0, 1_937.5, 1_906.0].map(|rate| (Phase::Bisect, rate));
    let confirm = [1_906.0, 1_906.0, 1_937.5].map(|rate| (Phase::Confirm, rate));
    let rates: Vec<_> = ramp.into_iter().chain(bisect).chain(confirm).collect();
    CapacityResult {
        rate: Some(1_906.0),
        failing_rate: Some(1_937.5),
        interval: Some((1_889.0, 1_929.0)),
        conclusion:
            "The highest rate that passed and the lowest that failed lie within 2% of each other, and both were \
                     confirmed."
                .to_owned(),
        limit: Some("p(99) was 58.2 ms where less than 50 ms was asked for.".to_owned()),
        ..search(&rates)
    }
}

/// Not even the lowest rate passed.
pub(crate) fn hopeless() -> CapacityResult {
    CapacityResult {
        rate: None,
        failing_rate: Some(2_500.0),
        interval: None,
        conclusion: "Not even the lowest rate met the objectives: start from a lower one with --from.".to_owned(),
        limit: Some("99.2% of the requests failed where less than 1% was asked for.".to_owned()),
        ..search(&[(Phase::Ramp, 2_500.0)])
    }
}

/// Ctrl-C before any rate failed; the generator was near its end.
pub(crate) fn interrupted() -> CapacityResult {
    CapacityResult {
        rate: Some(1_000.0),
        failing_rate: None,
        interval: None,
        conclusion: "Interrupted while 2,000/s was being tried.".to_owned(),
        limit: None,
        interrupted: true,
        ..search(&[(Phase::Ramp, 250.0), (Phase::Ramp, 500.0), (Phase::Ramp, 1_000.0)])
    }
}

/// Interrupted before the first rate was held long enough.
pub(crate) fn nothing() -> CapacityResult {
    CapacityResult {
        rate: None,
        conclusion: "Interrupted before the first rate had been held long enough.".to_owned(),
        interrupted: true,
        ..search(&[])
    }
}

/// The generator gave up before the target did, and every text tries to become markup.
pub(crate) fn hostile() -> CapacityResult {
    let attack = "\"'><script>window.pwned=1</script><img src=x onerror=window.pwned=1>&lt;";
    let endless = "x".repeat(20_000);
    let mut result = knee();
    result.run.command = format!("{attack}{endless}");
    result.run.target = format!("{attack}{endless}");
    result.run.load = format!("{attack}{endless}");
    result.conclusion = format!("{attack}{endless}");
    result.limit = Some(format!("{attack}{endless}"));
    result.objectives = vec![format!("{attack}{endless}: p(99)<50ms")];
    result.environment.host = endless.clone();
    for probe in &mut result.probes {
        probe.reason = format!("{attack}{endless}");
        probe.objectives[0].expression = result.objectives[0].clone();
        probe.generator.saturated = !probe.passed;
        probe.generator.reasons = vec![format!("{attack}{endless}")];
    }
    result.probes[0].rate = f64::NAN;
    result.probes[1].achieved_rate = f64::INFINITY;
    result
}

fn search(rates: &[(Phase, f64)]) -> CapacityResult {
    let probes: Vec<Probe> = rates
        .iter()
        .enumerate()
        .map(|(index, (phase, rate))| probe(index, *phase, *rate))
        .collect();
    CapacityResult {
        schema: SCHEMA,
        run: RunInfo {
            run_id: "2026-11-22T150000Z-c4f1".to_owned(),
            loadgen_version: "0.1.0".to_owned(),
            command:
                "loadgen capacity http://127.0.0.1:8080/items/1 --slo 'p(99)<50ms' --slo 'error_rate<1%' --from 250/s"
                    .to_owned(),
            scenario: "request".to_owned(),
            target: "http://127.0.0.1:8080/items/1".to_owned(),
            model: LoadModel::Open,
            load: "from 250/s, 15s each after 3s of settling".to_owned(),
            generator: "1/1".to_owned(),
            tags: [("build".to_owned(), "4711".to_owned())].into(),
            steps: Vec::new(),
            started_at_ms: 1_795_359_600_000,
            load_s: None,
            environment: environment(),
        },
        started_at: "2026-11-22T15:00:00.000Z".to_owned(),
        duration_s: probes.len() as f64 * 18.0,
        objectives: vec!["p(99)<50ms".to_owned(), "error_rate<1%".to_owned()],
        rate: None,
        failing_rate: None,
        interval: None,
        confidence: 0.95,
        conclusion: String::new(),
        limit: None,
        probes,
        interrupted: false,
        environment: environment(),
    }
}

/// What a queue with one server does: waiting grows with 1/(1 - load), and above its rate without end.
fn probe(index: usize, phase: Phase, rate: f64) -> Probe {
    let load = rate / SERVICE_RATE;
    let wobble = 1.0 + ((index * 7) % 5) as f64 * 0.012;
    let scale = if load < 0.999 { wobble / (1.0 - load) } else { 3_000.0 };
    let at = |nines: f64| 0.39 * scale * nines;
    let latency_ms = Latency {
        min: 0.3,
        mean: at(1.0),
        p50: at(0.69),
        p90: at(2.3),
        p95: at(3.0),
        p99: at(4.0),
        p99_9: at(6.9),
        max: at(9.0),
    };
    let achieved_rate = rate.min(SERVICE_RATE * 0.985);
    let failed_share = if load > 1.0 { 0.992 } else { 0.0 };
    let passed = latency_ms.p99 < BOUND_MS;
    let requests = (achieved_rate * 15.0) as u64;
    let mut latency = threshold("p(99)<50ms", latency_ms.p99, passed);
    latency.exceeded_by = (!passed).then(|| latency_ms.p99 / BOUND_MS - 1.0);
    Probe {
        phase,
        started_s: index as f64 * 18.0 + 3.0,
        duration_s: 15.0,
        rate,
        achieved_rate,
        requests,
        failed: (requests as f64 * failed_share) as u64,
        dropped: ((rate - achieved_rate) * 15.0) as u64,
        latency_ms,
        objectives: vec![latency, threshold("error_rate<1%", failed_share, failed_share < 0.01)],
        generator: Generator {
            cpu_percent: rate / 60.0,
            lag_ms_p99: 0.2,
            saturated: false,
            reasons: Vec::new(),
        },
        passed,
        reason: if passed {
            String::new()
        } else {
            format!(
                "p(99) was {:.1} ms where less than 50 ms was asked for.",
                latency_ms.p99
            )
        },
    }
}
