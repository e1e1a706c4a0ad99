//! What a query gives.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;

use crate::error::ServerError;
use crate::http;

/// The points that share a measurement and the tags grouped by.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// The measurement; empty where a statement gives none.
    pub measurement: String,
    /// Tags grouped by, with their values; an empty value means that the points have no such tag.
    pub tags: BTreeMap<String, String>,
    /// In the order of the answer: by time, unless the query says otherwise.
    pub points: Vec<Point>,
}

/// One row of a series.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Nanoseconds since 1970; `None` in the answer to a statement such as `SHOW FIELD KEYS`.
    pub time: Option<i64>,
    /// Columns by name, those without a value left out.
    pub columns: BTreeMap<String, Value>,
}

/// The value of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Integers and floats alike: the answer does not tell them apart.
    Number(f64),
    /// A text.
    Text(String),
    /// A truth value.
    Boolean(bool),
}

impl Series {
    /// Value of a tag; `None` where the points do not have it.
    pub fn tag(&self, name: &str) -> Option<&str> {
        self.tags
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// Numbers of a column, in order.
    pub fn numbers(&self, column: &str) -> Vec<f64> {
        self.points.iter().filter_map(|point| point.number(column)).collect()
    }
}

impl Point {
    /// Number in a column.
    pub fn number(&self, column: &str) -> Option<f64> {
        match self.columns.get(column) {
            Some(Value::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// Text in a column.
    pub fn text(&self, column: &str) -> Option<&str> {
        match self.columns.get(column) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }
}

const TIME: &str = "time";

#[derive(Deserialize)]
struct Answer {
    results: Vec<StatementResult>,
}

#[derive(Deserialize)]
struct StatementResult {
    error: Option<String>,
    #[serde(default)]
    series: Vec<SeriesAnswer>,
}

#[derive(Deserialize)]
struct SeriesAnswer {
    #[serde(default)]
    name: String,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    columns: Vec<String>,
    #[serde(default)]
    values: Vec<Vec<Json>>,
}

/// Reads the JSON that `/query` answers.
pub(super) fn parse(server: &'static str, answer: Json) -> Result<Vec<Series>, ServerError> {
    let text = answer.to_string();
    let answer: Answer =
        serde_json::from_value(answer).map_err(|error| http::unreadable(server, error.to_string(), &text))?;
    let mut all = Vec::new();
    for result in answer.results {
        if let Some(error) = result.error {
            return Err(http::unreadable(server, error, &text));
        }
        all.extend(result.series.into_iter().map(series));
    }
    Ok(all)
}

fn series(answer: SeriesAnswer) -> Series {
    let point = |row: Vec<Json>| {
        let mut point = Point {
            time: None,
            columns: BTreeMap::new(),
        };
        for (column, value) in answer.columns.iter().zip(row) {
            let value = match value {
                Json::Number(number) if column == TIME => {
                    point.time = number.as_i64();
                    continue;
                }
                Json::Number(number) => number.as_f64().map(Value::Number),
                Json::String(text) => Some(Value::Text(text)),
                Json::Bool(truth) => Some(Value::Boolean(truth)),
                Json::Null | Json::Array(_) | Json::Object(_) => None,
            };
            point.columns.extend(value.map(|value| (column.clone(), value)));
        }
        point
    };
    Series {
        measurement: answer.name,
        tags: answer.tags,
        points: answer.values.into_iter().map(point).collect(),
    }
}
