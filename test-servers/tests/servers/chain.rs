//! What is sent to the collector is found in Jaeger and in InfluxDB.

use test_servers::{Collector, DynamoDbLocal, InfluxDb, Jaeger, SpanKind, poll};

use crate::otlp::{new_id, send_count, send_span};

#[test]
fn a_span_is_found_by_its_trace_id_and_by_its_attributes() {
    let trace_id = format!("{:032x}", new_id());
    let name = format!("by hand {trace_id}");
    assert!(send_span(Collector::shared(), &trace_id, &name));
    let trace = poll("the trace", || Jaeger::shared().trace(&trace_id).unwrap());
    let [span] = trace.spans.as_slice() else {
        panic!("{trace:?}");
    };
    assert_eq!(trace.id, trace_id);
    assert_eq!(
        (span.id.as_str(), span.parent.as_deref()),
        ("00000000000000aa", Some("00000000000000bb"))
    );
    assert_eq!(
        (span.name.as_str(), span.kind, span.is_error),
        (&*name, SpanKind::Server, true)
    );
    assert_eq!(
        (span.text("http.route"), span.integer("count")),
        (Some("/items/{id}"), Some(7))
    );
    assert_eq!(
        (span.service.as_str(), span.resource_text("service.instance.id")),
        ("by-hand", Some("first"))
    );
    assert_eq!(span.duration.as_millis(), 5);
    let found = Jaeger::shared()
        .search("by-hand", &[("http.route", "/items/{id}")])
        .unwrap();
    assert!(found.iter().any(|trace| trace.id == trace_id));
    assert!(Jaeger::shared().search("nobody", &[]).unwrap().is_empty());
}

#[test]
fn a_trace_that_nobody_sent_is_none() {
    let trace = Jaeger::shared().trace("000000000000000000000000000000ff").unwrap();
    assert!(trace.is_none(), "{trace:?}");
}

#[test]
fn a_count_is_found_with_its_tags() {
    let name = format!("by.hand.{:032x}", new_id());
    assert!(send_count(Collector::shared(), &name, 41));
    assert!(send_count(Collector::shared(), &name, 42));
    let influxdb = InfluxDb::shared();
    let query = format!(r#"SELECT "{name}" FROM "prometheus" GROUP BY *"#);
    let series = poll("both points", || {
        let series = influxdb.query(InfluxDb::TELEMETRY, &query).unwrap();
        series.into_iter().find(|series| series.points.len() == 2)
    });
    assert_eq!(series.numbers(&name), [41.0, 42.0]);
    assert_eq!(
        (series.measurement.as_str(), series.tag("kind")),
        ("prometheus", Some("first"))
    );
    assert_eq!(series.tag("service.instance.id"), Some("first"));
    assert!(series.points.iter().all(|point| point.time.is_some()));
}

#[test]
fn each_token_may_do_what_it_is_for() {
    let influxdb = InfluxDb::shared();
    let write = |bucket: &str, token: &str| {
        let url = format!(
            "{}/api/v2/write?org={}&bucket={bucket}",
            influxdb.url(),
            InfluxDb::ORGANISATION
        );
        let client = test_servers::client_builder().build().unwrap();
        let request = client.post(url).header("authorization", format!("Token {token}"));
        request.body("by_hand value=1").send().unwrap().status().as_u16()
    };
    let (telemetry, loadgen) = (InfluxDb::TELEMETRY, InfluxDb::LOADGEN);
    assert_eq!(write(telemetry, influxdb.telemetry_writer_token()), 204);
    assert_eq!(write(loadgen, influxdb.loadgen_writer_token()), 204);
    assert_eq!(write(telemetry, influxdb.operator_token()), 204);
    assert_ne!(write(loadgen, influxdb.telemetry_writer_token()), 204);
    assert_ne!(write(telemetry, influxdb.loadgen_writer_token()), 204);
    assert_ne!(write(telemetry, influxdb.reader_token()), 204);
    for bucket in [telemetry, loadgen] {
        let series = influxdb.query(bucket, "SELECT value FROM by_hand").unwrap();
        assert_eq!(series[0].points[0].number("value"), Some(1.0));
    }
}

#[test]
fn a_statement_that_cannot_be_read_is_an_error_with_the_servers_words() {
    let error = InfluxDb::shared().query(InfluxDb::TELEMETRY, "SELECT").unwrap_err();
    assert!(error.to_string().contains("found EOF"), "{error}");
}

#[test]
fn dynamodb_local_answers_on_its_endpoint() {
    let server = DynamoDbLocal::shared();
    assert_eq!(server.endpoint(), format!("http://127.0.0.1:{}", server.port()));
    let client = test_servers::client_builder().build().unwrap();
    let answer = client.get(server.endpoint()).send().unwrap();
    assert!(answer.headers().contains_key("x-amzn-requestid"));
}
