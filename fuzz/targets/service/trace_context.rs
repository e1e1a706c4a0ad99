//! Headers that name a trace and a load run: what is taken over is well-formed, and what is sent is understood.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::http::request_context::{RequestContext, TRACEPARENT, X_REQUEST_ID, remote_parent};
use crate::telemetry::http_server::loadgen_run_id;

pub(super) fn check(data: &[u8]) {
    let names = [TRACEPARENT, X_REQUEST_ID, HeaderName::from_static("baggage")];
    let mut headers = HeaderMap::new();
    for (number, value) in data.split(|byte| *byte == b'\n').enumerate().take(6) {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.append(names[number % 3].clone(), value);
        }
    }
    let parent = remote_parent(&headers);
    if let Some(parent) = &parent {
        let value = headers[TRACEPARENT].as_bytes();
        let trace = parent.trace_id().to_string();
        assert!(parent.is_valid() && parent.is_remote());
        assert_eq!(&value[3..35], trace.as_bytes());
        assert_eq!(&value[36..52], parent.span_id().to_string().as_bytes());
    }
    if let Some(id) = loadgen_run_id(&headers) {
        assert!((1..=64).contains(&id.len()));
        assert!(
            id.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)),
            "{id}"
        );
    }
    let context = RequestContext::new(&headers, parent.as_ref(), None);
    let mut answer = HeaderMap::new();
    context.write(&mut answer);
    let sent = remote_parent(&answer);
    assert!(sent.is_some_and(|sent| {
        sent.trace_id() == context.span().trace_id() && sent.span_id() == context.span().span_id()
    }));
    assert!(parent.is_none_or(|parent| parent.trace_id() == context.span().trace_id()));
    assert_eq!(answer[X_REQUEST_ID].as_bytes(), context.request_id().as_bytes());
    assert!((1..=128).contains(&answer[X_REQUEST_ID].len()));
}
