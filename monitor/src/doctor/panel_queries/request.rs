//! A query as Grafana's API takes it from a panel.

use serde_json::{Value, json};

use crate::dashboards::{PanelQuery, Query};

/// What a panel of usual width asks for.
const MAX_DATA_POINTS: u32 = 300;
const INTERVAL_MS: u32 = 30_000;

/// Nothing for queries of a kind that this program does not know: the page itself answers some of them.
pub(super) fn of(query: &PanelQuery) -> Option<Value> {
    let (kind, mut body) = match &query.kind {
        Query::Flux(flux) => ("influxdb", json!({"query": flux})),
        Query::CloudWatch {
            namespace,
            metric,
            dimensions,
            statistic,
        } => (
            "cloudwatch",
            json!({
                "queryMode": "Metrics",
                "metricQueryType": 0,
                "metricEditorMode": 0,
                "namespace": namespace,
                "metricName": metric,
                "dimensions": dimensions,
                "statistic": statistic,
                "matchExact": false,
                "id": query.id,
                "region": "default",
                "period": "auto",
            }),
        ),
        Query::CloudWatchMath(expression) => (
            "cloudwatch",
            json!({
                "queryMode": "Metrics",
                "metricQueryType": 0,
                "metricEditorMode": 1,
                "expression": expression,
                // Of no effect, but Grafana refuses a query without one.
                "statistic": "Average",
                "id": query.id,
                "region": "default",
                "period": "auto",
            }),
        ),
        Query::Jaeger(raw) if raw.is_object() => ("jaeger", raw.clone()),
        // Logs Insights costs by what it reads; whether it may be asked is for the check of the data source.
        Query::LogsInsights { .. } | Query::CloudWatchValues { .. } | Query::Jaeger(_) | Query::Other(_) => {
            return None;
        }
    };
    body["refId"] = if query.ref_id.is_empty() {
        "A".into()
    } else {
        query.ref_id.as_str().into()
    };
    body["datasource"] = json!({"type": kind, "uid": query.datasource});
    body["maxDataPoints"] = MAX_DATA_POINTS.into();
    body["intervalMs"] = INTERVAL_MS.into();
    Some(body)
}
