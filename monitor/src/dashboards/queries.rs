//! The queries that a dashboard sends, with the values of its variables put in place.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;

use super::variables::{Values, interpolate, references};
use super::{Dashboard, list};

/// A query as the data source gets it.
#[derive(Debug, Clone, PartialEq)]
pub struct PanelQuery {
    /// Uid of the dashboard.
    pub dashboard: String,
    /// What sends it.
    pub origin: Origin,
    /// Its letter among the queries of the panel.
    pub ref_id: String,
    /// What arithmetic of CloudWatch calls it; empty elsewhere.
    pub id: String,
    /// Uid of the data source.
    pub datasource: String,
    /// What it asks.
    pub kind: Query,
    /// Whether an answer without data is in order: see [`super::Panel::may_be_empty`]. Of a panel with several queries,
    /// one with data is enough. Annotations may always be empty.
    pub may_be_empty: bool,
}

/// What sends a query.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// A panel.
    Panel {
        /// Its id.
        id: u64,
        /// Its title.
        title: String,
    },
    /// A variable, to list its values.
    Variable(String),
    /// An annotation.
    Annotation(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panel { id, title } => write!(f, "panel {id} \"{title}\""),
            Self::Variable(name) => write!(f, "variable {name}"),
            Self::Annotation(name) => write!(f, "annotation \"{name}\""),
        }
    }
}

/// What a query asks.
#[derive(Debug, Clone, PartialEq)]
pub enum Query {
    /// InfluxDB, in Flux, ready to send.
    Flux(String),
    /// A metric of CloudWatch.
    CloudWatch {
        /// Namespace, such as `AWS/ECS`.
        namespace: String,
        /// Name of the metric.
        metric: String,
        /// Values by dimension; `*` for any.
        dimensions: BTreeMap<String, Vec<String>>,
        /// Statistic, such as `Sum`.
        statistic: String,
    },
    /// Arithmetic with other metrics of the panel, in CloudWatch's language.
    CloudWatchMath(String),
    /// CloudWatch Logs Insights.
    LogsInsights {
        /// Names of the log groups.
        log_groups: Vec<String>,
        /// The query.
        expression: String,
    },
    /// Values of a dimension of CloudWatch, for a variable.
    CloudWatchValues {
        /// Namespace, such as `AWS/ECS`.
        namespace: String,
        /// Name of the metric.
        metric: String,
        /// The dimension whose values are listed.
        dimension: String,
        /// Values that other dimensions of the metric must have.
        filters: BTreeMap<String, Vec<String>>,
    },
    /// A search in Jaeger or a trace of it, as the data source wants it.
    Jaeger(Value),
    /// A query of a kind that is not known here.
    Other(Value),
}

impl PanelQuery {
    /// Whether it refers still to one of these variables of CloudWatch, which have no value.
    pub fn lacks(&self, variables: &BTreeSet<String>) -> bool {
        let is_lacking = |text: &String| {
            let references = references(text);
            references.iter().any(|reference| variables.contains(reference.name))
        };
        match &self.kind {
            Query::CloudWatch { dimensions: values, .. } | Query::CloudWatchValues { filters: values, .. } => {
                values.values().flatten().any(is_lacking)
            }
            Query::CloudWatchMath(expression) => is_lacking(expression),
            Query::LogsInsights { log_groups, expression } => {
                log_groups.iter().any(is_lacking) || is_lacking(expression)
            }
            Query::Flux(_) | Query::Jaeger(_) | Query::Other(_) => false,
        }
    }
}

/// The time that queries are about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeRange {
    /// Start, as Flux has it: `2026-01-31T12:00:00Z`, or `-1h`.
    pub start: String,
    /// End, likewise; `now()` will do.
    pub stop: String,
    /// Width of a point, as Flux has it: `10s`.
    pub window: String,
}

/// Every query of the dashboard: its variables', its annotations' and its panels'.
///
/// A variable that `values` does not have gets the value that the dashboard begins with.
pub fn queries(dashboard: &Dashboard, range: &TimeRange, values: &Values) -> Vec<PanelQuery> {
    let mut all = defaults(dashboard);
    all.extend(values.clone());
    let asked = Asked {
        dashboard,
        range,
        values: all,
    };
    let mut found = Vec::new();
    for variable in list(&dashboard.json["templating"]["list"]) {
        if variable["type"] == "query" {
            let origin = Origin::Variable(text(&variable["name"]));
            found.push(asked.query(origin, &variable["datasource"], &variable["query"], false));
        }
    }
    for annotation in list(&dashboard.json["annotations"]["list"]) {
        if annotation["builtIn"] != 1 {
            let origin = Origin::Annotation(text(&annotation["name"]));
            let target = match &annotation["target"] {
                Value::Null => annotation,
                target => target,
            };
            found.push(asked.query(origin, &annotation["datasource"], target, true));
        }
    }
    for panel in dashboard.panels() {
        for target in panel.targets() {
            let origin = Origin::Panel {
                id: panel.id().unwrap_or_default(),
                title: panel.title().to_owned(),
            };
            let source = match &target["datasource"] {
                Value::Null => &panel.json["datasource"],
                source => source,
            };
            found.push(asked.query(origin, source, target, panel.may_be_empty()));
        }
    }
    found
}

/// The values with which the dashboard opens.
fn defaults(dashboard: &Dashboard) -> Values {
    let mut values = Values::new();
    for variable in list(&dashboard.json["templating"]["list"]) {
        let current = match &variable["current"]["value"] {
            Value::Array(several) => several.iter().map(text).collect(),
            Value::String(one) => vec![one.clone()],
            _ => match (variable["type"].as_str(), variable["query"].as_str()) {
                (Some("constant" | "textbox"), Some(value)) => vec![value.to_owned()],
                (Some("custom"), Some(values)) => values.split(',').take(1).map(str::to_owned).collect(),
                _ => continue,
            },
        };
        let all = current == ["$__all"];
        values.insert(
            text(&variable["name"]),
            match variable["allValue"].as_str() {
                Some(value) if all => vec![value.to_owned()],
                _ if all => vec!["*".to_owned()],
                _ => current,
            },
        );
    }
    values
}

struct Asked<'a> {
    dashboard: &'a Dashboard,
    range: &'a TimeRange,
    values: Values,
}

impl Asked<'_> {
    fn query(&self, origin: Origin, source: &Value, target: &Value, may_be_empty: bool) -> PanelQuery {
        let kind = match source["type"].as_str() {
            Some("influxdb") => {
                Query::Flux(self.flux(target.as_str().or(target["query"].as_str()).unwrap_or_default()))
            }
            Some("cloudwatch") => self.cloudwatch(target),
            Some("jaeger") => Query::Jaeger(self.interpolated(target)),
            _ => Query::Other(self.interpolated(target)),
        };
        PanelQuery {
            dashboard: self.dashboard.uid().to_owned(),
            origin,
            ref_id: text(&target["refId"]),
            id: text(&target["id"]),
            datasource: text(&source["uid"]),
            kind,
            may_be_empty,
        }
    }

    fn flux(&self, query: &str) -> String {
        interpolate(query, &self.values)
            .replace("v.timeRangeStart", &self.range.start)
            .replace("v.timeRangeStop", &self.range.stop)
            .replace("v.windowPeriod", &self.range.window)
    }

    fn cloudwatch(&self, target: &Value) -> Query {
        let filled = |value: &Value| interpolate(value.as_str().unwrap_or_default(), &self.values);
        if target["queryType"] == "dimensionValues" {
            return Query::CloudWatchValues {
                namespace: filled(&target["namespace"]),
                metric: filled(&target["metricName"]),
                dimension: filled(&target["dimensionKey"]),
                filters: self.dimensions(&target["dimensionFilters"]),
            };
        }
        if target["queryMode"] == "Logs" {
            let names = list(&target["logGroupNames"]).chain(list(&target["logGroups"]).map(|group| &group["name"]));
            return Query::LogsInsights {
                log_groups: names.flat_map(|name| self.several(name)).collect(),
                expression: filled(&target["expression"]),
            };
        }
        if target["queryMode"] != "Metrics" {
            return Query::Other(self.interpolated(target));
        }
        if target["metricEditorMode"] == 1 {
            return Query::CloudWatchMath(filled(&target["expression"]));
        }
        Query::CloudWatch {
            namespace: filled(&target["namespace"]),
            metric: filled(&target["metricName"]),
            dimensions: self.dimensions(&target["dimensions"]),
            statistic: filled(&target["statistic"]),
        }
    }

    fn dimensions(&self, dimensions: &Value) -> BTreeMap<String, Vec<String>> {
        let dimensions = dimensions.as_object().into_iter().flatten();
        dimensions
            .map(|(name, value)| (name.clone(), self.several(value)))
            .collect()
    }

    /// The values that a reference stands for where a list may stand.
    fn several(&self, value: &Value) -> Vec<String> {
        if let Value::Array(list) = value {
            return list.iter().flat_map(|value| self.several(value)).collect();
        }
        let value = value.as_str().unwrap_or_default();
        let references = references(value);
        match references.as_slice() {
            [only] if only.text == value && self.values.contains_key(only.name) => self.values[only.name].clone(),
            _ => vec![interpolate(value, &self.values)],
        }
    }

    fn interpolated(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(interpolate(text, &self.values)),
            Value::Array(list) => list.iter().map(|value| self.interpolated(value)).collect(),
            Value::Object(object) => {
                let entries = object
                    .iter()
                    .map(|(key, value)| (key.clone(), self.interpolated(value)));
                Value::Object(entries.collect())
            }
            other => other.clone(),
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn queries_are_as_the_data_sources_get_them() {
        let influxdb = json!({"type": "influxdb", "uid": "influxdb"});
        let cloudwatch = json!({"type": "cloudwatch", "uid": "cloudwatch"});
        let json = json!({
            "uid": "mixed",
            "templating": {"list": [
                {"name": "route", "type": "query", "datasource": influxdb, "query": "routes",
                 "allValue": ".*", "current": {"value": ["$__all"]}},
                {"name": "group", "type": "query", "datasource": cloudwatch, "query": {
                    "queryType": "dimensionValues", "namespace": "AWS/Logs", "metricName": "IncomingBytes",
                    "dimensionKey": "LogGroupName", "dimensionFilters": {"Account": "${account}"}}},
                {"name": "slow", "type": "custom", "query": "5ms,10ms"},
            ]},
            "annotations": {"list": [{"builtIn": 1}, {"name": "Runs", "datasource": influxdb, "query": "runs ${slow}"}]},
            "panels": [
                {"id": 1, "title": "Flux", "description": "No data means none.", "datasource": influxdb, "targets": [
                    {"refId": "A", "query": "range(start: v.timeRangeStart, stop: v.timeRangeStop) /^${route:regex}$/"}]},
                {"type": "row", "panels": [
                    {"id": 2, "title": "Logs", "datasource": cloudwatch, "targets": [
                        {"refId": "A", "queryMode": "Logs", "logGroupNames": ["${group}"], "expression": "filter ${slow}"},
                        {"refId": "B", "queryMode": "Metrics", "metricEditorMode": 0, "namespace": "AWS/Logs",
                         "metricName": "IncomingBytes", "dimensions": {"LogGroupName": "${group}"}, "statistic": "Sum"},
                        {"refId": "C", "queryMode": "Metrics", "metricEditorMode": 1, "expression": "b/60"}]}]},
            ],
        });
        let dashboard = Dashboard {
            path: "mixed.json".into(),
            json,
        };
        let range = TimeRange {
            start: "-1h".into(),
            stop: "now()".into(),
            window: "10s".into(),
        };
        let groups = vec!["/a".to_owned(), "/b".to_owned()];
        let values = Values::from([("group".to_owned(), groups.clone())]);
        let asked = queries(&dashboard, &range, &values);
        let lacking: Vec<_> = asked
            .iter()
            .map(|query| query.lacks(&["account".to_owned()].into()))
            .collect();
        assert_eq!(lacking, [false, true, false, false, false, false, false]);
        let found: Vec<_> = asked
            .into_iter()
            .map(|query| (query.origin.to_string(), query.kind, query.may_be_empty))
            .collect();
        let (namespace, metric) = ("AWS/Logs".to_owned(), "IncomingBytes".to_owned());
        assert_eq!(
            found,
            [
                ("variable route".into(), Query::Flux("routes".into()), false),
                (
                    "variable group".into(),
                    Query::CloudWatchValues {
                        namespace: namespace.clone(),
                        metric: metric.clone(),
                        dimension: "LogGroupName".into(),
                        filters: BTreeMap::from([("Account".to_owned(), vec!["${account}".to_owned()])]),
                    },
                    false
                ),
                ("annotation \"Runs\"".into(), Query::Flux("runs 5ms".into()), true),
                (
                    "panel 1 \"Flux\"".into(),
                    Query::Flux("range(start: -1h, stop: now()) /^.*$/".into()),
                    true
                ),
                (
                    "panel 2 \"Logs\"".into(),
                    Query::LogsInsights {
                        log_groups: groups.clone(),
                        expression: "filter 5ms".into(),
                    },
                    false
                ),
                (
                    "panel 2 \"Logs\"".into(),
                    Query::CloudWatch {
                        namespace,
                        metric,
                        dimensions: BTreeMap::from([("LogGroupName".to_owned(), groups)]),
                        statistic: "Sum".into(),
                    },
                    false
                ),
                ("panel 2 \"Logs\"".into(), Query::CloudWatchMath("b/60".into()), false),
            ]
        );
    }
}
