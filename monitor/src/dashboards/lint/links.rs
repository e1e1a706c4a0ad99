//! Links to dashboards.

use super::{Findings, Known, Rule, list, place, texts};
use crate::dashboards::Dashboard;

pub(super) fn check(dashboard: &Dashboard, known: &Known<'_>, findings: &mut Findings) {
    let mut expect = |place: &str, url: &str| {
        for uid in uids(url).filter(|uid| !known.dashboards.contains_key(uid)) {
            let message =
                format!("a link leads to the dashboard {uid:?}, which is not there: take a uid of dashboards/*.json");
            findings.add(place, Rule::Link, message);
        }
    };
    for link in list(&dashboard.json["links"]) {
        let title = link["title"].as_str().unwrap_or_default();
        expect(&format!("link \"{title}\""), link["url"].as_str().unwrap_or_default());
    }
    for panel in dashboard.panels() {
        let place = place(panel);
        texts(panel.json, "", &mut |path, text| {
            // Links of panels, data links of fields and of overrides, and those in text.
            if path.ends_with("url") || path == "options.content" || path == "description" {
                expect(&place, text);
            }
        });
    }
}

/// Uids of the dashboards that a text leads to.
fn uids(text: &str) -> impl Iterator<Item = &str> {
    text.split("/d/").skip(1).map(|rest| {
        let end = rest.find(|character: char| !character.is_ascii_alphanumeric() && !"-_".contains(character));
        &rest[..end.unwrap_or(rest.len())]
    })
}
