//! A request is a trace in Jaeger: its server span, the calls to DynamoDB below it, in the trace of the caller.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;
use service::telemetry::db_client::{CONDITION_FAILED, Operation};
use service::telemetry::{metrics, resource, spans};
use test_servers::{Collector, Jaeger, Span, SpanKind};

use super::instance::{Caller, Instance, trace_arrives};
use crate::running_service::RunningService;
use crate::stores::{embedded, on_table};
use test_servers::dynamodb_double;

fn exporting_service(instance: &Instance) -> RunningService {
    instance
        .exporting(embedded(), &Collector::shared().http_endpoint())
        .start()
}

/// Names of a span's attributes that the service gave; Jaeger adds those of the scope.
fn attribute_names(span: &Span) -> BTreeSet<&str> {
    let names = span.attributes.keys().map(String::as_str);
    names.filter(|name| !name.starts_with("otel.")).collect()
}

/// The span of this name, which must be there once.
#[track_caller]
fn only<'a>(spans: &'a [Span], name: &str) -> &'a Span {
    let named: Vec<_> = spans.iter().filter(|span| span.name == name).collect();
    let [span] = named[..] else {
        panic!("not one {name:?} in {spans:#?}");
    };
    span
}

#[test]
fn a_put_is_a_server_span_in_the_callers_trace_and_a_dynamodb_span_below_it() {
    let instance = Instance::new();
    let service = exporting_service(&instance);
    service.create("1", "First item");
    let caller = Caller::new();
    let request = service
        .request("PUT", "/items/1?verbose=secret")
        .header("traceparent", caller.traceparent("01"))
        .header("baggage", "tenant=7, loadgen.run_id=nightly-1;source=ci")
        .header("user-agent", "shop/2.1")
        .json(&json!({ "name": "Renamed" }));
    let answer = service.send(request);
    assert_eq!(answer.status, 200);
    let [trace_id, span_id, flags] = answer.ids();
    assert_eq!((&trace_id, &*flags), (&caller.trace_id, "01"));
    assert_ne!(span_id, caller.span_id);

    let trace = trace_arrives(Jaeger::shared(), &trace_id, 2);
    assert_eq!(trace.spans.len(), 2, "{trace:#?}");
    let server = only(&trace.spans, "PUT /items/{id}");
    assert_eq!(
        (server.id.as_str(), server.parent.as_deref()),
        (&*span_id, Some(&*caller.span_id))
    );
    assert_eq!((server.kind, server.is_error), (SpanKind::Server, false));
    assert_eq!(server.text(spans::HTTP_REQUEST_METHOD), Some("PUT"));
    assert_eq!(server.text(spans::URL_SCHEME), Some("http"));
    assert_eq!(server.text(spans::URL_PATH), Some("/items/1"));
    assert_eq!(server.text(spans::HTTP_ROUTE), Some("/items/{id}"));
    assert_eq!(server.integer(spans::HTTP_RESPONSE_STATUS_CODE), Some(200));
    assert_eq!(server.text(spans::USER_AGENT_ORIGINAL), Some("shop/2.1"));
    assert_eq!(server.text(spans::LOADGEN_RUN_ID), Some("nightly-1"));
    let mut promised: BTreeSet<_> = spans::REQUEST_ATTRIBUTES.iter().copied().collect();
    promised.remove(spans::ERROR_TYPE);
    assert_eq!(attribute_names(server), promised);

    let call = only(&trace.spans, Operation::PutItem.span_name());
    assert_eq!(call.parent.as_deref(), Some(&*span_id));
    assert_eq!((call.kind, call.is_error), (SpanKind::Client, false));
    assert_eq!(call.text(spans::DB_SYSTEM_NAME), Some(metrics::DYNAMODB));
    assert_eq!(call.text(spans::DB_OPERATION_NAME), Some(Operation::PutItem.name()));
    assert_eq!(call.text(spans::DB_COLLECTION_NAME), Some("items"));
    let promised: BTreeSet<_> = spans::DATABASE_CALL_ATTRIBUTES.iter().copied().collect();
    assert!(attribute_names(call).is_subset(&promised), "{call:#?}");
    assert!(
        call.start >= server.start && call.duration <= server.duration,
        "{trace:#?}"
    );
    assert!(server.duration > Duration::ZERO);

    for span in &trace.spans {
        assert_eq!(span.service, service::SERVICE_NAME);
        assert_eq!(
            span.resource_text(resource::SERVICE_VERSION),
            Some(env!("CARGO_PKG_VERSION"))
        );
        assert_eq!(span.resource_text(resource::SERVICE_INSTANCE_ID), Some(&*instance.0));
        assert_eq!(span.resource_text(resource::DEPLOYMENT_ENVIRONMENT_NAME), Some("test"));
    }
}

#[test]
fn each_operation_is_named_by_its_route_and_its_call() {
    let service = exporting_service(&Instance::new());
    let item = json!({ "id": "1", "name": "First item" });
    let requests = [
        ("POST", "/items", 201, "POST /items", Operation::PutItem),
        ("GET", "/items/1", 200, "GET /items/{id}", Operation::GetItem),
        ("PUT", "/items/1", 200, "PUT /items/{id}", Operation::PutItem),
        ("GET", "/items?limit=5", 200, "GET /items", Operation::Scan),
        ("DELETE", "/items/1", 200, "DELETE /items/{id}", Operation::DeleteItem),
    ];
    let answers = requests.map(|(method, path, status, name, operation)| {
        let answer = service.send(service.request(method, path).json(&item));
        assert_eq!(answer.status, status, "{answer:?}");
        (answer, name, operation)
    });
    for (answer, name, operation) in &answers {
        // Without a caller's trace each request begins one, of which the answer tells.
        let [trace_id, span_id, flags] = answer.ids();
        assert_eq!((answer.header("x-request-id"), &*flags), (&*trace_id, "01"));
        let trace = trace_arrives(Jaeger::shared(), &trace_id, 2);
        let server = only(&trace.spans, name);
        assert_eq!((server.id.as_str(), &server.parent), (&*span_id, &None));
        let call = only(&trace.spans, operation.span_name());
        assert_eq!(call.parent.as_deref(), Some(&*span_id));
    }
}

#[test]
fn a_refused_condition_is_no_error_and_a_failed_call_is_one() {
    let service = exporting_service(&Instance::new());
    service.create("1", "First item");
    let conflict = service.post("/items", &json!({ "id": "1", "name": "Second item" }));
    assert_eq!(conflict.status, 409);
    let refusing = dynamodb_double::refusing("500 Internal Server Error", "InternalServerError");
    let broken = Instance::new()
        .exporting(on_table(&refusing, "items"), &Collector::shared().http_endpoint())
        .start();
    let failed = broken.get("/items/1");
    assert_eq!(failed.status, 503);

    let trace = trace_arrives(Jaeger::shared(), &conflict.ids()[0], 2);
    assert!(trace.spans.iter().all(|span| !span.is_error), "{trace:#?}");
    let server = only(&trace.spans, "POST /items");
    assert_eq!(server.integer(spans::HTTP_RESPONSE_STATUS_CODE), Some(409));
    assert_eq!(server.text(spans::ERROR_TYPE), None);
    let call = only(&trace.spans, Operation::PutItem.span_name());
    assert_eq!(call.text(spans::DB_RESPONSE_STATUS_CODE), Some(CONDITION_FAILED));
    assert_eq!(call.text(spans::ERROR_TYPE), None);

    let trace = trace_arrives(Jaeger::shared(), &failed.ids()[0], 2);
    assert!(trace.spans.iter().all(|span| span.is_error), "{trace:#?}");
    let server = only(&trace.spans, "GET /items/{id}");
    assert_eq!(server.text(spans::ERROR_TYPE), Some("503"));
    let call = only(&trace.spans, Operation::GetItem.span_name());
    assert_eq!(call.text(spans::ERROR_TYPE), Some("InternalServerError"));
}

#[test]
fn baggage_that_is_no_run_id_is_passed_over() {
    let service = exporting_service(&Instance::new());
    let longest = "x".repeat(64);
    let run_ids = [
        (format!("loadgen.run_id={longest}"), Some(longest.as_str())),
        (format!("a=1,b=2;c=3 , loadgen.run_id = {longest} ;d"), Some(&longest)),
        (format!("loadgen.run_id={longest}x"), None),
        ("loadgen.run_id=".to_owned(), None),
        ("loadgen.run_id".to_owned(), None),
        ("loadgen.run_id=two words".to_owned(), None),
        ("loadgen.run_id=%41".to_owned(), None),
        ("loadgen.run_id=<script>".to_owned(), None),
        ("not.loadgen.run_id=1".to_owned(), None),
        (";;;,,,===".to_owned(), None),
        (format!("filler={}", "x".repeat(20_000)), None),
    ];
    let answers = run_ids.map(|(baggage, run_id)| {
        let answer = service.send(service.request("GET", "/healthz").header("baggage", &baggage));
        assert_eq!(answer.status, 200, "{baggage}");
        (answer, baggage, run_id.map(str::to_owned))
    });
    for (answer, baggage, run_id) in answers {
        let trace = trace_arrives(Jaeger::shared(), &answer.ids()[0], 1);
        let server = only(&trace.spans, "GET /healthz");
        assert_eq!(server.text(spans::LOADGEN_RUN_ID), run_id.as_deref(), "{baggage}");
    }
}

#[test]
fn a_path_that_leads_nowhere_names_no_span() {
    let service = exporting_service(&Instance::new());
    let answer = service.get("/private/17");
    assert_eq!(answer.status, 404);
    let trace = trace_arrives(Jaeger::shared(), &answer.ids()[0], 1);
    let server = only(&trace.spans, "GET");
    assert_eq!(server.text(spans::HTTP_ROUTE), None);
    assert_eq!(server.text(spans::URL_PATH), Some("/private/17"));
    assert!(!server.is_error);
}

#[test]
fn a_method_of_the_callers_making_names_no_span() {
    let service = exporting_service(&Instance::new());
    let answer = service.connect().send("FORGE", "/items", b"");
    assert_eq!(answer.status, 405);
    let trace = trace_arrives(Jaeger::shared(), &answer.ids()[0], 1);
    let server = only(&trace.spans, metrics::OTHER_METHOD);
    assert_eq!(server.text(spans::HTTP_REQUEST_METHOD), Some(metrics::OTHER_METHOD));
}
