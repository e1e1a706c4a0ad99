//! What alert rules and notification policies refer to.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Findings, Known, Rule, list};
use crate::dashboards::Provisioning;

/// How a rule names its own arithmetic in place of a data source.
const EXPRESSION: [&str; 2] = ["__expr__", "-100"];

pub(super) fn check(provisioning: &Provisioning, known: &Known<'_>, findings: &mut Findings) {
    let mut uids = BTreeSet::new();
    for (file, group) in provisioning.provisioned("alerting", "groups") {
        for rule in list(&group["rules"]) {
            let uid = rule["uid"].as_str().unwrap_or_default();
            findings.file = file.to_owned();
            let place = format!("rule {uid:?}");
            if uid.is_empty() || !uids.insert(uid) {
                findings.add(
                    &place,
                    Rule::Alerting,
                    "its uid is missing or another's: give it one of its own",
                );
            }
            check_rule(rule, known, &place, findings);
        }
    }
    let points = provisioning.provisioned("alerting", "contactPoints");
    let points: BTreeSet<_> = points.filter_map(|(_, point)| point["name"].as_str()).collect();
    for (file, policy) in provisioning.provisioned("alerting", "policies") {
        findings.file = file.to_owned();
        check_route(policy, &points, findings);
    }
}

fn check_rule(rule: &Value, known: &Known<'_>, place: &str, findings: &mut Findings) {
    let mut references = BTreeSet::new();
    for query in list(&rule["data"]) {
        references.insert(query["refId"].as_str().unwrap_or_default());
        let uid = query["datasourceUid"].as_str().unwrap_or_default();
        if !EXPRESSION.contains(&uid) && !known.sources.contains_key(uid) {
            let message = format!("there is no data source with the uid {uid:?}: take one of datasources/*.yaml");
            findings.add(place, Rule::Datasource, message);
        }
    }
    let condition = rule["condition"].as_str().unwrap_or_default();
    if !references.contains(condition) {
        let message = format!("its condition {condition:?} is the refId of none of its queries: name one");
        findings.add(place, Rule::Alerting, message);
    }
    let annotations = &rule["annotations"];
    let dashboard = text(&annotations["__dashboardUid__"]).or(text(&rule["dashboardUid"]));
    let panel = text(&annotations["__panelId__"]).or(text(&rule["panelId"]));
    let Some(dashboard) = dashboard else { return };
    match known.dashboards.get(dashboard.as_str()) {
        None => {
            let message =
                format!("it leads to the dashboard {dashboard:?}, which is not there: take a uid of dashboards/*.json");
            findings.add(place, Rule::Link, message);
        }
        Some(found) => {
            let is_there = |panel: &str| {
                found
                    .panels()
                    .iter()
                    .any(|other| other.id().is_some_and(|id| id.to_string() == panel))
            };
            if let Some(panel) = panel.filter(|panel| !is_there(panel)) {
                let message =
                    format!("it leads to panel {panel} of {dashboard}, which is not there: take the id of a panel");
                findings.add(place, Rule::Link, message);
            }
        }
    }
}

fn check_route(route: &Value, points: &BTreeSet<&str>, findings: &mut Findings) {
    // One that the environment names can only be known on the host.
    let receiver = route["receiver"].as_str().filter(|receiver| !receiver.contains('$'));
    if let Some(receiver) = receiver.filter(|receiver| !points.contains(receiver)) {
        let message = format!("there is no contact point {receiver:?}: take one of alerting/*.yaml");
        findings.add("policy", Rule::Alerting, message);
    }
    for route in list(&route["routes"]) {
        check_route(route, points, findings);
    }
}

/// A text, or a number as one.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
