//! loadgen beside wrk, oha and k6: plain GET against nginx with one worker, 27 bytes of body, 50 connections. k6 is for
//! comparison: it runs scripts.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use test_servers::InfluxDb;

use crate::error::BenchError;
use crate::load::{CONNECTIONS, Loadgen};
use crate::plan::Plan;
use crate::samples::Samples;
use crate::servers::Server;
use crate::usage::{self, Ended};

const TOOLS: [&str; 4] = ["wrk", "loadgen", "oha", "k6"];

pub(crate) fn measure(plan: &Plan, samples: &mut Samples) -> Result<(), BenchError> {
    let nginx = Server::nginx()?;
    let loadgen = Loadgen::new(plan)?;
    let peers = Peers::new(plan)?;
    for _ in 0..plan.rounds(5) {
        for tool in TOOLS {
            let (requests, cpu_seconds, user_cpu_seconds, peak_mb) = match tool {
                "loadgen" => {
                    let run = loadgen.run(&nginx.url("/"), &["--vus", CONNECTIONS], plan.turn())?;
                    (run.requests(), run.cpu_seconds, run.user_cpu_seconds, run.peak_mb)
                }
                peer => {
                    let (requests, ended) = peers.saturate(peer, &nginx.url("/"), plan.turn())?;
                    (requests, ended.cpu_seconds, ended.user_cpu_seconds, ended.peak_mb)
                }
            };
            samples.add(format!("{tool}.cpu_us"), cpu_seconds / requests * 1e6);
            samples.add(format!("{tool}.user_cpu_us"), user_cpu_seconds / requests * 1e6);
            samples.add(format!("{tool}.rate"), requests / plan.turn().as_secs_f64());
            samples.add(format!("{tool}.peak_mb"), peak_mb);
        }
    }
    for peer in ["wrk", "oha", "k6"] {
        for (share, of) in [("share", "cpu_us"), ("user_share", "user_cpu_us")] {
            let (ours, theirs) = (format!("loadgen.{of}"), format!("{peer}.{of}"));
            samples.pair(
                format!("loadgen.{share}_of_{peer}"),
                (&ours, &theirs),
                |ours, theirs| ours / theirs,
            );
        }
    }
    if plan.quick {
        return Ok(());
    }
    influxdb(plan, samples, &nginx, &loadgen)?;
    items(plan, samples, &loadgen)?;
    eprintln!("100 virtual users for {} s", plan.soak().as_secs());
    let run = loadgen.run(&nginx.url("/"), &["--vus", "100"], plan.soak())?;
    samples.add("loadgen.soak.peak_mb", run.peak_mb);
    Ok(())
}

/// Whether sending figures to InfluxDB disturbs the load.
fn influxdb(plan: &Plan, samples: &mut Samples, nginx: &Server, loadgen: &Loadgen) -> Result<(), BenchError> {
    let influxdb = InfluxDb::start()?;
    let spool = tempfile::tempdir().map_err(BenchError::system("no folder for a spool"))?;
    let (without, with) = ("loadgen.influxdb.off", "loadgen.influxdb.on");
    let run = |is_on: bool| {
        let mut command = loadgen.command();
        let seconds = format!("{}s", plan.turn().as_secs());
        command.args(["run", &nginx.url("/"), "--vus", CONNECTIONS, "--duration", &seconds]);
        if is_on {
            command
                .args(["--influx-url", &influxdb.url(), "--influx-spool"])
                .arg(spool.path());
            command.env("INFLUX_TOKEN", influxdb.loadgen_writer_token());
        }
        loadgen.finish(&mut command)
    };
    for round in 0..plan.rounds(5) {
        // A machine that grows slower during a pair must not always hit the same one.
        let order = if round % 2 == 0 { [false, true] } else { [true, false] };
        for is_on in order {
            let (run, name) = (run(is_on)?, if is_on { with } else { without });
            samples.add(format!("{name}.rate"), run.rate());
            samples.add(format!("{name}.cpu_us"), run.cpu_us());
        }
    }
    let figure = |name: &str, of: &str| format!("{name}.{of}");
    let pair = |of| (figure(with, of), figure(without, of));
    let (on, off) = pair("rate");
    samples.pair("loadgen.influxdb.throughput_percent", (&on, &off), |on, off| {
        100.0 * on / off
    });
    let (on, off) = pair("cpu_us");
    samples.pair("loadgen.influxdb.cpu_percent", (&on, &off), |on, off| {
        100.0 * (on / off - 1.0)
    });
    Ok(())
}

/// What a request costs as a step of the built-in scenario.
fn items(plan: &Plan, samples: &mut Samples, loadgen: &Loadgen) -> Result<(), BenchError> {
    let service = Server::embedded(plan, ":memory:")?;
    service.create("1")?;
    for _ in 0..plan.rounds(5) {
        let plain = ["--vus", CONNECTIONS];
        let run = loadgen.run(&service.url("/items/1"), &plain, plan.turn())?;
        samples.add("loadgen.items.plain_cpu_us", run.cpu_us());
        let scenario = ["--vus", CONNECTIONS, "--scenario", "items"];
        let run = loadgen.run(&service.url(""), &scenario, plan.turn())?;
        samples.add("loadgen.items.cpu_us", run.cpu_us());
    }
    let pair = ("loadgen.items.cpu_us", "loadgen.items.plain_cpu_us");
    samples.pair("loadgen.items.cost_ratio", pair, |items, plain| items / plain);
    Ok(())
}

/// The other load generators.
pub(crate) struct Peers {
    oha: PathBuf,
    k6: PathBuf,
    folder: tempfile::TempDir,
}

impl Peers {
    pub(crate) fn new(plan: &Plan) -> Result<Self, BenchError> {
        Ok(Self {
            oha: plan.oha()?,
            k6: plan.k6()?,
            folder: tempfile::tempdir().map_err(BenchError::system("no folder for a script"))?,
        })
    }

    /// Requests of a run at saturation by [`CONNECTIONS`].
    fn saturate(&self, peer: &str, url: &str, duration: Duration) -> Result<(f64, Ended), BenchError> {
        let seconds = format!("{}s", duration.as_secs());
        if peer == "wrk" {
            let connections = format!("-c{CONNECTIONS}");
            let ended = usage::run(
                peer,
                Command::new(peer).args(["-t2", &connections, "-d", &seconds, url]),
            )?;
            let line = ended.output.lines().find(|line| line.contains("requests in"));
            let requests = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
            let requests = requests.ok_or_else(|| BenchError::Wrong("wrk did no requests".to_owned()))?;
            return Ok((requests, ended));
        }
        let (figures, ended) = if peer == "oha" {
            self.oha(&["-c", CONNECTIONS, "-z", &seconds, url])?
        } else {
            let script = format!("export const options = {{ vus: {CONNECTIONS}, duration: '{seconds}' }};");
            self.k6(&script, url)?
        };
        Ok((figures.requests, ended))
    }

    /// A run in the open model.
    pub(crate) fn offer(
        &self,
        peer: &str,
        url: &str,
        rate: u32,
        duration: Duration,
    ) -> Result<PeerFigures, BenchError> {
        let (rate, seconds) = (rate.to_string(), format!("{}s", duration.as_secs()));
        let (figures, _) = if peer == "oha" {
            let open = [
                "-q",
                &rate,
                "--latency-correction",
                "-c",
                CONNECTIONS,
                "-z",
                &seconds,
                url,
            ];
            self.oha(&open)?
        } else {
            let script = format!(
                "export const options = {{ scenarios: {{ open: {{ executor: 'constant-arrival-rate', rate: {rate},
                    timeUnit: '1s', duration: '{seconds}', preAllocatedVUs: {CONNECTIONS}, maxVUs: {CONNECTIONS} }} }} }};"
            );
            self.k6(&script, url)?
        };
        Ok(figures)
    }

    fn oha(&self, arguments: &[&str]) -> Result<(PeerFigures, Ended), BenchError> {
        let mut command = Command::new(&self.oha);
        let ended = usage::run(
            "oha",
            command.args(["--no-tui", "--output-format", "json"]).args(arguments),
        )?;
        let json: serde_json::Value = serde_json::from_str(&ended.output).map_err(BenchError::unreadable("oha"))?;
        let number = |pointer: &str| json.pointer(pointer).and_then(serde_json::Value::as_f64);
        let figures = PeerFigures {
            requests: number("/statusCodeDistribution/200").unwrap_or_default(),
            p99_ms: number("/latencyPercentiles/p99").unwrap_or_default() * 1e3,
        };
        Ok((figures, ended))
    }

    fn k6(&self, options: &str, url: &str) -> Result<(PeerFigures, Ended), BenchError> {
        let file = |name: &str| self.folder.path().join(name);
        let (script, summary) = (file("script.js"), file("summary.json"));
        let text = format!("import http from 'k6/http'; {options} export default () => {{ http.get('{url}'); }};");
        std::fs::write(&script, text).map_err(BenchError::system("k6's script"))?;
        let mut command = Command::new(&self.k6);
        command.args(["run", "--no-usage-report", "--quiet", "--summary-trend-stats", "p(99)"]);
        command.arg("--summary-export").arg(&summary).arg(&script);
        let ended = usage::run("k6", &mut command)?;
        let json = read_json(&summary)?;
        let number = |pointer: &str| json.pointer(pointer).and_then(serde_json::Value::as_f64);
        let figures = PeerFigures {
            requests: number("/metrics/http_reqs/count").unwrap_or_default(),
            p99_ms: number("/metrics/http_req_duration/p(99)").unwrap_or_default(),
        };
        Ok((figures, ended))
    }
}

/// What another generator says of a run.
pub(crate) struct PeerFigures {
    pub(crate) requests: f64,
    pub(crate) p99_ms: f64,
}

fn read_json(path: &Path) -> Result<serde_json::Value, BenchError> {
    let json = std::fs::read(path).map_err(BenchError::system("k6 left no summary"))?;
    serde_json::from_slice(&json).map_err(BenchError::unreadable("k6"))
}
