//! Values of a dashboard's variables as they are when somebody opens it.

use std::collections::BTreeSet;

use super::answers::Source;
use crate::dashboards::variables::Values;
use crate::dashboards::{Dashboard, Origin, TimeRange, queries};

/// For variables that do not begin with all values: the one that the dashboard begins with if the query gives it,
/// otherwise the first; nothing at all is an empty text to Grafana. In the order of the dashboard, since the query of
/// one may use another.
pub(super) async fn of(
    dashboard: &Dashboard,
    range: &TimeRange,
    from: &str,
    source: &Source,
    unusable: &BTreeSet<String>,
) -> Values {
    let mut values = Values::new();
    let variables = dashboard.json["templating"]["list"].as_array().into_iter().flatten();
    for variable in variables.filter(|variable| variable["type"] == "query") {
        let Some(name) = variable["name"].as_str() else {
            continue;
        };
        if variable["includeAll"] == true {
            continue;
        }
        let origin = Origin::Variable(name.to_owned());
        let asked = queries(dashboard, range, &values);
        let Some(query) = asked.iter().find(|query| query.origin == origin) else {
            continue;
        };
        if unusable.contains(&query.datasource) {
            continue;
        }
        let given = source.texts(from, query).await;
        let current = variable["current"]["value"].as_str();
        let chosen = match current {
            Some(current) if given.is_empty() || given.iter().any(|value| value == current) => current.to_owned(),
            _ => given.into_iter().next().unwrap_or_default(),
        };
        values.insert(name.to_owned(), vec![chosen]);
    }
    values
}
