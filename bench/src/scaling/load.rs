//! What every part of the design is asked for at a scale.

use super::assumptions::{Assumptions, Design};
use super::costs_per_unit::CostsPerUnit;
use super::queueing::share_of_most_wanted;

/// Hours of a month, as AWS counts them.
pub(super) const MONTH_HOURS: f64 = 730.0;
const MONTH_SECONDS: f64 = MONTH_HOURS * 3600.0;
const DAY_SECONDS: f64 = 86_400.0;
/// DynamoDB bills reads by so many bytes, and writes by a quarter.
const READ_UNIT_BYTES: f64 = 4096.0;
const WRITE_UNIT_BYTES: f64 = 1024.0;
/// Added to an item's bytes by DynamoDB where it bills storage.
const ITEM_OVERHEAD_BYTES: f64 = 100.0;
/// Points that a generator writes each second for the five steps of the scenario of items: docs/influxdb.md.
pub(super) const POINTS_PER_GENERATOR_SECOND: f64 = 11.0;
/// Its series, with the two events.
const SERIES_PER_GENERATOR: f64 = 13.0;

/// Rates are a second and of the busiest hour, unless they say otherwise.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    /// Requests.
    pub(super) requests: f64,
    /// Requests over a mean second.
    pub(super) mean_requests: f64,
    /// Requests of a month, load tests among them.
    pub(super) month_requests: f64,
    /// CPU seconds of the service.
    pub(super) service_cpu: f64,
    /// Tasks of the service that scaling asks for, and how many of them it may have.
    pub(super) tasks_wanted: f64,
    pub(super) tasks: f64,
    /// Tasks over a mean second, if it may have them all.
    pub(super) mean_tasks: f64,
    /// DynamoDB's units.
    pub(super) write_units: f64,
    pub(super) read_units: f64,
    /// Read units that lists ask of the partition where every list begins.
    pub(super) first_partition_reads: f64,
    /// What the most wanted item takes of what one partition gives.
    pub(super) hottest_item: f64,
    /// Bytes of the table.
    pub(super) table_gb: f64,
    pub(super) table_storage_gb: f64,
    /// Spans sent to the collector, and traces.
    pub(super) spans: f64,
    pub(super) pending_traces: f64,
    /// Spans kept for Jaeger.
    pub(super) kept_spans: f64,
    /// Spans of the ordinary traces' share, before its limit.
    pub(super) share_spans: f64,
    /// Points of the service's metrics, and of load generators.
    pub(super) telemetry_points: f64,
    pub(super) generator_points: f64,
    /// Series that InfluxDB knows.
    pub(super) series: f64,
    /// Stored for as long as it is kept.
    pub(super) volume_gb: f64,
    /// CPU seconds of the monitor host.
    pub(super) host_cpu: f64,
    pub(super) mean_host_cpu: f64,
    /// Megabytes.
    pub(super) host_network_mb: f64,
    pub(super) host_disk_mb: f64,
    /// Load generators of a test, what one of them sends, and hours that all of them run in a month.
    pub(super) generators: f64,
    pub(super) generator_requests: f64,
    pub(super) generator_hours: f64,
}

/// Spans that the collector's rules keep of so many requests a second: docs/telemetry.md, Which traces are kept.
fn kept(requests: f64, spans_per_request: f64, assumptions: &Assumptions) -> f64 {
    let (design, workload) = (&assumptions.design, &assumptions.workload);
    let spans = requests * spans_per_request;
    let errors = (spans * workload.error_share).min(design.error_spans_per_second);
    let slow = (spans * workload.slow_share).min(design.slow_spans_per_second);
    let share = (spans * design.share_percent / 100.0).min(design.share_spans_per_second);
    errors + slow + share
}

/// Tasks that target tracking asks for: whichever of its two targets wants more.
fn tasks(requests: f64, cpu: f64, design: &Design) -> f64 {
    let by_requests = requests * 60.0 / design.scale_at_requests_per_minute;
    let by_cpu = cpu / (design.service_cpu / 1024.0 * design.scale_at_cpu_percent / 100.0);
    by_requests.max(by_cpu).max(design.min_count)
}

impl Load {
    /// At so many times the load of the assumptions.
    pub(super) fn at(scale: f64, assumptions: &Assumptions, unit: &CostsPerUnit) -> Self {
        let Assumptions {
            workload,
            conversion,
            design,
            ..
        } = assumptions;
        let mix = &workload.mix;
        let requests = workload.requests_per_second * scale;
        let mean_requests = requests * workload.mean_of_peak;
        let test_seconds = workload.load_tests_per_month * workload.load_test_minutes * 60.0;
        let items = workload.items * scale;
        let generators = workload.generators * scale;

        let service_cpu = requests * unit.service_cpu;
        let tasks_wanted = tasks(requests, service_cpu, design).ceil();
        let running = tasks_wanted.min(design.max_count);
        let mean_tasks = tasks(mean_requests, mean_requests * unit.service_cpu, design);

        let read_units_of_list = (workload.page_items * workload.item_bytes / READ_UNIT_BYTES).ceil();
        let read_units = mix.read + mix.list * read_units_of_list;
        let write_units = mix.writes() * (workload.item_bytes / WRITE_UNIT_BYTES).ceil();
        let limits = &assumptions.limits;
        let hottest = requests * share_of_most_wanted(items, workload.zipf_exponent);

        let kept_spans = kept(requests, unit.spans_per_request, assumptions);
        let mean_kept_spans = kept(mean_requests, unit.spans_per_request, assumptions);
        let points_per_task = unit.points_per_export / (design.metric_export_interval_ms / 1000.0);
        // Of the tasks that scaling asks for, whether or not it may have them: their load is there.
        let telemetry_points = tasks_wanted * points_per_task;
        let generator_points = generators * POINTS_PER_GENERATOR_SECOND;

        let instances = tasks_wanted * (1.0 + workload.releases_per_month * design.telemetry_days / 30.0);
        let runs = workload.load_tests_per_month * design.loadgen_days / 30.0;
        let stored = [
            mean_kept_spans * design.jaeger_hours * 3600.0 * unit.span_disk_bytes,
            mean_tasks * points_per_task * design.telemetry_days * DAY_SECONDS * unit.telemetry_point_disk_bytes,
            generator_points * runs * workload.load_test_minutes * 60.0 * unit.generator_point_disk_bytes,
        ];

        let cpu_of = |spans: f64, kept: f64, points: f64, generator_points: f64| {
            spans * unit.span_cpu
                + kept * unit.kept_span_cpu
                + points * unit.telemetry_point_cpu
                + generator_points * unit.generator_point_cpu
        };
        let spans = requests * unit.spans_per_request;
        let testing = test_seconds / MONTH_SECONDS;
        let mean_points = mean_tasks * points_per_task;
        let written = kept_spans * unit.span_disk_bytes
            + telemetry_points * unit.telemetry_point_disk_bytes
            + generator_points * unit.generator_point_disk_bytes;
        // What waits for InfluxDB and Jaeger waits on disk, as it came.
        let queued = kept_spans * conversion.span_wire_bytes + telemetry_points * conversion.point_wire_bytes;

        Self {
            requests,
            mean_requests,
            month_requests: mean_requests * MONTH_SECONDS + requests * test_seconds,
            service_cpu,
            tasks_wanted,
            tasks: running,
            mean_tasks,
            write_units: requests * write_units,
            read_units: requests * read_units,
            first_partition_reads: requests * mix.list * read_units_of_list,
            hottest_item: hottest * mix.read / limits.dynamodb_partition_reads
                + hottest * mix.update / limits.dynamodb_partition_writes,
            table_gb: items * workload.item_bytes / 1e9,
            table_storage_gb: items * (workload.item_bytes + ITEM_OVERHEAD_BYTES) / 1e9,
            spans,
            pending_traces: requests * design.decision_wait,
            kept_spans,
            share_spans: spans * design.share_percent / 100.0,
            telemetry_points,
            generator_points,
            series: instances * unit.points_per_export + runs * generators * SERIES_PER_GENERATOR,
            volume_gb: stored.iter().sum::<f64>() / 1e9,
            host_cpu: cpu_of(spans, kept_spans, telemetry_points, generator_points),
            mean_host_cpu: cpu_of(
                mean_requests * unit.spans_per_request,
                mean_kept_spans,
                mean_points,
                generator_points * testing,
            ),
            host_network_mb: (spans * conversion.span_wire_bytes + telemetry_points * conversion.point_wire_bytes)
                / 1e6,
            host_disk_mb: (written * conversion.write_amplification + queued) / 1e6,
            generators,
            generator_requests: requests / generators,
            generator_hours: generators * test_seconds / 3600.0,
        }
    }
}
