//! Which traces are kept: by the caller's flag and the standard variables in the service, by tail in the collector.

use std::collections::BTreeSet;
use std::time::Duration;

use collector::environment;
use collector::own_metrics;
use service::telemetry::metrics;
use test_servers::{Collector, InfluxDb, Jaeger, poll};

use super::instance::{Caller, Instance, trace_arrives};
use crate::running_service::ServiceCommand;
use crate::stores::{embedded, on_dynamodb};
use test_servers::dynamodb_double;

#[test]
fn the_callers_flag_decides_unless_told_otherwise() {
    let instance = Instance::new();
    let service = instance
        .exporting(embedded(), &Collector::shared().http_endpoint())
        .start();
    let (unsampled, sampled) = (Caller::new(), Caller::new());
    for (caller, flags) in [(&unsampled, "00"), (&sampled, "01")] {
        let request = service.request("GET", "/healthz");
        let answer = service.send(request.header("traceparent", caller.traceparent(flags)));
        let [trace_id, span_id, answered] = answer.ids();
        assert_eq!((&trace_id, &*answered), (&caller.trace_id, flags));
        assert_ne!(span_id, caller.span_id);
    }
    trace_arrives(Jaeger::shared(), &sampled.trace_id, 1);
    assert!(Jaeger::shared().trace(&unsampled.trace_id).unwrap().is_none());
    instance.finish(InfluxDb::shared(), service);
    instance.total_becomes(InfluxDb::shared(), metrics::SPANS_EXPORTED.name, 1);
}

#[test]
fn always_off_exports_no_span_and_every_metric() {
    let instance = Instance::new();
    let service = instance
        .exporting(embedded(), &Collector::shared().http_endpoint())
        .env("OTEL_TRACES_SAMPLER", "always_off")
        .start();
    for _ in 0..10 {
        let answer = service.send(
            service
                .request("GET", "/healthz")
                .header("traceparent", Caller::new().traceparent("01")),
        );
        let [_, _, flags] = answer.ids();
        assert_eq!(flags, "00");
    }
    let influxdb = InfluxDb::shared();
    instance.finish(influxdb, service);
    instance.total_becomes(influxdb, metrics::SPANS_EXPORTED.name, 0);
    let counted = collector::influxdb::count_field(metrics::HTTP_SERVER_REQUEST_DURATION.name);
    instance.total_becomes(influxdb, &counted, 10);
}

#[test]
fn a_ratio_keeps_that_share_of_traces_and_says_so_in_the_flags() {
    let instance = Instance::new();
    let service = instance
        .exporting(embedded(), &Collector::shared().http_endpoint())
        .env("OTEL_SERVICE_NAME", &instance.0)
        .env("OTEL_TRACES_SAMPLER", "traceidratio")
        .env("OTEL_TRACES_SAMPLER_ARG", "0.25")
        .start();
    let answers: Vec<_> = (0..400).map(|_| service.get("/healthz").ids()).collect();
    let kept: BTreeSet<_> = answers
        .into_iter()
        .filter(|[_, _, flags]| flags == "01")
        .map(|[trace_id, _, _]| trace_id)
        .collect();
    // Seven standard deviations around 100.
    assert!((40..=160).contains(&kept.len()), "{} of 400", kept.len());
    instance.finish(InfluxDb::shared(), service);
    let exported = i64::try_from(kept.len()).unwrap();
    instance.total_becomes(InfluxDb::shared(), metrics::SPANS_EXPORTED.name, exported);
    let found = poll("the kept traces", || {
        let found = Jaeger::shared().search(&instance.0, &[]).unwrap();
        (found.len() >= kept.len()).then_some(found)
    });
    let found: BTreeSet<_> = found.into_iter().map(|trace| trace.id).collect();
    assert_eq!(found, kept);
}

#[test]
fn every_error_is_kept_when_all_but_one_in_a_hundred_of_the_rest_is_dropped() {
    let (influxdb, jaeger) = (InfluxDb::shared(), Jaeger::shared());
    let collector = Collector::options()
        .influxdb(influxdb)
        .jaeger(jaeger)
        .share_percent(1.0)
        // Not to keep a trace because the machine was slow.
        .variable(environment::TRACE_SLOW_MS, "600000")
        .start()
        .unwrap();
    let named = Instance::new();
    let start = |command: ServiceCommand| {
        Instance::new()
            .exporting(command, &collector.http_endpoint())
            .env("OTEL_SERVICE_NAME", &named.0)
            .start()
    };
    let sound = start(embedded());
    let broken = start(on_dynamodb(&dynamodb_double::refusing(
        "500 Internal Server Error",
        "InternalServerError",
    )));
    let (mut failed, mut answered) = (BTreeSet::new(), BTreeSet::new());
    for number in 0..400 {
        let answer = sound.get("/healthz");
        assert_eq!(answer.status, 200);
        answered.insert(answer.ids()[0].clone());
        if number % 100 == 0 {
            let answer = broken.get("/items/1");
            assert_eq!(answer.status, 503);
            failed.insert(answer.ids()[0].clone());
        }
    }
    let judged = |sampled: &str| {
        let query = format!(
            r#"SELECT last("{}") FROM "{}" WHERE "host.name" = '{}' AND "{}" = '{sampled}'"#,
            own_metrics::SAMPLING_TRACES,
            collector::influxdb::MEASUREMENT,
            collector.host_name(),
            own_metrics::SAMPLED,
        );
        let series = influxdb.query(InfluxDb::TELEMETRY, &query).unwrap();
        series.iter().flat_map(|series| series.numbers("last")).sum::<f64>() as usize
    };
    poll("every decision", || {
        (judged("true") + judged("false") >= failed.len() + answered.len()).then_some(())
    });
    let found = poll("the kept traces", || {
        let found = jaeger.search(&named.0, &[]).unwrap();
        (found.len() >= judged("true")).then_some(found)
    });
    let found: BTreeSet<_> = found.into_iter().map(|trace| trace.id).collect();
    assert!(found.is_superset(&failed), "lost: {:?}", failed.difference(&found));
    let others = found.intersection(&answered).count();
    // Four of 400, and eight standard deviations above.
    assert!(others <= 20, "{others} of 400 kept");
    for trace_id in &failed {
        let trace = trace_arrives(jaeger, trace_id, 2);
        assert!(trace.spans.iter().any(|span| span.is_error), "{trace:#?}");
    }
    drop(collector);
}

#[test]
fn a_slow_trace_is_kept_when_the_rest_is_dropped() {
    let jaeger = Jaeger::shared();
    let collector = Collector::options()
        .influxdb(InfluxDb::shared())
        .jaeger(jaeger)
        .share_percent(0.0)
        .variable(environment::TRACE_SLOW_MS, "400")
        .start()
        .unwrap();
    let proxy = dynamodb_double::Proxy::start();
    let service = Instance::new()
        .exporting(on_dynamodb(&proxy.endpoint), &collector.http_endpoint())
        .args(["--create-table", "--request-timeout", "2m"])
        .start();
    proxy.hold();
    let slow = std::thread::scope(|scope| {
        let slow = scope.spawn(|| service.get("/items/1"));
        poll("the slow request", || (proxy.held() == 1).then_some(()));
        std::thread::sleep(Duration::from_millis(500));
        proxy.release();
        slow.join().unwrap()
    });
    assert_eq!(slow.status, 404);
    let trace = trace_arrives(jaeger, &slow.ids()[0], 2);
    assert!(trace.spans.iter().all(|span| !span.is_error));
}
