//! What the servers of the monitor host take for what the programs send them: the collector for a span and a point, Jaeger
//! for a span, InfluxDB for a point. A point is a line of InfluxDB's protocol. Each signal is sent alone.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use collector::environment::{HOST_METRICS_INTERVAL, SELF_METRICS_INTERVAL_MS};
use test_servers::{Collector, DynamoDbLocal, InfluxDb, Jaeger, ServerProcess};

use crate::error::BenchError;
use crate::load::{Loadgen, Method, Run, at_once};
use crate::plan::Plan;
use crate::samples::Samples;
use crate::servers::{self, Server};
use crate::usage;

/// As much as the collector takes beside a load generator and a service on two cores.
const SPANS_RATE: u32 = 1000;
const POINTS_RATE: u32 = 100;

/// Longer than anything waits for company: spans in the service, decisions and batches in the collector.
const DRAIN: Duration = Duration::from_secs(9);

/// For a trace to arrive behind all that came before it.
const LONGEST_WAY: Duration = Duration::from_secs(60);

/// Generators that send figures at once, so that there are enough points to measure.
const GENERATORS: u32 = 8;

const SERVICE_NAME: &str = "bench";
/// Once per export.
const GAUGE: &str = "http.server.active_requests";

/// Data go to files of their final form at once, not after ten minutes.
pub(crate) const COLD: (&str, &str) = ("INFLUXD_STORAGE_CACHE_SNAPSHOT_WRITE_COLD_DURATION", "2s");

pub(crate) fn measure(plan: &Plan, samples: &mut Samples) -> Result<(), BenchError> {
    let dynamodb = DynamoDbLocal::start_for_load()?;
    let loadgen = Loadgen::new(plan)?;
    let mut influxdb = InfluxDb::start_with(&[COLD])?;
    let mut jaeger = Jaeger::start()?;
    let collector = Collector::options()
        .influxdb(&influxdb)
        .jaeger(&jaeger)
        .variable(HOST_METRICS_INTERVAL, "24h")
        .variable(SELF_METRICS_INTERVAL_MS, "86400000")
        .start()?;
    let endpoint = collector.http_endpoint();
    let serve = |variables: &[(&'static str, &str)]| {
        let common = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
            ("OTEL_SERVICE_NAME", SERVICE_NAME),
        ];
        Server::service(plan, &dynamodb, &[variables, &common].concat())
    };
    let duration = plan.turn() * 3;
    let rounds = plan.rounds(2);

    let traced = serve(&[("OTEL_METRICS_EXPORTER", "none")])?;
    traced.create("1")?;
    // DynamoDB Local compiles its hot paths while it runs. At full speed more spans would come than Jaeger takes.
    let warm_up = loadgen.offer(&traced.url("/items/1"), Method::Get, SPANS_RATE, Duration::from_secs(5))?;
    let spans_per_request = spans_of_a_request(&traced, &jaeger)?;
    samples.add("pipeline.service.spans_per_request", spans_per_request);
    let sent = |run: &Run| (run.requests() + f64::from(SPANS_RATE)) * spans_per_request;
    let mut spans = sent(&warm_up);
    for _ in 0..rounds {
        let before = [cpu(collector.process())?, cpu(jaeger.process())?];
        let run = loadgen.offer(&traced.url("/items/1"), Method::Get, SPANS_RATE, duration)?;
        thread::sleep(DRAIN);
        let sent = sent(&run);
        samples.add(
            "pipeline.collector.span_cpu_us",
            (cpu(collector.process())? - before[0]) / sent * 1e6,
        );
        samples.add(
            "pipeline.jaeger.span_cpu_us",
            (cpu(jaeger.process())? - before[1]) / sent * 1e6,
        );
        spans += sent;
    }
    drop(traced);

    let interval = ("OTEL_METRIC_EXPORT_INTERVAL", "100");
    let metered = serve(&[("OTEL_TRACES_EXPORTER", "none"), interval])?;
    for _ in 0..rounds {
        let before = [cpu(collector.process())?, cpu(influxdb.process())?, points(&influxdb)?];
        for method in Method::BOTH {
            loadgen.offer(&metered.url("/items/1"), method, POINTS_RATE, duration / 2)?;
        }
        let sent = points(&influxdb)? - before[2];
        samples.add(
            "pipeline.collector.point_cpu_us",
            (cpu(collector.process())? - before[0]) / sent * 1e6,
        );
        let taken = cpu(influxdb.process())? - before[1];
        samples.add("pipeline.influxdb.telemetry.point_cpu_us", taken / sent * 1e6);
    }
    let all = points(&influxdb)?;
    let exports = exports(&influxdb)?;
    drop(metered);
    thread::sleep(DRAIN);
    samples.add("pipeline.service.points_per_export", all / exports);
    samples.add("pipeline.collector.peak_mb", peak(collector.process())?);
    samples.add("pipeline.jaeger.peak_mb", peak(jaeger.process())?);
    samples.add("pipeline.influxdb.peak_mb", peak(influxdb.process())?);
    let engine = |influxdb: &InfluxDb| influxdb.process().folder().join("engine/data");
    let telemetry = size_of(&engine(&influxdb), ".tsm")?;
    samples.add("pipeline.influxdb.telemetry.point_disk_bytes", telemetry / all);
    jaeger.stop()?;
    let traces = size_of(&jaeger.process().folder().join("data"), "")?;
    samples.add("pipeline.jaeger.span_disk_bytes", traces / spans);
    drop(collector);
    influxdb.stop()?;
    of_loadgen(plan, samples, &loadgen, duration)
}

/// What generators write while they run.
fn of_loadgen(plan: &Plan, samples: &mut Samples, loadgen: &Loadgen, duration: Duration) -> Result<(), BenchError> {
    let nginx = Server::nginx()?;
    let influxdb = InfluxDb::start_with(&[COLD])?;
    let spool = tempfile::tempdir().map_err(BenchError::system("no folder for a spool"))?;
    let seconds = format!("{}s", duration.as_secs());
    let generate = |index: u32| {
        let mut command = loadgen.command();
        command.args(["run", &nginx.url("/"), "--rate", "1000/s", "--duration", &seconds]);
        command.args([
            "--segment",
            &format!("{index}/{GENERATORS}"),
            "--influx-url",
            &influxdb.url(),
        ]);
        command.arg("--influx-spool").arg(spool.path().join(index.to_string()));
        command.env("INFLUX_TOKEN", influxdb.loadgen_writer_token());
        loadgen.finish(&mut command)
    };
    for _ in 0..plan.rounds(2) {
        let before = [cpu(influxdb.process())?, points(&influxdb)?];
        at_once(GENERATORS, generate)?;
        let sent = points(&influxdb)? - before[1];
        let taken = cpu(influxdb.process())? - before[0];
        samples.add("pipeline.influxdb.loadgen.point_cpu_us", taken / sent * 1e6);
        let each_second = sent / f64::from(GENERATORS) / duration.as_secs_f64();
        samples.add("pipeline.loadgen.points_per_second", each_second);
    }
    let all = points(&influxdb)?;
    thread::sleep(DRAIN);
    let bytes = size_of(&influxdb.process().folder().join("engine/data"), ".tsm")?;
    samples.add("pipeline.influxdb.loadgen.point_disk_bytes", bytes / all);
    Ok(())
}

/// CPU seconds of a server so far.
pub(crate) fn cpu(process: &ServerProcess) -> Result<f64, BenchError> {
    usage::cpu_seconds(process.id()?)
}

fn peak(process: &ServerProcess) -> Result<f64, BenchError> {
    usage::peak_mb(process.id()?)
}

fn spans_of_a_request(service: &Server, jaeger: &Jaeger) -> Result<f64, BenchError> {
    let trace = format!("{:032x}", fastrand::u128(1..));
    let parent = format!("00-{trace}-{:016x}-01", fastrand::u64(1..));
    servers::client()
        .get(service.url("/items/1"))
        .header("traceparent", parent)
        .send()?;
    let deadline = Instant::now() + LONGEST_WAY;
    while jaeger.trace(&trace)?.is_none() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(200));
    }
    // The rest of it is on the way.
    thread::sleep(DRAIN);
    match jaeger.trace(&trace)? {
        Some(trace) => Ok(trace.spans.len() as f64),
        None => Err(BenchError::Wrong("a trace did not arrive at Jaeger".to_owned())),
    }
}

/// Points that InfluxDB has taken since its start, as it counts them.
pub(crate) fn points(influxdb: &InfluxDb) -> Result<f64, BenchError> {
    let metrics = servers::client()
        .get(format!("{}/metrics", influxdb.url()))
        .send()?
        .text()?;
    let line = metrics
        .lines()
        .find(|line| line.starts_with("storage_writer_ok_points_sum"));
    // No line before the first point.
    Ok(line
        .and_then(|line| line.rsplit(' ').next()?.parse().ok())
        .unwrap_or_default())
}

/// How often the service has exported metrics.
fn exports(influxdb: &InfluxDb) -> Result<f64, BenchError> {
    let query = format!("SELECT count(\"{GAUGE}\") FROM \"prometheus\" GROUP BY *");
    let series = influxdb.query(InfluxDb::TELEMETRY, &query)?;
    let most = series
        .iter()
        .flat_map(|series| series.numbers("count"))
        .fold(0.0, f64::max);
    if most > 0.0 {
        Ok(most)
    } else {
        Err(BenchError::Wrong(format!("InfluxDB has no {GAUGE}")))
    }
}

/// Bytes on disk of all files under a folder whose names end so.
pub(crate) fn size_of(folder: &Path, ending: &str) -> Result<f64, BenchError> {
    use std::os::unix::fs::MetadataExt as _;
    let system = || BenchError::system(format!("{folder:?}"));
    let mut folders: Vec<PathBuf> = vec![folder.to_owned()];
    let mut bytes = 0.0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).map_err(system())? {
            let entry = entry.map_err(system())?;
            let metadata = entry.metadata().map_err(system())?;
            if metadata.is_dir() {
                folders.push(entry.path());
            } else if entry.file_name().to_string_lossy().ends_with(ending) {
                // Blocks: some files are long and mostly holes.
                bytes += metadata.blocks() as f64 * 512.0;
            }
        }
    }
    Ok(bytes)
}
