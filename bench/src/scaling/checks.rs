//! The model beside measurements that did not go into it.

use super::collector_memory::{Fit, Run};
use super::costs_per_unit::median;
use super::load::POINTS_PER_GENERATOR_SECOND;
use super::page::figure;
use super::queueing::Queue;
use crate::figures::Figures;

/// A prediction and what was measured.
#[derive(Clone, Debug)]
pub(super) struct Check {
    pub(super) what: String,
    /// What it was predicted from.
    pub(super) from: String,
    pub(super) predicted: f64,
    pub(super) measured: f64,
    pub(super) unit: &'static str,
    /// Where such a prediction is off, and why.
    pub(super) why: &'static str,
}

impl Check {
    /// Of what was measured: 0.1 for a tenth too much.
    pub(super) fn error(&self) -> f64 {
        self.predicted / self.measured - 1.0
    }
}

/// Latency at a rate, milliseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct LatencyCheck {
    pub(super) rate: f64,
    pub(super) utilisation: f64,
    pub(super) p50: Pair,
    pub(super) p99: Pair,
}

/// None is a queue that only grows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    pub(super) predicted: Option<f64>,
    pub(super) measured: f64,
}

/// A straight line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub(super) start: f64,
    pub(super) slope: f64,
}

impl Line {
    fn at(self, x: f64) -> f64 {
        self.start + self.slope * x
    }
}

/// Through two points.
pub(super) fn line(a: (f64, f64), b: (f64, f64)) -> Line {
    let slope = (b.1 - a.1) / (b.0 - a.0);
    Line {
        start: a.1 - slope * a.0,
        slope,
    }
}

/// A measured step of `near_saturation`: the service on its embedded store, and the generator, on all processors.
#[derive(Clone, Copy, Debug)]
struct Step {
    rate: f64,
    /// CPU seconds of a request, in service and generator together.
    demand: f64,
    p50_ms: f64,
    p99_ms: f64,
}

/// The steps below the maximum, by their rate.
fn steps(figures: &Figures) -> Vec<Step> {
    let mut steps: Vec<Step> = figures
        .figures
        .keys()
        .filter_map(|name| name.strip_prefix("near_saturation.")?.strip_suffix(".service_cpu_us"))
        .filter_map(|step| {
            let value = |what: &str| median(figures, &format!("near_saturation.{step}.{what}"));
            Some(Step {
                rate: value("rate")?,
                demand: (value("service_cpu_us")? + value("loadgen_cpu_us")?) * 1e-6,
                p50_ms: value("p50_ms")?,
                p99_ms: value("p99_ms")?,
            })
        })
        .collect();
    steps.sort_by(|a, b| a.rate.total_cmp(&b.rate));
    steps
}

/// The processors of the measured machine as a queue for such requests: what the step that is nearest to half of them
/// in use says of their demand.
fn processors(figures: &Figures, steps: &[Step]) -> Option<Queue> {
    let cores = figures.machine.cores as f64;
    let from_half = |step: &Step| (step.rate * step.demand / cores - 0.5).abs();
    let half = steps.iter().min_by(|a, b| from_half(a).total_cmp(&from_half(b)))?;
    Some(Queue {
        servers: cores,
        demand: half.demand,
        // The generator sends at a fixed pace, and nobody knows how the demand varies: as in M/M/c.
        variability: 0.5,
    })
}

/// Predicted and measured latency at each rate but the lowest, from which the time without waiting is taken.
pub(super) fn latencies(figures: &Figures) -> Vec<LatencyCheck> {
    let steps = steps(figures);
    let (Some(queue), Some((lowest, others))) = (processors(figures, &steps), steps.split_first()) else {
        return Vec::new();
    };
    let predict = |rate, share, alone: f64| queue.wait(rate, share).map(|wait| alone + wait * 1000.0);
    others
        .iter()
        .map(|step| LatencyCheck {
            rate: step.rate,
            utilisation: queue.utilisation(step.rate),
            p50: Pair {
                predicted: predict(step.rate, 0.5, lowest.p50_ms),
                measured: step.p50_ms,
            },
            p99: Pair {
                predicted: predict(step.rate, 0.99, lowest.p99_ms),
                measured: step.p99_ms,
            },
        })
        .collect()
}

/// Whatever of it was measured.
pub(super) fn checks(figures: &Figures) -> Vec<Check> {
    let median = |name: &str| median(figures, name);
    let cores = figures.machine.cores as f64;
    let mut checks: Vec<Option<Check>> = Vec::new();
    let mut check = |what: &str, from: &str, predicted: Option<f64>, measured: Option<f64>, unit, why| {
        checks.push(predicted.zip(measured).map(|(predicted, measured)| Check {
            what: what.to_owned(),
            from: from.to_owned(),
            predicted,
            measured,
            unit,
            why,
        }));
    };

    check(
        "Requests a second at most, service on its embedded store",
        "all processors, by the CPU of service and generator at about half load",
        processors(figures, &steps(figures)).map(|queue| queue.saturation()),
        median("near_saturation.max.rate"),
        "1/s",
        "a request takes less CPU the busier the machine is, since more is done for each wake-up, which makes the \
         prediction too low; anything else that runs on the machine makes it too high",
    );
    let shared = ["service", "store", "loadgen"]
        .map(|process| median(&format!("shared.half.{process}_cpu_us")))
        .into_iter()
        .sum::<Option<f64>>();
    check(
        "Requests a second at most, service on DynamoDB Local",
        "all processors, by the CPU of service, DynamoDB Local and generator at half load",
        shared.map(|us| cores / us * 1e6),
        median("shared.max.rate"),
        "1/s",
        "what is done for each wake-up changes with load, and work of the kernel that belongs to no process is not in \
         the sum",
    );
    for generators in [4.0, 8.0] {
        let name = |what: &str| format!("growth.generators.{generators}.{what}");
        check(
            &format!("CPU of a request with {generators} generators"),
            "as with one",
            median("growth.generators.1.cpu_us"),
            median(&name("cpu_us")),
            "µs",
            "generators that share processors change places, which costs each of them some",
        );
    }
    check(
        "`loadgen merge` of 4 folders",
        "in a line through one and eight",
        median("growth.generators.1.merge_ms")
            .zip(median("growth.generators.8.merge_ms"))
            .map(|(one, eight)| line((1.0, one), (8.0, eight)).at(4.0)),
        median("growth.generators.4.merge_ms"),
        "ms",
        "starting the program is most of it, and takes a different time each time",
    );
    check(
        "Memory of loadgen with 10 000 virtual users",
        "in a line through 100 and 1000",
        median("growth.vus.100.peak_mb")
            .zip(median("growth.vus.1000.peak_mb"))
            .map(|(few, many)| line((100.0, few), (1000.0, many)).at(10_000.0)),
        median("growth.vus.10000.peak_mb"),
        "MB",
        "each virtual user is a connection with buffers of its own; what all share is small",
    );
    for (store, title, of) in [
        ("embedded", "embedded store", "1000000"),
        ("dynamodb_local", "DynamoDB Local", "100000"),
    ] {
        let name = |items: &str| format!("growth.table.{store}.{items}.get_cpu_us");
        let items: f64 = of.parse().unwrap_or_default();
        check(
            &format!("CPU of a read among {} items, {title}", figure(items)),
            "in a line over the logarithm through 1 and 1000 items",
            median(&name("1"))
                .zip(median(&name("1000")))
                .map(|(one, many)| line((0.0, one), (3.0, many)).at(items.log10())),
            median(&name(of)),
            "µs",
            "a tree of the items grows by the logarithm; a table that no longer fits a cache costs more than that",
        );
    }
    let runs = Run::all(figures);
    if let (Some(fit), [_, between @ .., _]) = (Fit::of(figures), runs.as_slice()) {
        for run in between {
            check(
                &format!(
                    "Memory of the collector at {:.0} spans/s, decided after {:.0} s",
                    run.spans_per_second, run.wait
                ),
                "in a line over waiting spans, through the fewest and the most",
                Some(fit.megabytes(run.pending())),
                Some(run.peak_mb),
                "MB",
                "Go keeps up to as much again as is in use before it collects, so memory goes in steps",
            );
        }
    }
    let points = median("items_run.seconds").map(|seconds| seconds * POINTS_PER_GENERATOR_SECOND);
    check(
        "Points of a run of the scenario of items",
        "eleven a second",
        points,
        median("items_run.points"),
        "",
        "a run has an event at its start and at its end, and setting up and cleaning up are seconds, too",
    );
    check(
        "InfluxDB's disk after that run",
        "its points, by the bytes of a point in other runs",
        points
            .zip(median("pipeline.influxdb.loadgen.point_disk_bytes"))
            .map(|(points, bytes)| points * bytes),
        median("items_run.disk_bytes"),
        "bytes",
        "points of a step with several answers have more fields, and a file has a minimum: short runs cost more for a \
         point",
    );
    checks.into_iter().flatten().collect()
}
