//! What it costs when there is more of it: virtual users, requests a second, generators.

use std::time::{Duration, Instant, SystemTime};

use crate::error::BenchError;
use crate::load::{Loadgen, Method, at_once};
use crate::plan::Plan;
use crate::samples::Samples;
use crate::servers::Server;

const VIRTUAL_USERS: [u32; 5] = [1, 10, 100, 1000, 10_000];
const RATES: [u32; 4] = [100, 1000, 2000, 4000];
const GENERATORS: [u32; 4] = [1, 2, 4, 8];

/// Share of the rate at saturation up to which a schedule is kept without queues that grow.
const BEARABLE: f64 = 0.7;

/// Requests a second of all generators together.
const SHARED_RATE: &str = "4000/s";

/// Until the last of the generators is ready.
const HEAD_START: Duration = Duration::from_secs(2);

pub(crate) fn measure(plan: &Plan, samples: &mut Samples) -> Result<(), BenchError> {
    let loadgen = Loadgen::new(plan)?;
    let nginx = Server::nginx()?;
    let service = Server::embedded(plan, ":memory:")?;
    service.create("1")?;
    for _ in 0..plan.rounds(2) {
        for vus in VIRTUAL_USERS {
            let (name, vus) = (format!("growth.vus.{vus}"), vus.to_string());
            let run = loadgen.run(&nginx.url("/"), &["--vus", &vus, "--timeout", "60s"], plan.turn())?;
            samples.add(format!("{name}.cpu_us"), run.cpu_us());
            samples.add(format!("{name}.peak_mb"), run.peak_mb);
            samples.add(format!("{name}.rate"), run.rate());
            samples.add(format!("{name}.p50_ms"), run.latency_ms("p50"));
        }
        let most = of_rate(plan, samples, &loadgen, &service, None)?;
        for rate in RATES.into_iter().filter(|rate| f64::from(*rate) < most * BEARABLE) {
            of_rate(plan, samples, &loadgen, &service, Some(rate))?;
        }
        for generators in GENERATORS {
            of_generators(plan, samples, &loadgen, &nginx, generators)?;
        }
    }
    Ok(())
}

/// Saturation where no rate is given. Gives the rate that came of it.
fn of_rate(
    plan: &Plan,
    samples: &mut Samples,
    loadgen: &Loadgen,
    service: &Server,
    rate: Option<u32>,
) -> Result<f64, BenchError> {
    let url = service.url("/items/1");
    let name = rate.map_or("growth.rate.max".to_owned(), |rate| format!("growth.rate.{rate}"));
    let (run, service_cpu_us) = service.under(|| match rate {
        Some(rate) => {
            let rate = format!("{rate}/s");
            loadgen.run(&url, &["--rate", &rate, "--no-trace-headers"], plan.turn())
        }
        None => loadgen.saturate(&url, Method::Get, plan.turn()),
    })?;
    samples.add(format!("{name}.service_cpu_us"), service_cpu_us);
    samples.add(format!("{name}.loadgen_cpu_us"), run.cpu_us());
    samples.add(format!("{name}.p50_ms"), run.latency_ms("p50"));
    samples.add(format!("{name}.p99_ms"), run.latency_ms("p99"));
    samples.add(format!("{name}.rate"), run.rate());
    Ok(run.rate())
}

/// One run, divided into segments, and its results merged.
fn of_generators(
    plan: &Plan,
    samples: &mut Samples,
    loadgen: &Loadgen,
    nginx: &Server,
    count: u32,
) -> Result<(), BenchError> {
    let results = tempfile::tempdir().map_err(BenchError::system("no folder for results"))?;
    let start = (SystemTime::now() + HEAD_START).duration_since(SystemTime::UNIX_EPOCH);
    let start = format!("{:.3}", start.unwrap_or_default().as_secs_f64());
    let duration = format!("{}s", plan.turn().as_secs());
    let url = nginx.url("/");
    let segment = |index: u32| {
        let mut command = loadgen.command();
        command.args(["run", &url, "--rate", SHARED_RATE, "--duration", &duration]);
        command.args([
            "--segment",
            &format!("{index}/{count}"),
            "--start-at",
            &start,
            "--run-id",
            "growth",
        ]);
        command.arg("--out").arg(results.path());
        loadgen.finish(&mut command)
    };
    let runs = at_once(count, segment)?;
    let begun = Instant::now();
    let merged = loadgen.finish(loadgen.command().arg("merge").arg(results.path()))?;
    let name = format!("growth.generators.{count}");
    samples.add(format!("{name}.merge_ms"), begun.elapsed().as_secs_f64() * 1e3);
    let cpu_seconds: f64 = runs.iter().map(|run| run.cpu_seconds).sum();
    samples.add(format!("{name}.cpu_us"), cpu_seconds / merged.requests() * 1e6);
    samples.add(format!("{name}.rate"), merged.rate());
    samples.add(format!("{name}.p99_ms"), merged.latency_ms("p99"));
    Ok(())
}
