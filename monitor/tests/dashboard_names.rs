//! The measurements and fields that dashboards and alert rules ask InfluxDB for are ones that a program here emits.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::path::Path;

use collector::{host_metrics, own_metrics};
use loadgen::influxdb::{buckets, names};
use monitor::dashboards::flux::{Column, Name, names as asked};
use monitor::dashboards::variables::Values;
use monitor::dashboards::{Query, TimeRange, load, queries};
use regex::Regex;
use service::telemetry::metrics::{self, Kind};

/// What the collector counts only once something has failed.
const COLLECTOR_FAILURES: [&str; 4] = [
    own_metrics::EXPORTER_SEND_FAILED_SPANS,
    own_metrics::EXPORTER_SEND_FAILED_METRIC_POINTS,
    own_metrics::EXPORTER_ENQUEUE_FAILED_SPANS,
    own_metrics::EXPORTER_ENQUEUE_FAILED_METRIC_POINTS,
];
/// Endings of requests by which expressions are tried.
const ENDINGS: [&str; 6] = [
    "status_200",
    "status_201",
    "status_404",
    "status_503",
    "error_timeout",
    "error_connect",
];

fn measurements() -> BTreeSet<String> {
    [
        collector::influxdb::MEASUREMENT,
        names::STEP_MEASUREMENT,
        names::LATENCY_MEASUREMENT,
        names::GENERATOR_MEASUREMENT,
        names::EVENT_MEASUREMENT,
    ]
    .map(String::from)
    .into()
}

fn fields() -> BTreeSet<String> {
    let mut fields = BTreeSet::new();
    for metric in metrics::ALL {
        if metric.kind == Kind::Histogram {
            use collector::influxdb::{bucket_field, count_field, max_field, min_field, sum_field};
            fields.extend([bucket_field, count_field, sum_field, min_field, max_field].map(|field| field(metric.name)));
        } else {
            fields.insert(metric.name.to_owned());
        }
    }
    let latency = [names::LATENCY_FIELDS, names::UNCORRECTED_LATENCY_FIELDS];
    let latency = latency
        .iter()
        .flat_map(|of| [of.min, of.mean, of.p50, of.p90, of.p95, of.p99, of.p99_9, of.max]);
    let others = [
        names::REQUESTS_FIELD,
        names::FAILED_FIELD,
        names::RATE_FIELD,
        names::BYTES_SENT_FIELD,
        names::BYTES_RECEIVED_FIELD,
        names::FAILED_CHECKS_FIELD,
        names::OTHER_ENDINGS_FIELD,
        names::DUE_FIELD,
        names::DROPPED_FIELD,
        names::VUS_FIELD,
        names::CPU_FIELD,
        names::LAG_FIELD,
        names::SATURATED_FIELD,
        names::TITLE_FIELD,
        names::TEXT_FIELD,
        names::STARTED_AT_FIELD,
        names::PASSED_FIELD,
        collector::influxdb::START_TIME_FIELD,
    ];
    let all = host_metrics::ALL
        .iter()
        .chain(own_metrics::ALWAYS)
        .chain(monitor::metrics::ALL)
        .copied();
    fields.extend(
        all.chain(COLLECTOR_FAILURES)
            .chain(others)
            .chain(ENDINGS)
            .chain(latency)
            .map(String::from),
    );
    fields.extend(buckets::bucket_fields().map(String::from));
    fields
}

/// Names in a query that no program emits.
fn unknown(flux: &str) -> Vec<Name> {
    let (measurements, fields) = (measurements(), fields());
    let mut unknown = Vec::new();
    for (column, name) in asked(flux) {
        let known = match column {
            Column::Measurement => &measurements,
            Column::Field => &fields,
        };
        let is_known = match &name {
            Name::Exactly(name) => {
                let prefixes = [names::STATUS_FIELD_PREFIX, names::ERROR_FIELD_PREFIX];
                known.contains(name)
                    || column == Column::Field && prefixes.iter().any(|prefix| name.starts_with(prefix))
            }
            Name::Matching(expression) => {
                let expression = Regex::new(&expression.replace("\\/", "/")).unwrap();
                known.iter().any(|name| expression.is_match(name))
            }
        };
        if !is_known {
            unknown.push(name);
        }
    }
    unknown
}

#[test]
fn every_name_that_is_asked_for_is_emitted() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .join("grafana-provisioning");
    let provisioning = load(&folder).unwrap();
    let range = TimeRange {
        start: "-1h".into(),
        stop: "now()".into(),
        window: "10s".into(),
    };
    for dashboard in &provisioning.dashboards {
        for query in queries(dashboard, &range, &Values::new()) {
            if let Query::Flux(flux) = &query.kind {
                assert_eq!(unknown(flux), [], "{} {}: {flux}", query.dashboard, query.origin);
            }
        }
    }
    for (_, group) in provisioning.provisioned("alerting", "groups") {
        for rule in group["rules"].as_array().unwrap() {
            for query in rule["data"].as_array().unwrap() {
                let flux = query["model"]["query"].as_str().unwrap_or_default();
                assert_eq!(unknown(flux), [], "rule {}: {flux}", rule["uid"]);
            }
        }
    }
}

#[test]
fn a_name_that_nothing_emits_is_noticed() {
    for (flux, expected) in [
        (
            "r._measurement == \"prometheus\" and r._field == \"system.cpu.time\"",
            0,
        ),
        ("r._measurement == \"loadgen_step\" and r._field =~ /^status_5/", 0),
        ("r._measurement == \"prometeus\"", 1),
        ("r._field == \"http.server.request.duration\"", 1),
        ("r[\"_field\"] == \"http_server_request_duration_bucket\"", 1),
        ("r._field =~ /^otelcol_receiver_rejected/", 1),
    ] {
        assert_eq!(unknown(flux).len(), expected, "{flux}");
    }
}
