//! Collector, InfluxDB and Jaeger come and go at random; requests must not notice, and nothing of a load run is lost.

use std::time::{Duration, Instant};

use serde_json::Value;
use test_servers::{Collector, InfluxDb, Jaeger, ServerError};

use crate::context::Context;
use crate::failure::Failure;
use crate::load_run::{loadgen, number, run_id, spool};
use crate::memory::MemoryWatch;
use crate::report::Figures;
use crate::trial::{Expected, Trial, service};

/// The fault lasts as many times as long as others.
const TIMES: u32 = 18;
/// Small, so that spans are dropped while the collector is away.
const SPAN_QUEUE: &str = "512";
/// Of resident memory; it refuses data above 512 MiB of heap (`memory_limiter` in `monitor/collector/config.yaml`).
const COLLECTOR_MEMORY_BOUND: u64 = 768 << 20;
/// For what is on its way to come through.
const PATIENCE: Duration = Duration::from_secs(60);
const INSTANCE: &str = "faults";

pub(super) fn run(context: &Context) -> Result<Figures, Failure> {
    let mut influxdb = InfluxDb::start()?;
    let mut jaeger = Jaeger::start()?;
    let mut collector = Collector::options().influxdb(&influxdb).jaeger(&jaeger).start()?;
    let service = service()
        .variable("OTEL_EXPORTER_OTLP_ENDPOINT", collector.http_endpoint())
        .variable("OTEL_RESOURCE_ATTRIBUTES", format!("service.instance.id={INSTANCE}"))
        .variable("OTEL_METRIC_EXPORT_INTERVAL", "1000")
        .variable("OTEL_BSP_SCHEDULE_DELAY", "500")
        .variable("OTEL_BSP_MAX_QUEUE_SIZE", SPAN_QUEUE)
        .variable("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", SPAN_QUEUE)
        .start()?;
    let time = context.seconds * TIMES;
    let expected = Expected::undisturbed(time);
    let mut trial = Trial::begin(context, &service, Some(&influxdb), expected)?;
    let collector_memory = MemoryWatch::start(collector.process().id()?);
    let mut ends = 0;
    trial.fault(|_| {
        let mut random = context.random(0);
        let end = Instant::now() + time;
        // All at once first: queues fill, and spans are dropped.
        collector.kill()?;
        influxdb.kill()?;
        jaeger.kill()?;
        ends += 3;
        context.wait(time / 4)?;
        while Instant::now() < end {
            // A server that runs is not started, one that does not is not ended.
            match random.u8(0..9) {
                0 => ends += ended(collector.kill())?,
                1 => ends += ended(collector.stop())?,
                2 => ends += ended(influxdb.kill())?,
                3 => ends += ended(influxdb.stop())?,
                4 => ends += ended(jaeger.kill())?,
                5 => ends += ended(jaeger.stop())?,
                6 => {
                    collector.restart()?;
                    collector_memory.follow(collector.process().id()?);
                }
                7 => influxdb.restart()?,
                _ => jaeger.restart()?,
            }
            context.wait(Duration::from_millis(random.u64(100..1500)))?;
        }
        influxdb.restart()?;
        jaeger.restart()?;
        collector.restart()?;
        collector_memory.follow(collector.process().id()?);
        Ok(())
    })?;
    let back = Instant::now();
    context.poll("no metric of the service reached InfluxDB after the fault", PATIENCE, || {
        let query = format!(
            r#"SELECT last("http.server.request.duration_count") FROM "prometheus" WHERE "service.instance.id" = '{INSTANCE}' AND time > now() - 2s"#
        );
        let series = influxdb.query(InfluxDb::TELEMETRY, &query)?;
        Ok((!series.is_empty()).then_some(()))
    })?;
    let telemetry_back = back.elapsed();
    let collector_peak = collector_memory.peak();
    if collector_peak > COLLECTOR_MEMORY_BOUND {
        return Err(Failure::broken(format!(
            "the collector took {} MiB of memory",
            collector_peak >> 20
        )));
    }
    let (mut figures, summary) = trial.finish()?;
    let pushed = push(context, &influxdb)?;
    points_are_there(context, &influxdb, &summary)?;
    let lost = spans_lost(&service.log())?;
    figures.remark = format!(
        "servers were ended {ends} times; metrics were back after {} ms; all {} requests of loadgen are in InfluxDB{}; \
         the service logged {lost} spans that it dropped; the collector took at most {} MiB",
        telemetry_back.as_millis(),
        number(&summary, "/requests")?,
        if pushed { " after loadgen push" } else { "" },
        collector_peak >> 20
    );
    Ok(figures)
}

/// How many servers ended: none, where it was not running.
fn ended(outcome: Result<(), ServerError>) -> Result<u32, Failure> {
    match outcome {
        Ok(()) => Ok(1),
        Err(ServerError::NotRunning { .. }) => Ok(0),
        Err(error) => Err(error.into()),
    }
}

/// Sends what loadgen had to keep, if it had to keep anything.
fn push(context: &Context, influxdb: &InfluxDb) -> Result<bool, Failure> {
    let spool = spool(&context.folder);
    let is_empty = spool.read_dir().map_or(true, |mut entries| entries.next().is_none());
    if is_empty {
        return Ok(false);
    }
    let pushed = loadgen()?
        .arg("push")
        .arg(&spool)
        .env("INFLUX_TOKEN", influxdb.loadgen_writer_token())
        .output()
        .map_err(Failure::system("loadgen push"))?;
    if pushed.status.success() {
        Ok(true)
    } else {
        let error = String::from_utf8_lossy(&pushed.stderr).into_owned();
        Err(Failure::broken(format!(
            "loadgen push ended with {}: {error}",
            pushed.status
        )))
    }
}

/// What InfluxDB holds of the run is what its summary says.
fn points_are_there(context: &Context, influxdb: &InfluxDb, summary: &Value) -> Result<(), Failure> {
    let query = format!(
        r#"SELECT sum("requests") AS "requests" FROM "loadgen_generator" WHERE "run_id" = '{}'"#,
        run_id(context)
    );
    let series = influxdb.query(InfluxDb::LOADGEN, &query)?;
    let stored: f64 = series.iter().flat_map(|series| series.numbers("requests")).sum();
    let counted = number(summary, "/requests")?;
    if stored == counted as f64 {
        Ok(())
    } else {
        Err(Failure::broken(format!(
            "loadgen counts {counted} requests, and InfluxDB holds {stored}"
        )))
    }
}

/// Dropped spans as the service's log counts them; they must have been dropped, or the fault was none.
fn spans_lost(log: &str) -> Result<u64, Failure> {
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let lost: Vec<u64> = lines
        .filter(|line| line["message"] == "telemetry is not delivered")
        .filter_map(|line| line["spans_lost"].as_u64())
        .collect();
    match lost.is_empty() {
        true => Err(Failure::broken(
            "the service did not log that telemetry is not delivered",
        )),
        false => Ok(lost.into_iter().sum()),
    }
}
