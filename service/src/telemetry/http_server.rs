//! Requests as traces and metrics see them.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use http::header::{HeaderName, USER_AGENT};
use http::{HeaderMap, Method, Request, StatusCode};
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Meter};
use opentelemetry::trace::SpanContext;

use super::metrics::{self, CLIENT_LEFT, OTHER_METHOD};
use super::otlp_span::{Kind, Value};
use super::sampling::HeadSampler;
use super::series::{Description, SeriesRecorder};
use super::spans::{
    ERROR_TYPE, HTTP_REQUEST_METHOD, HTTP_RESPONSE_STATUS_CODE, HTTP_ROUTE, LOADGEN_RUN_ID, URL_PATH, URL_SCHEME,
    USER_AGENT_ORIGINAL,
};
use super::tracer::{ActiveSpan, Tracer};

const BAGGAGE: HeaderName = HeaderName::from_static("baggage");
/// TLS ends at the balancer.
const SCHEME: &str = "http";
/// The longest run id that is taken over.
const MAX_RUN_ID_BYTES: usize = 64;

/// Methods that get a name of their own in metrics; any other is `_OTHER`.
const METHODS: [&str; 10] = [
    "GET",
    "POST",
    "PUT",
    "DELETE",
    "HEAD",
    "OPTIONS",
    "PATCH",
    "CONNECT",
    "TRACE",
    OTHER_METHOD,
];

/// What tells requests apart in metrics.
#[derive(Debug)]
struct Series {
    /// Place in [`METHODS`].
    method: usize,
    /// `None` where the client left.
    status: Option<StatusCode>,
    route: Option<Box<str>>,
}

/// Instruments of the requests this service answers.
#[derive(Debug)]
pub(crate) struct HttpServer {
    requests: SeriesRecorder<Series>,
    /// One count for each of [`METHODS`].
    active: Arc<[AtomicI64; METHODS.len()]>,
    shed: Counter<u64>,
    timed_out: Counter<u64>,
}

impl HttpServer {
    pub(super) fn new(meter: &Meter, tracer: Option<Tracer>) -> Self {
        let active = Arc::<[AtomicI64; METHODS.len()]>::default();
        let observed = Arc::clone(&active);
        metrics::observable_up_down_counter(meter, metrics::HTTP_SERVER_ACTIVE_REQUESTS, move |observer| {
            for (method, count) in METHODS.into_iter().zip(observed.iter()) {
                let count = count.load(Ordering::Relaxed);
                observer.observe(count, &[method_attribute(method), KeyValue::new(URL_SCHEME, SCHEME)]);
            }
        });
        Self {
            requests: SeriesRecorder::new(
                tracer,
                Kind::Server,
                metrics::histogram(
                    meter,
                    metrics::HTTP_SERVER_REQUEST_DURATION,
                    &metrics::HTTP_SERVER_BOUNDARIES,
                ),
            ),
            active,
            shed: metrics::counter(meter, metrics::REQUESTS_SHED),
            timed_out: metrics::counter(meter, metrics::REQUESTS_TIMED_OUT),
        }
    }

    /// A request was refused because too many are in flight.
    pub(crate) fn shed(&self) {
        self.shed.add(1, &[]);
    }

    /// A request was given up because it took too long.
    pub(crate) fn timed_out(&self) {
        self.timed_out.add(1, &[]);
    }

    /// Decides which traces are recorded, if any are.
    pub(crate) fn sampler(&self) -> Option<HeadSampler> {
        self.requests.tracer().map(Tracer::sampler)
    }

    /// A request has come in; its span is `context`, below that of its caller, if the caller named one.
    pub(crate) fn begin<B>(
        self: &Arc<Self>,
        request: &Request<B>,
        context: &SpanContext,
        caller: Option<SpanContext>,
    ) -> ActiveRequest {
        let method = method_index(request.method());
        self.active[method].fetch_add(1, Ordering::Relaxed);
        let is_recorded = self.requests.tracer().is_some() && context.is_sampled();
        ActiveRequest {
            span: is_recorded.then(|| begin_span(request, context.clone(), caller)),
            server: Arc::clone(self),
            method,
            started: Instant::now(),
            is_finished: false,
        }
    }
}

fn begin_span<B>(request: &Request<B>, context: SpanContext, caller: Option<SpanContext>) -> ActiveSpan {
    let mut span = ActiveSpan::begin(context, caller);
    span.set([(URL_PATH, Value::Text(request.uri().path()))]);
    let user_agent = request.headers().get(USER_AGENT);
    let user_agent = user_agent.and_then(|value| value.to_str().ok());
    span.set(user_agent.map(|user_agent| (USER_AGENT_ORIGINAL, Value::Text(user_agent))));
    let run_id = loadgen_run_id(request.headers());
    span.set(run_id.map(|run_id| (LOADGEN_RUN_ID, Value::Text(run_id))));
    span
}

/// A request that is being answered. Dropped before it is finished, it counts as one whose client has left.
#[derive(Debug)]
pub(crate) struct ActiveRequest {
    server: Arc<HttpServer>,
    span: Option<ActiveSpan>,
    /// Place in [`METHODS`].
    method: usize,
    started: Instant,
    is_finished: bool,
}

impl ActiveRequest {
    /// The request was answered. `route` is the path template it matched.
    pub(crate) fn finish(mut self, status: StatusCode, route: Option<&str>) {
        self.is_finished = true;
        self.record(Some(status), route);
    }

    fn record(&mut self, status: Option<StatusCode>, route: Option<&str>) {
        self.server.active[self.method].fetch_sub(1, Ordering::Relaxed);
        self.server.requests.record(
            self.started.elapsed(),
            self.span.take(),
            |series| series.method == self.method && series.status == status && series.route.as_deref() == route,
            || {
                let series = Series {
                    method: self.method,
                    status,
                    route: route.map(Into::into),
                };
                series.described()
            },
        );
    }
}

impl Series {
    fn described(self) -> Description<Self> {
        let method = METHODS[self.method];
        let error = error_type(&self.status);
        let mut attributes = vec![method_attribute(method), KeyValue::new(URL_SCHEME, SCHEME)];
        attributes.extend(
            self.route
                .as_ref()
                .map(|route| KeyValue::new(HTTP_ROUTE, route.to_string())),
        );
        attributes.extend(
            self.status
                .map(|status| KeyValue::new(HTTP_RESPONSE_STATUS_CODE, i64::from(status.as_u16()))),
        );
        attributes.extend(error.map(|error| KeyValue::new(ERROR_TYPE, error.to_owned())));
        Description {
            span_name: self
                .route
                .as_ref()
                .map_or_else(|| method.to_owned(), |route| format!("{method} {route}")),
            is_error: error.is_some(),
            attributes,
            key: self,
        }
    }
}

/// `None` for an answer that is no failure of the service.
fn error_type(status: &Option<StatusCode>) -> Option<&str> {
    match status {
        None => Some(CLIENT_LEFT),
        Some(status) if status.is_server_error() => Some(status.as_str()),
        Some(_) => None,
    }
}

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        if !self.is_finished {
            self.record(None, None);
        }
    }
}

fn method_attribute(method: &'static str) -> KeyValue {
    KeyValue::new(HTTP_REQUEST_METHOD, method)
}

fn method_index(method: &Method) -> usize {
    METHODS
        .iter()
        .position(|known| *known == method.as_str())
        .unwrap_or(METHODS.len() - 1)
}

/// What a load run says of itself in W3C Baggage: `loadgen.run_id=nightly-1;some=property, other=member`.
pub(crate) fn loadgen_run_id(headers: &HeaderMap) -> Option<&str> {
    let members = headers
        .get_all(BAGGAGE)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    let mut run_ids = members.filter_map(|member| {
        let value = member.trim_start().strip_prefix(LOADGEN_RUN_ID)?;
        let value = value.trim_start().strip_prefix('=')?;
        Some(value.split_once(';').map_or(value, |(value, _)| value).trim())
    });
    run_ids.find(|id| (1..=MAX_RUN_ID_BYTES).contains(&id.len()) && id.bytes().all(is_run_id_byte))
}

fn is_run_id_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
}
