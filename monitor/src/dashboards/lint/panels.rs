//! What a panel must say of itself.

use serde_json::Value;

use super::{Findings, Rule, list, place};
use crate::dashboards::{Dashboard, Panel};

/// Panels that draw numbers, and so need a unit.
const NUMERIC: [&str; 11] = [
    "barchart",
    "bargauge",
    "gauge",
    "heatmap",
    "histogram",
    "piechart",
    "stat",
    "state-timeline",
    "table",
    "timeseries",
    "trend",
];
/// Panels that colour a value by thresholds.
const COLOURED: [&str; 3] = ["bargauge", "gauge", "stat"];
/// Colours that do not say whether a value is good or bad.
const NEUTRAL: [&str; 3] = ["blue", "text", "transparent"];
/// Characters below which a description cannot say both what is shown and what to do.
const SHORTEST_DESCRIPTION: usize = 60;

pub(super) fn check(dashboard: &Dashboard, findings: &mut Findings) {
    for panel in dashboard.panels() {
        if panel.title().is_empty() {
            findings.add(place(panel), Rule::Title, "it has no title: give it one");
        }
        if panel.kind() == "row" {
            continue;
        }
        check_description(panel, findings);
        if NUMERIC.contains(&panel.kind()) && !has_unit(panel) {
            let message = match panel.kind() {
                "heatmap" => "options.yAxis.unit is missing: set it to what the rows are, such as \"s\"",
                _ => "fieldConfig.defaults.unit is missing: set it to what the values are, such as \"s\" or \"bytes\"",
            };
            findings.add(place(panel), Rule::Unit, message);
        }
        if COLOURED.contains(&panel.kind()) && !has_thresholds(panel) {
            let message = "it colours its value without thresholds: add them to fieldConfig.defaults, or set \
                           color.mode to \"fixed\" where no value is bad";
            findings.add(place(panel), Rule::Thresholds, message);
        }
    }
}

fn check_description(panel: Panel<'_>, findings: &mut Findings) {
    let description = panel.description();
    if description.trim().chars().count() < SHORTEST_DESCRIPTION {
        let message = "its description is missing or short: say what it shows and what to do when it looks bad";
        findings.add(place(panel), Rule::Description, message);
    }
    if !panel.may_be_empty() && description.to_lowercase().contains("no data") {
        let message = "its description speaks of no data, but no sentence begins with \"No data means\", by which the \
                       doctor knows that the panel may be empty: begin it so, or leave it out";
        findings.add(place(panel), Rule::NoData, message);
    }
}

fn has_unit(panel: Panel<'_>) -> bool {
    let unit = match panel.kind() {
        "heatmap" => &panel.json["options"]["yAxis"]["unit"],
        _ => &panel.json["fieldConfig"]["defaults"]["unit"],
    };
    unit.as_str().is_some_and(|unit| !unit.is_empty())
}

fn has_thresholds(panel: Panel<'_>) -> bool {
    let defaults = &panel.json["fieldConfig"]["defaults"];
    let steps = list(&defaults["thresholds"]["steps"]);
    let colours: Vec<_> = steps.filter_map(|step| step["color"].as_str()).collect();
    // The first step is the colour below every threshold; alone it has to be one that judges nothing.
    let judges = match colours.as_slice() {
        [] => false,
        [only] => NEUTRAL.contains(only),
        _ => true,
    };
    judges || defaults["color"]["mode"] == "fixed" || list(&defaults["mappings"]).any(is_coloured)
}

fn is_coloured(mapping: &Value) -> bool {
    let options = mapping["options"].as_object().into_iter().flatten();
    options.into_iter().any(|(_, result)| result["color"].is_string())
}
