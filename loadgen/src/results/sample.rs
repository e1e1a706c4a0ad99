//! Results to test with: requests of a run, and generators that share them.

use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;

use super::{Location, ResultsError, ResultsWriter};
use crate::interval::Interval;
use crate::observer::Observer as _;
use crate::outcome::FailureKind;
use crate::recorder::{Ending, Example, SLOWEST, TracedEnd};
use crate::request::TraceId;
use crate::run_info::{RunInfo, StepInfo};
use crate::run_result::RunEnd;
use crate::step_figures::StepFigures;
use crate::totals::Totals;

/// One request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    pub(crate) generator: usize,
    second: u64,
    step: usize,
    latency: u64,
    ending: u8,
    trace: u64,
}

pub(crate) fn requests(generators: usize) -> impl Strategy<Value = Vec<Request>> {
    // Histograms tell no latencies below 512 ns apart, and call the highest of them 0 or 511 ns as it happens.
    let latency = (10..42_u32, any::<u64>()).prop_map(|(bits, any)| (any & ((1 << bits) - 1)) | 1024);
    let request = (0..generators, 0..5_u64, 0..2_usize, latency, 0..4_u8, 1..u64::MAX).prop_map(
        |(generator, second, step, latency, ending, trace)| Request {
            generator,
            second,
            step,
            latency,
            ending,
            trace,
        },
    );
    proptest::collection::vec(request, 1..80)
}

impl Request {
    fn ending(self) -> Ending {
        match self.ending {
            0 | 1 => Ending::status(200),
            2 => Ending::status(503),
            _ => Ending::failure(FailureKind::Timeout),
        }
    }

    fn count(self, interval: &mut Interval) {
        let step: &mut StepFigures = &mut interval.steps[self.step];
        step.latency.saturating_record(self.latency);
        step.record_uncorrected(self.latency / 2);
        let count =
            |endings: &mut Vec<(Ending, u64)>, ending| match endings.iter_mut().find(|(seen, _)| *seen == ending) {
                Some((_, count)) => *count += 1,
                None => endings.push((ending, 1)),
            };
        count(&mut step.endings, self.ending());
        let traced = TracedEnd {
            step: self.step,
            ending: self.ending(),
            latency: self.latency,
            ended: Duration::from_millis(1000 * self.second + self.trace % 1000),
            trace: TraceId {
                high: 7,
                low: self.trace,
            },
            sampled: self.trace.is_multiple_of(2),
        };
        if self.ending > 1 || (self.step == 1 && self.ending == 1) {
            step.failed += 1;
            count(&mut step.failures, self.ending());
            interval.failures.push(traced);
            if self.ending == 1 {
                step.record_failed_check(1);
            }
            // The same text from every generator, since which one is shown is the first one's choice.
            let ending = self.ending();
            if !interval.examples.iter().any(|example| example.ending == ending) {
                interval.examples.push(Example {
                    ending,
                    text: format!("{} happened", ending.name()),
                });
            }
        }
        step.sent += 10;
        step.received += self.latency % 100;
        interval.slowest.push(traced);
        interval
            .slowest
            .sort_by_key(|traced| std::cmp::Reverse((traced.latency, traced.trace.low)));
        interval.slowest.truncate(SLOWEST);
        interval.due += 1;
        interval.dropped += u64::from(self.trace.is_multiple_of(5));
        interval.lag.saturating_record(self.trace % 1_000_000);
        interval.last_end = interval.last_end.max(Some(traced.ended));
    }
}

/// The five seconds of those of the requests that `take` chooses.
pub(crate) fn intervals(info: &RunInfo, requests: &[Request], take: impl Fn(&Request) -> bool) -> Vec<Interval> {
    let empty = |number| {
        let mut interval = Interval::empty(number, 0);
        let sized = |step: &StepInfo| StepFigures::sized(info.model, step.checks.len());
        interval.steps = info.steps.iter().map(sized).collect();
        interval.vus = 3;
        interval.cpu = vec![Duration::from_millis(200), Duration::from_micros(17)];
        interval
    };
    let mut seconds: Vec<Interval> = (0..5).map(empty).collect();
    for request in requests.iter().filter(|request| take(request)) {
        request.count(&mut seconds[request.second as usize]);
    }
    seconds
}

/// Writes what a generator did; without its end if it was `killed`.
pub(crate) fn write(folder: &Path, info: &RunInfo, intervals: &[Interval], killed: bool) -> Result<(), ResultsError> {
    let location = Location::Folder(folder.to_owned());
    let mut writer = ResultsWriter::prepare(&location, &info.run_id, &info.generator)?;
    writer.begin(info);
    let mut totals = Totals::new(info, &[]);
    for interval in intervals {
        writer.interval(interval);
        totals.add(0, interval);
    }
    if !killed {
        let end = RunEnd {
            generators: vec![info.generator.clone()],
            ..RunEnd::default()
        };
        writer.end(&totals.result(info, &end));
    }
    writer.finish()
}
