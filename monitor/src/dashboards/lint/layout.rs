//! Where panels are, and their ids.

use std::collections::BTreeMap;

use super::{Findings, Rule, list, place};
use crate::dashboards::{Dashboard, Panel};

/// Columns of a dashboard.
const COLUMNS: u64 = 24;

pub(super) fn check(dashboard: &Dashboard, findings: &mut Findings) {
    check_ids(dashboard, findings);
    let top: Vec<_> = list(&dashboard.json["panels"]).map(|json| Panel { json }).collect();
    check_places(&top, findings);
    // What a collapsed row holds is laid out by itself.
    for row in top {
        let held: Vec<_> = list(&row.json["panels"]).map(|json| Panel { json }).collect();
        check_places(&held, findings);
    }
}

fn check_ids(dashboard: &Dashboard, findings: &mut Findings) {
    let mut seen = BTreeMap::new();
    for panel in dashboard.panels() {
        match panel.id() {
            None | Some(0) => findings.add(place(panel), Rule::PanelId, "it has no id: give it a number of its own"),
            Some(id) => {
                if let Some(first) = seen.insert(id, panel.title()) {
                    let message = format!("its id is that of \"{first}\" as well: give each a number of its own");
                    findings.add(place(panel), Rule::PanelId, message);
                }
            }
        }
    }
}

fn check_places(panels: &[Panel<'_>], findings: &mut Findings) {
    for (index, &panel) in panels.iter().enumerate() {
        let Some(at) = panel.place().filter(|at| at.width > 0 && at.height > 0) else {
            findings.add(place(panel), Rule::Layout, "gridPos is incomplete: set x, y, w and h");
            continue;
        };
        if at.right() > COLUMNS {
            let message = format!("it ends at column {}: a dashboard has {COLUMNS}", at.right());
            findings.add(place(panel), Rule::Layout, message);
        }
        let others = panels[..index].iter();
        for other in others.filter(|other| other.place().is_some_and(|other| other.overlaps(at))) {
            let message = format!("it overlaps with \"{}\": move one of them", other.title());
            findings.add(place(panel), Rule::Layout, message);
        }
    }
}
