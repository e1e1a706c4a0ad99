//! Data sources: those that are provisioned, and what refers to them.

use serde_json::Value;

use super::{Findings, Known, Rule, list, place};
use crate::dashboards::{Dashboard, File};

/// Data sources that Grafana has of itself, with their types.
const BUILT_IN: [(&str, &str); 4] = [
    ("-- Grafana --", "grafana"),
    ("grafana", "datasource"),
    ("-- Mixed --", "datasource"),
    ("-- Dashboard --", "datasource"),
];
/// Panels that ask no data source.
const WITHOUT_QUERIES: [&str; 6] = ["alertlist", "dashlist", "news", "row", "text", "welcome"];

pub(super) fn check(dashboard: &Dashboard, known: &Known<'_>, findings: &mut Findings) {
    for variable in list(&dashboard.json["templating"]["list"]) {
        if variable["type"] == "query" {
            let place = format!("variable {}", variable["name"].as_str().unwrap_or_default());
            expect(known, &place, &variable["datasource"], findings);
        }
    }
    for annotation in list(&dashboard.json["annotations"]["list"]) {
        let place = format!("annotation {:?}", annotation["name"].as_str().unwrap_or_default());
        expect(known, &place, &annotation["datasource"], findings);
    }
    for panel in dashboard.panels() {
        let place = place(panel);
        if !WITHOUT_QUERIES.contains(&panel.kind()) {
            expect(known, &place, &panel.json["datasource"], findings);
            if panel.targets().is_empty() {
                findings.add(&place, Rule::Datasource, "it has no query: add one to targets");
            }
        }
        let mixed = panel.json["datasource"]["uid"] == "-- Mixed --";
        for target in panel.targets() {
            if mixed || !target["datasource"].is_null() {
                expect(known, &place, &target["datasource"], findings);
            }
        }
    }
}

fn expect(known: &Known<'_>, place: &str, reference: &Value, findings: &mut Findings) {
    if let Some(message) = fault(reference, known) {
        findings.add(place, Rule::Datasource, message);
    }
}

fn fault(reference: &Value, known: &Known<'_>) -> Option<String> {
    let (Some(uid), Some(kind)) = (reference["uid"].as_str(), reference["type"].as_str()) else {
        return Some("it names no data source: set datasource to {\"type\": …, \"uid\": …}".to_owned());
    };
    let built_in = BUILT_IN.iter().find(|(name, _)| *name == uid).map(|&(_, kind)| kind);
    match known.sources.get(uid).copied().or(built_in) {
        None => Some(format!(
            "there is no data source with the uid {uid:?}: take one of datasources/*.yaml"
        )),
        Some(actual) if actual != kind => Some(format!(
            "the data source {uid:?} is of type {actual:?}: write that for {kind:?}"
        )),
        Some(_) => None,
    }
}

pub(super) fn check_provisioning(file: &File, findings: &mut Findings) {
    if file.yaml["prune"] != true {
        let message = "prune is not true, so that a data source taken out of the file stays in Grafana: set it";
        findings.add("", Rule::Provisioning, message);
    }
    for source in list(&file.yaml["datasources"]) {
        let place = format!("data source {:?}", source["name"].as_str().unwrap_or_default());
        if source["uid"].as_str().unwrap_or_default().is_empty() {
            findings.add(
                &place,
                Rule::Provisioning,
                "it has no uid, by which dashboards find it: give it one",
            );
        }
        if source["editable"] != false {
            findings.add(
                &place,
                Rule::Provisioning,
                "editable is not false: set it, the file is where it is changed",
            );
        }
        for (key, value) in source["secureJsonData"].as_object().into_iter().flatten() {
            let value = value.as_str().unwrap_or_default();
            if !value.starts_with("$__file{") {
                let message = format!("secureJsonData.{key} is no file: write $__file{{/run/secrets/NAME}}");
                findings.add(&place, Rule::Provisioning, message);
            }
        }
    }
}
