//! Measurements that the model is checked against, and from which it takes what a waiting span weighs.

use std::thread;
use std::time::Duration;

use collector::environment::{HOST_METRICS_INTERVAL, SELF_METRICS_INTERVAL_MS};
use test_servers::{Collector, DynamoDbLocal, InfluxDb};

use crate::error::BenchError;
use crate::load::{CONNECTIONS, Loadgen, Method};
use crate::pipeline;
use crate::plan::Plan;
use crate::samples::Samples;
use crate::servers::Server;
use crate::usage;

/// Per cent of the most requests a second that the processors bear.
const LOADS: [u32; 6] = [10, 30, 50, 70, 80, 90];

/// Requests a second with two spans each, and seconds until their traces are decided.
const COLLECTORS: [(u32, u64); 4] = [(250, 5), (1000, 5), (2000, 5), (1000, 10)];

/// DynamoDB Local compiles its hot paths while it runs.
const WARM_UP: Duration = Duration::from_secs(8);

/// InfluxDB writes what it has to files of their final form.
const SETTLE: Duration = Duration::from_secs(9);

pub(crate) fn measure(plan: &Plan, samples: &mut Samples) -> Result<(), BenchError> {
    let loadgen = Loadgen::new(plan)?;
    let embedded = Server::embedded(plan, ":memory:")?;
    embedded.create("1")?;
    for _ in 0..plan.rounds(3) {
        near_saturation(plan, samples, &loadgen, &embedded)?;
    }
    disk_of_a_run(plan, samples, &loadgen, &embedded)?;
    drop(embedded);
    for _ in 0..plan.rounds(2) {
        for (rate, wait) in COLLECTORS {
            collector_memory(plan, samples, &loadgen, rate, wait)?;
        }
    }
    shared_processors(plan, samples, &loadgen)
}

/// Latency and CPU as the processors fill, service and generator on all of them.
fn near_saturation(plan: &Plan, samples: &mut Samples, loadgen: &Loadgen, service: &Server) -> Result<(), BenchError> {
    let url = service.url("/items/1");
    let most = loadgen.saturate(&url, Method::Get, plan.turn())?.rate();
    samples.add("near_saturation.max.rate", most);
    for load in LOADS {
        let rate = format!("{:.0}/s", most * f64::from(load) / 100.0);
        let run = || loadgen.run(&url, &["--rate", &rate, "--no-trace-headers"], plan.turn());
        let (run, service_cpu_us) = match service.under(run) {
            Ok(measured) => measured,
            // Some were not answered in time: what is above is too much as well.
            Err(BenchError::Wrong(failures)) => {
                eprintln!("  {load} % of the most requests a second are too many: {failures}");
                break;
            }
            Err(error) => return Err(error),
        };
        let name = format!("near_saturation.{load}");
        samples.add(format!("{name}.rate"), run.rate());
        samples.add(format!("{name}.service_cpu_us"), service_cpu_us);
        samples.add(format!("{name}.loadgen_cpu_us"), run.cpu_us());
        samples.add(format!("{name}.p50_ms"), run.latency_ms("p50"));
        samples.add(format!("{name}.p99_ms"), run.latency_ms("p99"));
    }
    Ok(())
}

/// What one generator's run of the scenario of items leaves in InfluxDB.
fn disk_of_a_run(plan: &Plan, samples: &mut Samples, loadgen: &Loadgen, service: &Server) -> Result<(), BenchError> {
    let influxdb = InfluxDb::start_with(&[pipeline::COLD])?;
    let spool = tempfile::tempdir().map_err(BenchError::system("no folder for a spool"))?;
    let duration = plan.turn() * 5;
    let mut command = loadgen.command();
    command.args(["run", &service.url(""), "--scenario", "items", "--rate", "200/s"]);
    command.args([
        "--duration",
        &format!("{}s", duration.as_secs()),
        "--influx-url",
        &influxdb.url(),
    ]);
    command.arg("--influx-spool").arg(spool.path());
    command.env("INFLUX_TOKEN", influxdb.loadgen_writer_token());
    loadgen.finish(&mut command)?;
    thread::sleep(SETTLE);
    samples.add("items_run.seconds", duration.as_secs_f64());
    samples.add("items_run.points", pipeline::points(&influxdb)?);
    let data = influxdb.process().folder().join("engine/data");
    samples.add("items_run.disk_bytes", pipeline::size_of(&data, ".tsm")?);
    Ok(())
}

/// The most memory of a collector that keeps no trace, so that waiting for a decision is all it does with them.
fn collector_memory(
    plan: &Plan,
    samples: &mut Samples,
    loadgen: &Loadgen,
    rate: u32,
    wait: u64,
) -> Result<(), BenchError> {
    let collector = Collector::options()
        .share_percent(0.0)
        .decision_wait(Duration::from_secs(wait))
        .variable(HOST_METRICS_INTERVAL, "24h")
        .variable(SELF_METRICS_INTERVAL_MS, "86400000")
        .start()?;
    let service = Server::traced(plan, &collector.http_endpoint())?;
    service.create("1")?;
    let duration = Duration::from_secs(wait * 3);
    let run = loadgen.offer(&service.url("/items/1"), Method::Get, rate, duration)?;
    let name = format!("collector.{rate}.{wait}");
    samples.add(format!("{name}.requests_per_second"), run.rate());
    samples.add(format!("{name}.peak_mb"), usage::peak_mb(collector.process().id()?)?);
    Ok(())
}

/// CPU of everything that shares the processors when the service is on DynamoDB Local, at half of what they bear.
fn shared_processors(plan: &Plan, samples: &mut Samples, loadgen: &Loadgen) -> Result<(), BenchError> {
    let dynamodb = DynamoDbLocal::start_for_load()?;
    let service = Server::service(plan, &dynamodb, &[])?;
    service.create("1")?;
    let url = service.url("/items/1");
    loadgen.saturate(&url, Method::Get, WARM_UP)?;
    for _ in 0..plan.rounds(3) {
        let most = loadgen.saturate(&url, Method::Get, plan.turn())?.rate();
        samples.add("shared.max.rate", most);
        let rate = format!("{:.0}/s", most / 2.0);
        let cpu = || Ok::<_, BenchError>((service.cpu_seconds()?, usage::cpu_seconds(dynamodb.process().id()?)?));
        let before = cpu()?;
        // After a pause of the store requests wait for a virtual user, and none is refused.
        let run = loadgen.run(&url, &["--rate", &rate, "--vus", CONNECTIONS], plan.turn())?;
        let after = cpu()?;
        samples.add(
            "shared.half.service_cpu_us",
            (after.0 - before.0) / run.requests() * 1e6,
        );
        samples.add("shared.half.store_cpu_us", (after.1 - before.1) / run.requests() * 1e6);
        samples.add("shared.half.loadgen_cpu_us", run.cpu_us());
    }
    Ok(())
}
