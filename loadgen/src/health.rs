//! Whether the generator itself was the bottleneck.

use std::time::Duration;

use crate::generator::ThreadHealth;
use crate::recorder::latency_histogram;
use crate::summary::Generator;

/// A thread busier than this share of the time had no room to send when it should have.
const BUSY: f64 = 0.9;
/// Waking later than this in one of a hundred cases adds as much to the latencies measured.
const LATE: Duration = Duration::from_millis(10);

/// Sums up how the threads fared.
pub(crate) fn verdict(threads: &[ThreadHealth]) -> Generator {
    let mut lag = latency_histogram();
    let mut cpu_percent = 0.0;
    let mut busiest: f64 = 0.0;
    for thread in threads {
        let wall = thread.wall.as_secs_f64();
        if wall > 0.0 {
            let share = thread.cpu.as_secs_f64() / wall;
            cpu_percent += share * 100.0;
            busiest = busiest.max(share);
        }
        // Cannot fail: all histograms have the same bounds.
        let _ = lag.add(&thread.lag);
    }
    let late = if lag.is_empty() { 0 } else { lag.value_at_quantile(0.99) };
    Generator {
        cpu_percent,
        lag_ms_p99: late as f64 / 1e6,
        saturated: busiest > BUSY || late > LATE.as_nanos() as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thread(cpu_ms: u64, lag_ms: u64) -> ThreadHealth {
        let mut lag = latency_histogram();
        lag.saturating_record_n(lag_ms * 1_000_000, 100);
        ThreadHealth {
            cpu: Duration::from_millis(cpu_ms),
            wall: Duration::from_secs(1),
            lag,
        }
    }

    #[test]
    fn one_thread_without_room_makes_a_generator_the_bottleneck() {
        let idle = verdict(&[thread(300, 1), thread(500, 2)]);
        assert!(!idle.saturated && (idle.cpu_percent - 80.0).abs() < 0.1 && (idle.lag_ms_p99 - 2.0).abs() < 0.01);
        assert!(verdict(&[thread(300, 1), thread(950, 1)]).saturated, "busy");
        assert!(verdict(&[thread(300, 15)]).saturated, "late");
        assert!(!verdict(&[]).saturated);
    }
}
