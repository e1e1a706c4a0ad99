//! Whether a schedule is kept and latencies are true when the server stalls: loadgen, and oha and k6 in their open models.
//! wrk has none.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::BenchError;
use crate::generators::Peers;
use crate::load::{CONNECTIONS, Loadgen};
use crate::plan::Plan;
use crate::samples::Samples;
use crate::servers::Server;

const RATE: u32 = 10_000;

/// Of the runs with a stall: so low that the server has soon caught up, which the truth knows nothing of.
const STALLED_RATE: u32 = 400;
const STALLED_RUN: Duration = Duration::from_secs(10);
const STALL: Duration = Duration::from_secs(1);

const WITNESS: &str = "the witness of the stall";

/// How often the bare timer wakes.
const TIMER: Duration = Duration::from_millis(1);

pub(crate) fn measure(plan: &Plan, samples: &mut Samples) -> Result<(), BenchError> {
    let nginx = Server::nginx()?;
    let url = nginx.url("/");
    let loadgen = Loadgen::new(plan)?;
    let peers = Peers::new(plan)?;
    let due = f64::from(RATE) * plan.turn().as_secs_f64();
    let away = |requests: f64| (requests / due - 1.0).abs() * 100.0;
    for _ in 0..plan.rounds(3) {
        let rate = format!("{RATE}/s");
        let (run, timer) = beside_bare_timer(|| loadgen.run(&url, &["--rate", &rate, "--warmup", "1s"], plan.turn()))?;
        samples.add("loadgen.schedule.rate_error_percent", away(run.requests()));
        samples.add("loadgen.schedule.lag_p99_ms", run.figure("/generator/lag_ms_p99"));
        samples.add("machine.timer.lag_p99_ms", timer);
        for peer in ["oha", "k6"] {
            let figures = peers.offer(peer, &url, RATE, plan.turn())?;
            samples.add(format!("{peer}.schedule.rate_error_percent"), away(figures.requests));
        }
    }
    samples.pair(
        "loadgen.schedule.lag_beyond_timer_ms",
        ("loadgen.schedule.lag_p99_ms", "machine.timer.lag_p99_ms"),
        |lag, timer| (lag - timer).max(0.0),
    );

    let rate = format!("{STALLED_RATE}/s");
    for _ in 0..plan.rounds(3) {
        let (run, stall) = stalled(&nginx, || {
            loadgen.run(&url, &["--rate", &rate, "--max-vus", CONNECTIONS], STALLED_RUN)
        })?;
        for percentile in [95.0, 99.0] {
            let error = error_percent(run.latency_ms(&format!("p{percentile}")), percentile, stall);
            samples.add(format!("loadgen.stall.p{percentile}_error_percent"), error);
        }
        samples.add("loadgen.stall.dropped", run.figure("/dropped"));
    }
    for peer in ["oha", "k6"] {
        let (figures, stall) = stalled(&nginx, || peers.offer(peer, &url, STALLED_RATE, STALLED_RUN))?;
        samples.add(
            format!("{peer}.stall.p99_error_percent"),
            error_percent(figures.p99_ms, 99.0, stall),
        );
    }
    Ok(())
}

/// Also gives how late a thread is woken meanwhile that does nothing else, the 99th percentile in milliseconds: what the
/// machine adds to any schedule.
fn beside_bare_timer<T>(run: impl FnOnce() -> Result<T, BenchError>) -> Result<(T, f64), BenchError> {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let timer = scope.spawn(|| {
            let mut lags = Vec::new();
            let mut due = Instant::now();
            while !is_over.load(Ordering::Relaxed) {
                due += TIMER;
                thread::sleep(due.saturating_duration_since(Instant::now()));
                lags.push(due.elapsed().as_secs_f64() * 1e3);
            }
            lags.sort_by(f64::total_cmp);
            lags.get(lags.len() * 99 / 100).copied().unwrap_or_default()
        });
        let outcome = run();
        is_over.store(true, Ordering::Relaxed);
        let lag = timer
            .join()
            .map_err(|_| BenchError::Wrong("the bare timer ended early".to_owned()))?;
        Ok((outcome?, lag))
    })
}

/// Stops the server for a while in the middle of a run; gives how long a request waited that was sent when it stopped. It
/// is the server that is late where it is told to go on and is not given a processor.
fn stalled<T>(nginx: &Server, run: impl FnOnce() -> Result<T, BenchError>) -> Result<(T, Duration), BenchError> {
    thread::scope(|scope| {
        let staller = scope.spawn(|| {
            thread::sleep(Duration::from_secs(4));
            let mut witness = Witness(nginx.connect().map_err(BenchError::system(WITNESS))?);
            witness.ask()?;
            witness.take_answer()?;
            let begun = Instant::now();
            nginx.pause()?;
            witness.ask()?;
            thread::sleep(STALL);
            nginx.resume()?;
            witness.take_answer()?;
            Ok::<_, BenchError>(begun.elapsed())
        });
        let outcome = run()?;
        let stall = staller
            .join()
            .map_err(|_| BenchError::Wrong("the stall ended early".to_owned()))??;
        Ok((outcome, stall))
    })
}

/// A connection of its own, beside the ones of the load.
struct Witness(TcpStream);

impl Witness {
    fn ask(&mut self) -> Result<(), BenchError> {
        let request = b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n";
        self.0.write_all(request).map_err(BenchError::system(WITNESS))
    }

    fn take_answer(&mut self) -> Result<(), BenchError> {
        match self.0.read(&mut [0; 4096]).map_err(BenchError::system(WITNESS))? {
            0 => Err(BenchError::Wrong(format!(
                "{WITNESS}: the server closed its connection"
            ))),
            _ => Ok(()),
        }
    }
}

/// Requests due in a stall of D wait for D to 0, evenly: the quantile q of a run of T, of which D was stalled, is
/// D - (1 - q) T.
fn error_percent(measured_ms: f64, percentile: f64, stall: Duration) -> f64 {
    let truth = stall.as_secs_f64() - (1.0 - percentile / 100.0) * STALLED_RUN.as_secs_f64();
    (measured_ms / (truth * 1e3) - 1.0).abs() * 100.0
}
