//! Whether a schedule is kept and latencies are true when the server stalls: loadgen, and oha and k6 in their open models.
//! wrk has none.

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

pub(crate) fn measure(plan: &Plan, samples: &mut Samples) -> Result<(), BenchError> {
    let nginx = Server::nginx()?;
    let url = nginx.url("/");
    let loadgen = Loadgen::new(plan)?;
    let peers = Peers::new(plan)?;
    let due = f64::from(RATE) * plan.turn().as_secs_f64();
    let away = |requests: f64| (requests / due - 1.0).abs() * 100.0;
    for _ in 0..plan.rounds(3) {
        let rate = format!("{RATE}/s");
        let run = loadgen.run(&url, &["--rate", &rate, "--warmup", "1s"], plan.turn())?;
        samples.add("loadgen.schedule.rate_error_percent", away(run.requests()));
        samples.add("loadgen.schedule.lag_p99_ms", run.figure("/generator/lag_ms_p99"));
        for peer in ["oha", "k6"] {
            let figures = peers.offer(peer, &url, RATE, plan.turn())?;
            samples.add(format!("{peer}.schedule.rate_error_percent"), away(figures.requests));
        }
    }

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

/// Stops the server for a while in the middle of a run; gives how long that was.
fn stalled<T>(nginx: &Server, run: impl FnOnce() -> Result<T, BenchError>) -> Result<(T, Duration), BenchError> {
    thread::scope(|scope| {
        let staller = scope.spawn(|| {
            thread::sleep(Duration::from_secs(4));
            let begun = Instant::now();
            nginx.pause()?;
            thread::sleep(STALL);
            nginx.resume()?;
            Ok::<_, BenchError>(begun.elapsed())
        });
        let outcome = run()?;
        let stall = staller
            .join()
            .map_err(|_| BenchError::Wrong("the stall ended early".to_owned()))??;
        Ok((outcome, stall))
    })
}

/// Requests due in a stall of D wait for D to 0, evenly: the quantile q of a run of T, of which D was stalled, is
/// D - (1 - q) T.
fn error_percent(measured_ms: f64, percentile: f64, stall: Duration) -> f64 {
    let truth = stall.as_secs_f64() - (1.0 - percentile / 100.0) * STALLED_RUN.as_secs_f64();
    (measured_ms / (truth * 1e3) - 1.0).abs() * 100.0
}
