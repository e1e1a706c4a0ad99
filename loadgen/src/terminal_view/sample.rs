//! A run as the tests of the view know it.

use std::time::Duration;

use super::state::State;
use crate::observer::{GeneratorSnapshot, HistogramBar, RunStage, Snapshot, StepSnapshot, ThresholdSnapshot};
use crate::run_info::{self, RunInfo};
use crate::summary::Latency;

pub(crate) fn info() -> RunInfo {
    RunInfo {
        target: "http://127.0.0.1:8080/items".to_owned(),
        load: "500/s for 1m".to_owned(),
        ..run_info::sample::info("2/3")
    }
}

fn latency(scale: f64) -> Latency {
    Latency {
        min: 0.21 * scale,
        mean: 1.52 * scale,
        p50: 1.31 * scale,
        p90: 3.42 * scale,
        p95: 6.08 * scale,
        p99: 18.7 * scale,
        p99_9: 73.2 * scale,
        max: 212.0 * scale,
    }
}

fn step(name: &str, requests: u64, failed: u64) -> StepSnapshot {
    StepSnapshot {
        name: name.to_owned(),
        requests,
        failed,
        rate: requests as f64 / 23.0,
        latency_ms: latency(1.2),
    }
}

fn threshold(expression: &str, value: &str, passed: bool) -> ThresholdSnapshot {
    ThresholdSnapshot {
        expression: expression.to_owned(),
        value: value.to_owned(),
        passed,
    }
}

/// Bars around a few milliseconds, with a long tail.
fn histogram() -> Vec<HistogramBar> {
    (0..40)
        .map(|bar| {
            let distance = f64::from(bar - 12) / 5.0;
            let tail = if bar > 20 && bar < 37 { 3.0 } else { 0.0 };
            HistogramBar {
                to_ms: 0.1 * 1.25_f64.powi(bar),
                count: (900.0 * (-distance * distance).exp() + tail) as u64,
            }
        })
        .collect()
}

pub(crate) fn snapshot() -> Snapshot {
    Snapshot {
        elapsed: Duration::from_secs(23),
        duration: Some(Duration::from_secs(60)),
        iterations: None,
        target_rate: Some(500.0),
        vus: 20,
        max_vus: 100,
        requests: 11_459,
        failed: 92,
        dropped: 17,
        rate: 498.2,
        latency_ms: latency(1.0),
        total_latency_ms: latency(1.1),
        histogram: histogram(),
        errors: vec![
            ("503".to_owned(), 71),
            ("timeout".to_owned(), 14),
            ("connect_refused".to_owned(), 7),
        ],
        steps: vec![
            step("create", 2_291, 71),
            step("read", 6_877, 21),
            step("delete", 2_291, 0),
        ],
        generator: GeneratorSnapshot {
            cpu_percent: 41.0,
            threads: 2,
            lag_ms_p99: 0.4,
            saturated: false,
        },
        thresholds: vec![
            threshold("p(95)<250ms", "6.69ms", true),
            threshold("error_rate<0.5%", "0.80%", false),
            threshold("p(99)<50ms for 30s", "", false),
        ],
    }
}

pub(crate) fn state() -> State {
    let mut state = State::default();
    state.stage = Some(RunStage::Load);
    state.begin(&info());
    let mut snapshot = snapshot();
    for second in 1..=23 {
        snapshot.elapsed = Duration::from_secs(second);
        snapshot.rate = 498.2 - 300.0 * (-((second as f64 - 12.0) / 2.0).powi(2)).exp();
        state.observe(&snapshot);
    }
    snapshot.rate = 498.2;
    state.observe(&snapshot);
    state
}
