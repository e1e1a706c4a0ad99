//! Variables: those that are declared, and references to them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Findings, Rule, list, place, texts};
use crate::dashboards::Dashboard;
use crate::dashboards::variables::{Reference, Style, references};

/// Formats in which a link may write a value.
const LINK_FORMATS: [&str; 3] = ["queryparam", "percentencode", "raw"];
/// Grafana's own variables that Flux has in another way.
const FLUX_INSTEAD: &str = "use v.timeRangeStart, v.timeRangeStop and v.windowPeriod";

/// A variable as it is declared.
struct Declared<'a> {
    name: &'a str,
    /// Whether it may have several values.
    several: bool,
}

pub(super) fn check(dashboard: &Dashboard, findings: &mut Findings) {
    let declared: Vec<_> = list(&dashboard.json["templating"]["list"])
        .map(|variable| Declared {
            name: variable["name"].as_str().unwrap_or_default(),
            several: variable["multi"] == true || variable["includeAll"] == true,
        })
        .collect();
    let mut used = BTreeSet::new();
    let mut see = |place: &str, value: &Value, flux: bool| {
        texts(value, "", &mut |path, text| {
            let is_flux = flux && (path.is_empty() || path.ends_with("query"));
            for reference in references(text) {
                used.insert(reference.name.to_owned());
                if let Some((rule, message)) = fault(reference, &declared, is_flux, text) {
                    findings.add(place, rule, message);
                }
            }
        });
    };
    for variable in list(&dashboard.json["templating"]["list"]) {
        let place = format!("variable {}", variable["name"].as_str().unwrap_or_default());
        see(&place, &variable["query"], may_be_flux(&variable["datasource"]));
    }
    for annotation in list(&dashboard.json["annotations"]["list"]) {
        let place = format!("annotation {:?}", annotation["name"].as_str().unwrap_or_default());
        see(&place, annotation, may_be_flux(&annotation["datasource"]));
    }
    see("", &dashboard.json["title"], false);
    for link in list(&dashboard.json["links"]) {
        see("links", link, false);
    }
    for panel in dashboard.panels() {
        let mut json = panel.json.clone();
        // A row's panels are looked at by themselves.
        if let Some(json) = json.as_object_mut() {
            json.remove("panels");
        }
        see(&place(panel), &json, may_be_flux(&panel.json["datasource"]));
        if let Some(repeat) = panel.json["repeat"].as_str() {
            see(&place(panel), &Value::String(format!("${{{repeat}}}")), false);
        }
    }
    for variable in declared.iter().filter(|variable| !used.contains(variable.name)) {
        let message = "nothing uses it: use it, or take it out";
        findings.add(format!("variable {}", variable.name), Rule::VariableUnused, message);
    }
}

/// Whether queries for the data source are Flux; where it is missing, that is found elsewhere.
fn may_be_flux(source: &Value) -> bool {
    source["type"].is_null() || source["type"] == "influxdb"
}

fn fault(reference: Reference<'_>, declared: &[Declared<'_>], flux: bool, text: &str) -> Option<(Rule, String)> {
    let Reference {
        text: written,
        name,
        format,
        style,
    } = reference;
    let syntax = |message: String| Some((Rule::VariableSyntax, message));
    if reference.is_builtin() {
        return if flux {
            syntax(format!("{written} is used in Flux: {FLUX_INSTEAD}"))
        } else {
            None
        };
    }
    let Some(variable) = declared.iter().find(|variable| variable.name == name) else {
        let message = format!("{written} is declared nowhere: add {name} to templating.list, or write what is meant");
        return Some((Rule::VariableUndeclared, message));
    };
    if style != Style::Braced {
        return syntax(format!("{written} is not written as ${{{name}}}: write it so"));
    }
    let is_link = text.contains("/d/") || text.contains("/explore");
    match format {
        None if flux && variable.several => syntax(format!(
            "{written} may have several values: write /^${{{name}:regex}}$/ and compare with =~"
        )),
        Some("regex") if flux => None,
        None => None,
        Some(format) if is_link && LINK_FORMATS.contains(&format) => None,
        Some(_) => syntax(format!(
            "{written} has a format that is not used here: write ${{{name}}}, or ${{{name}:regex}} in Flux"
        )),
    }
}
