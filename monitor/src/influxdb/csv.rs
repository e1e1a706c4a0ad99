//! Rows of InfluxDB's CSV answers.

use std::collections::BTreeMap;

/// A row: values by column, as text. InfluxDB's own columns `table` and `result` are among them.
pub type Row = BTreeMap<String, String>;

/// Reads the tables of an answer. An empty line ends a table; a header begins the next.
pub(crate) fn rows(text: &str) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    for table in tables(text) {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(table.as_bytes());
        let header = reader.headers().map_err(|error| error.to_string())?.clone();
        if let Some(message) = failure(&header, &mut reader)? {
            return Err(message);
        }
        for record in reader.records() {
            let record = record.map_err(|error| error.to_string())?;
            let cells = header.iter().zip(record.iter());
            rows.push(
                cells
                    .filter(|(column, _)| !column.is_empty())
                    .map(|(column, value)| (column.to_owned(), value.to_owned()))
                    .collect(),
            );
        }
    }
    Ok(rows)
}

/// An error that came after the answer had begun is a table of its own.
fn failure(header: &csv::StringRecord, reader: &mut csv::Reader<&[u8]>) -> Result<Option<String>, String> {
    if !header.iter().any(|column| column == "error") || !header.iter().any(|column| column == "reference") {
        return Ok(None);
    }
    let record = reader.records().next().transpose().map_err(|error| error.to_string())?;
    let position = header.iter().position(|column| column == "error");
    let message = record.and_then(|record| position.and_then(|position| record.get(position).map(str::to_owned)));
    Ok(Some(message.unwrap_or_else(|| "the query failed".to_owned())))
}

/// An empty line inside of a quoted value is part of it.
fn tables(text: &str) -> Vec<&str> {
    let mut tables = Vec::new();
    let (mut begin, mut at, mut is_quoted) = (0, 0, false);
    for line in text.split_inclusive('\n') {
        let end = at + line.len();
        if !is_quoted && line.trim_end_matches(['\r', '\n']).is_empty() {
            tables.push(&text[begin..at]);
            begin = end;
        }
        // A quote inside of a value is written twice.
        is_quoted ^= line.matches('"').count() % 2 == 1;
        at = end;
    }
    tables.push(&text[begin..]);
    tables.retain(|table| !table.is_empty());
    tables
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_with_different_columns_are_read() {
        let text = ",result,table,_value\r\n,,0,1\r\n,,0,2\r\n\r\n,result,table,host,_value\r\n,,1,\"a,b\",3\r\n\r\n";
        let rows = rows(text).unwrap();
        assert_eq!(rows.len(), 3);
        assert_eq!(rows[2]["host"], "a,b");
        assert_eq!(rows[1]["_value"], "2");
    }

    #[test]
    fn a_failure_in_the_middle_of_an_answer_is_one() {
        let text = ",result,table,_value\r\n,,0,1\r\n\r\nerror,reference\r\nbucket was deleted,897\r\n";
        assert_eq!(rows(text).unwrap_err(), "bucket was deleted");
    }

    #[test]
    fn an_empty_line_inside_of_a_value_ends_no_table() {
        let rows = rows(",result,_value\r\n,,\"a\n\nb \"\"c\"\"\"\r\n\r\n,result,_value\r\n,,d\r\n").unwrap();
        let values: Vec<_> = rows.iter().map(|row| row["_value"].as_str()).collect();
        assert_eq!(values, ["a\n\nb \"c\"", "d"]);
    }

    #[test]
    fn an_empty_answer_has_no_rows() {
        assert!(rows("\r\n").unwrap().is_empty());
    }
}
