//! Who answers queries, and what they come to.

use std::time::Duration;

use serde_json::Value;

use super::super::context::Context;
use super::super::verdict::Stop;
use super::request;
use crate::dashboards::{PanelQuery, Query, list};
use crate::grafana::Grafana;
use crate::http::HttpError;
use crate::influxdb::InfluxDb;
use crate::secrets::Secret;

/// Who answers queries.
#[derive(Debug)]
pub(super) enum Source {
    /// Grafana, which asks the data sources as it does for whoever looks at a dashboard.
    Grafana {
        /// As its administrator.
        grafana: Grafana,
        /// Region of CloudWatch's data.
        region: String,
    },
    /// InfluxDB with Grafana's token, where there is no Grafana.
    InfluxDb(InfluxDb),
}

/// What the queries of a panel come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Number of rows.
    Rows(usize),
    /// One of them failed, and why.
    Error(String),
}

impl Source {
    pub(super) async fn of(context: &Context, patience: Duration) -> Result<Self, Stop> {
        if let Ok(grafana) = context.grafana().await {
            return Ok(Self::Grafana {
                grafana: grafana.with_timeout(patience),
                region: context.settings().aws_region().to_owned(),
            });
        }
        let influxdb = context
            .influxdb_or_fault()
            .await
            .map_err(|_| Stop::skip("neither Grafana nor InfluxDB answers; see the checks grafana and influxdb"))?;
        let token = context
            .secrets()
            .read(Secret::InfluxdbGrafanaToken)
            .map_err(|_| Stop::skip("there is no token of Grafana to ask with; see the check secrets"))?;
        Ok(Self::InfluxDb(InfluxDb::new(
            influxdb.url().to_owned(),
            Some(token),
            patience,
        )))
    }

    /// Runs the queries of a panel together, since some do arithmetic with others.
    pub(super) async fn ask(&self, from: &str, queries: &[PanelQuery]) -> Answer {
        match self {
            Self::Grafana { grafana, .. } => {
                let body: Vec<_> = queries.iter().filter_map(request::of).collect();
                if body.is_empty() {
                    return Answer::Rows(1);
                }
                match grafana.query(from, "now", &body).await {
                    Ok(results) => summed(&results),
                    Err(error) => Answer::Error(error.to_string()),
                }
            }
            Self::InfluxDb(influxdb) => {
                let mut rows = 0;
                for query in queries {
                    let Query::Flux(flux) = &query.kind else { continue };
                    match influxdb.query(flux).await {
                        Ok(found) => rows += found.len(),
                        Err(error) => return Answer::Error(error.to_string()),
                    }
                }
                Answer::Rows(rows)
            }
        }
    }

    /// The values of a variable. That a database answers no query is for the panels to say.
    pub(super) async fn values(&self, from: &str, query: &PanelQuery) -> Result<Vec<String>, HttpError> {
        match (self, &query.kind) {
            (
                Self::Grafana { grafana, region },
                Query::CloudWatchValues {
                    namespace,
                    metric,
                    dimension,
                    filters,
                },
            ) => {
                let filters = serde_json::json!(filters).to_string();
                let parameters = [
                    ("region", region.as_str()),
                    ("namespace", namespace),
                    ("metricName", metric),
                    ("dimensionKey", dimension),
                    ("dimensionFilters", &filters),
                ];
                grafana.dimension_values(&query.datasource, &parameters).await
            }
            _ => Ok(self.texts(from, query).await),
        }
    }

    /// Texts of the first column that has any.
    async fn texts(&self, from: &str, query: &PanelQuery) -> Vec<String> {
        match self {
            Self::Grafana { grafana, .. } => {
                let Some(body) = request::of(query) else {
                    return Vec::new();
                };
                let results = grafana.query(from, "now", &[body]).await.unwrap_or_default();
                let frames = results.as_object().into_iter().flat_map(serde_json::Map::values);
                let frames = frames.flat_map(|result| list(&result["frames"]));
                let columns = frames.flat_map(|frame| list(&frame["data"]["values"]));
                columns
                    .flat_map(list)
                    .filter_map(Value::as_str)
                    .map(str::to_owned)
                    .collect()
            }
            Self::InfluxDb(influxdb) => {
                let Query::Flux(flux) = &query.kind else {
                    return Vec::new();
                };
                let rows = influxdb.query(flux).await.unwrap_or_default();
                rows.into_iter().filter_map(|mut row| row.remove("_value")).collect()
            }
        }
    }
}

fn summed(results: &Value) -> Answer {
    let mut rows = 0;
    for result in results.as_object().into_iter().flat_map(serde_json::Map::values) {
        if let Some(error) = result["error"].as_str() {
            return Answer::Error(error.lines().next().unwrap_or_default().to_owned());
        }
        rows += list(&result["frames"]).map(rows_of).sum::<usize>();
    }
    Answer::Rows(rows)
}

/// A frame has a column per field, all of the same length.
fn rows_of(frame: &Value) -> usize {
    let columns = list(&frame["data"]["values"]);
    columns
        .map(|column| column.as_array().map_or(0, Vec::len))
        .max()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rows_of_all_frames_are_counted_and_an_error_is_one() {
        let frame = |values: Value| json!({"data": {"values": values}});
        let results = json!({
            "A": {"frames": [frame(json!([[1, 2], [3, 4]])), frame(json!([]))]},
            "B": {"frames": [frame(json!([[1], [null]]))]},
        });
        assert_eq!(summed(&results), Answer::Rows(3));
        let failed = json!({"A": {"error": "type conflict\nat 3", "frames": []}});
        assert_eq!(summed(&failed), Answer::Error("type conflict".to_owned()));
        assert_eq!(summed(&json!({"A": {"frames": []}})), Answer::Rows(0));
    }
}
