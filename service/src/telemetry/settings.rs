//! OpenTelemetry's standard variables: which are set, and whether what they say can be used.
//!
//! The SDK reads some of them by itself and passes over what it does not understand; here a service refuses to start
//! on it, as on any other setting.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use http::Uri;
use opentelemetry_otlp::{OTEL_EXPORTER_OTLP_TIMEOUT_DEFAULT, Protocol};

use super::sampling::HeadSampler;

/// Set by the ECS agent in every task; see the AWS documentation of the task metadata endpoint.
pub const ECS_METADATA_VARIABLE: &str = "ECS_CONTAINER_METADATA_URI_V4";

/// Spans that wait for export at most, unless `OTEL_BSP_MAX_QUEUE_SIZE` says otherwise: one second of full load, some
/// 8 MB. OpenTelemetry's 2048 would be a quarter of that.
pub const DEFAULT_SPAN_QUEUE_CAPACITY: usize = 8192;

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
    /// `service.name`, where it is not the usual one.
    pub service_name: Option<String>,
    /// Where an ECS task learns about itself.
    pub ecs_metadata: Option<Uri>,
}

/// How one signal is exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportSettings {
    /// Where to; without the path that HTTP adds for the signal.
    pub endpoint: Uri,
    /// By which of OTLP's protocols.
    pub protocol: Protocol,
    /// For one export, retries included.
    pub timeout: Duration,
    /// PEM file of the authorities to trust instead of the system's.
    pub certificate: Option<PathBuf>,
    /// PEM files of the certificate and key to show to the server.
    pub client_identity: Option<(PathBuf, PathBuf)>,
}

impl ExportSettings {
    /// True if the endpoint asks for TLS.
    pub fn is_encrypted(&self) -> bool {
        self.endpoint.scheme_str() == Some("https")
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
        for variable in [
            "OTEL_METRIC_EXPORT_INTERVAL",
            "OTEL_BSP_SCHEDULE_DELAY",
            "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
        ] {
            optional(&get, variable, POSITIVE, positive::<u64>)?;
        }
        let capacity = "OTEL_BSP_MAX_QUEUE_SIZE";
        Ok(Self {
            traces: export(&get, "TRACES")?,
            metrics: export(&get, "METRICS")?,
            sampler: sampler(&get)?,
            span_queue_capacity: optional(&get, capacity, "a whole number from 1 to 1000000", |text| {
                positive(text).filter(|capacity| *capacity <= 1_000_000)
            })?
            .unwrap_or(DEFAULT_SPAN_QUEUE_CAPACITY),
            service_name: get("OTEL_SERVICE_NAME"),
            ecs_metadata: optional(&get, ECS_METADATA_VARIABLE, "an http URL", |text| text.parse().ok())?,
        })
    }

    /// True if nothing is exported.
    pub fn is_off(&self) -> bool {
        self.traces.is_none() && self.metrics.is_none()
    }
}

const POSITIVE: &str = "a whole number above 0";

fn positive<T: FromStr + PartialOrd + Default>(text: &str) -> Option<T> {
    text.parse().ok().filter(|number| *number > T::default())
}

/// How `signal` (`TRACES` or `METRICS`) is exported. Each variable of a signal goes before the one for all signals.
fn export(
    get: &dyn Fn(&str) -> Option<String>,
    signal: &'static str,
) -> Result<Option<ExportSettings>, UnusableVariable> {
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
    let endpoint = parse(
        &variable,
        &endpoint,
        "a URL such as http://localhost:4318, or :4317 with OTEL_EXPORTER_OTLP_PROTOCOL=grpc",
        |text| {
            let uri: Uri = text.parse().ok()?;
            (matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some()).then_some(uri)
        },
    )?;
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
    if let Some((variable, value)) = of_signal("COMPRESSION") {
        parse(&variable, &value, "gzip or none", |text| {
            matches!(text, "gzip" | "none").then_some(())
        })?;
    }
    let file = |setting| of_signal(setting).map(|(_, path)| PathBuf::from(path));
    Ok(Some(ExportSettings {
        endpoint,
        protocol,
        timeout,
        certificate: file("CERTIFICATE"),
        client_identity: file("CLIENT_CERTIFICATE").zip(file("CLIENT_KEY")),
    }))
}

fn sampler(get: &dyn Fn(&str) -> Option<String>) -> Result<HeadSampler, UnusableVariable> {
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
    get: &dyn Fn(&str) -> Option<String>,
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
