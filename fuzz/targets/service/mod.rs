//! Fuzz targets of the service, a file each: no input makes the parser panic, and what holds of every answer besides.

mod items;
mod json_body;
mod telemetry_settings;
mod trace_context;

/// The targets by name.
pub const ALL: &[(&str, fn(&[u8]))] = &[
    ("service_items", items::check),
    ("service_json_body", json_body::check),
    ("service_telemetry_settings", telemetry_settings::check),
    ("service_trace_context", trace_context::check),
];
