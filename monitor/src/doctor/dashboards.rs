//! Whether Grafana has the dashboards of its provisioning as their files have them.
//!
//! Grafana brings older dashboards into the form of its own version, so not everything can be the same: titles, panels
//! and the texts of queries must be.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::StreamExt as _;

use super::context::Context;
use super::verdict::{Fault, Stop, Verdict};
use crate::dashboards::{Dashboard, Provisioning, list, load};
use crate::grafana::Grafana;

/// Dashboards asked for at the same time.
const AT_ONCE: usize = 4;

/// Keys of a panel's query that hold its text.
const TEXTS: &[&str] = &["query", "expression", "metricName"];

pub(super) async fn check(context: Arc<Context>) -> Result<Verdict, Stop> {
    let provisioning = provisioning(&context)?;
    let grafana = context.grafana().await?;
    let count = provisioning.dashboards.len();
    let asked = provisioning
        .dashboards
        .into_iter()
        .map(|dashboard| compare(grafana.clone(), dashboard));
    let found: Vec<_> = futures_util::stream::iter(asked).buffered(AT_ONCE).collect().await;
    let mut faults = Vec::new();
    for fault in found {
        faults.extend(fault?);
    }
    Ok(Verdict::new(
        format!("{count} dashboards are as their files have them"),
        faults,
    ))
}

/// What Grafana is provisioned with.
pub(super) fn provisioning(context: &Context) -> Result<Provisioning, Stop> {
    load(&context.layout().provisioning())
        .map_err(|_| Stop::skip("Grafana's provisioning cannot be read; see the check files"))
}

async fn compare(grafana: Grafana, dashboard: Dashboard) -> Result<Option<Fault>, Stop> {
    let uid = dashboard.uid();
    let Some((loaded, is_provisioned)) = grafana.dashboard(uid).await? else {
        return Ok(Some(Fault::failed(
            format!("Grafana has no dashboard {uid}"),
            "its log says what it holds against the file: `monitor logs grafana`; `docker compose restart grafana` reads it \
             again",
        )));
    };
    if !is_provisioned {
        return Ok(Some(Fault::failed(
            format!("the dashboard {uid} is not from its file"),
            "somebody saved another one under this uid: delete it in Grafana, then `docker compose restart grafana`",
        )));
    }
    let loaded = Dashboard {
        path: dashboard.path.clone(),
        json: loaded,
    };
    let (expected, seen) = (essence(&dashboard), essence(&loaded));
    let first = expected.symmetric_difference(&seen).next();
    Ok(first.map(|difference| {
        let side = if expected.contains(difference) {
            "has not"
        } else {
            "still has"
        };
        Fault::failed(
            format!("the dashboard {uid} is not as its file has it: Grafana {side} {difference}"),
            "`docker compose restart grafana` reads the file again; its log says what it holds against it",
        )
    }))
}

/// What must be the same, in words.
fn essence(dashboard: &Dashboard) -> BTreeSet<String> {
    let title = dashboard.json["title"].as_str().unwrap_or_default();
    let mut parts = BTreeSet::from([format!("the title \"{title}\"")]);
    for panel in dashboard.panels() {
        parts.insert(format!("the panel \"{}\"", panel.title()));
        for target in panel.targets() {
            for key in TEXTS {
                if let Some(text) = target[*key].as_str() {
                    parts.insert(format!(
                        "in the panel \"{}\" the query {}",
                        panel.title(),
                        beginning(text)
                    ));
                }
            }
        }
    }
    for variable in list(&dashboard.json["templating"]["list"]) {
        parts.insert(format!(
            "the variable {}",
            variable["name"].as_str().unwrap_or_default()
        ));
    }
    parts
}

/// In one line: enough to know it by, with a number that changes with the rest.
fn beginning(text: &str) -> String {
    const SHOWN: usize = 60;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SHOWN) {
        None => line,
        Some((end, _)) => {
            use std::hash::{DefaultHasher, Hash as _, Hasher as _};
            let mut hasher = DefaultHasher::new();
            line.hash(&mut hasher);
            format!("{}… ({:08x})", &line[..end], hasher.finish() >> 32)
        }
    }
}
