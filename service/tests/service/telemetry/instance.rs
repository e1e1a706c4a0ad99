//! One service whose telemetry is exported, and what of it has arrived.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use collector::influxdb::MEASUREMENT;
use service::telemetry::resource::SERVICE_INSTANCE_ID;
use test_servers::{InfluxDb, Jaeger, Series, Trace};

use crate::answer::Answer;
use crate::running_service::ServiceCommand;

/// Longer than anything takes to get through the chain on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// Between two queries: they cost the servers more than what they wait for.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

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

    /// Last values of a field, added up over all tags.
    #[track_caller]
    pub(crate) fn total(&self, influxdb: &InfluxDb, field: &str) -> f64 {
        self.by_tags(influxdb, field, []).into_values().sum()
    }

    /// Waits until InfluxDB has what the service exported of this field after `time`, as its last export must be.
    #[track_caller]
    pub(crate) fn await_point_after(&self, influxdb: &InfluxDb, field: &str, time: SystemTime) {
        let time = i64::try_from(time.duration_since(UNIX_EPOCH).unwrap().as_nanos()).unwrap();
        arrives("the last export", || {
            let series = self.last(influxdb, field);
            let is_later = |series: &Series| series.points[0].time.is_some_and(|at| at > time);
            series.iter().any(is_later).then_some(())
        });
    }
}

/// Asks again and again until there is an answer.
#[track_caller]
pub(crate) fn arrives<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        thread::sleep(POLL_INTERVAL);
    }
}

/// Waits until a trace has at least this many spans.
#[track_caller]
pub(crate) fn trace_arrives(jaeger: &Jaeger, trace_id: &str, spans: usize) -> Trace {
    arrives(&format!("{spans} spans of trace {trace_id}"), || {
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

/// Trace id, span id and flags of an answer's `traceparent`.
#[track_caller]
pub(crate) fn ids_of(answer: &Answer) -> [String; 3] {
    let parts: Vec<_> = answer.header("traceparent").split('-').collect();
    let ["00", trace_id, span_id, flags] = parts[..] else {
        panic!("{answer:?}");
    };
    [trace_id, span_id, flags].map(str::to_owned)
}
