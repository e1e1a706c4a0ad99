//! What telemetry costs the service: CPU time with every trace exported, and with a tenth of them, beside the same service
//! without telemetry; its latency with a collector that accepts and never answers; its memory without a collector. The
//! collector, InfluxDB and Jaeger are the real ones, set as on the monitor host, on the same cores.

use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use collector::environment::{
    HOST_METRICS_INTERVAL, SELF_METRICS_INTERVAL_MS, TRACE_DECISION_WAIT, TRACE_ERROR_SPANS_PER_SECOND,
    TRACE_SHARE_PERCENT, TRACE_SHARE_SPANS_PER_SECOND, TRACE_SLOW_SPANS_PER_SECOND,
};
use test_servers::{Collector, DynamoDbLocal, InfluxDb, Jaeger, ServerProcess};

use crate::error::BenchError;
use crate::load::{Loadgen, Method};
use crate::pipeline::cpu;
use crate::plan::Plan;
use crate::samples::Samples;
use crate::servers::{self, Server};
use crate::usage;

/// What the service says of telemetry that was lost.
const UNDELIVERED: &str = "telemetry is not delivered";

/// Longer than the collector rests between the last span of a round and the decision on its first.
const IDLE_SECONDS: u32 = 8;
/// CPU time in a second up to which collector, InfluxDB and Jaeger together count as idle.
const IDLE_CPU_SECONDS: f64 = 0.1;
const LONGEST_BACKLOG: Duration = Duration::from_secs(60);

pub(crate) fn measure(plan: &Plan, samples: &mut Samples) -> Result<(), BenchError> {
    let dynamodb = DynamoDbLocal::start_for_load()?;
    let loadgen = Loadgen::new(plan)?;
    let influxdb = InfluxDb::start()?;
    let jaeger = Jaeger::start()?;
    let mut options = Collector::options().influxdb(&influxdb).jaeger(&jaeger);
    for variable in [
        HOST_METRICS_INTERVAL,
        SELF_METRICS_INTERVAL_MS,
        TRACE_DECISION_WAIT,
        TRACE_ERROR_SPANS_PER_SECOND,
        TRACE_SHARE_PERCENT,
        TRACE_SHARE_SPANS_PER_SECOND,
        TRACE_SLOW_SPANS_PER_SECOND,
    ] {
        options = options.variable(variable, variable.default);
    }
    let collector = options.start()?;
    let silence = silence()?;

    let serve = |variables: &[(&'static str, &str)]| {
        let interval = ("OTEL_METRIC_EXPORT_INTERVAL", "10000");
        Server::service(plan, &dynamodb, &[variables, &[interval]].concat())
    };
    let (http, grpc) = (collector.http_endpoint(), collector.grpc_endpoint());
    let endpoint = |url| ("OTEL_EXPORTER_OTLP_ENDPOINT", url);
    let mut kinds = vec![
        ("off", serve(&[])?),
        ("all", serve(&[endpoint(http.as_str())])?),
        (
            "tenth",
            serve(&[
                endpoint(http.as_str()),
                ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
                ("OTEL_TRACES_SAMPLER_ARG", "0.1"),
            ])?,
        ),
    ];
    if !plan.quick {
        let grpc = [endpoint(grpc.as_str()), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")];
        kinds.push(("all_grpc", serve(&grpc)?));
        kinds.push(("hung", serve(&[endpoint(silence.as_str())])?));
    }
    kinds[0].1.create("1")?;

    eprintln!("Warming up: DynamoDB Local compiles its hot paths while it runs.");
    for (_, server) in &kinds {
        loadgen.saturate(&server.url("/items/1"), Method::Get, Duration::from_secs(4))?;
    }
    for _ in 0..plan.rounds(6) {
        for (name, server) in &kinds {
            let url = server.url("/items/1");
            until_idle(&[collector.process(), jaeger.process(), influxdb.process()])?;
            loadgen.saturate(&url, Method::Get, Duration::from_secs(1))?;
            let (run, cpu_us) = server.under(|| loadgen.saturate(&url, Method::Get, plan.turn()))?;
            samples.add(format!("telemetry.{name}.cpu_us"), cpu_us);
            samples.add(format!("telemetry.{name}.p99_ms"), run.latency_ms("p99"));
        }
    }
    let mut lost = 0;
    for (name, server) in kinds.iter().filter(|(name, _)| !["off", "hung"].contains(name)) {
        let (with, without) = (format!("telemetry.{name}.cpu_us"), "telemetry.off.cpu_us");
        let more = |with, without| 100.0 * (with / without - 1.0);
        samples.pair(format!("telemetry.{name}.percent"), (&with, without), more);
        lost += server.log().matches(UNDELIVERED).count();
    }
    samples.add("telemetry.undelivered", lost as f64);
    if plan.quick {
        return Ok(());
    }
    // Less than noise: within what the rounds without telemetry differ by.
    let slowest = samples.most("telemetry.off.p99_ms");
    let hung = ("telemetry.hung.p99_ms", "telemetry.hung.p99_ms");
    samples.pair("telemetry.hung.of_slowest_off", hung, |hung, _| hung / slowest);
    drop(kinds);

    let nobody = format!("http://127.0.0.1:{}", servers::free_port()?);
    let away = serve(&[endpoint(nobody.as_str())])?;
    eprintln!("Without a collector, at full load");
    loadgen.saturate(&away.url("/items/1"), Method::Get, Duration::from_secs(60))?;
    let after_a_minute = usage::resident_mb(away.worker())?;
    loadgen.saturate(&away.url("/items/1"), Method::Get, plan.soak())?;
    let growth = usage::resident_mb(away.worker())? - after_a_minute;
    samples.add("telemetry.away.growth_kb", growth * 1e3);
    Ok(())
}

/// Waits until servers have nothing to do: the collector decides on traces some time after they came, and the next round
/// would pay for the one before. Those that are never idle are not waited for any longer.
fn until_idle(servers: &[&ServerProcess]) -> Result<(), BenchError> {
    let cpu_seconds = || servers.iter().map(|server| cpu(server)).sum::<Result<f64, _>>();
    let deadline = Instant::now() + LONGEST_BACKLOG;
    let mut idle_seconds = 0;
    while idle_seconds < IDLE_SECONDS && Instant::now() < deadline {
        let before = cpu_seconds()?;
        thread::sleep(Duration::from_secs(1));
        let is_idle = cpu_seconds()? - before < IDLE_CPU_SECONDS;
        idle_seconds = if is_idle { idle_seconds + 1 } else { 0 };
    }
    Ok(())
}

/// Where connections are taken and nothing is ever answered.
fn silence() -> Result<String, BenchError> {
    let system = || BenchError::system("no port is free");
    let listener = TcpListener::bind("127.0.0.1:0").map_err(system())?;
    let address = listener.local_addr().map_err(system())?;
    // For as long as this process lives.
    thread::spawn(move || listener.incoming().collect::<Vec<_>>());
    Ok(format!("http://{address}"))
}
