//! All who watch a run of the command line.

use std::io::Write as _;

use loadgen::influxdb::InfluxOutput;
use loadgen::interval::Interval;
use loadgen::observer::{Observer, RunStage, Snapshot};
use loadgen::progress::Progress;
use loadgen::results::{ResultsError, ResultsWriter};
use loadgen::run_info::RunInfo;
use loadgen::summary::RunResult;

/// The terminal, the folder of results and InfluxDB.
pub(crate) struct Watchers {
    pub(crate) progress: Progress,
    pub(crate) results: Option<ResultsWriter>,
    pub(crate) influx: Option<InfluxOutput>,
}

impl Watchers {
    /// Ends the view, and waits until everything is written or on its way.
    ///
    /// # Errors
    /// The folder of results could not be written. InfluxDB's troubles are told, and no error: what it did not take is
    /// kept.
    pub(crate) fn finish(mut self) -> Result<(), ResultsError> {
        self.progress.finish();
        if let Some(influx) = self.influx.take() {
            // Nobody reads standard error: there is nobody to tell.
            let _ = write!(std::io::stderr(), "{}", influx.finish());
        }
        self.results.take().map_or(Ok(()), ResultsWriter::finish)
    }

    fn outputs(&mut self) -> impl Iterator<Item = &mut dyn Observer> {
        let results = self.results.as_mut().map(|output| output as &mut dyn Observer);
        let influx = self.influx.as_mut().map(|output| output as &mut dyn Observer);
        results.into_iter().chain(influx)
    }
}

impl Observer for Watchers {
    fn note(&mut self, text: &str) {
        self.progress.note(text);
    }

    fn stage(&mut self, stage: RunStage) {
        self.progress.stage(stage);
    }

    fn begin(&mut self, info: &RunInfo) {
        self.progress.begin(info);
        self.outputs().for_each(|output| output.begin(info));
    }

    fn progress(&mut self, snapshot: &Snapshot) {
        self.progress.progress(snapshot);
        let notes = self.influx.as_mut().map(InfluxOutput::take_notes).unwrap_or_default();
        for note in notes {
            self.progress.note(&note);
        }
    }

    fn interval(&mut self, interval: &Interval) {
        self.progress.interval(interval);
        self.outputs().for_each(|output| output.interval(interval));
    }

    fn end(&mut self, result: &RunResult) {
        self.progress.end(result);
        self.outputs().for_each(|output| output.end(result));
    }
}
