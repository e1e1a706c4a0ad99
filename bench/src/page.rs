//! `docs/benchmarks.md`: tables and charts of the figures that are checked in.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};
use std::fs;

use crate::catalogue::number;
use crate::chart::{self, Line, Spread};
use crate::error::BenchError;
use crate::figures::{Figure, Figures, Outcome};
use crate::plan::repository;

const PAGE: &str = "docs/benchmarks.md";
const IMAGES: &str = "docs/images";

const SERVERS: [(&str, &str); 5] = [
    ("service", "**service**"),
    ("express_v3", "Express, AWS SDK v3"),
    ("express_v2", "Express, AWS SDK v2"),
    ("axum", "axum alone"),
    ("hyper", "hyper alone"),
];
const TOOLS: [(&str, &str); 4] = [("loadgen", "**loadgen**"), ("wrk", "wrk"), ("oha", "oha"), ("k6", "k6")];
const TELEMETRY: [(&str, &str); 5] = [
    ("off", "off"),
    ("all", "every trace, OTLP over HTTP"),
    ("all_grpc", "every trace, OTLP over gRPC"),
    ("tenth", "a tenth of the traces"),
    ("hung", "a collector that never answers"),
];

/// Writes it with its charts.
pub(crate) fn write(figures: &Figures) -> Result<(), BenchError> {
    for (name, text) in files(figures) {
        fs::write(repository().join(&name), text).map_err(BenchError::system(name))?;
    }
    Ok(())
}

/// The page and its charts, by path.
fn files(figures: &Figures) -> BTreeMap<String, String> {
    let mut files: BTreeMap<_, _> = charts(figures)
        .into_iter()
        .map(|(name, svg)| (format!("{IMAGES}/bench-{name}.svg"), svg))
        .collect();
    files.insert(PAGE.to_owned(), page(figures));
    files
}

fn charts(all: &Figures) -> Vec<(&'static str, String)> {
    let spread = |name: &str| {
        all.figures.get(name).map(|figure| Spread {
            least: figure.least,
            median: figure.median,
            most: figure.most,
        })
    };
    let bars = |title: &str, of: &str, rows: &[(&str, &str)]| {
        let row = |(name, label): &(&str, &str)| Some((label.replace('*', ""), spread(&format!("{name}{of}"))?));
        chart::bars(title, &rows.iter().filter_map(row).collect::<Vec<_>>())
    };
    let line = |name: &'static str, of: &str, over: &[u32]| Line {
        name,
        points: over
            .iter()
            .filter_map(|count| Some((f64::from(*count), spread(&of.replace("{}", &count.to_string()))?)))
            .collect(),
    };
    let vus = [1, 10, 100, 1000, 10_000];
    let rates = [100, 1000, 2000, 4000];
    let items = [1, 1000, 100_000, 1_000_000];
    let generators = [1, 2, 4, 8];
    vec![
        ("service-get", bars("CPU time of a GET, µs", ".get.cpu_us", &SERVERS)),
        ("service-put", bars("CPU time of a PUT, µs", ".put.cpu_us", &SERVERS)),
        (
            "loadgen",
            bars("CPU time of the generator for a request, µs", ".cpu_us", &TOOLS),
        ),
        (
            "vus",
            chart::lines(
                "Memory of loadgen, MB",
                "virtual users",
                &[line("loadgen", "growth.vus.{}.peak_mb", &vus)],
            ),
        ),
        (
            "rate",
            chart::lines(
                "CPU time for a request, µs",
                "requests a second",
                &[
                    line("service", "growth.rate.{}.service_cpu_us", &rates),
                    line("loadgen", "growth.rate.{}.loadgen_cpu_us", &rates),
                ],
            ),
        ),
        (
            "table",
            chart::lines(
                "CPU time of the service for a request, µs",
                "items in the table",
                &[
                    line("GET, embedded", "growth.table.embedded.{}.get_cpu_us", &items),
                    line("PUT, embedded", "growth.table.embedded.{}.put_cpu_us", &items),
                    line("GET, DynamoDB", "growth.table.dynamodb_local.{}.get_cpu_us", &items),
                    line("PUT, DynamoDB", "growth.table.dynamodb_local.{}.put_cpu_us", &items),
                ],
            ),
        ),
        (
            "generators",
            chart::lines(
                "CPU time of all generators for a request, µs",
                "generators",
                &[line("loadgen", "growth.generators.{}.cpu_us", &generators)],
            ),
        ),
    ]
}

/// Builds the page.
struct Page<'a> {
    figures: &'a Figures,
    text: String,
}

fn page(figures: &Figures) -> String {
    let mut page = Page {
        figures,
        text: String::new(),
    };
    page.introduction();
    page.service();
    page.telemetry();
    page.generators();
    page.growth();
    page.pipeline();
    page.profile();
    page.limits();
    page.text
}

impl Page<'_> {
    fn introduction(&mut self) {
        let machine = &self.figures.machine;
        let versions = machine
            .versions
            .iter()
            .map(|(name, version)| format!("{name} {version}"));
        let _ = write!(
            self.text,
            "# Benchmarks

<!-- Written by `make bench` from bench/figures.json; a test compares the two. -->

`make bench` measures everything here again and writes this page; it takes some 35 minutes on two cores, once programs and
peers are built. `make bench ARGS='service --rounds 9'` measures one group of figures, `make bench-quick` the main ones in
four minutes: it writes nothing and fails when one got worse by more than noise.

Measured on {} at {}: {} with {} cores, {} GB of memory, {}. Versions: {}.
{}
A figure is a median over rounds in which what is compared takes turns, with the least and the most beside it. CPU time is
the user and system time of the process and all its threads, as the kernel counts it; memory is the most that was resident
at a time. Load, peers, stores and collector share the cores, so that **requests a second here say little about a machine
of its own; CPU time for a request does.** Bounds are promises: `make bench` fails when every round misses one;
*undecided* is one that the median misses and some round keeps.
",
            machine.date,
            machine.commit,
            machine.cpu,
            machine.cores,
            machine.memory_gb,
            machine.kernel,
            versions.collect::<Vec<_>>().join(", "),
            if machine.was_busy() {
                format!(
                    "
**The load average was {} before: something else used the processors. Measure these figures again before you quote
them.**
",
                    machine.load_average_before
                )
            } else {
                String::new()
            }
        );
    }

    fn service(&mut self) {
        self.text.push_str(
            "
## The service beside its peers

An Express service with the same routes, and the service, on the same DynamoDB Local; axum and hyper answer from memory and
do nothing else. 50 connections at saturation for CPU time, 300 requests a second by schedule for latency.

![CPU time of a GET](images/bench-service-get.svg)

![CPU time of a PUT](images/bench-service-put.svg)

",
        );
        let columns = [
            ("GET, CPU µs", ".get.cpu_us"),
            ("PUT, CPU µs", ".put.cpu_us"),
            ("GET p50, ms", ".get.p50_ms"),
            ("GET p99, ms", ".get.p99_ms"),
            ("PUT p50, ms", ".put.p50_ms"),
            ("PUT p99, ms", ".put.p99_ms"),
            ("memory, MB", ".peak_mb"),
            ("ready after, ms", ".ready_ms"),
        ];
        self.table("server", &SERVERS, &columns);
        self.text.push('\n');
        self.list(&[
            (
                "Express on SDK v3 takes for a GET, times the service's CPU",
                "express_v3.get.cpu_ratio",
            ),
            (
                "Express on SDK v3 takes for a PUT, times the service's CPU",
                "express_v3.put.cpu_ratio",
            ),
            ("Express on SDK v2, GET", "express_v2.get.cpu_ratio"),
            ("Express on SDK v2, PUT", "express_v2.put.cpu_ratio"),
            ("Most memory of the service", "service.peak_mb"),
            ("Ready on a new embedded store", "service.ready_ms"),
            ("Memory at rest", "service.memory.rest_mb"),
            (
                "Memory with 1000 connections open",
                "service.memory.1000_connections_mb",
            ),
            ("Size of the service's program", "service.binary_mb"),
            ("Size of its image", "service.image_mb"),
            ("Size of loadgen's program", "loadgen.binary_mb"),
            ("A GET on the wire", "service.get.request_bytes"),
            ("Its answer", "service.get.answer_bytes"),
            ("A PUT on the wire", "service.put.request_bytes"),
            ("Its answer", "service.put.answer_bytes"),
        ]);
        if !self.figures.figures.contains_key("service.image_mb") {
            self.text.push_str(
                "\nNo image was measured, for lack of Docker with its base images; the program is nearly all of it.\n",
            );
        }
    }

    fn telemetry(&mut self) {
        self.text.push_str(
            "
## What telemetry costs

GET at saturation by 50 connections. Collector, InfluxDB and Jaeger are the ones of the monitor host, on the same cores;
each round waits until they are done with the one before.

",
        );
        let rows = TELEMETRY.map(|(name, label)| (format!("telemetry.{name}"), label));
        let columns = [
            ("CPU µs", ".cpu_us"),
            ("more than off, %", ".percent"),
            ("p99, ms", ".p99_ms"),
        ];
        self.table("telemetry", &rows, &columns);
        self.text.push('\n');
        self.list(&[
            ("Every trace over HTTP, more CPU", "telemetry.all.percent"),
            ("Every trace over gRPC, more CPU", "telemetry.all_grpc.percent"),
            ("A tenth of the traces, more CPU", "telemetry.tenth.percent"),
            ("Times that telemetry could not be delivered", "telemetry.undelivered"),
            (
                "p99 with a collector that never answers, of the slowest round without one",
                "telemetry.hung.of_slowest_off",
            ),
            (
                "Growth of memory without a collector, after the first minute",
                "telemetry.away.growth_kb",
            ),
        ]);
    }

    fn generators(&mut self) {
        self.text.push_str(
            "
## loadgen beside wrk, oha and k6

Plain GET against nginx with one worker, 27 bytes of body, 50 connections. In the stall, the server stops for a second in a
run of 10 s at 400 requests a second; what the percentiles should be then follows from the schedule. wrk has no open model.

![CPU time of the generators](images/bench-loadgen.svg)

",
        );
        let columns = [
            ("CPU µs for a request", ".cpu_us"),
            ("not the kernel's", ".user_cpu_us"),
            ("requests/s", ".rate"),
            ("memory, MB", ".peak_mb"),
            ("10 000/s kept within, %", ".schedule.rate_error_percent"),
            ("stall: p99 away from the truth, %", ".stall.p99_error_percent"),
        ];
        self.table("generator", &TOOLS, &columns);
        self.text.push('\n');
        self.list(&[
            ("CPU for a request, of wrk's", "loadgen.share_of_wrk"),
            ("CPU for a request, of oha's", "loadgen.share_of_oha"),
            ("CPU for a request, of k6's", "loadgen.share_of_k6"),
            ("Without the kernel's part, of wrk's", "loadgen.user_share_of_wrk"),
            ("Without the kernel's part, of oha's", "loadgen.user_share_of_oha"),
            ("Most memory with 50 virtual users", "loadgen.peak_mb"),
            (
                "Most memory with 100 virtual users, in the longest run",
                "loadgen.soak.peak_mb",
            ),
            (
                "Schedule of 10 000/s, away from it",
                "loadgen.schedule.rate_error_percent",
            ),
            ("Lag behind the schedule, p99", "loadgen.schedule.lag_p99_ms"),
            (
                "Lag of a thread that only wakes each millisecond beside it, p99",
                "machine.timer.lag_p99_ms",
            ),
            ("Lag beyond that", "loadgen.schedule.lag_beyond_timer_ms"),
            ("Stall: p95 away from the truth", "loadgen.stall.p95_error_percent"),
            ("Stall: p99 away from the truth", "loadgen.stall.p99_error_percent"),
            ("Stall: dropped", "loadgen.stall.dropped"),
            (
                "A request of the scenario of items, times a plain one's CPU",
                "loadgen.items.cost_ratio",
            ),
            (
                "Throughput with InfluxDB, of that without",
                "loadgen.influxdb.throughput_percent",
            ),
            (
                "CPU for a request with InfluxDB, more than without",
                "loadgen.influxdb.cpu_percent",
            ),
        ]);
    }

    fn growth(&mut self) {
        self.text.push_str(
            "
## As work grows

Virtual users: loadgen against nginx at saturation.

![Memory of loadgen](images/bench-vus.svg)

",
        );
        let rows = |of: &str, values: &[&str]| -> Vec<(String, String)> {
            let row = |value: &&str| (format!("growth.{of}.{value}"), spaced(value));
            values.iter().map(row).collect()
        };
        let columns = [
            ("CPU µs for a request", ".cpu_us"),
            ("memory, MB", ".peak_mb"),
            ("requests/s", ".rate"),
            ("p50, ms", ".p50_ms"),
        ];
        self.table(
            "virtual users",
            &rows("vus", &["1", "10", "100", "1000", "10000"]),
            &columns,
        );
        self.text.push_str(
            "
Requests a second: GET by schedule, the service on its embedded store in memory (its CPU time includes the emulator of
DynamoDB), `max` is saturation by 50 connections.

![CPU time for a request](images/bench-rate.svg)

",
        );
        let columns = [
            ("service, CPU µs", ".service_cpu_us"),
            ("loadgen, CPU µs", ".loadgen_cpu_us"),
            ("p50, ms", ".p50_ms"),
            ("p99, ms", ".p99_ms"),
            ("requests/s", ".rate"),
        ];
        self.table("rate", &rows("rate", &["100", "1000", "2000", "4000", "max"]), &columns);
        self.text.push_str(
            "
Items in the table: items at random at 300 requests a second, tables filled beforehand. The embedded store is on disk, and
its CPU time includes the emulator.

![CPU time of the service for a request](images/bench-table.svg)

",
        );
        let columns = [
            ("GET, CPU µs", ".get_cpu_us"),
            ("PUT, CPU µs", ".put_cpu_us"),
            ("GET p50, ms", ".get_p50_ms"),
            ("PUT p50, ms", ".put_p50_ms"),
            ("bytes on disk for an item", ".disk_bytes_per_item"),
        ];
        let mut tables = rows("table.embedded", &["1", "1000", "100000", "1000000"]);
        tables.extend(rows("table.dynamodb_local", &["1", "1000", "100000", "1000000"]));
        for (name, label) in &mut tables {
            let store = if name.contains("embedded") {
                "embedded"
            } else {
                "DynamoDB Local"
            };
            *label = format!("{store}, {label}");
        }
        self.table("items", &tables, &columns);
        self.text.push_str(
            "
Generators: one run of 4000 requests a second, divided into segments on this machine, and its results merged.

![CPU time of all generators for a request](images/bench-generators.svg)

",
        );
        let columns = [
            ("CPU µs for a request", ".cpu_us"),
            ("requests/s", ".rate"),
            ("p99, ms", ".p99_ms"),
            ("merging, ms", ".merge_ms"),
        ];
        self.table("generators", &rows("generators", &["1", "2", "4", "8"]), &columns);
    }

    fn pipeline(&mut self) {
        self.text.push_str(
            "
## What the monitor host takes

Each signal sent alone. A point is a line of InfluxDB's protocol; each bucket of a histogram is one.

",
        );
        self.list(&[
            ("Collector, CPU for a span", "pipeline.collector.span_cpu_us"),
            ("Collector, CPU for a point", "pipeline.collector.point_cpu_us"),
            ("Jaeger, CPU for a span", "pipeline.jaeger.span_cpu_us"),
            ("Jaeger, disk for a span", "pipeline.jaeger.span_disk_bytes"),
            (
                "InfluxDB, CPU for a point of the service",
                "pipeline.influxdb.telemetry.point_cpu_us",
            ),
            (
                "InfluxDB, disk for a point of the service",
                "pipeline.influxdb.telemetry.point_disk_bytes",
            ),
            (
                "InfluxDB, CPU for a point of loadgen",
                "pipeline.influxdb.loadgen.point_cpu_us",
            ),
            (
                "InfluxDB, disk for a point of loadgen",
                "pipeline.influxdb.loadgen.point_disk_bytes",
            ),
            ("Collector, most memory", "pipeline.collector.peak_mb"),
            ("Jaeger, most memory", "pipeline.jaeger.peak_mb"),
            ("InfluxDB, most memory", "pipeline.influxdb.peak_mb"),
            (
                "Spans of a request to the service",
                "pipeline.service.spans_per_request",
            ),
            (
                "Points of the service at each export",
                "pipeline.service.points_per_export",
            ),
            (
                "Points of a generator each second",
                "pipeline.loadgen.points_per_second",
            ),
        ]);
    }

    fn profile(&mut self) {
        self.text.push_str("\n## System calls and allocations of a request\n\n");
        self.list(&[
            ("service, GET: system calls", "profile.service.get.syscalls"),
            ("service, GET: allocations", "profile.service.get.allocations"),
            ("loadgen: system calls", "profile.loadgen.syscalls"),
        ]);
        self.text
            .push_str("\n[What was tried to make them fewer, and what it gave](performance.md).\n");
    }

    fn limits(&mut self) {
        self.text.push_str(
            "
## What this does not say

- Loopback has no loss, no distance and no TLS. In AWS a request pays for both, and DynamoDB answers in milliseconds.
- DynamoDB Local stands in for DynamoDB: the service's part is real, the store's latency is not.
- Everything shares the machine's cores. A server that takes less CPU time leaves more to the others, so latencies at the same
  rate favour it beyond its own speed.
- Virtual machines drift: figures of another day differ by some percent, and ratios measured in turns by less.
- The Express service is as short as it can be. One with logging, validation and telemetry takes more.
",
        );
    }

    /// A row for each thing, a column for each kind of figure; columns without any figure are left out.
    fn table(&mut self, of: &str, rows: &[(impl Display, impl Display)], columns: &[(&str, &str)]) {
        let figure = |row: &dyn Display, column: &str| self.figures.figures.get(&format!("{row}{column}"));
        let has_any = |column: &&(&str, &str)| rows.iter().any(|(row, _)| figure(row, column.1).is_some());
        let columns: Vec<_> = columns.iter().filter(has_any).collect();
        let mut text = format!("| {of} |");
        for (title, _) in &columns {
            let _ = write!(text, " {title} |");
        }
        let _ = writeln!(text, "\n|---|{}", "---:|".repeat(columns.len()));
        for (row, label) in rows {
            if !columns.iter().any(|(_, column)| figure(row, column).is_some()) {
                continue;
            }
            let _ = write!(text, "| {label} |");
            for (_, column) in &columns {
                let _ = write!(text, " {} |", figure(row, column).map_or_else(String::new, cell));
            }
            text.push('\n');
        }
        self.text.push_str(&text);
    }

    /// A line for each figure that there is, with its bound.
    fn list(&mut self, lines: &[(&str, &str)]) {
        self.text
            .push_str("| figure | median (least–most) | bound |\n|---|---:|---|\n");
        for (label, name) in lines {
            if let Some(figure) = self.figures.figures.get(*name) {
                let bound = match figure.bound.map(|bound| (bound, figure.outcome(bound))) {
                    None => String::new(),
                    Some((bound, Outcome::Kept)) => bound.to_string(),
                    Some((bound, outcome)) => format!("{bound}, {outcome}"),
                };
                let _ = writeln!(self.text, "| {label} | {figure} | {bound} |");
            }
        }
    }
}

/// Without its unit, which the column has.
fn cell(figure: &Figure) -> String {
    let median = number(figure.median);
    if figure.rounds > 1 {
        format!("{median} ({}–{})", number(figure.least), number(figure.most))
    } else {
        median
    }
}

fn spaced(digits: &str) -> String {
    digits.parse::<f64>().map_or_else(|_| digits.to_owned(), number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_what_the_figures_make_it() {
        let figures = Figures::read().unwrap();
        for (name, expected) in files(&figures) {
            let there = fs::read_to_string(repository().join(&name)).unwrap_or_default();
            assert!(
                there == expected,
                "{name} is not what bench/figures.json makes it; run: make bench ARGS=--render"
            );
        }
    }
}
