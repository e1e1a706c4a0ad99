//! Annotated CSV of InfluxDB as the data frames of Grafana's API.

use serde_json::{Map, Value as Json, json};

/// Columns that say how the CSV is divided, not what it holds.
const STRUCTURE: [&str; 3] = ["", "result", "table"];

/// A frame for each table of the answer.
pub(crate) fn from_csv(text: &str, ref_id: &str) -> Result<Vec<Json>, csv::Error> {
    let mut frames = Vec::new();
    let mut types: Vec<String> = Vec::new();
    let mut columns: Option<Vec<String>> = None;
    let mut frame: Option<Frame> = None;
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    for record in reader.records() {
        let cells: Vec<_> = record?.iter().map(str::to_owned).collect();
        if cells[0] == "#datatype" {
            types = cells;
            columns = None;
        } else if cells[0].starts_with('#') {
            // Group keys and defaults.
        } else if let Some(columns) = &columns {
            let at = columns.iter().position(|column| column == "table");
            let table = at.and_then(|at| cells.get(at)).cloned().unwrap_or_default();
            if frame.as_ref().is_none_or(|frame| frame.table != table) {
                frames.extend(frame.take().map(|frame| frame.finish(ref_id)));
            }
            frame
                .get_or_insert_with(|| Frame::new(table, columns, &types))
                .push(&cells);
        } else {
            frames.extend(frame.take().map(|frame| frame.finish(ref_id)));
            columns = Some(cells);
        }
    }
    frames.extend(frame.map(|frame| frame.finish(ref_id)));
    Ok(frames)
}

/// A table on its way.
struct Frame {
    table: String,
    fields: Vec<Field>,
}

struct Field {
    column: usize,
    name: String,
    data_type: String,
    values: Vec<Json>,
}

impl Frame {
    fn new(table: String, columns: &[String], types: &[String]) -> Self {
        let fields = columns
            .iter()
            .enumerate()
            .filter(|(_, name)| !STRUCTURE.contains(&name.as_str()));
        let fields = fields.map(|(column, name)| Field {
            column,
            name: name.clone(),
            data_type: types.get(column).cloned().unwrap_or_default(),
            values: Vec::new(),
        });
        Self {
            table,
            fields: fields.collect(),
        }
    }

    fn push(&mut self, cells: &[String]) {
        for field in &mut self.fields {
            let cell = cells.get(field.column).map_or("", String::as_str);
            field.values.push(value(&field.data_type, cell));
        }
    }

    fn finish(self, ref_id: &str) -> Json {
        let schema: Vec<_> = self
            .fields
            .iter()
            .map(|field| json!({ "name": field.name, "type": kind(&field.data_type), "labels": Map::new() }))
            .collect();
        let values: Vec<_> = self.fields.into_iter().map(|field| Json::Array(field.values)).collect();
        json!({ "schema": { "refId": ref_id, "fields": schema }, "data": { "values": values } })
    }
}

fn kind(data_type: &str) -> &'static str {
    match data_type {
        "double" | "long" | "unsignedLong" => "number",
        "boolean" => "boolean",
        _ if data_type.starts_with("dateTime") => "time",
        _ => "string",
    }
}

fn value(data_type: &str, cell: &str) -> Json {
    match kind(data_type) {
        "number" => cell.parse::<f64>().map_or(Json::Null, Json::from),
        "boolean" => Json::from(cell == "true"),
        _ if cell.is_empty() => Json::Null,
        _ => Json::from(cell),
    }
}
