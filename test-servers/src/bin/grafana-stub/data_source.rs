//! Asking what a provisioned data source points at.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::blocking::Client;
use serde_json::{Value as Json, json};

use crate::{cloudwatch, frames};

/// How long what a data source points at may take to say that it works.
const PATIENCE: Duration = Duration::from_secs(5);

/// Points that a panel has room for.
const POINTS: u64 = 1000;

/// One entry of `datasources`, with everything expanded.
pub(crate) struct DataSource(Json);

impl DataSource {
    pub(crate) fn new(settings: Json) -> Self {
        Self(settings)
    }

    pub(crate) fn uid(&self) -> &str {
        self.text("/uid")
    }

    /// What the API says of it: without its secrets.
    pub(crate) fn description(&self) -> Json {
        let mut settings = self.0.clone();
        if let Some(settings) = settings.as_object_mut() {
            settings.remove("secureJsonData");
        }
        settings
    }

    /// Whether it can be used, or why not.
    pub(crate) fn health(&self, client: &Client) -> Result<String, String> {
        match self.text("/type") {
            "influxdb" => {
                let rows = self.flux(client, "buckets() |> limit(n: 10)")?;
                let buckets = frames::from_csv(&rows, "A").map_err(|error| error.to_string())?;
                if buckets.is_empty() {
                    return Err("no buckets found".to_owned());
                }
                Ok(format!("{} buckets found", buckets.len()))
            }
            "jaeger" => {
                let answer = client
                    .get(format!("{}/api/services", self.url()))
                    .timeout(PATIENCE)
                    .send();
                let answer = answer.and_then(reqwest::blocking::Response::error_for_status);
                answer
                    .map(|_| "Data source is working".to_owned())
                    .map_err(|error| error.to_string())
            }
            "cloudwatch" if self.0["jsonData"]["metrics"].is_array() => {
                Ok("there is no CloudWatch behind grafana-stub".to_owned())
            }
            other => Err(format!("grafana-stub asks no data source of type {other}")),
        }
    }

    /// Values of a dimension in CloudWatch, for a variable.
    pub(crate) fn dimension_values(&self, parameters: &BTreeMap<String, String>) -> Result<Vec<String>, String> {
        cloudwatch::dimension_values(&self.0["jsonData"]["metrics"], parameters)
    }

    /// The frames that a query of a panel gives.
    pub(crate) fn query(&self, client: &Client, query: &Json, range: (&str, &str)) -> Result<Vec<Json>, String> {
        if self.text("/type") == "cloudwatch" {
            return cloudwatch::query(&self.0["jsonData"]["metrics"], query);
        }
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_err(|error| error.to_string())?;
        let now = u64::try_from(now.as_millis()).map_err(|error| error.to_string())?;
        let (from, to) = (milliseconds(range.0, now)?, milliseconds(range.1, now)?);
        match self.text("/type") {
            "influxdb" => {}
            "jaeger" => return self.traces(client, query, (from, to)),
            other => return Err(format!("grafana-stub sends no query to {other}")),
        }
        let flux = query["query"].as_str().ok_or("the query has no text")?;
        let points = query["maxDataPoints"].as_u64().unwrap_or(POINTS).max(1);
        let window = (to.saturating_sub(from) / points).max(1000);
        // As Grafana does it: in the text, since a query may begin with imports.
        let flux = flux
            .replace("v.timeRangeStart", &format!("time(v: {from}000000)"))
            .replace("v.timeRangeStop", &format!("time(v: {to}000000)"))
            .replace("v.windowPeriod", &format!("{window}ms"))
            .replace(
                "v.defaultBucket",
                &format!("{:?}", self.text("/jsonData/defaultBucket")),
            )
            .replace("v.organization", &format!("{:?}", self.text("/jsonData/organization")));
        let ref_id = query["refId"].as_str().unwrap_or("A");
        let csv = self.flux(client, &flux)?;
        frames::from_csv(&csv, ref_id).map_err(|error| error.to_string())
    }

    /// A search for traces: a table with a row for each.
    fn traces(&self, client: &Client, query: &Json, (from, to): (u64, u64)) -> Result<Vec<Json>, String> {
        if query["queryType"] != "search" {
            return Err(format!(
                "grafana-stub sends Jaeger searches only, not {}",
                query["queryType"]
            ));
        }
        let text = |name: &str| query[name].as_str().unwrap_or_default();
        // As Grafana does it: `error=true` becomes {"error":"true"}, and times are microseconds.
        let tags: BTreeMap<_, _> = text("tags")
            .split_whitespace()
            .filter_map(|tag| tag.split_once('='))
            .collect();
        let mut parameters = vec![
            ("service", text("service").to_owned()),
            ("start", format!("{from}000")),
            ("end", format!("{to}000")),
            ("limit", query["limit"].as_u64().unwrap_or(20).to_string()),
        ];
        for name in ["operation", "minDuration", "maxDuration"] {
            if !text(name).is_empty() {
                parameters.push((name, text(name).to_owned()));
            }
        }
        if !tags.is_empty() {
            parameters.push(("tags", json!(tags).to_string()));
        }
        let answer = client
            .get(format!("{}/api/traces", self.url()))
            .query(&parameters)
            .timeout(PATIENCE)
            .send()
            .map_err(|error| error.to_string())?;
        let status = answer.status();
        let body: Json = answer.json().map_err(|error| error.to_string())?;
        let Some(traces) = body["data"].as_array().filter(|_| status.is_success()) else {
            return Err(format!("{status}: {}", body["errors"]));
        };
        let ids: Vec<_> = traces.iter().map(|trace| trace["traceID"].clone()).collect();
        Ok(vec![json!({
            "schema": { "refId": query["refId"], "fields": [{ "name": "traceID", "type": "string" }] },
            "data": { "values": [ids] },
        })])
    }

    fn flux(&self, client: &Client, query: &str) -> Result<String, String> {
        let dialect = json!({ "annotations": ["datatype", "group", "default"], "header": true });
        let answer = client
            .post(format!("{}/api/v2/query", self.url()))
            .query(&[("org", self.text("/jsonData/organization"))])
            .header("authorization", format!("Token {}", self.text("/secureJsonData/token")))
            .json(&json!({ "query": query, "type": "flux", "dialect": dialect }))
            .send()
            .map_err(|error| error.to_string())?;
        let status = answer.status();
        let body = answer.text().map_err(|error| error.to_string())?;
        if status.is_success() {
            Ok(body)
        } else {
            Err(format!("{status}: {body}"))
        }
    }

    fn url(&self) -> &str {
        self.text("/url").trim_end_matches('/')
    }

    fn text(&self, pointer: &str) -> &str {
        self.0.pointer(pointer).and_then(Json::as_str).unwrap_or_default()
    }
}

/// A time such as `1764000000000`, `now` or `now-15m`, in milliseconds.
fn milliseconds(time: &str, now: u64) -> Result<u64, String> {
    let unreadable = || format!("{time:?} is no time");
    if let Some(back) = time.strip_prefix("now") {
        let Some(back) = back.strip_prefix('-') else {
            return if back.is_empty() { Ok(now) } else { Err(unreadable()) };
        };
        let unit = match back.chars().last() {
            Some('s') => 1000,
            Some('m') => 60 * 1000,
            Some('h') => 60 * 60 * 1000,
            Some('d') => 24 * 60 * 60 * 1000,
            _ => return Err(unreadable()),
        };
        let count: u64 = back[..back.len() - 1].parse().map_err(|_| unreadable())?;
        return Ok(now.saturating_sub(count.saturating_mul(unit)));
    }
    time.parse().map_err(|_| unreadable())
}
