//! In an ECS task telemetry says which. A double stands in for the task metadata endpoint.

use std::collections::BTreeSet;
use std::io::{BufReader, Write as _};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use service::telemetry::ecs;
use service::telemetry::metrics;
use service::telemetry::resource::SERVICE_INSTANCE_ID;
use test_servers::{Collector, InfluxDb, Jaeger, poll};

use super::instance::{Instance, trace_arrives};
use crate::running_service::RunningService;
use crate::stores::embedded;
use test_servers::http_message::Message;
use test_servers::tcp_double::{absent, serve, silent};

const VARIABLE: &str = service::telemetry::settings::ECS_METADATA_VARIABLE;
const CLUSTER: &str = "arn:aws:ecs:eu-central-1:123456789012:cluster/marketboro";

/// Answers `GET /v4/container/task` with this.
fn metadata_double(task: Value) -> String {
    let endpoint = serve(move |stream| {
        let mut requests = BufReader::new(stream);
        while let Ok(Some(request)) = Message::read(&mut requests, true) {
            let (status, body) = if request.head.starts_with("GET /v4/container/task HTTP/1.1") {
                ("200 OK", task.to_string())
            } else {
                ("404 Not Found", String::new())
            };
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            if requests.get_mut().write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    });
    format!("{endpoint}/v4/container")
}

fn start_in_task(metadata: &str) -> RunningService {
    embedded()
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &Collector::shared().http_endpoint())
        .env("OTEL_METRIC_EXPORT_INTERVAL", "250")
        .env("OTEL_BSP_SCHEDULE_DELAY", "100")
        .env(VARIABLE, metadata)
        .start()
}

#[test]
fn spans_and_metrics_name_the_task_that_the_metadata_double_describes() {
    // The short name, as tasks on EC2 instances are told.
    for cluster in [CLUSTER, "marketboro"] {
        let task_id = format!("{:032x}", fastrand::u128(..));
        let task_arn = format!("arn:aws:ecs:eu-central-1:123456789012:task/marketboro/{task_id}");
        let service = start_in_task(&metadata_double(json!({
            "Cluster": cluster,
            "TaskARN": task_arn,
            "Family": "service",
            "Revision": "7",
            "DesiredStatus": "RUNNING",
            "Containers": [{ "DockerId": "1" }],
            "LaunchType": "FARGATE",
            "AvailabilityZone": "eu-central-1b",
        })));
        let answer = service.get("/healthz");
        let trace = trace_arrives(Jaeger::shared(), &answer.ids()[0], 1);
        let span = &trace.spans[0];
        for (attribute, value) in [
            (ecs::AWS_ECS_TASK_ARN, &*task_arn),
            (ecs::AWS_ECS_TASK_ID, &*task_id),
            (ecs::AWS_ECS_CLUSTER_ARN, CLUSTER),
            (ecs::AWS_ECS_TASK_FAMILY, "service"),
            (ecs::AWS_ECS_TASK_REVISION, "7"),
            (ecs::AWS_ECS_LAUNCHTYPE, "fargate"),
            (ecs::CLOUD_AVAILABILITY_ZONE, "eu-central-1b"),
            (ecs::CLOUD_REGION, "eu-central-1"),
            (ecs::CLOUD_ACCOUNT_ID, "123456789012"),
            (ecs::CLOUD_PROVIDER, "aws"),
            (ecs::CLOUD_PLATFORM, "aws_ecs"),
            (SERVICE_INSTANCE_ID, &*task_id),
        ] {
            assert_eq!(span.resource_text(attribute), Some(value), "{attribute}");
        }
        let series = poll("the metrics of the task", || {
            Instance(task_id.clone())
                .last(InfluxDb::shared(), metrics::PROCESS_UPTIME.name)
                .pop()
        });
        assert_eq!(series.tag(ecs::AWS_ECS_TASK_ID), Some(&*task_id));
        assert_eq!(series.tag(ecs::AWS_ECS_CLUSTER_ARN), Some(CLUSTER));
    }
}

#[test]
fn metadata_doubles_that_fail_do_not_hinder_the_start() {
    let endpoints = [
        absent(),
        silent(),
        metadata_double(json!({ "Cluster": 1 })),
        format!("{}/v2", absent()),
    ];
    let mut instances = BTreeSet::new();
    for metadata in &endpoints {
        let begin = Instant::now();
        let service = start_in_task(metadata);
        // A second, and a busy machine's share.
        assert!(begin.elapsed() < Duration::from_secs(15), "{:?}", begin.elapsed());
        let answer = service.get("/healthz");
        assert_eq!(answer.status, 200);
        service.wait_for_log("telemetry goes without the attributes of the ECS task");
        let trace = trace_arrives(Jaeger::shared(), &answer.ids()[0], 1);
        let instance = trace.spans[0].resource_text(SERVICE_INSTANCE_ID).unwrap();
        instances.insert(instance.to_owned());
    }
    // Each has made up an id of its own.
    assert_eq!(instances.len(), endpoints.len(), "{instances:?}");
}
