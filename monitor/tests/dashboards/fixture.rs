//! A folder of provisioning in which faults are planted.

use serde_json::{Value, json};

use super::lint;

/// A folder of provisioning, small and in order.
pub(crate) struct Fixture {
    pub(crate) dashboard: Value,
    pub(crate) sources: Value,
    pub(crate) providers: Value,
    pub(crate) alerting: Value,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let influxdb = json!({"type": "influxdb", "uid": "influxdb"});
        let cloudwatch = json!({"type": "cloudwatch", "uid": "cloudwatch"});
        let description =
            "Requests a second that the service answered. When they stop, look at the balancer's targets.";
        Self {
            dashboard: json!({
                "uid": "service", "title": "Service", "tags": ["marketboro"], "schemaVersion": 38,
                "links": [
                    {"type": "dashboards", "title": "Dashboards", "tags": ["marketboro"]},
                    {"type": "link", "title": "Itself", "url": "/d/service/service?var-route=${route:queryparam}"},
                ],
                "annotations": {"list": [{"name": "Runs", "datasource": influxdb, "query": "from(bucket: \"loadgen\")"}]},
                "templating": {"list": [
                    {"name": "environment", "type": "query", "datasource": influxdb, "query": "from(bucket: \"telemetry\")"},
                    {"name": "route", "type": "query", "datasource": influxdb, "multi": true, "includeAll": true,
                     "allValue": ".*", "query": "from(bucket: \"telemetry\") // ${environment}"},
                    {"name": "table", "type": "query", "datasource": cloudwatch, "query": {
                        "queryType": "dimensionValues", "region": "default", "namespace": "AWS/DynamoDB",
                        "metricName": "ConsumedReadCapacityUnits", "dimensionKey": "TableName", "dimensionFilters": {}}},
                ]},
                "panels": [
                    {"id": 1, "type": "timeseries", "title": "Requests", "description": description,
                     "datasource": influxdb, "gridPos": {"x": 0, "y": 0, "w": 12, "h": 8},
                     "fieldConfig": {"defaults": {"unit": "reqps"}},
                     "targets": [{"refId": "A", "query": "from(bucket: \"telemetry\") |> filter(fn: (r) => \
                        r[\"http.route\"] =~ /^(${route:regex})$/ and r.env == \"${environment}\")"}]},
                    {"id": 2, "type": "row", "title": "DynamoDB", "gridPos": {"x": 0, "y": 8, "w": 24, "h": 1}, "panels": []},
                    {"id": 3, "type": "stat", "title": "Read units",
                     "description": format!("{description} No data means that nothing was read."),
                     "datasource": cloudwatch, "gridPos": {"x": 0, "y": 9, "w": 12, "h": 8},
                     "fieldConfig": {"defaults": {"unit": "short", "thresholds": {"mode": "absolute",
                        "steps": [{"color": "green", "value": null}, {"color": "red", "value": 1}]}}},
                     "targets": [
                        {"refId": "A", "queryMode": "Metrics", "metricQueryType": 0, "metricEditorMode": 0,
                         "region": "default", "id": "reads", "namespace": "AWS/DynamoDB",
                         "metricName": "ConsumedReadCapacityUnits", "dimensions": {"TableName": "${table}"},
                         "matchExact": true, "statistic": "Sum", "period": "auto", "hide": true},
                        {"refId": "B", "queryMode": "Metrics", "metricQueryType": 0, "metricEditorMode": 1,
                         "region": "default", "id": "rate", "expression": "reads/PERIOD(reads)", "period": "auto"}]},
                    {"id": 4, "type": "table", "title": "Errors",
                     "description": description, "datasource": cloudwatch,
                     "gridPos": {"x": 12, "y": 9, "w": 12, "h": 8}, "fieldConfig": {"defaults": {"unit": "string"}},
                     "targets": [{"refId": "A", "queryMode": "Logs", "region": "default", "id": "",
                        "logGroupNames": ["/ecs/service"], "expression": "filter level = \"ERROR\""}]},
                ],
            }),
            sources: json!({"apiVersion": 1, "prune": true, "datasources": [
                {"name": "InfluxDB", "uid": "influxdb", "type": "influxdb", "editable": false,
                 "jsonData": {"version": "Flux"}, "secureJsonData": {"token": "$__file{/run/secrets/token}"}},
                {"name": "CloudWatch", "uid": "cloudwatch", "type": "cloudwatch", "editable": false,
                 "jsonData": {"authType": "default"}},
            ]}),
            providers: json!({"apiVersion": 1, "providers": [
                {"name": "marketboro", "type": "file", "allowUiUpdates": false, "options": {"path": "/dashboards"}}]}),
            alerting: json!({"apiVersion": 1,
                "groups": [{"orgId": 1, "name": "service", "folder": "marketboro", "interval": "1m", "rules": [
                    {"uid": "errors", "title": "Errors", "condition": "B", "for": "5m",
                     "annotations": {"__dashboardUid__": "service", "__panelId__": "1"},
                     "data": [
                        {"refId": "A", "datasourceUid": "influxdb", "relativeTimeRange": {"from": 600, "to": 0}, "model": {"query": ""}},
                        {"refId": "B", "datasourceUid": "__expr__", "model": {"type": "threshold"}}]}]}],
                "contactPoints": [{"name": "people", "receivers": [{"uid": "mail", "type": "email", "settings": {"addresses": "a@example.com"}}]}],
                "policies": [{"receiver": "people", "routes": [{"receiver": "people", "matchers": ["severity = page"]}]}],
            }),
        }
    }

    /// What is found in it, as rules with their places.
    pub(crate) fn findings(&self) -> Vec<(String, String)> {
        let folder = tempfile::tempdir().unwrap();
        for (path, value) in [
            ("dashboards/service.json", &self.dashboard),
            ("dashboards/dashboards.yaml", &self.providers),
            ("datasources/datasources.yaml", &self.sources),
            ("alerting/rules.yaml", &self.alerting),
        ] {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            // JSON is YAML as well.
            std::fs::write(path, serde_json::to_string_pretty(value).unwrap()).unwrap();
        }
        let output = lint(folder.path(), &["--json"]);
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let findings = report["findings"].as_array().unwrap();
        let expected = if findings.is_empty() { 0 } else { 3 };
        assert_eq!(output.status.code(), Some(expected), "{report}");
        for finding in findings {
            assert!(finding["message"].as_str().unwrap().len() > 20, "{finding}");
        }
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        findings
            .iter()
            .map(|finding| (text(&finding["rule"]), text(&finding["place"])))
            .collect()
    }
}
