//! What one request, span or point takes, from `bench/figures.json`.

use super::ScalingError;
use super::assumptions::Assumptions;
use super::collector_memory;
use crate::figures::Figures;

/// CPU in seconds of this machine, converted to those of AWS where the service and generators are meant.
#[derive(Clone, Copy, Debug)]
pub(super) struct CostsPerUnit {
    /// A request of the mix, telemetry included.
    pub(super) service_cpu: f64,
    pub(super) generator_cpu: f64,
    /// Bytes that the balancer sees of a request and its answer.
    pub(super) request_bytes: f64,
    pub(super) answer_bytes: f64,
    pub(super) spans_per_request: f64,
    /// Points of one instance each time it exports; each is a series.
    pub(super) points_per_export: f64,
    /// In the collector; in Jaeger, for one that is kept.
    pub(super) span_cpu: f64,
    pub(super) kept_span_cpu: f64,
    pub(super) span_disk_bytes: f64,
    /// In the collector and in InfluxDB.
    pub(super) telemetry_point_cpu: f64,
    pub(super) telemetry_point_disk_bytes: f64,
    pub(super) generator_point_cpu: f64,
    pub(super) generator_point_disk_bytes: f64,
    /// Collector with nothing to do, and what a span adds that waits for its trace's decision.
    pub(super) collector_rest_mb: f64,
    pub(super) pending_span_bytes: f64,
    /// `loadgen merge` for each generator's folder.
    pub(super) merge_seconds: f64,
}

/// The middle of a figure's rounds.
pub(super) fn median(figures: &Figures, name: &str) -> Option<f64> {
    figures.figures.get(name).map(|figure| figure.median)
}

impl CostsPerUnit {
    /// From the figures, or the name of one that is not there.
    pub(super) fn of(figures: &Figures, assumptions: &Assumptions) -> Result<Self, ScalingError> {
        let median = |name: &str| median(figures, name).ok_or_else(|| ScalingError::NotMeasured(name.to_owned()));
        let Assumptions {
            workload: super::assumptions::Workload { mix, .. },
            conversion,
            ..
        } = assumptions;

        // Creating and deleting are conditional writes as updating is; listing is a read.
        let plain_us = mix.reads() * median("service.get.cpu_us")? + mix.writes() * median("service.put.cpu_us")?;
        let telemetry = 1.0 + median("telemetry.all.percent")? / 100.0;
        let on_aws = |us: f64| (us * conversion.fargate_cpu_factor + conversion.tls_cpu_us) * 1e-6;
        let collector_point = median("pipeline.collector.point_cpu_us")?;
        let memory = collector_memory::Fit::of(figures);
        let merge = super::checks::line(
            (1.0, median("growth.generators.1.merge_ms")?),
            (8.0, median("growth.generators.8.merge_ms")?),
        );

        Ok(Self {
            service_cpu: on_aws(plain_us * telemetry),
            generator_cpu: on_aws(median("loadgen.items.cpu_us")?),
            request_bytes: mix.reads() * median("service.get.request_bytes")?
                + mix.writes() * median("service.put.request_bytes")?
                + conversion.transport_bytes,
            answer_bytes: mix.reads() * median("service.get.answer_bytes")?
                + mix.writes() * median("service.put.answer_bytes")?
                + conversion.transport_bytes,
            spans_per_request: median("pipeline.service.spans_per_request")?,
            points_per_export: median("pipeline.service.points_per_export")?,
            span_cpu: median("pipeline.collector.span_cpu_us")? * 1e-6,
            kept_span_cpu: median("pipeline.jaeger.span_cpu_us")? * 1e-6,
            span_disk_bytes: median("pipeline.jaeger.span_disk_bytes")?,
            telemetry_point_cpu: (collector_point + median("pipeline.influxdb.telemetry.point_cpu_us")?) * 1e-6,
            telemetry_point_disk_bytes: median("pipeline.influxdb.telemetry.point_disk_bytes")?,
            generator_point_cpu: median("pipeline.influxdb.loadgen.point_cpu_us")? * 1e-6,
            generator_point_disk_bytes: median("pipeline.influxdb.loadgen.point_disk_bytes")?,
            collector_rest_mb: memory.map_or(collector_memory::ASSUMED_REST_MB, |fit| fit.rest_mb),
            pending_span_bytes: memory.map_or(conversion.pending_span_bytes, |fit| fit.pending_span_bytes),
            merge_seconds: merge.slope.max(0.0) / 1000.0,
        })
    }
}
