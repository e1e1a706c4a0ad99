//! Whether Grafana has the alert rules of its provisioning, and can evaluate them.

use std::sync::Arc;

use serde_json::Value;

use super::context::Context;
use super::verdict::{Fault, Stop, Verdict};
use crate::dashboards::list;

const RELOAD: &str = "its log says what it holds against the file: `monitor logs grafana`; `docker compose restart grafana` reads it \
    again";

pub(super) async fn check(context: Arc<Context>) -> Result<Verdict, Stop> {
    let provisioning = super::dashboards::provisioning(&context)?;
    let grafana = context.grafana().await?;
    let (loaded, states) = tokio::join!(grafana.alert_rules(), grafana.rule_states());
    let (loaded, states) = (loaded?, states?);
    let mut faults = Vec::new();
    let mut uids = Vec::new();
    for (_, group) in provisioning.provisioned("alerting", "groups") {
        for rule in list(&group["rules"]) {
            let uid = text(&rule["uid"]);
            let found = loaded.iter().find(|loaded| text(&loaded["uid"]) == uid);
            faults.extend(found.map_or_else(
                || {
                    Some(Fault::failed(
                        format!("Grafana has no alert rule {uid} (\"{}\")", text(&rule["title"])),
                        RELOAD,
                    ))
                },
                |found| difference(rule, found),
            ));
            uids.push(uid);
        }
    }
    for loaded in &loaded {
        let uid = text(&loaded["uid"]);
        if text(&loaded["provenance"]) == "file" && !uids.contains(&uid) {
            faults.push(Fault::warning(
                format!("Grafana has an alert rule {uid} of a file that is gone"),
                "list it under deleteRules in grafana-provisioning/alerting/, then `docker compose restart grafana`",
            ));
        }
    }
    for state in states.iter().filter(|state| state.health == "error") {
        faults.push(Fault::failed(
            format!(
                "the alert rule \"{}\" cannot be evaluated: {}",
                state.name, state.last_error
            ),
            "see the data source that it asks: the checks data-source-…",
        ));
    }
    Ok(Verdict::new(
        format!("{} alert rules are as their files have them", uids.len()),
        faults,
    ))
}

/// What of a rule is not as its file has it.
fn difference(file: &Value, loaded: &Value) -> Option<Fault> {
    let title = text(&file["title"]);
    let mut wrong = Vec::new();
    for key in ["title", "condition"] {
        if text(&file[key]) != text(&loaded[key]) {
            wrong.push(format!("its {key} is {}", text(&loaded[key])));
        }
    }
    if file["isPaused"].as_bool().unwrap_or_default() != loaded["isPaused"].as_bool().unwrap_or_default() {
        wrong.push("it is paused, or is not".to_owned());
    }
    if queries(file) != queries(loaded) {
        wrong.push("its queries are others".to_owned());
    }
    (!wrong.is_empty()).then(|| {
        Fault::failed(
            format!(
                "the alert rule \"{title}\" is not as its file has it: {}",
                wrong.join(", ")
            ),
            RELOAD,
        )
    })
}

/// Letter, data source and text of each query.
fn queries(rule: &Value) -> Vec<[&str; 4]> {
    let data = list(&rule["data"]);
    data.map(|query| {
        [
            text(&query["refId"]),
            text(&query["datasourceUid"]),
            text(&query["model"]["query"]).trim(),
            text(&query["model"]["expression"]).trim(),
        ]
    })
    .collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
