//! What callers can force does not decide how much is written.

use std::time::{Duration, Instant};

use collector::environment::TRACE_ERROR_SPANS_PER_SECOND;
use test_servers::{Collector, Jaeger, poll};

use crate::otlp::{new_id, send_span};

const LIMIT: u64 = 5;
const FLOOD: usize = 200;

#[test]
fn a_flood_of_errors_is_taken_and_written_no_faster_than_the_limit() {
    let collector = Collector::options()
        .jaeger(Jaeger::shared())
        .share_percent(0.0)
        .decision_wait(Duration::from_secs(1))
        .variable(TRACE_ERROR_SPANS_PER_SECOND, LIMIT.to_string())
        .start()
        .unwrap();
    let began = Instant::now();
    let flood: Vec<_> = (0..FLOOD).map(|_| format!("{:032x}", new_id())).collect();
    for trace_id in &flood {
        assert!(send_span(&collector, trace_id, "flood"));
    }
    let seconds = began.elapsed().as_secs() + 2;
    // What comes once the flood is over is kept again, and was decided after all of it.
    let name = "after the flood";
    poll("a trace after the flood", || {
        let trace_id = format!("{:032x}", new_id());
        assert!(send_span(&collector, &trace_id, name));
        std::thread::sleep(Duration::from_secs(3));
        Jaeger::shared().trace(&trace_id).unwrap()
    });
    let written = flood
        .iter()
        .filter(|id| Jaeger::shared().trace(id).unwrap().is_some())
        .count() as u64;
    assert!(
        (1..=LIMIT * seconds).contains(&written),
        "{written} of {FLOOD} in {seconds} s"
    );
}
