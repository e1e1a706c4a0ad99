//! OpenTelemetry's standard variables: which are set, and whether what they say can be used.
//!
//! The SDK reads some of them by itself and passes over what it does not understand; here a service refuses to start
//! on it, as on any other setting.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Uri};
use opentelemetry_otlp::{OTEL_EXPORTER_OTLP_TIMEOUT_DEFAULT, Protocol};
use percent_encoding::percent_decode_str;

use super::sampling::HeadSampler;

/// Set by the ECS agent in every task; see the AWS documentation of the task metadata endpoint.
pub const ECS_METADATA_VARIABLE: &str = "ECS_CONTAINER_METADATA_URI_V4";

/// Spans that wait for export at most, unless `OTEL_BSP_MAX_QUEUE_SIZE` says otherwise: one second of full load, some
/// 8 MB. OpenTelemetry's 2048 would be a quarter of that.
pub const DEFAULT_SPAN_QUEUE_CAPACITY: usize = 8192;

const DEFAULT_SPAN_BATCH_SIZE: usize = 512;
const DEFAULT_SPAN_DELAY: Duration = Duration::from_secs(5);

/// What is exported, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TelemetrySettings {
    /// How traces are exported; `None` where they are not.
    pub traces: Option<ExportSettings>,
    /// How metrics are exported; `None` where they are not.
    pub metrics: Option<ExportSettings>,
    /// Which traces are recorded.
    pub sampler: HeadSampler,
    /// Spans that may wait for export; more are dropped.
    pub span_queue_capacity: usize,
    /// Spans of one export.
    pub span_batch_size: usize,
    /// How long a span waits for others to be exported with.
    pub span_delay: Duration,
    /// `service.name`, where it is not the usual one.
    pub service_name: Option<String>,
    /// Where an ECS task learns about itself.
    pub ecs_metadata: Option<Uri>,
}

/// How one signal is exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportSettings {
    /// Where to; over HTTP with the path of the signal.
    pub url: Uri,
    /// By which of OTLP's protocols.
    pub protocol: Protocol,
    /// For one export, retries included.
    pub timeout: Duration,
    /// Sent with every export.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Whether exports are compressed.
    pub gzip: bool,
    /// PEM file of the authorities to trust instead of the system's.
    pub certificate: Option<PathBuf>,
    /// PEM files of the certificate and key to show to the server.
    pub client_identity: Option<(PathBuf, PathBuf)>,
}

impl ExportSettings {
    /// True if the endpoint asks for TLS.
    pub fn is_encrypted(&self) -> bool {
        self.url.scheme_str() == Some("https")
    }
}

/// A variable that cannot be used; one line that says what to do.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{variable}: {value:?} is not allowed; allowed: {allowed}")]
pub struct UnusableVariable {
    variable: String,
    value: String,
    allowed: &'static str,
}

impl UnusableVariable {
    fn without_value(self) -> Self {
        let value = "…".to_owned();
        Self { value, ..self }
    }
}

/// Reads a variable; `None` when it is unset.
pub type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

impl TelemetrySettings {
    /// Telemetry is off unless an endpoint is set.
    pub fn from_variables(variables: Variables<'_>) -> Result<Self, UnusableVariable> {
        // An empty variable counts as unset, by the specification.
        let get = |name: &str| variables(name).filter(|value| !value.is_empty());
        let off = match get("OTEL_SDK_DISABLED") {
            None => false,
            Some(value) => parse("OTEL_SDK_DISABLED", &value, "true or false", |text| {
                text.to_ascii_lowercase().parse().ok()
            })?,
        };
        if off {
            return Ok(Self::default());
        }
        optional(&get, "OTEL_METRIC_EXPORT_INTERVAL", POSITIVE, positive::<u64>)?;
        let batch_size = optional(&get, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", POSITIVE, positive)?;
        let delay = optional(&get, "OTEL_BSP_SCHEDULE_DELAY", POSITIVE, positive)?;
        let capacity = "OTEL_BSP_MAX_QUEUE_SIZE";
        Ok(Self {
            traces: export(&get, "TRACES")?,
            metrics: export(&get, "METRICS")?,
            sampler: sampler(&get)?,
            span_queue_capacity: optional(&get, capacity, "a whole number from 1 to 1000000", |text| {
                positive(text).filter(|capacity| *capacity <= 1_000_000)
            })?
            .unwrap_or(DEFAULT_SPAN_QUEUE_CAPACITY),
            span_batch_size: batch_size.unwrap_or(DEFAULT_SPAN_BATCH_SIZE),
            span_delay: delay.map_or(DEFAULT_SPAN_DELAY, Duration::from_millis),
            service_name: get("OTEL_SERVICE_NAME"),
            ecs_metadata: optional(&get, ECS_METADATA_VARIABLE, "an http URL", |text| text.parse().ok())?,
        })
    }
}

const POSITIVE: &str = "a whole number above 0";

fn positive<T: FromStr + PartialOrd + Default>(text: &str) -> Option<T> {
    text.parse().ok().filter(|number| *number > T::default())
}

/// How `signal` (`TRACES` or `METRICS`) is exported. Each variable of a signal goes before the one for all signals.
fn export(get: Variables<'_>, signal: &str) -> Result<Option<ExportSettings>, UnusableVariable> {
    let exporter = format!("OTEL_{signal}_EXPORTER");
    let exported = optional(get, &exporter, "otlp or none", |text| match text {
        "otlp" => Some(true),
        "none" => Some(false),
        _ => None,
    })?;
    let of_signal = |setting: &str| -> Option<(String, String)> {
        [
            format!("OTEL_EXPORTER_OTLP_{signal}_{setting}"),
            format!("OTEL_EXPORTER_OTLP_{setting}"),
        ]
        .into_iter()
        .find_map(|variable| get(&variable).map(|value| (variable, value)))
    };
    let (Some((variable, endpoint)), true) = (of_signal("ENDPOINT"), exported.unwrap_or(true)) else {
        return Ok(None);
    };
    let is_for_all_signals = variable == "OTEL_EXPORTER_OTLP_ENDPOINT";
    let endpoint: Uri = parse(
        &variable,
        &endpoint,
        "a URL such as http://localhost:4318, or :4317 with OTEL_EXPORTER_OTLP_PROTOCOL=grpc",
        |text| {
            let uri: Uri = text.parse().ok()?;
            (matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some()).then_some(uri)
        },
    )
    // It may hold a password.
    .map_err(|refusal| {
        if endpoint.contains('@') {
            refusal.without_value()
        } else {
            refusal
        }
    })?;
    let protocol = match of_signal("PROTOCOL") {
        None => Protocol::HttpBinary,
        Some((variable, value)) => parse(&variable, &value, "http/protobuf or grpc", |text| match text {
            "http/protobuf" => Some(Protocol::HttpBinary),
            "grpc" => Some(Protocol::Grpc),
            _ => None,
        })?,
    };
    let timeout = match of_signal("TIMEOUT") {
        None => OTEL_EXPORTER_OTLP_TIMEOUT_DEFAULT,
        Some((variable, value)) => parse(&variable, &value, "milliseconds, above 0", |text| {
            positive(text).map(Duration::from_millis)
        })?,
    };
    let gzip = match of_signal("COMPRESSION") {
        None => false,
        Some((variable, value)) => parse(&variable, &value, "gzip or none", |text| match text {
            "gzip" => Some(true),
            "none" => Some(false),
            _ => None,
        })?,
    };
    let headers = match of_signal("HEADERS") {
        None => Vec::new(),
        // Values are keys to other people's services: not to be repeated in an error.
        Some((variable, value)) => {
            let allowed = "name=value pairs, comma-separated, values percent-encoded";
            parse(&variable, &value, allowed, headers).map_err(UnusableVariable::without_value)?
        }
    };
    let url = match protocol {
        Protocol::HttpBinary if is_for_all_signals => with_signal_path(&endpoint, signal),
        _ => endpoint,
    };
    let client_identity = match (of_signal("CLIENT_CERTIFICATE"), of_signal("CLIENT_KEY")) {
        (Some((_, certificate)), Some((_, key))) => Some((certificate.into(), key.into())),
        (None, None) => None,
        (Some((variable, value)), None) | (None, Some((variable, value))) => {
            let allowed = "a client certificate together with its key, CLIENT_CERTIFICATE and CLIENT_KEY";
            parse(&variable, &value, allowed, |_| None)?
        }
    };
    Ok(Some(ExportSettings {
        url,
        protocol,
        timeout,
        headers,
        gzip,
        certificate: of_signal("CERTIFICATE").map(|(_, path)| PathBuf::from(path)),
        client_identity,
    }))
}

/// `/v1/traces` below the path of `endpoint`.
fn with_signal_path(endpoint: &Uri, signal: &str) -> Uri {
    let mut parts = endpoint.clone().into_parts();
    let path = format!(
        "{}/v1/{}",
        endpoint.path().trim_end_matches('/'),
        signal.to_ascii_lowercase()
    );
    // A path with a plain suffix is a path.
    parts.path_and_query = path.parse().ok();
    Uri::from_parts(parts).unwrap_or_else(|_| endpoint.clone())
}

/// `name=value,…`, as in W3C Baggage.
fn headers(text: &str) -> Option<Vec<(HeaderName, HeaderValue)>> {
    text.split(',')
        .filter(|pair| !pair.trim().is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=')?;
            let value = percent_decode_str(value.trim()).decode_utf8().ok()?;
            Some((name.trim().parse().ok()?, value.parse().ok()?))
        })
        .collect()
}

fn sampler(get: Variables<'_>) -> Result<HeadSampler, UnusableVariable> {
    let allowed = "always_on, always_off, traceidratio, or one of these with parentbased_ in front";
    let variable = "OTEL_TRACES_SAMPLER";
    let Some(name) = get(variable) else {
        return Ok(HeadSampler::default());
    };
    let (kind, honours_parent) = match name.strip_prefix("parentbased_") {
        Some(kind) => (kind, true),
        None => (name.as_str(), false),
    };
    let share = match kind {
        "always_on" => 1.0,
        "always_off" => 0.0,
        "traceidratio" => {
            let variable = "OTEL_TRACES_SAMPLER_ARG";
            let share = get(variable).unwrap_or_default();
            parse(variable, &share, "the share of traces to keep, from 0 to 1", |text| {
                text.parse().ok().filter(|share| (0.0..=1.0).contains(share))
            })?
        }
        _ => parse(variable, &name, allowed, |_| None)?,
    };
    Ok(HeadSampler::new(share, honours_parent))
}

fn optional<T>(
    get: Variables<'_>,
    variable: &str,
    allowed: &'static str,
    parser: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, UnusableVariable> {
    get(variable)
        .map(|value| parse(variable, &value, allowed, parser))
        .transpose()
}

fn parse<T>(
    variable: &str,
    value: &str,
    allowed: &'static str,
    parser: impl FnOnce(&str) -> Option<T>,
) -> Result<T, UnusableVariable> {
    parser(value).ok_or_else(|| UnusableVariable {
        variable: variable.to_owned(),
        value: value.to_owned(),
        allowed,
    })
}
