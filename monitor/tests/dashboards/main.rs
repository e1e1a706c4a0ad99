//! `monitor dashboards lint` from outside: what the repository provisions is in order, and each rule finds its fault.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod fixture;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use fixture::Fixture;
use serde_json::Value;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn lint(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_monitor"));
    let command = command.args(["dashboards", "lint"]).arg(folder).args(arguments);
    command.env_remove("GRAFANA_PROVISIONING").output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn what_the_repository_provisions_is_in_order() {
    let output = lint(&repository().join("grafana-provisioning"), &[]);
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{shown}{}", text(&output.stderr));
    assert!(shown.contains("dashboards are in order"), "{shown}");
}

#[test]
fn the_fixture_is_in_order() {
    assert_eq!(Fixture::new().findings(), []);
}

/// Breaks a fixture: the rule that must find it, where, the JSON pointer of what is changed, and what to.
const PANEL_FAULTS: &[(&str, &str, &str, &str)] = &[
    ("title", "panel 1 \"\"", "/panels/0/title", r#""""#),
    ("title", "panel 2 \"\"", "/panels/1/title", r#""""#),
    ("title", "", "/title", r#""""#),
    ("unit", "panel 1 \"Requests\"", "/panels/0/fieldConfig/defaults", "{}"),
    (
        "description",
        "panel 1 \"Requests\"",
        "/panels/0/description",
        r#""Requests a second.""#,
    ),
    (
        "no-data",
        "panel 3 \"Read units\"",
        "/panels/2/description",
        r#""Read units a second, of the table. When there is no data, nothing was read from the table.""#,
    ),
    (
        "thresholds",
        "panel 3 \"Read units\"",
        "/panels/2/fieldConfig/defaults/thresholds/steps",
        r#"[{"color": "green", "value": null}]"#,
    ),
    ("datasource", "panel 1 \"Requests\"", "/panels/0/datasource", "null"),
    (
        "datasource",
        "panel 1 \"Requests\"",
        "/panels/0/datasource/uid",
        r#""influx""#,
    ),
    (
        "datasource",
        "panel 4 \"Errors\"",
        "/panels/3/datasource/uid",
        r#""influxdb""#,
    ),
    (
        "datasource",
        "variable environment",
        "/templating/list/0/datasource",
        "null",
    ),
    (
        "datasource",
        "annotation \"Runs\"",
        "/annotations/list/0/datasource/uid",
        r#""influx""#,
    ),
    ("layout", "panel 1 \"Requests\"", "/panels/0/gridPos/x", "13"),
    ("layout", "panel 4 \"Errors\"", "/panels/3/gridPos/x", "11"),
    (
        "layout",
        "panel 4 \"Errors\"",
        "/panels/3/gridPos/x",
        "18446744073709551615",
    ),
    ("layout", "panel 1 \"Requests\"", "/panels/0/gridPos/w", "null"),
    ("panel-id", "panel 3 \"Errors\"", "/panels/3/id", "3"),
    ("panel-id", "panel \"Errors\"", "/panels/3/id", "null"),
    (
        "link",
        "link \"Itself\"",
        "/links/1/url",
        r#""/d/elsewhere?var-route=${route:queryparam}""#,
    ),
    (
        "link",
        "panel 1 \"Requests\"",
        "/panels/0/fieldConfig/defaults/links",
        r#"[{"url": "/d/elsewhere"}]"#,
    ),
    ("dashboard", "", "/uid", r#""other""#),
    ("dashboard", "", "/tags", "[]"),
    ("dashboard", "", "/schemaVersion", "41"),
    ("dashboard", "", "/links/0/tags", "[]"),
    (
        "variable-undeclared",
        "panel 4 \"Errors\"",
        "/panels/3/targets/0/expression",
        r#""filter x = \"${level}\"""#,
    ),
    (
        "variable-unused",
        "variable environment2",
        "/templating/list/3",
        r#"{"name": "environment2", "type": "constant"}"#,
    ),
    (
        "variable-syntax",
        "panel 4 \"Errors\"",
        "/panels/3/targets/0/expression",
        r#""filter x = \"$table\"""#,
    ),
    (
        "variable-syntax",
        "panel 4 \"Errors\"",
        "/panels/3/targets/0/expression",
        r#""filter x = \"[[table]]\"""#,
    ),
    (
        "variable-syntax",
        "panel 4 \"Errors\"",
        "/panels/3/targets/0/expression",
        r#""filter x = ${table:csv}""#,
    ),
    (
        "variable-syntax",
        "panel 1 \"Requests\"",
        "/panels/0/targets/0/query",
        r#""from(bucket: \"${route}\")""#,
    ),
    (
        "variable-syntax",
        "panel 1 \"Requests\"",
        "/panels/0/targets/0/query",
        r#""range(start: ${__from})""#,
    ),
    (
        "cloudwatch",
        "variable table",
        "/templating/list/2/query/metricName",
        r#""ConsumedUnits""#,
    ),
    (
        "cloudwatch",
        "variable table",
        "/templating/list/2/query",
        r#""dimension_values(default, a, b, ${table})""#,
    ),
    (
        "cloudwatch",
        "panel 3 \"Read units\"",
        "/panels/2/targets/0/namespace",
        r#""AWS/Dynamo""#,
    ),
    (
        "cloudwatch",
        "panel 3 \"Read units\"",
        "/panels/2/targets/0/metricName",
        r#""Consumed""#,
    ),
    (
        "cloudwatch",
        "panel 3 \"Read units\"",
        "/panels/2/targets/0/dimensions",
        r#"{"Table": "${table}"}"#,
    ),
    (
        "cloudwatch",
        "panel 3 \"Read units\"",
        "/panels/2/targets/0/statistic",
        r#""sum""#,
    ),
    (
        "cloudwatch",
        "panel 3 \"Read units\"",
        "/panels/2/targets/0/region",
        r#""eu-central-1""#,
    ),
    (
        "cloudwatch",
        "panel 3 \"Read units\"",
        "/panels/2/targets/0/id",
        r#""A""#,
    ),
    (
        "cloudwatch",
        "panel 3 \"Read units\"",
        "/panels/2/targets/1/expression",
        r#""writes/60""#,
    ),
    (
        "cloudwatch",
        "panel 3 \"Read units\"",
        "/panels/2/targets/1/metricEditorMode",
        "null",
    ),
    (
        "cloudwatch",
        "panel 4 \"Errors\"",
        "/panels/3/targets/0/queryMode",
        r#""Log""#,
    ),
    (
        "cloudwatch",
        "panel 4 \"Errors\"",
        "/panels/3/targets/0/logGroupNames",
        "[]",
    ),
];

const SOURCE_FAULTS: &[(&str, &str, &str, &str)] = &[
    ("provisioning", "", "/prune", "false"),
    (
        "provisioning",
        "data source \"InfluxDB\"",
        "/datasources/0/editable",
        "true",
    ),
    (
        "provisioning",
        "data source \"InfluxDB\"",
        "/datasources/0/secureJsonData/token",
        r#""abc""#,
    ),
    ("provisioning-key", "", "/apiVersion", "null"),
    (
        "provisioning-key",
        "datasources[0].edtable",
        "/datasources/0/edtable",
        "false",
    ),
    (
        "provisioning-key",
        "datasources[0].jsonData.organisation",
        "/datasources/0/jsonData/organisation",
        r#""a""#,
    ),
    (
        "provisioning-key",
        "deleteDatasources",
        "/deleteDatasources",
        r#"{"a": 1}"#,
    ),
];

const PROVIDER_FAULTS: &[(&str, &str, &str, &str)] = &[
    (
        "provisioning",
        "provider \"marketboro\"",
        "/providers/0/allowUiUpdates",
        "true",
    ),
    (
        "provisioning-key",
        "providers[0].options.paths",
        "/providers/0/options/paths",
        "[]",
    ),
];

const ALERTING_FAULTS: &[(&str, &str, &str, &str)] = &[
    (
        "datasource",
        "rule \"errors\"",
        "/groups/0/rules/0/data/0/datasourceUid",
        r#""influx""#,
    ),
    (
        "link",
        "rule \"errors\"",
        "/groups/0/rules/0/annotations/__dashboardUid__",
        r#""elsewhere""#,
    ),
    (
        "link",
        "rule \"errors\"",
        "/groups/0/rules/0/annotations/__panelId__",
        r#""99""#,
    ),
    ("alerting", "rule \"errors\"", "/groups/0/rules/0/condition", r#""C""#),
    ("alerting", "rule \"\"", "/groups/0/rules/0/uid", r#""""#),
    ("alerting", "policy", "/policies/0/routes/0/receiver", r#""nobody""#),
    (
        "provisioning-key",
        "groups[0].rules[0].fore",
        "/groups/0/rules/0/fore",
        r#""5m""#,
    ),
    (
        "provisioning-key",
        "policies[0].routes[0].match_regex",
        "/policies/0/routes/0/match_regex",
        "{}",
    ),
    (
        "provisioning-key",
        "contactPoints[0].receivers[0].settings.address",
        "/contactPoints/0/receivers/0/settings/address",
        r#""a""#,
    ),
    (
        "provisioning-key",
        "contactPoints[0].receivers[0].settings",
        "/contactPoints/0/receivers/0/type",
        r#""pigeon""#,
    ),
];

/// Sets what the pointer leads to, adding the last key or item where it is not there.
fn set(document: &mut Value, pointer: &str, json: &str) {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let value = serde_json::from_str(json).unwrap();
    match document.pointer_mut(parent).unwrap() {
        Value::Object(object) => drop(object.insert(key.to_owned(), value)),
        Value::Array(list) => match key.parse::<usize>().unwrap() {
            index if index < list.len() => list[index] = value,
            _ => list.push(value),
        },
        other => panic!("{pointer} leads into {other}"),
    }
}

fn each_fault_is_found(faults: &[(&str, &str, &str, &str)], document: fn(&mut Fixture) -> &mut Value) {
    for (rule, place, pointer, value) in faults {
        let mut fixture = Fixture::new();
        set(document(&mut fixture), pointer, value);
        let findings = fixture.findings();
        assert!(!findings.is_empty(), "{pointer} = {value} is not found");
        let others: Vec<_> = findings.iter().filter(|(found, _)| found != rule).collect();
        assert!(
            others.is_empty(),
            "{pointer} = {value} is found by {others:?} besides {rule}"
        );
        assert!(
            findings.iter().any(|(_, found)| found == place),
            "{pointer} = {value}: {findings:?}"
        );
    }
}

#[test]
fn faults_of_dashboards_are_found_by_their_rule_alone() {
    each_fault_is_found(PANEL_FAULTS, |fixture| &mut fixture.dashboard);
}

#[test]
fn faults_of_data_sources_are_found_by_their_rule_alone() {
    each_fault_is_found(SOURCE_FAULTS, |fixture| &mut fixture.sources);
}

#[test]
fn faults_of_providers_are_found_by_their_rule_alone() {
    each_fault_is_found(PROVIDER_FAULTS, |fixture| &mut fixture.providers);
}

#[test]
fn faults_of_alerting_are_found_by_their_rule_alone() {
    each_fault_is_found(ALERTING_FAULTS, |fixture| &mut fixture.alerting);
}

#[test]
fn files_that_cannot_be_parsed_are_findings_and_a_missing_folder_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in [("dashboards/a.json", "{\"uid\": "), ("alerting/b.yaml", "a: [1\nb: 2")] {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    let output = lint(folder.path(), &[]);
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(3), "{shown}");
    assert_eq!(shown.matches("[syntax]").count(), 2, "{shown}");

    for missing in [folder.path().join("nothing"), folder.path().join("alerting")] {
        let output = lint(&missing, &[]);
        assert_eq!(output.status.code(), Some(1));
        let said = text(&output.stderr);
        assert!(said.contains("name the folder") && said.lines().count() == 1, "{said}");
    }
}
