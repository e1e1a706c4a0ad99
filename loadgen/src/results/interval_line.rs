//! One interval as a line of JSON: all that was counted, so that reading it gives the interval back.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::histogram_text::{HistogramDecoder, HistogramEncoder, MOST};
use crate::distribution::latency_ms;
use crate::interval::{Exhausted, Interval};
use crate::outcome::FailureKind;
use crate::progress::without_controls;
use crate::recorder::{Ending, Example, SLOWEST, TracedEnd};
use crate::request::TraceId;
use crate::run_info::RunInfo;
use crate::step_figures::StepFigures;
use crate::summary::Latency;

/// Seconds that a run can last at most: thirty-one days.
const LONGEST_RUN: u64 = 31 * 24 * 3600;
/// The longest interval.
const LONGEST_INTERVAL: Duration = Duration::from_secs(3600);
/// Bytes that pass in one interval at most, and nanoseconds that a thread can use.
const MOST_BYTES: u64 = 1 << 42;
/// Entries at most of a list whose length nothing else bounds.
const LONGEST_LIST: usize = 4096;

#[derive(Serialize, Deserialize)]
struct Line {
    /// Number of the interval: it began so many seconds after the start of the load.
    second: u64,
    /// Milliseconds since the Unix epoch when it began.
    began_at_ms: u64,
    length_ns: u64,
    requests: u64,
    failed: u64,
    due: u64,
    dropped: u64,
    vus: u32,
    latency_ms: Latency,
    steps: Vec<StepLine>,
    cpu_ns: Vec<u64>,
    lag_ms_p99: f64,
    lag_hdr: String,
    last_end_ns: Option<u64>,
    exhausted: ExhaustedLine,
    slowest: Vec<TracedLine>,
    failures: Vec<TracedLine>,
    examples: Vec<ExampleLine>,
}

#[derive(Serialize, Deserialize)]
struct StepLine {
    name: String,
    requests: u64,
    failed: u64,
    status: BTreeMap<String, u64>,
    /// Of `status`, the failed ones.
    failed_status: BTreeMap<String, u64>,
    bytes_sent: u64,
    bytes_received: u64,
    failed_checks: Vec<u64>,
    latency_ms: Latency,
    latency_hdr: String,
    uncorrected_latency_ms: Option<Latency>,
    uncorrected_latency_hdr: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct ExhaustedLine {
    ports: u64,
    files: u64,
    memory: u64,
}

#[derive(Serialize, Deserialize)]
struct TracedLine {
    trace_id: String,
    sampled: bool,
    step: usize,
    status: String,
    latency_ns: u64,
    ended_ns: u64,
}

#[derive(Serialize, Deserialize)]
struct ExampleLine {
    kind: String,
    text: String,
}

/// Writes lines.
pub(crate) struct LineEncoder {
    histograms: HistogramEncoder,
}

impl LineEncoder {
    pub(crate) fn new() -> Self {
        Self {
            histograms: HistogramEncoder::new(),
        }
    }

    /// The interval as a line that ends in a line feed.
    pub(crate) fn encode(&mut self, info: &RunInfo, interval: &Interval) -> Vec<u8> {
        // Whoever adds a field is to decide here whether it is written.
        let Interval {
            number,
            length,
            steps,
            due,
            dropped,
            vus,
            cpu,
            lag,
            last_end,
            slowest,
            failures,
            examples,
            exhausted: Exhausted { ports, files, memory },
        } = interval;
        let mut all = crate::recorder::latency_histogram();
        for step in steps {
            // Cannot fail: all histograms have the same bounds.
            let _ = all.add(&step.latency);
        }
        let line = Line {
            second: *number,
            began_at_ms: info.started_at_ms.saturating_add(number.saturating_mul(1000)),
            length_ns: nanoseconds(*length),
            requests: interval.requests(),
            failed: interval.failed(),
            due: *due,
            dropped: *dropped,
            vus: *vus,
            latency_ms: latency_ms(&all),
            steps: info
                .steps
                .iter()
                .zip(steps)
                .map(|(step, figures)| self.step(&step.name, figures))
                .collect(),
            cpu_ns: cpu.iter().copied().map(nanoseconds).collect(),
            lag_ms_p99: latency_ms(lag).p99,
            lag_hdr: self.histograms.encode(lag),
            last_end_ns: last_end.map(nanoseconds),
            exhausted: ExhaustedLine {
                ports: *ports,
                files: *files,
                memory: *memory,
            },
            slowest: slowest.iter().map(traced_line).collect(),
            failures: failures.iter().map(traced_line).collect(),
            examples: examples
                .iter()
                .map(|Example { ending, text }| ExampleLine {
                    kind: ending.name(),
                    text: text.clone(),
                })
                .collect(),
        };
        // Cannot fail: maps have strings as keys, and memory takes all that is written.
        let mut bytes = serde_json::to_vec(&line).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    fn step(&mut self, name: &str, figures: &StepFigures) -> StepLine {
        let StepFigures {
            latency,
            uncorrected,
            failed_checks,
            endings,
            failures,
            failed,
            sent,
            received,
        } = figures;
        StepLine {
            name: name.to_owned(),
            requests: figures.requests(),
            failed: *failed,
            status: by_name(endings),
            failed_status: by_name(failures),
            bytes_sent: *sent,
            bytes_received: *received,
            failed_checks: failed_checks.clone(),
            latency_ms: latency_ms(latency),
            latency_hdr: self.histograms.encode(latency),
            uncorrected_latency_ms: uncorrected.as_ref().map(latency_ms),
            uncorrected_latency_hdr: uncorrected.as_ref().map(|histogram| self.histograms.encode(histogram)),
        }
    }
}

fn by_name(endings: &[(Ending, u64)]) -> BTreeMap<String, u64> {
    endings.iter().map(|(ending, count)| (ending.name(), *count)).collect()
}

/// What [`by_name`] gave, and the sum of the counts.
fn by_ending(names: BTreeMap<String, u64>) -> Result<(Vec<(Ending, u64)>, u64), String> {
    let mut sum = 0;
    let mut endings = Vec::with_capacity(names.len());
    for (name, count) in names {
        sum += at_most(count, MOST)?;
        endings.push((ending(&name)?, count));
    }
    Ok((endings, sum))
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn traced_line(traced: &TracedEnd) -> TracedLine {
    let TracedEnd {
        step,
        ending,
        latency,
        ended,
        trace,
        sampled,
    } = traced;
    TracedLine {
        trace_id: trace.to_hex(),
        sampled: *sampled,
        step: *step,
        status: ending.name(),
        latency_ns: *latency,
        ended_ns: nanoseconds(*ended),
    }
}

/// Reads lines; what they say is checked, so that adding intervals up cannot overflow.
pub(crate) struct LineDecoder {
    histograms: HistogramDecoder,
}

impl LineDecoder {
    pub(crate) fn new() -> Self {
        Self {
            histograms: HistogramDecoder::new(),
        }
    }

    /// The interval that a line stands for, or what is wrong with the line.
    pub(crate) fn decode(&mut self, info: &RunInfo, line: &[u8]) -> Result<Interval, String> {
        let line: Line = serde_json::from_slice(line).map_err(|error| error.to_string())?;
        let names = line.steps.iter().map(|step| &step.name);
        if !names.eq(info.steps.iter().map(|step| &step.name)) {
            return Err("its steps are not those of run.json".to_owned());
        }
        if line.second >= LONGEST_RUN {
            return Err("no run is that long".to_owned());
        }
        let mut interval = Interval::empty(line.second, 0);
        interval.length = Duration::from_nanos(line.length_ns);
        if interval.length > LONGEST_INTERVAL {
            return Err("no interval is that long".to_owned());
        }
        for (step, spec) in line.steps.into_iter().zip(&info.steps) {
            interval.steps.push(self.step(step, spec.checks.len())?);
        }
        interval.due = at_most(line.due, MOST)?;
        interval.dropped = at_most(line.dropped, MOST)?;
        interval.vus = line.vus;
        let cpu = short(line.cpu_ns)?.into_iter();
        interval.cpu = cpu
            .map(|nanoseconds| Ok(Duration::from_nanos(at_most(nanoseconds, MOST_BYTES)?)))
            .collect::<Result<_, String>>()?;
        interval.lag = self.histograms.decode(&line.lag_hdr)?;
        interval.last_end = line.last_end_ns.map(Duration::from_nanos);
        interval.exhausted = Exhausted {
            ports: at_most(line.exhausted.ports, MOST)?,
            files: at_most(line.exhausted.files, MOST)?,
            memory: at_most(line.exhausted.memory, MOST)?,
        };
        let traced = |lines: Vec<TracedLine>| -> Result<Vec<TracedEnd>, String> {
            let lines = short(lines)?.into_iter();
            lines.map(|line| traced_end(line, info.steps.len())).collect()
        };
        interval.slowest = traced(line.slowest)?;
        if interval.slowest.len() > SLOWEST {
            return Err(format!("more than {SLOWEST} requests are called the slowest"));
        }
        interval.failures = traced(line.failures)?;
        interval.examples = short(line.examples)?
            .into_iter()
            .map(|ExampleLine { kind, text }| {
                Ok(Example {
                    ending: ending(&kind)?,
                    text: without_controls(&text),
                })
            })
            .collect::<Result<_, String>>()?;
        Ok(interval)
    }

    fn step(&mut self, line: StepLine, checks: usize) -> Result<StepFigures, String> {
        let mut figures = StepFigures::new();
        figures.latency = self.histograms.decode(&line.latency_hdr)?;
        figures.uncorrected = line
            .uncorrected_latency_hdr
            .map(|text| self.histograms.decode(&text))
            .transpose()?;
        if line.failed_checks.len() > checks {
            return Err(format!(
                "step {:?} has more checks than run.json says",
                excerpt(&line.name)
            ));
        }
        for count in &line.failed_checks {
            at_most(*count, MOST)?;
        }
        figures.failed_checks = line.failed_checks;
        let (endings, ended) = by_ending(line.status)?;
        let (failures, failed) = by_ending(line.failed_status)?;
        if ended != figures.requests() || line.requests != ended || failed > ended || line.failed != failed {
            return Err(format!(
                "the counts of step {:?} contradict each other",
                excerpt(&line.name)
            ));
        }
        figures.endings = endings;
        figures.failures = failures;
        figures.failed = failed;
        figures.sent = at_most(line.bytes_sent, MOST_BYTES)?;
        figures.received = at_most(line.bytes_received, MOST_BYTES)?;
        Ok(figures)
    }
}

fn at_most(count: u64, most: u64) -> Result<u64, String> {
    if count > most {
        Err(format!("{count} is more than one interval can hold"))
    } else {
        Ok(count)
    }
}

fn short<T>(list: Vec<T>) -> Result<Vec<T>, String> {
    if list.len() > LONGEST_LIST {
        Err(format!("a list in it has more than {LONGEST_LIST} entries"))
    } else {
        Ok(list)
    }
}

fn traced_end(line: TracedLine, steps: usize) -> Result<TracedEnd, String> {
    if line.step >= steps {
        return Err("a request in it belongs to no step of run.json".to_owned());
    }
    Ok(TracedEnd {
        step: line.step,
        ending: ending(&line.status)?,
        latency: line.latency_ns,
        ended: Duration::from_nanos(line.ended_ns),
        trace: trace_id(&line.trace_id).ok_or_else(|| format!("{:?} is no trace id", excerpt(&line.trace_id)))?,
        sampled: line.sampled,
    })
}

/// The ending of a name that [`Ending::name`] gave.
fn ending(name: &str) -> Result<Ending, String> {
    if let Some(kind) = FailureKind::ALL.into_iter().find(|kind| kind.name() == name) {
        return Ok(Ending::failure(kind));
    }
    match name.parse() {
        // As it is written, so that no status comes twice.
        Ok(code @ 100..=999_u16) if name.len() == 3 => Ok(Ending::status(code)),
        _ => Err(format!(
            "{:?} is neither a status nor a kind of failure that this version of loadgen knows",
            excerpt(name)
        )),
    }
}

fn trace_id(hex: &str) -> Option<TraceId> {
    if hex.is_empty() {
        return Some(TraceId::default());
    }
    let digits = hex.len() == 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = u128::from_str_radix(hex, 16).ok().filter(|_| digits)?;
    Some(TraceId {
        high: (number >> 64) as u64,
        low: number as u64,
    })
}

/// The beginning of a text that somebody else wrote.
fn excerpt(text: &str) -> &str {
    text.char_indices().nth(60).map_or(text, |(at, _)| &text[..at])
}
