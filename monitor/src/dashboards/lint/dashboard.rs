//! The dashboard as a whole, and the files that provision dashboards.

use super::{Findings, Rule, list, name};
use crate::dashboards::{Dashboard, File};

/// Tag by which dashboards list one another.
const TAG: &str = "marketboro";
/// Versions of the format that every supported Grafana reads without losing something.
const SCHEMA_VERSIONS: [u64; 2] = [37, 38];

pub(super) fn check(dashboard: &Dashboard, findings: &mut Findings) {
    let json = &dashboard.json;
    let name = name(dashboard);
    if dashboard.uid() != name {
        let message = format!(
            "its uid is {:?}: make it {name:?}, the name of the file",
            dashboard.uid()
        );
        findings.add("", Rule::Dashboard, message);
    }
    if json["title"].as_str().unwrap_or_default().is_empty() {
        findings.add("", Rule::Title, "the dashboard has no title: give it one");
    }
    if !list(&json["tags"]).any(|tag| tag == TAG) {
        findings.add(
            "",
            Rule::Dashboard,
            format!("it lacks the tag {TAG:?}, by which dashboards list one another: add it"),
        );
    }
    if !json["schemaVersion"]
        .as_u64()
        .is_some_and(|version| SCHEMA_VERSIONS.contains(&version))
    {
        let message = "its schemaVersion is none that every supported Grafana reads: make it 37 or 38";
        findings.add("", Rule::Dashboard, message);
    }
    let mut links = list(&json["links"]);
    if !links.any(|link| link["type"] == "dashboards" && list(&link["tags"]).any(|tag| tag == TAG)) {
        let message =
            format!("nothing leads from it to the others: add a link of type dashboards with the tag {TAG:?}");
        findings.add("", Rule::Dashboard, message);
    }
}

pub(super) fn check_provisioning(file: &File, findings: &mut Findings) {
    for provider in list(&file.yaml["providers"]) {
        let place = format!("provider {:?}", provider["name"].as_str().unwrap_or_default());
        if provider["allowUiUpdates"] != false {
            let message =
                "allowUiUpdates is not false, so that what people save is lost at the next change of the file: set it";
            findings.add(place, Rule::Provisioning, message);
        }
    }
}
