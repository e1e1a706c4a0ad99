//! What the process and its worker threads use.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;
use tokio::runtime::RuntimeMetrics;

use super::metrics::{self, TOKIO_WORKER};

/// Has `meter` report on the process.
pub(super) fn observe_process(meter: &Meter) {
    let started = Instant::now();
    metrics::observable_gauge(meter, metrics::PROCESS_UPTIME, move |observer| {
        observer.observe(started.elapsed().as_secs_f64(), &[]);
    });
    #[cfg(target_os = "linux")]
    observe_proc(meter);
}

/// What only Linux tells, in `/proc/self`.
#[cfg(target_os = "linux")]
fn observe_proc(meter: &Meter) {
    use opentelemetry_semantic_conventions::attribute::CPU_MODE;
    use procfs::process::Process;

    // A precision loss begins after a million years of CPU time.
    let seconds = |ticks: u64| ticks as f64 / procfs::ticks_per_second() as f64;
    metrics::observable_seconds_counter(meter, metrics::PROCESS_CPU_TIME, move |observer| {
        if let Ok(stat) = Process::myself().and_then(|process| process.stat()) {
            observer.observe(seconds(stat.utime), &[KeyValue::new(CPU_MODE, "user")]);
            observer.observe(seconds(stat.stime), &[KeyValue::new(CPU_MODE, "system")]);
        }
    });
    metrics::observable_up_down_counter(meter, metrics::PROCESS_MEMORY_USAGE, |observer| {
        let pages = Process::myself().and_then(|process| process.statm());
        if let Some(bytes) = pages
            .ok()
            .and_then(|pages| pages.resident.checked_mul(procfs::page_size()))
        {
            observer.observe(i64::try_from(bytes).unwrap_or(i64::MAX), &[]);
        }
    });
    metrics::observable_up_down_counter(meter, metrics::PROCESS_OPEN_FILES, |observer| {
        if let Ok(count) = Process::myself().and_then(|process| process.fd_count()) {
            observer.observe(metrics::whole(count), &[]);
        }
    });
}

/// Has `meter` report on the runtimes of the worker threads, each with one worker.
pub(super) fn observe_workers(meter: &Meter, workers: Vec<RuntimeMetrics>) {
    let worker = |index: usize| KeyValue::new(TOKIO_WORKER, metrics::whole(index));
    let depths = workers.clone();
    metrics::observable_up_down_counter(meter, metrics::TOKIO_WORKER_QUEUE_DEPTH, move |observer| {
        for (index, runtime) in depths.iter().enumerate() {
            observer.observe(metrics::whole(runtime.global_queue_depth()), &[worker(index)]);
        }
    });
    let tasks = workers.clone();
    metrics::observable_up_down_counter(meter, metrics::TOKIO_WORKER_ALIVE_TASKS, move |observer| {
        for (index, runtime) in tasks.iter().enumerate() {
            observer.observe(metrics::whole(runtime.num_alive_tasks()), &[worker(index)]);
        }
    });
    let busy: Vec<_> = workers.into_iter().map(BusyTime::new).collect();
    metrics::observable_gauge(meter, metrics::TOKIO_WORKER_BUSY_RATIO, move |observer| {
        for (index, busy) in busy.iter().enumerate() {
            observer.observe(busy.ratio(), &[worker(index)]);
        }
    });
}

/// How busy a worker was between two looks at it.
struct BusyTime {
    runtime: RuntimeMetrics,
    last: Mutex<(Instant, Duration)>,
}

impl BusyTime {
    fn new(runtime: RuntimeMetrics) -> Self {
        let last = Mutex::new((Instant::now(), runtime.worker_total_busy_duration(0)));
        Self { runtime, last }
    }

    fn ratio(&self) -> f64 {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let now = (Instant::now(), self.runtime.worker_total_busy_duration(0));
        let (elapsed, busy) = (now.0 - last.0, now.1.saturating_sub(last.1));
        *last = now;
        if elapsed.is_zero() {
            return 0.0;
        }
        (busy.as_secs_f64() / elapsed.as_secs_f64()).min(1.0)
    }
}
