//! What the doctor found, as metrics in InfluxDB.

use crate::host::{Host, Servers, wait_for};

#[test]
fn findings_and_measurements_are_exported() {
    let servers = Servers::shared();
    let mut host = Host::new(servers);
    let name = format!("host-{:016x}", fastrand::u64(..));
    host.set("HOST_NAME", &name);
    host.set("OTLP_GRPC_PORT", "1");
    host.examine_with(&["--quick"]).assert_failed(&["otlp-grpc"]);
    let last = |field: &str, condition: &str| {
        let query = format!(
            r#"SELECT last("{field}") FROM "prometheus" WHERE "host.name" = '{name}' AND "service.name" = 'marketboro-monitor'
                {condition}"#
        );
        let series = servers.influxdb.query("telemetry", &query).unwrap();
        series
            .first()
            .and_then(|series| series.numbers("last").first().copied())
    };
    let is_above = |field: &str, condition: &str, least: f64| last(field, condition).is_some_and(|value| value > least);
    let failed = |check: &str| last("marketboro.monitor.check.failed", &format!("AND \"check\" = '{check}'"));
    wait_for("the findings", || {
        failed("otlp-grpc") == Some(1.0) && failed("tokens") == Some(0.0)
    });
    assert_eq!(failed("certificates"), None, "what was skipped is not known");
    wait_for("what was measured", || {
        is_above("marketboro.monitor.check.duration", "AND \"check\" = 'tokens'", 0.0)
            && is_above("marketboro.monitor.backup.age", "", -1.0)
            && is_above("marketboro.monitor.influxdb.write.count", "", 0.0)
    });
    // InfluxDB counts its series now and then, and between two runs there need not have been a write.
    wait_for("the series, and the time of a write", || {
        host.examine_with(&["--quick", "--only", "series"]);
        is_above(
            "marketboro.monitor.influxdb.series",
            "AND \"bucket\" = 'telemetry'",
            10.0,
        ) && is_above("marketboro.monitor.influxdb.write.duration", "", 0.0)
    });
}

#[test]
fn the_probes_of_all_runs_are_one_series() {
    let servers = Servers::shared();
    let host = Host::new(servers);
    for _ in 0..2 {
        host.examine_with(&["--only", "otlp-metrics"]).assert_failed(&[]);
    }
    let query = r#"SELECT "marketboro.monitor.doctor.probe" FROM "prometheus" GROUP BY *"#;
    let series = servers.influxdb.query("telemetry", query).unwrap();
    assert_eq!(series.len(), 1, "{series:?}");
    assert!(series[0].points.len() >= 2);
}
