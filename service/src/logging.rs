//! Log lines on stdout: JSON for machines, text for people, both with the ids of the request they belong to.

use std::fmt;
use std::io::IsTerminal as _;

use serde::ser::{SerializeMap as _, Serializer as _};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::{self, FormatEvent, FormatFields};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, Layer};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;

use crate::http::request_context;

/// Sends this process's log lines to stdout. Later calls change nothing.
pub fn init(filter: &Targets) {
    let registry = tracing_subscriber::registry().with(filter.clone());
    // A subscriber that is already there was set by an embedding program and stays.
    let _ = if std::io::stdout().is_terminal() {
        tracing::subscriber::set_global_default(registry.with(Layer::new().event_format(Text::default())))
    } else {
        tracing::subscriber::set_global_default(registry.with(Layer::new().event_format(Json)))
    };
}

/// One JSON object a line: `timestamp`, `level`, `target`, the ids of the request, then the event's own fields.
struct Json;

impl<S, N> FormatEvent<S, N> for Json
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: format::Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let line = json_line(event).map_err(|_| fmt::Error)?;
        writeln!(writer, "{line}")
    }
}

fn json_line(event: &Event<'_>) -> Result<String, serde_json::Error> {
    let mut timestamp = String::new();
    // Writing to a String cannot fail.
    let _ = SystemTime.format_time(&mut format::Writer::new(&mut timestamp));
    let mut bytes = Vec::with_capacity(256);
    let mut serializer = serde_json::Serializer::new(&mut bytes);
    let mut line = serializer.serialize_map(None)?;
    line.serialize_entry("timestamp", &timestamp)?;
    line.serialize_entry("level", event.metadata().level().as_str())?;
    line.serialize_entry("target", event.metadata().target())?;
    if let Some(ids) = request_context::current() {
        line.serialize_entry("request_id", &ids.request_id())?;
        line.serialize_entry("trace_id", &ids.span().trace_id().to_string())?;
        line.serialize_entry("span_id", &ids.span().span_id().to_string())?;
    }
    let mut fields = JsonFields { line, result: Ok(()) };
    event.record(&mut fields);
    fields.result?;
    serde::ser::SerializeMap::end(fields.line)?;
    Ok(String::from_utf8(bytes).unwrap_or_default())
}

struct JsonFields<M: serde::ser::SerializeMap> {
    line: M,
    result: Result<(), M::Error>,
}

impl<M: serde::ser::SerializeMap> JsonFields<M> {
    fn entry(&mut self, field: &Field, value: &impl serde::Serialize) {
        if self.result.is_ok() {
            self.result = self.line.serialize_entry(field.name(), value);
        }
    }
}

impl<M: serde::ser::SerializeMap> Visit for JsonFields<M> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.entry(field, &format_args!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.entry(field, &value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.entry(field, &value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.entry(field, &value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.entry(field, &value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.entry(field, &value);
    }
}

/// The usual text of `tracing`, led by the trace id of the request.
#[derive(Default)]
struct Text(format::Format<format::Full, SystemTime>);

impl<S, N> FormatEvent<S, N> for Text
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: format::Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        if let Some(ids) = request_context::current() {
            write!(writer, "trace_id={} ", ids.span().trace_id())?;
            if ids.has_own_request_id() {
                write!(writer, "request_id={} ", ids.request_id())?;
            }
        }
        self.0.format_event(context, writer, event)
    }
}
