//! Fuzz targets of loadgen, a file each: no input makes the parser panic, and what holds of every answer besides.

mod cookies;
mod histogram_text;
mod http_response;
mod interval_line;
mod line_protocol;
mod places;
mod results;
mod rows;
mod scenario;
mod spool;
mod target_url;
mod template;
mod threshold;

/// The targets by name.
pub const ALL: &[(&str, fn(&[u8]))] = &[
    ("loadgen_cookies", cookies::check),
    ("loadgen_histogram_text", histogram_text::check),
    ("loadgen_http_response", http_response::check),
    ("loadgen_interval_line", interval_line::check),
    ("loadgen_line_protocol", line_protocol::check),
    ("loadgen_places", places::check),
    ("loadgen_results", results::check),
    ("loadgen_rows", rows::check),
    ("loadgen_scenario", scenario::check),
    ("loadgen_spool", spool::check),
    ("loadgen_target_url", target_url::check),
    ("loadgen_template", template::check),
    ("loadgen_threshold", threshold::check),
];
