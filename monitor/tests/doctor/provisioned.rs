//! What Grafana has of its provisioning, and what its panels show.

use std::fs;

use serde_json::{Value, json};
use test_servers::{Collector, GrafanaStub, InfluxDb, Jaeger};

use crate::host::{Host, Servers, panel, provision, write_dashboard};

#[test]
fn a_dashboard_that_grafana_does_not_have_is_named() {
    let mut host = Host::new(Servers::shared());
    let folder = host.own_provisioning();
    write_dashboard(
        &folder,
        "second",
        "Second",
        &[panel(1, "Memory", "Memory.", "system.memory.usage")],
    );
    let findings = host.examine();
    findings.assert_failed(&["dashboards"]);
    findings.assert_says("dashboards", "no dashboard second");
}

#[test]
fn a_dashboard_that_grafana_has_otherwise_is_named() {
    let mut host = Host::new(Servers::shared());
    let folder = host.own_provisioning();
    write_dashboard(
        &folder,
        "host",
        "Host",
        &[panel(1, "Memory of today", "Memory.", "system.memory.usage")],
    );
    let findings = host.examine();
    findings.assert_failed(&["dashboards"]);
    findings.assert_says("dashboards", "the dashboard host is not as its file has it");
}

#[test]
fn an_alert_rule_that_grafana_does_not_have_or_has_otherwise_is_named() {
    let mut host = Host::new(Servers::shared());
    let file = host.own_provisioning().join("alerting/rules.yaml");
    let mut rules: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    let rules_of_group = rules["groups"][0]["rules"].as_array_mut().unwrap();
    let mut second = rules_of_group[0].clone();
    second["uid"] = "second".into();
    rules_of_group[0]["data"][0]["model"]["query"] = "another".into();
    rules_of_group.push(second);
    fs::write(&file, rules.to_string()).unwrap();
    let findings = host.examine();
    findings.assert_failed(&["alert-rules"]);
    findings.assert_says("alert-rules", "no alert rule second");
    findings.assert_says("alert-rules", "its queries are others");
}

#[test]
fn a_panel_without_data_and_one_with_a_mistake_are_named_by_dashboard_and_title() {
    let mut host = Host::new(Servers::shared());
    let folder = host.own_provisioning();
    let mut mistaken = panel(2, "Mistaken", "Is wrong.", "system.memory.usage");
    mistaken["targets"][0]["query"] = "from(bucket: 1)".into();
    let panels = [panel(1, "Empty", "Nobody sends it.", "sent.by.nobody"), mistaken];
    write_dashboard(&folder, "second", "Second", &panels);
    let findings = host.examine_with(&["--only", "panel-queries"]);
    findings.assert_failed(&["panel-queries"]);
    findings.assert_says("panel-queries", "Second/Empty: no data");
    findings.assert_says("panel-queries", "Second/Mistaken: ");
    assert_eq!(
        findings.check("panel-queries")["faults"].as_array().unwrap().len(),
        2,
        "{}",
        findings.text
    );
}

#[test]
fn a_data_source_that_grafana_cannot_use_is_named() {
    let mut servers = Servers::start(Collector::options());
    let broken = tempfile::tempdir().unwrap();
    provision(
        broken.path(),
        &servers.influxdb.url(),
        &servers.jaeger.url(),
        "no token",
    );
    let password = broken.path().join("password");
    fs::write(&password, "of the administrator").unwrap();
    servers.grafana = GrafanaStub::start(broken.path(), &password).unwrap();
    let findings = Host::new(&servers).examine();
    findings.assert_failed(&["data-source-influxdb"]);
    assert!(findings.with("skipped").contains("panel-queries"), "{}", findings.text);

    let sources = broken.path().join("datasources/datasources.yaml");
    fs::remove_file(&sources).unwrap();
    servers.grafana.kill().unwrap();
    servers.grafana.restart().unwrap();
    let findings = Host::new(&servers).examine_with(&["--quick"]);
    findings.assert_failed(&["data-source-influxdb", "data-source-jaeger"]);
    findings.assert_says("data-source-jaeger", "no data source jaeger");
}

#[test]
fn without_grafana_the_panels_queries_are_run_all_the_same() {
    let mut servers = Servers::start(Collector::options());
    servers.grafana.kill().unwrap();
    let mut host = Host::new(&servers);
    let folder = host.own_provisioning();
    write_dashboard(
        &folder,
        "second",
        "Second",
        &[panel(1, "Empty", "Nobody sends it.", "sent.by.nobody")],
    );
    let findings = host.examine_with(&["--only", "panel-queries"]);
    findings.assert_failed(&["panel-queries"]);
    findings.assert_says("panel-queries", "Second/Empty: no data");
}

#[test]
fn a_panel_without_data_is_no_fault_while_telemetry_has_only_just_begun() {
    let (influxdb, jaeger) = (InfluxDb::start().unwrap(), Jaeger::start().unwrap());
    let servers = Servers::young(Collector::options().jaeger(&jaeger), influxdb, jaeger);
    let mut host = Host::new(&servers);
    let folder = host.own_provisioning();
    let mut mistaken = panel(2, "Mistaken", "Is wrong.", "system.memory.usage");
    mistaken["targets"][0]["query"] = "from(bucket: 1)".into();
    let panels = [panel(1, "Empty", "Nobody sends it.", "sent.by.nobody"), mistaken];
    write_dashboard(&folder, "second", "Second", &panels);
    let findings = host.examine_with(&["--only", "panel-queries"]);
    // A mistake is one however young the host is.
    findings.assert_failed(&["panel-queries"]);
    findings.assert_says("panel-queries", "Second/Mistaken: ");
    let check = findings.check("panel-queries");
    assert_eq!(check["faults"].as_array().unwrap().len(), 1, "{}", findings.text);
    let seen = check["seen"].as_str().unwrap();
    assert!(
        seen.contains("1 have nothing yet, since telemetry began "),
        "{}",
        findings.text
    );
}

/// A dashboard about a service of a cluster, and about tables.
fn cloudwatch_dashboard() -> Value {
    let source = json!({"type": "cloudwatch", "uid": "cloudwatch"});
    let variable = |name: &str, metric: &str, dimension: &str, filters: Value| {
        json!({"name": name, "type": "query", "datasource": source, "query": {"queryType": "dimensionValues",
            "region": "default", "namespace": "AWS/ECS", "metricName": metric, "dimensionKey": dimension,
            "dimensionFilters": filters}})
    };
    let panel = |id: u64, title: &str, metric: &str, dimensions: Value| {
        json!({"id": id, "title": title, "description": "A figure.", "datasource": source, "targets": [{"refId": "A",
            "id": "a", "queryMode": "Metrics", "metricEditorMode": 0, "namespace": "AWS/ECS", "metricName": metric,
            "dimensions": dimensions, "statistic": "Average"}]})
    };
    let of_service = json!({"ClusterName": "${cluster}", "ServiceName": "${service}"});
    json!({"uid": "aws", "title": "AWS", "tags": ["marketboro"], "time": {"from": "now-1h"}, "annotations": {"list": []},
    "templating": {"list": [
        variable("cluster", "CPUUtilization", "ClusterName", json!({})),
        variable("service", "CPUUtilization", "ServiceName", json!({"ClusterName": "${cluster}"})),
        variable("table", "Consumed", "TableName", json!({})),
        variable("index", "Consumed", "IndexName", json!({"TableName": "${table}"})),
    ]},
    "panels": [
        panel(1, "CPU", "CPUUtilization", of_service.clone()),
        panel(2, "Memory", "MemoryUtilization", of_service),
        panel(3, "Reads", "Consumed", json!({"TableName": "${table}"})),
        panel(4, "Reads of an index", "Consumed", json!({"TableName": "${table}", "IndexName": "${index}"})),
    ]})
}

#[test]
fn variables_of_cloudwatch_have_the_values_that_grafana_lists() {
    let mut servers = Servers::start(Collector::options());
    let folder = servers.provisioning().to_owned();
    let file = folder.join("datasources/datasources.yaml");
    let mut sources: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    let cpu = |cluster: &str, service: &str| {
        let dimensions = json!({"ClusterName": cluster, "ServiceName": service});
        json!({"name": "CPUUtilization", "dimensions": dimensions})
    };
    let metrics = [cpu("shop", "web"), cpu("other", "jobs"), cpu("shop", "api")];
    let source =
        json!({"uid": "cloudwatch", "name": "CloudWatch", "type": "cloudwatch", "jsonData": {"metrics": metrics}});
    sources["datasources"].as_array_mut().unwrap().push(source);
    fs::write(&file, sources.to_string()).unwrap();
    fs::write(folder.join("dashboards/aws.json"), cloudwatch_dashboard().to_string()).unwrap();
    servers.grafana.kill().unwrap();
    servers.grafana.restart().unwrap();

    let mut host = Host::new(&servers);
    // Where there is nothing of AWS, its panels are left out.
    let findings = host.examine_with(&["--only", "panel-queries"]);
    findings.assert_failed(&[]);
    host.set("AWS_ACCESS_KEY_ID", "key");
    let findings = host.examine_with(&["--only", "panel-queries"]);
    findings.assert_failed(&["panel-queries"]);
    // Of the first cluster, which is "other", there is CPU of its service "jobs", and nothing else.
    let said: Vec<_> = findings.check("panel-queries")["faults"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| fault["seen"].as_str().unwrap())
        .collect();
    assert_eq!(
        said,
        [
            "AWS/Memory: no data",
            "AWS, variable table: CloudWatch lists no TableName of AWS/ECS Consumed, so its panels show nothing",
        ],
        "{}",
        findings.text
    );
    let seen = findings.check("panel-queries")["seen"].as_str().unwrap();
    assert!(
        seen.contains("2 were left out, whose variables have no value"),
        "{}",
        findings.text
    );
}
