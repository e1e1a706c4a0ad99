//! Values of a dashboard's variables as they are when somebody opens it.

use std::collections::BTreeSet;

use super::super::verdict::Fault;
use super::answers::Source;
use crate::dashboards::variables::Values;
use crate::dashboards::{Dashboard, Origin, PanelQuery, Query, TimeRange, list, queries};
use crate::http::HttpError;

/// What is chosen in a dashboard.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    pub(super) values: Values,
    /// Variables of CloudWatch that have nothing to choose from. What refers to them would ask for nothing.
    pub(super) lacking: BTreeSet<String>,
    /// Why.
    pub(super) faults: Vec<Fault>,
}

/// For variables that do not begin with all values: the one that the dashboard begins with if the query gives it,
/// otherwise the first; nothing at all is an empty text to Grafana. In the order of the dashboard, since the query of
/// one may use another.
pub(super) async fn of(
    dashboard: &Dashboard,
    range: &TimeRange,
    from: &str,
    source: &Source,
    unusable: &BTreeSet<String>,
) -> Chosen {
    let mut chosen = Chosen::default();
    let variables = list(&dashboard.json["templating"]["list"]);
    for variable in variables.filter(|variable| variable["type"] == "query") {
        let Some(name) = variable["name"].as_str() else {
            continue;
        };
        if variable["includeAll"] == true {
            continue;
        }
        let origin = Origin::Variable(name.to_owned());
        let asked = queries(dashboard, range, &chosen.values);
        let Some(query) = asked.iter().find(|query| query.origin == origin) else {
            continue;
        };
        if unusable.contains(&query.datasource) {
            continue;
        }
        if query.lacks(&chosen.lacking) {
            chosen.lacking.insert(name.to_owned());
            continue;
        }
        let given = source.values(from, query).await;
        if let Some(fault) = fault(dashboard, query, &given) {
            chosen.faults.push(fault);
            chosen.lacking.insert(name.to_owned());
            continue;
        }
        let given = given.unwrap_or_default();
        let current = variable["current"]["value"].as_str();
        let value = match current {
            Some(current) if given.is_empty() || given.iter().any(|value| value == current) => current.to_owned(),
            _ => given.into_iter().next().unwrap_or_default(),
        };
        chosen.values.insert(name.to_owned(), vec![value]);
    }
    chosen
}

/// Why there is nothing to choose from; other than of CloudWatch, what that means is for the panels to say.
fn fault(dashboard: &Dashboard, query: &PanelQuery, given: &Result<Vec<String>, HttpError>) -> Option<Fault> {
    let title = dashboard.json["title"].as_str().unwrap_or_else(|| dashboard.uid());
    let place = format!("{title}, {}", query.origin);
    match (given, &query.kind) {
        (Err(error), _) => Some(Fault::failed(
            format!("{place}: {error}"),
            "give the host's role cloudwatch:ListMetrics, and check AWS_REGION",
        )),
        (
            Ok(values),
            Query::CloudWatchValues {
                namespace,
                metric,
                dimension,
                ..
            },
        ) if values.is_empty() => Some(Fault::warning(
            format!("{place}: CloudWatch lists no {dimension} of {namespace} {metric}, so its panels show nothing"),
            "it lists what had data within two weeks: see whether that is in use, and in the region AWS_REGION",
        )),
        _ => None,
    }
}
