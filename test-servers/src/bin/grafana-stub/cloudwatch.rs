//! A data source of type `cloudwatch`: of what it is provisioned with, `jsonData.metrics`, a list of
//! `{"name", "dimensions"}`, it says that it has a value now. There is no CloudWatch.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

/// Values of `dimensionKey` among the metrics of that name which `dimensionFilters` let through.
pub(crate) fn dimension_values(metrics: &Json, parameters: &BTreeMap<String, String>) -> Result<Vec<String>, String> {
    let text = |name: &str| parameters.get(name).map(String::as_str).unwrap_or_default();
    // The data source asks for it; only the page knows a default.
    if text("region").is_empty() || text("region") == "default" {
        return Err("region is required".to_owned());
    }
    let filters: Json = serde_json::from_str(text("dimensionFilters")).map_err(|error| error.to_string())?;
    let fitting = fitting(metrics, text("metricName"), &filters);
    let mut values: Vec<_> = fitting
        .filter_map(|metric| metric["dimensions"][text("dimensionKey")].as_str().map(str::to_owned))
        .collect();
    values.sort();
    values.dedup();
    Ok(values)
}

/// A frame with one point for each metric that is asked for and there.
pub(crate) fn query(metrics: &Json, query: &Json) -> Result<Vec<Json>, String> {
    let name = query["metricName"].as_str().ok_or("the query names no metric")?;
    let frame = |_: &Json| json!({ "schema": { "fields": [] }, "data": { "values": [[1], [1]] } });
    Ok(fitting(metrics, name, &query["dimensions"]).map(frame).collect())
}

fn fitting<'a>(metrics: &'a Json, name: &'a str, dimensions: &'a Json) -> impl Iterator<Item = &'a Json> {
    let metrics = metrics.as_array().into_iter().flatten();
    metrics.filter(move |metric| {
        let mut dimensions = dimensions.as_object().into_iter().flatten();
        metric["name"] == *name
            && dimensions.all(|(dimension, values)| {
                let mut values = values.as_array().into_iter().flatten();
                values.any(|value| *value == "*" || *value == metric["dimensions"][dimension])
            })
    })
}
