//! Checks what Grafana is provisioned with: everything that Grafana would take without a word and show wrongly.

mod alerting;
mod cloudwatch;
mod dashboard;
mod keys;
mod layout;
mod links;
mod panels;
mod sources;
mod variables;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt;
use std::path::PathBuf;

use serde::Serialize;
use serde_json::Value;

use super::{Dashboard, Panel, Provisioning, list};

/// A check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// A file is JSON or YAML.
    Syntax,
    /// A dashboard's uid is the name of its file, and it has a title, the tag `marketboro` and links to the others.
    Dashboard,
    /// A panel, or a dashboard, has a title.
    Title,
    /// A panel that draws numbers says their unit.
    Unit,
    /// A panel says what it shows and what to do when it looks bad.
    Description,
    /// A panel that may be empty says so in a sentence that begins `No data means`.
    NoData,
    /// A panel that colours a value has thresholds, or a fixed colour.
    Thresholds,
    /// Whatever sends a query names the data source, and `datasources/` has it.
    Datasource,
    /// Panels keep to the 24 columns and do not overlap.
    Layout,
    /// Panels have ids, each its own.
    PanelId,
    /// Whatever leads to a dashboard leads to one that is there.
    Link,
    /// A variable that is used is declared.
    VariableUndeclared,
    /// A variable that is declared is used.
    VariableUnused,
    /// Variables are written as every version of Grafana understands them.
    VariableSyntax,
    /// A query for CloudWatch asks for a metric that exists, in the form that the data source wants.
    Cloudwatch,
    /// Alert rules and policies refer to what is there.
    Alerting,
    /// Provisioning files have only keys that Grafana knows.
    ProvisioningKey,
    /// What is provisioned cannot be edited, and holds no secret.
    Provisioning,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// Something that is not in order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// The file.
    pub file: PathBuf,
    /// Where in it, such as `panel 3 "CPU"`; empty where it is the file as a whole.
    pub place: String,
    /// The check that found it.
    pub rule: Rule,
    /// What is wrong and what to do.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.file.display())?;
        if !self.place.is_empty() {
            write!(f, "{}: ", self.place)?;
        }
        write!(f, "{} [{}]", self.message, self.rule)
    }
}

/// Everything that is not in order, by file.
pub fn lint(provisioning: &Provisioning) -> Vec<Finding> {
    let known = Known::of(provisioning);
    let mut findings = Findings::default();
    for unreadable in &provisioning.unreadable {
        findings.file = unreadable.path.clone();
        findings.add("", Rule::Syntax, format!("cannot be parsed: {}", unreadable.reason));
    }
    for dashboard in &provisioning.dashboards {
        findings.file = dashboard.path.clone();
        dashboard::check(dashboard, &mut findings);
        panels::check(dashboard, &mut findings);
        sources::check(dashboard, &known, &mut findings);
        layout::check(dashboard, &mut findings);
        links::check(dashboard, &known, &mut findings);
        variables::check(dashboard, &mut findings);
        cloudwatch::check(dashboard, &mut findings);
    }
    for file in &provisioning.files {
        findings.file = file.path.clone();
        keys::check(file, &mut findings);
        match file.folder.as_str() {
            "datasources" => sources::check_provisioning(file, &mut findings),
            "dashboards" => dashboard::check_provisioning(file, &mut findings),
            _ => {}
        }
    }
    alerting::check(provisioning, &known, &mut findings);
    findings.found.sort();
    findings.found.dedup();
    findings.found
}

/// What others may refer to.
struct Known<'a> {
    /// Types of the data sources by uid.
    sources: BTreeMap<&'a str, &'a str>,
    /// Dashboards by the name of their file, which is their uid where that is in order.
    dashboards: BTreeMap<&'a str, &'a Dashboard>,
}

impl<'a> Known<'a> {
    fn of(provisioning: &'a Provisioning) -> Self {
        let provisioned = provisioning.provisioned("datasources", "datasources");
        let sources = provisioned.filter_map(|(_, source)| Some((source["uid"].as_str()?, source["type"].as_str()?)));
        Self {
            sources: sources.collect(),
            dashboards: provisioning
                .dashboards
                .iter()
                .map(|dashboard| (name(dashboard), dashboard))
                .collect(),
        }
    }
}

#[derive(Default)]
struct Findings {
    file: PathBuf,
    found: Vec<Finding>,
}

impl Findings {
    fn add(&mut self, place: impl Into<String>, rule: Rule, message: impl Into<String>) {
        self.found.push(Finding {
            file: self.file.clone(),
            place: place.into(),
            rule,
            message: message.into(),
        });
    }
}

/// Name of a dashboard's file without its extension.
fn name(dashboard: &Dashboard) -> &str {
    dashboard.path.file_stem().and_then(OsStr::to_str).unwrap_or_default()
}

/// How a finding names a panel.
fn place(panel: Panel<'_>) -> String {
    match panel.id() {
        Some(id) => format!("panel {id} \"{}\"", panel.title()),
        None => format!("panel \"{}\"", panel.title()),
    }
}

/// Calls `seen` for every text in a value, with its path in it.
fn texts<'a>(value: &'a Value, path: &str, seen: &mut impl FnMut(&str, &'a str)) {
    match value {
        Value::String(text) => seen(path, text),
        Value::Array(list) => list.iter().for_each(|value| texts(value, path, seen)),
        Value::Object(object) => {
            for (key, value) in object {
                let path = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                texts(value, &path, seen);
            }
        }
        _ => {}
    }
}
