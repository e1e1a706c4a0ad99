//! OpenTelemetry's variables: what is taken can be exported to, and what is refused is refused without telling secrets.

use std::collections::BTreeMap;

use crate::telemetry::settings::TelemetrySettings;

pub(super) fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let variables: BTreeMap<&str, &str> = text.lines().filter_map(|line| line.split_once('=')).collect();
    match TelemetrySettings::from_variables(&|name| variables.get(name).map(|value| (*value).to_owned())) {
        Ok(settings) => {
            for export in settings.traces.iter().chain(&settings.metrics) {
                assert!(
                    matches!(export.url.scheme_str(), Some("http" | "https")),
                    "{}",
                    export.url
                );
                assert!(export.url.host().is_some() && !export.timeout.is_zero());
            }
            assert!(settings.span_queue_capacity <= 1_000_000);
        }
        Err(error) => {
            let message = error.to_string();
            let of_headers = variables
                .keys()
                .find(|name| name.ends_with("HEADERS") && message.starts_with(**name));
            if let Some(name) = of_headers {
                // Something stands in the value's place, whatever the value.
                assert!(message[name.len()..].starts_with(": \"…\" is not allowed"), "{message}");
            }
        }
    }
}
