//! `bench/scaling.toml`: the load at 1×, the design's settings, what AWS allows and what it costs. The file says where
//! each value is from.

use serde::Deserialize;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Assumptions {
    pub(super) workload: Workload,
    pub(super) conversion: Conversion,
    pub(super) design: Design,
    pub(super) limits: Limits,
    pub(super) prices: Prices,
}

/// The load at 1×.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Workload {
    pub(super) requests_per_second: f64,
    pub(super) mean_of_peak: f64,
    pub(super) items: f64,
    pub(super) item_bytes: f64,
    pub(super) page_items: f64,
    pub(super) generators: f64,
    pub(super) load_tests_per_month: f64,
    pub(super) load_test_minutes: f64,
    pub(super) releases_per_month: f64,
    pub(super) requests_per_connection: f64,
    pub(super) busiest_address_share: f64,
    pub(super) error_share: f64,
    pub(super) slow_share: f64,
    pub(super) zipf_exponent: f64,
    pub(super) mix: Mix,
}

/// Shares of the requests.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mix {
    pub(super) create: f64,
    pub(super) read: f64,
    pub(super) update: f64,
    pub(super) list: f64,
    pub(super) delete: f64,
}

impl Mix {
    pub(super) fn writes(&self) -> f64 {
        self.create + self.update + self.delete
    }

    pub(super) fn reads(&self) -> f64 {
        self.read + self.list
    }
}

/// From the measured machine to AWS.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Conversion {
    pub(super) fargate_cpu_factor: f64,
    pub(super) tls_cpu_us: f64,
    pub(super) dynamodb_ms: f64,
    pub(super) span_wire_bytes: f64,
    pub(super) point_wire_bytes: f64,
    pub(super) write_amplification: f64,
    pub(super) task_start_seconds: f64,
    pub(super) merge_patience_seconds: f64,
    pub(super) flow_record_bytes: f64,
    pub(super) flow_records_per_connection: f64,
    pub(super) backup_copies: f64,
    pub(super) snapshot_share: f64,
    pub(super) access_log_bytes: f64,
    pub(super) transport_bytes: f64,
    pub(super) pending_span_bytes: f64,
}

/// Settings of the design, by the names that their files give them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Design {
    pub(super) service_cpu: f64,
    pub(super) service_memory: f64,
    pub(super) min_count: f64,
    pub(super) max_count: f64,
    pub(super) scale_at_cpu_percent: f64,
    pub(super) scale_at_requests_per_minute: f64,
    pub(super) rate_limit: f64,
    pub(super) load_generator_cpu: f64,
    pub(super) load_generator_memory: f64,
    pub(super) access_log_days: f64,
    pub(super) data_volume_gib: f64,
    pub(super) data_volume_throughput: f64,
    pub(super) root_volume_gib: f64,
    #[serde(rename = "MAX_IN_FLIGHT")]
    pub(super) max_in_flight: f64,
    #[serde(rename = "OTEL_METRIC_EXPORT_INTERVAL")]
    pub(super) metric_export_interval_ms: f64,
    #[serde(rename = "TRACE_DECISION_WAIT")]
    pub(super) decision_wait: f64,
    #[serde(rename = "TRACE_MAX_PENDING")]
    pub(super) max_pending_traces: f64,
    #[serde(rename = "TRACE_SHARE_PERCENT")]
    pub(super) share_percent: f64,
    #[serde(rename = "TRACE_ERROR_SPANS_PER_SECOND")]
    pub(super) error_spans_per_second: f64,
    #[serde(rename = "TRACE_SLOW_SPANS_PER_SECOND")]
    pub(super) slow_spans_per_second: f64,
    #[serde(rename = "TRACE_SHARE_SPANS_PER_SECOND")]
    pub(super) share_spans_per_second: f64,
    #[serde(rename = "MEMORY_LIMIT_MIB")]
    pub(super) memory_limit_mib: f64,
    #[serde(rename = "MEMORY_SPIKE_MIB")]
    pub(super) memory_spike_mib: f64,
    #[serde(rename = "JAEGER_RETENTION")]
    pub(super) jaeger_hours: f64,
    #[serde(rename = "LEAD")]
    pub(super) lead_seconds: f64,
    pub(super) series_limit: f64,
    pub(super) telemetry_days: f64,
    pub(super) loadgen_days: f64,
}

/// What AWS allows and what the host's kind has.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Limits {
    pub(super) waf_requests_per_second: f64,
    pub(super) fargate_vcpu: f64,
    pub(super) fargate_starts_per_second: f64,
    pub(super) dynamodb_table_units: f64,
    pub(super) dynamodb_partition_reads: f64,
    pub(super) dynamodb_partition_writes: f64,
    pub(super) host_vcpus: f64,
    pub(super) host_baseline: f64,
    pub(super) host_ebs_mb_per_second: f64,
    pub(super) host_network_mb_per_second: f64,
    pub(super) usable_volume_share: f64,
}

/// US dollars.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Prices {
    pub(super) fargate_vcpu_hour: f64,
    pub(super) fargate_gb_hour: f64,
    pub(super) balancer_hour: f64,
    pub(super) alb_unit_hour: f64,
    pub(super) nlb_unit_hour: f64,
    pub(super) ipv4_hour: f64,
    pub(super) endpoint_hour: f64,
    pub(super) waf_fixed_month: f64,
    pub(super) waf_million_requests: f64,
    pub(super) write_million: f64,
    pub(super) read_million: f64,
    pub(super) write_unit_hour: f64,
    pub(super) read_unit_hour: f64,
    pub(super) table_gb_month: f64,
    pub(super) recovery_gb_month: f64,
    pub(super) cross_zone_gb: f64,
    pub(super) log_gb: f64,
    pub(super) log_gb_month: f64,
    pub(super) s3_log_gb: f64,
    pub(super) s3_gb_month: f64,
    pub(super) host_hour: f64,
    pub(super) host_surplus_vcpu_hour: f64,
    pub(super) large_host_vcpu_hour: f64,
    pub(super) volume_gb_month: f64,
    pub(super) snapshot_gb_month: f64,
    pub(super) small_things_month: f64,
    pub(super) shield_month: f64,
    pub(super) shield_billion_requests: f64,
    pub(super) shield_gb: f64,
    /// Up to so many GB a month, so much for each.
    pub(super) internet_out: Vec<(f64, f64)>,
}

#[cfg(test)]
mod tests {
    use std::fs;

    use toml::{Table, Value};

    use super::super::ASSUMPTIONS;
    use crate::plan::repository;

    fn file(path: &str) -> String {
        fs::read_to_string(repository().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// The first number in a text, such as 10 in `:-10s}`.
    fn number(text: &str) -> Option<f64> {
        let text = &text[text.find(|letter: char| letter.is_ascii_digit())?..];
        let end = text
            .find(|letter: char| !letter.is_ascii_digit() && letter != '_')
            .unwrap_or(text.len());
        text[..end].replace('_', "").parse().ok()
    }

    #[test]
    fn the_design_is_what_its_files_say() {
        let text = file(ASSUMPTIONS);
        let design = text
            .split("\n[design]\n")
            .nth(1)
            .and_then(|rest| rest.split("\n[").next())
            .unwrap();
        let mut checked = 0;
        for line in design.lines().filter(|line| line.contains(" = ")) {
            let (name, rest) = line.split_once(" = ").unwrap();
            let (value, source) = rest.split_once('#').unwrap();
            let (path, called) = source.trim().split_once(' ').unwrap_or((source.trim(), name));
            let called = called.split("; ").next().unwrap();
            let content = file(path);
            // Of a variable of Terraform it is the default.
            let (called, then) = match path.ends_with("variable.tf") {
                true => (format!("variable \"{name}\""), "\n  default"),
                false => (called.to_owned(), ""),
            };
            let after = content
                .split_once(&called)
                .unwrap_or_else(|| panic!("{path} does not have {called}"))
                .1;
            let found = after.split_once(then).and_then(|(_, value)| number(value));
            assert_eq!(found, value.trim().parse().ok(), "{name} of {ASSUMPTIONS} and {path}");
            checked += 1;
        }
        assert!(checked > 25, "only {checked} lines of [design] were found");
    }

    #[test]
    fn the_mix_is_that_of_the_scenario_of_items() {
        let assumptions: Table = file(ASSUMPTIONS).parse().unwrap();
        let mix = assumptions["workload"]["mix"].as_table().unwrap();
        let scenario: Table = file("loadgen/src/scenario/items.toml").parse().unwrap();
        let steps = scenario["step"].as_array().unwrap();
        assert_eq!(mix.len(), steps.len());
        for step in steps {
            let (name, weight) = (step["name"].as_str().unwrap(), step["weight"].as_integer().unwrap());
            assert_eq!(
                mix.get(name).and_then(Value::as_float),
                Some(weight as f64 / 100.0),
                "{name}"
            );
        }
    }
}
