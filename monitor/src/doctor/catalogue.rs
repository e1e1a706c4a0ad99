//! Every check: its name, what it expects, when it is run.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::context::{Context, Depth};
use super::verdict::{Stop, Verdict};

type Run = fn(Arc<Context>) -> Pin<Box<dyn Future<Output = Result<Verdict, Stop>> + Send>>;

/// A check.
#[derive(Debug)]
pub struct Check {
    /// Its stable name: what `--only` takes, and the attribute of its metrics.
    pub name: &'static str,
    /// What it is about.
    pub group: &'static str,
    /// What it expects.
    pub expected: &'static str,
    /// The least thorough run that it belongs to.
    pub from: Depth,
    pub(super) time: Time,
    pub(super) run: Run,
}

/// How long a check may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Time {
    /// As long as servers of this host may take to answer.
    Usual,
    /// As long as other programs may take, such as Docker's tools, which are started for each question: within a second,
    /// unless the host has more to do than it can.
    Programs,
    /// As long as the collector takes to decide what becomes of a trace, and a little more.
    TraceDecision,
    /// As long as the run may take at all.
    Whole,
}

/// What a full run may take with the collector's usual settings.
pub(super) const WHOLE: Duration = Duration::from_secs(14);

impl Check {
    /// Whether it belongs to runs of that depth.
    pub fn belongs_to(&self, depth: Depth) -> bool {
        self.from <= depth
    }

    /// How long it may take.
    pub fn limit(&self, context: &Context) -> Duration {
        match (context.depth(), self.time) {
            (Depth::Quick, Time::Programs) => Duration::from_secs(5),
            (Depth::Quick, _) => Duration::from_millis(1700),
            (_, Time::Usual | Time::Programs) => Duration::from_secs(8),
            (_, Time::TraceDecision) => super::round_trip::trace_limit(context),
            (_, Time::Whole) => WHOLE,
        }
    }
}

/// Names of all checks, in the order of [`CHECKS`].
pub fn names() -> impl Iterator<Item = &'static str> {
    CHECKS.iter().map(|check| check.name)
}

macro_rules! check {
    ($name:literal, $group:literal, $from:ident, $time:ident, $run:path, $expected:literal) => {
        Check {
            name: $name,
            group: $group,
            expected: $expected,
            from: Depth::$from,
            time: Time::$time,
            run: |context| Box::pin($run(context)),
        }
    };
}

/// Every check.
#[rustfmt::skip]
pub const CHECKS: &[Check] = &[
    check!("settings", "host", Offline, Usual, super::host_settings::check,
        "settings.env says things that compose.yaml knows, and publishes nothing but Grafana beyond the private network"),
    check!("files", "host", Offline, Usual, super::files::check,
        "compose.yaml, the servers' configuration and Grafana's provisioning are there and can be read"),
    check!("docker", "host", Offline, Programs, super::docker::check,
        "Docker and its compose plugin answer"),
    check!("images", "host", Offline, Programs, super::images::check,
        "every image of compose.yaml is on this machine"),
    check!("disk", "host", Offline, Usual, super::disk::check,
        "the disk of the data folder has room, and will have it for two weeks"),
    check!("root-disk", "host", Quick, Usual, super::root_disk::check,
        "the root disk, which holds containers and logs, has room"),
    check!("memory", "host", Offline, Usual, super::memory::check,
        "a tenth of the memory is available, and nothing waits for it"),
    check!("units", "host", Quick, Programs, super::units::check,
        "no systemd unit of this host has failed"),
    check!("clock", "host", Quick, Usual, super::clock::check,
        "the clock is set by NTP, and agrees with the servers' clocks within 2 s"),
    check!("secrets", "host", Quick, Usual, super::secret_files::check,
        "every secret is there, and readable for its owner alone"),
    check!("certificates", "host", Quick, Usual, super::certificates::check,
        "certificates in the settings, and those of https addresses there, are valid for two weeks or longer"),
    check!("containers", "servers", Quick, Programs, super::containers::check,
        "every container of compose.yaml runs, is healthy, and is of the image that compose.yaml names"),
    check!("grafana", "servers", Quick, Usual, super::servers::grafana,
        "Grafana answers, has its database, and lets its administrator in"),
    check!("influxdb", "servers", Quick, Usual, super::servers::influxdb,
        "InfluxDB answers and takes the operator token"),
    check!("jaeger", "servers", Quick, Usual, super::servers::jaeger,
        "Jaeger answers"),
    check!("otlp-http", "servers", Quick, Usual, super::otlp_ports::http,
        "the collector takes OTLP over HTTP"),
    check!("otlp-grpc", "servers", Quick, Usual, super::otlp_ports::grpc,
        "the collector takes OTLP over gRPC"),
    check!("buckets", "storage", Quick, Usual, super::buckets::check,
        "the organisation marketboro has the buckets telemetry and loadgen, and they keep points for 30 and 365 days"),
    check!("tokens", "storage", Quick, Usual, super::tokens::check,
        "each token may do what it is for and nothing else"),
    check!("series", "storage", Quick, Usual, super::series::check,
        "InfluxDB has fewer than half of the series that it can bear"),
    check!("backup", "storage", Quick, Usual, super::backups::check,
        "the last backup is complete and not too old"),
    check!("collector-health", "signals", Quick, Whole, super::collector_health::check,
        "the collector reports on itself; in the last ten minutes it lost and refused nothing, and its queues have room"),
    check!("otlp-traces", "signals", Full, TraceDecision, super::round_trip::traces,
        "a trace sent to the collector can be read in Jaeger"),
    check!("otlp-metrics", "signals", Full, Usual, super::round_trip::metrics,
        "a metric sent to the collector can be read in InfluxDB"),
    check!("data-source-influxdb", "grafana", Quick, Usual, super::data_sources::influxdb,
        "Grafana reaches InfluxDB with its token"),
    check!("data-source-jaeger", "grafana", Quick, Usual, super::data_sources::jaeger,
        "Grafana reaches Jaeger"),
    check!("data-source-cloudwatch", "grafana", Full, Usual, super::data_sources::cloudwatch,
        "Grafana reads CloudWatch with the role of this host"),
    check!("dashboards", "grafana", Quick, Usual, super::dashboards::check,
        "Grafana has every provisioned dashboard as its file has it"),
    check!("alert-rules", "grafana", Quick, Usual, super::alert_rules::check,
        "Grafana has every provisioned alert rule as its file has it, and can evaluate it"),
    check!("panel-queries", "grafana", Full, Whole, super::panel_queries::check,
        "every query of every dashboard returns data, or its panel says that it need not"),
];
