//! Whether the generator itself was the bottleneck.

use std::time::Duration;

use hdrhistogram::Histogram;

use crate::interval::{Exhausted, Interval};
use crate::recorder::latency_histogram;
use crate::summary::Generator;

/// A thread busier than this share of the time had no room to send when it should have.
const BUSY: f64 = 0.9;
/// Acting later than this in one of a hundred cases adds as much to the latencies measured.
const LATE: Duration = Duration::from_millis(10);

/// How one generator fared so far.
#[derive(Clone)]
pub(crate) struct Health {
    wall: Duration,
    cpu: Vec<Duration>,
    lag: Histogram<u64>,
    exhausted: Exhausted,
}

impl Health {
    /// A generator that has not done anything.
    pub(crate) fn new() -> Self {
        Self {
            wall: Duration::ZERO,
            cpu: Vec::new(),
            lag: latency_histogram(),
            exhausted: Exhausted::default(),
        }
    }

    /// Adds an interval of the same generator.
    pub(crate) fn add(&mut self, interval: &Interval) {
        self.wall += interval.length;
        if self.cpu.len() < interval.cpu.len() {
            self.cpu.resize(interval.cpu.len(), Duration::ZERO);
        }
        for (total, cpu) in self.cpu.iter_mut().zip(&interval.cpu) {
            *total += *cpu;
        }
        // Cannot fail: all histograms have the same bounds.
        let _ = self.lag.add(&interval.lag);
        self.exhausted.add(interval.exhausted);
    }

    /// Sums it up.
    pub(crate) fn verdict(&self) -> Generator {
        let wall = self.wall.as_secs_f64();
        let share = |cpu: &Duration| if wall > 0.0 { cpu.as_secs_f64() / wall } else { 0.0 };
        let busiest = self.cpu.iter().map(share).fold(0.0, f64::max);
        let lag_ms_p99 = if self.lag.is_empty() {
            0.0
        } else {
            self.lag.value_at_quantile(0.99) as f64 / 1e6
        };
        let reasons = self.reasons(busiest, lag_ms_p99);
        Generator {
            cpu_percent: self.cpu.iter().map(share).sum::<f64>() * 100.0,
            lag_ms_p99,
            saturated: !reasons.is_empty(),
            reasons,
        }
    }

    fn reasons(&self, busiest: f64, lag_ms_p99: f64) -> Vec<String> {
        let mut reasons = Vec::new();
        if busiest > BUSY {
            reasons.push(format!(
                "a generator thread was busy {:.0}% of the time: use fewer --vus or a lower --rate, more cores, or several \
                 generators (--segment)",
                busiest * 100.0
            ));
        }
        if lag_ms_p99 > LATE.as_secs_f64() * 1e3 {
            reasons.push(format!(
                "the generator acted {lag_ms_p99:.1} ms late (p99): use a machine that does nothing else, or several \
                 generators (--segment)"
            ));
        }
        let Exhausted { ports, files, memory } = self.exhausted;
        if ports > 0 {
            reasons.push(format!(
                "{ports} connections found no free local port: keep connections alive, widen net.ipv4.ip_local_port_range, or \
                 use several generators (--segment)"
            ));
        }
        if files > 0 {
            reasons.push(format!(
                "{files} connections could not be opened for want of open files: raise the limit (ulimit -n)"
            ));
        }
        if memory > 0 {
            reasons.push(format!(
                "{memory} connections could not be opened for want of memory: use fewer --vus or a larger machine"
            ));
        }
        reasons
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(cpu_ms: &[u64], lag_ms: u64, exhausted: Exhausted) -> Generator {
        let mut interval = Interval::empty(0, 1);
        interval.cpu = cpu_ms.iter().copied().map(Duration::from_millis).collect();
        interval.lag.saturating_record_n(lag_ms * 1_000_000, 100);
        interval.exhausted = exhausted;
        let mut health = Health::new();
        health.add(&interval);
        health.verdict()
    }

    #[test]
    fn one_thread_without_room_makes_a_generator_the_bottleneck() {
        let nothing = Exhausted::default();
        let idle = verdict(&[300, 500], 2, nothing);
        assert!(!idle.saturated && (idle.cpu_percent - 80.0).abs() < 0.1 && (idle.lag_ms_p99 - 2.0).abs() < 0.01);
        assert!(verdict(&[300, 950], 1, nothing).reasons[0].contains("95%"), "busy");
        assert!(verdict(&[300], 15, nothing).reasons[0].contains("late"), "late");
        let out_of_ports = Exhausted { ports: 3, ..nothing };
        assert!(
            verdict(&[300], 1, out_of_ports).reasons[0].contains("3 connections"),
            "ports"
        );
        assert!(!Health::new().verdict().saturated);
    }
}
