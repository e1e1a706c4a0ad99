//! One service whose telemetry is exported, and what of it has arrived.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use collector::influxdb::MEASUREMENT;
use rustix::process::Signal;
use service::telemetry::metrics;
use service::telemetry::resource::SERVICE_INSTANCE_ID;
use test_servers::{InfluxDb, Jaeger, Series, Trace, poll};

use crate::running_service::{Finished, RunningService, ServiceCommand};

/// Longer than the rest of an export takes when a part of it has arrived: the collector may divide it.
const SETTLING_TIME: Duration = Duration::from_secs(20);

/// Between two queries: they cost the servers more than what they wait for.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Whole numbers by values of tags.
pub(crate) type Counts<const N: usize> = BTreeMap<[Option<String>; N], i64>;

/// What a test knows its service's telemetry by: its `service.instance.id`.
#[derive(Clone, Debug)]
pub(crate) struct Instance(pub(crate) String);

impl Instance {
    /// One that no other service has.
    pub(crate) fn new() -> Self {
        Self(format!("test-{:016x}", fastrand::u64(..)))
    }

    /// Has the command export to this endpoint, often and under this name.
    pub(crate) fn exporting(&self, command: ServiceCommand, endpoint: &str) -> ServiceCommand {
        self.exporting_rarely(command, endpoint)
            .env("OTEL_METRIC_EXPORT_INTERVAL", "250")
            .env("OTEL_BSP_SCHEDULE_DELAY", "100")
    }

    /// As [`Instance::exporting`], at the intervals that the service has by default.
    pub(crate) fn exporting_rarely(&self, command: ServiceCommand, endpoint: &str) -> ServiceCommand {
        let attributes = format!("{SERVICE_INSTANCE_ID}={},deployment.environment.name=test", self.0);
        command
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
            .env("OTEL_RESOURCE_ATTRIBUTES", &attributes)
    }

    /// All points of a field of this instance in InfluxDB, a series for each combination of tags.
    #[track_caller]
    pub(crate) fn series(&self, influxdb: &InfluxDb, field: &str) -> Vec<Series> {
        self.select(influxdb, &format!(r#""{field}""#))
    }

    /// The last point of each series of a field, in the column `last`.
    #[track_caller]
    pub(crate) fn last(&self, influxdb: &InfluxDb, field: &str) -> Vec<Series> {
        self.select(influxdb, &format!(r#"last("{field}")"#))
    }

    #[track_caller]
    fn select(&self, influxdb: &InfluxDb, what: &str) -> Vec<Series> {
        let query = format!(
            r#"SELECT {what} FROM "{MEASUREMENT}" WHERE "{SERVICE_INSTANCE_ID}" = '{}' GROUP BY *"#,
            self.0
        );
        influxdb.query(InfluxDb::TELEMETRY, &query).unwrap()
    }

    /// Last values of a field by these tags, added up over all others; `None` stands for a tag that is missing.
    #[track_caller]
    pub(crate) fn by_tags<const N: usize>(
        &self,
        influxdb: &InfluxDb,
        field: &str,
        tags: [&str; N],
    ) -> BTreeMap<[Option<String>; N], f64> {
        let mut values = BTreeMap::new();
        for series in self.last(influxdb, field) {
            let key = tags.map(|tag| series.tag(tag).map(str::to_owned));
            *values.entry(key).or_default() += series.numbers("last").iter().sum::<f64>();
        }
        values
    }

    /// As [`Instance::by_tags`], of a field of whole numbers.
    #[track_caller]
    pub(crate) fn counts<const N: usize>(&self, influxdb: &InfluxDb, field: &str, tags: [&str; N]) -> Counts<N> {
        let whole = |(key, value): ([Option<String>; N], f64)| {
            assert_eq!(value.fract(), 0.0, "{field}");
            (key, value as i64)
        };
        self.by_tags(influxdb, field, tags).into_iter().map(whole).collect()
    }

    /// Last values of a field of whole numbers, added up over all tags.
    #[track_caller]
    pub(crate) fn total(&self, influxdb: &InfluxDb, field: &str) -> i64 {
        self.counts(influxdb, field, []).into_values().sum()
    }

    /// Waits until [`Instance::counts`] are these.
    #[track_caller]
    pub(crate) fn counts_become<const N: usize>(
        &self,
        influxdb: &InfluxDb,
        field: &str,
        tags: [&str; N],
        expected: &Counts<N>,
    ) {
        becomes(field, expected, || self.counts(influxdb, field, tags));
    }

    /// Waits until a field is there and [`Instance::total`] is this.
    #[track_caller]
    pub(crate) fn total_becomes(&self, influxdb: &InfluxDb, field: &str, expected: i64) {
        self.counts_become(influxdb, field, [], &BTreeMap::from([([], expected)]));
    }

    /// Stops the service, which must end well, and waits until InfluxDB has its last export.
    #[track_caller]
    pub(crate) fn finish(&self, influxdb: &InfluxDb, mut service: RunningService) -> Finished {
        let stopped = SystemTime::now();
        service.signal(Signal::TERM);
        let end = service.wait();
        assert_eq!(end.code, Some(0), "{end:?}");
        self.await_export_after(influxdb, stopped);
        end
    }

    #[track_caller]
    fn await_export_after(&self, influxdb: &InfluxDb, time: SystemTime) {
        let time = i64::try_from(time.duration_since(UNIX_EPOCH).unwrap().as_nanos()).unwrap();
        poll("the last export", || {
            let series = self.last(influxdb, metrics::PROCESS_UPTIME.name).pop()?;
            series.points[0].time.filter(|at| *at > time)
        });
    }
}

/// Waits until what is asked for is this; where it never is, the difference is shown.
#[track_caller]
fn becomes<T: PartialEq + Debug>(what: &str, expected: &T, mut ask: impl FnMut() -> T) {
    let deadline = Instant::now() + SETTLING_TIME;
    loop {
        let actual = ask();
        if actual == *expected || Instant::now() > deadline {
            assert_eq!(actual, *expected, "{what}");
            return;
        }
        thread::sleep(POLL_INTERVAL);
    }
}

/// Waits until a trace has at least this many spans.
#[track_caller]
pub(crate) fn trace_arrives(jaeger: &Jaeger, trace_id: &str, spans: usize) -> Trace {
    poll(&format!("{spans} spans of trace {trace_id}"), || {
        let trace = jaeger.trace(trace_id).unwrap();
        trace.filter(|trace| trace.spans.len() >= spans)
    })
}

/// Ids as a caller sends them.
pub(crate) struct Caller {
    pub(crate) trace_id: String,
    pub(crate) span_id: String,
}

impl Caller {
    pub(crate) fn new() -> Self {
        Self {
            trace_id: format!("{:032x}", fastrand::u128(1..)),
            span_id: format!("{:016x}", fastrand::u64(1..)),
        }
    }

    /// A `traceparent` with these flags.
    pub(crate) fn traceparent(&self, flags: &str) -> String {
        format!("00-{}-{}-{flags}", self.trace_id, self.span_id)
    }
}
