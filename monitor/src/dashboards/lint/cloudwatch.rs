//! Queries for CloudWatch: what they ask for, and the form in which the data source wants them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Findings, Rule, list, place};
use crate::dashboards::cloudwatch::{fault, is_statistic};
use crate::dashboards::{Dashboard, Panel};

pub(super) fn check(dashboard: &Dashboard, findings: &mut Findings) {
    for variable in list(&dashboard.json["templating"]["list"]) {
        if variable["type"] == "query"
            && variable["datasource"]["type"] == "cloudwatch"
            && let Some(message) = variable_fault(&variable["query"])
        {
            let name = variable["name"].as_str().unwrap_or_default();
            findings.add(format!("variable {name}"), Rule::Cloudwatch, message);
        }
    }
    for panel in dashboard.panels() {
        if panel.json["datasource"]["type"] == "cloudwatch" {
            for message in panel_faults(panel) {
                findings.add(place(panel), Rule::Cloudwatch, message);
            }
        }
    }
}

fn variable_fault(query: &Value) -> Option<String> {
    if query["queryType"] != "dimensionValues" {
        return Some(
            "its query is none that can be checked: make it an object with queryType \"dimensionValues\"".into(),
        );
    }
    let filters = query["dimensionFilters"].as_object().into_iter().flatten();
    let mut dimensions: Vec<_> = filters.map(|(name, _)| name.as_str()).collect();
    dimensions.push(text(query, "dimensionKey"));
    let message = fault(text(query, "namespace"), text(query, "metricName"), &dimensions, false)?;
    Some(format!(
        "{message}: see the metrics of monitor/src/dashboards/cloudwatch.rs"
    ))
}

fn panel_faults(panel: Panel<'_>) -> Vec<String> {
    let mut faults = Vec::new();
    let mut ids = BTreeSet::new();
    for target in panel.targets() {
        let id = text(target, "id");
        let query = text(target, "refId");
        let mut add = |message: String| faults.push(format!("query {query}: {message}"));
        if text(target, "region") != "default" {
            add("set region to \"default\", the one of the data source".to_owned());
        }
        match text(target, "queryMode") {
            "Metrics" => {
                if !is_id(id) {
                    add(format!(
                        "its id {id:?} is none of CloudWatch: a small letter, then letters, digits, underscores"
                    ));
                } else if !ids.insert(id) {
                    add(format!(
                        "its id {id:?} is that of another query as well: give each its own"
                    ));
                }
                metric_faults(target).into_iter().for_each(&mut add);
            }
            "Logs" => logs_faults(target).into_iter().for_each(&mut add),
            _ => add("set queryMode to \"Metrics\" or \"Logs\"".to_owned()),
        }
    }
    for target in panel.targets().iter().filter(|target| is_math(target)) {
        let expression = text(target, "expression");
        for id in operands(expression).filter(|id| !ids.contains(id)) {
            let query = text(target, "refId");
            faults.push(format!(
                "query {query}: {expression:?} names {id:?}, which is the id of no query of the panel"
            ));
        }
    }
    faults
}

fn metric_faults(target: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    if target["metricQueryType"] != 0 {
        faults.push("set metricQueryType to 0: queries in SQL cannot be checked".to_owned());
    }
    if text(target, "period").is_empty() {
        faults.push("set period to \"auto\" or to seconds".to_owned());
    }
    let expression = text(target, "expression");
    match target["metricEditorMode"].as_u64() {
        Some(1) if expression.is_empty() => faults.push("set expression, or metricEditorMode to 0".to_owned()),
        Some(1) if expression.contains("SEARCH(") => {
            faults.push("a search cannot be checked: write it as a metric with \"*\" for a dimension".to_owned());
        }
        Some(1) => {}
        Some(0) => {
            let dimensions = target["dimensions"].as_object().into_iter().flatten();
            let dimensions: Vec<_> = dimensions.map(|(name, _)| name.as_str()).collect();
            let exact = target["matchExact"] != false;
            if let Some(message) = fault(
                text(target, "namespace"),
                text(target, "metricName"),
                &dimensions,
                exact,
            ) {
                faults.push(format!(
                    "{message}: see the metrics of monitor/src/dashboards/cloudwatch.rs"
                ));
            }
            if !is_statistic(text(target, "statistic")) {
                faults.push(format!("{:?} is no statistic of CloudWatch", text(target, "statistic")));
            }
            if !target["matchExact"].is_boolean() {
                faults.push("set matchExact: whether the metric has these dimensions and no others".to_owned());
            }
        }
        _ => faults.push("set metricEditorMode to 0 for a metric, to 1 for arithmetic".to_owned()),
    }
    faults
}

fn logs_faults(target: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    if list(&target["logGroupNames"]).count() == 0 {
        faults.push("set logGroupNames, which takes the names of log groups in every version".to_owned());
    }
    if text(target, "expression").is_empty() {
        faults.push("set expression to a query of Logs Insights".to_owned());
    }
    faults
}

fn is_math(target: &Value) -> bool {
    target["queryMode"] == "Metrics" && target["metricEditorMode"] == 1
}

fn is_id(id: &str) -> bool {
    id.starts_with(|first: char| first.is_ascii_lowercase())
        && id
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || character == '_')
}

/// Ids in an expression; functions are written in capitals.
fn operands(expression: &str) -> impl Iterator<Item = &str> {
    expression
        .split(|character: char| !character.is_ascii_alphanumeric() && character != '_')
        .filter(|word| is_id(word))
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}
