//! Rows of CSV and JSON lines files, given out to iterations.

use std::fmt;
use std::ops::Range;
use std::path::Path;

use crate::scenario::bounded_file;
use crate::segment::Segment;

/// The largest file that is read, in bytes.
const LARGEST: u64 = 256 * 1024 * 1024;
/// Columns a file may have.
const MOST_COLUMNS: usize = 1000;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Comma-separated values.
    Csv,
    /// A JSON object on each line.
    Jsonl,
}

/// Which row an iteration gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// One after the other, from the beginning again when all were given out.
    Sequential,
    /// Any, each time anew.
    Random,
    /// One after the other, each once.
    Once,
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sequential => "one after the other, then again from the first",
            Self::Random => "at random",
            Self::Once => "one after the other, each once",
        })
    }
}

/// A table in memory: all cells in one piece of text.
#[derive(Debug)]
pub(crate) struct Rows {
    columns: Vec<String>,
    text: Vec<u8>,
    /// Where each cell ends, row by row.
    ends: Vec<u32>,
}

impl Rows {
    /// Reads a file. `columns` names them where a CSV file has no line that does.
    pub(crate) fn read(path: &Path, format: Format, columns: Option<Vec<String>>) -> Result<Self, String> {
        let bytes = bounded_file::read(path, LARGEST).map_err(|error| error.to_string())?;
        let bytes = bytes.ok_or("has more than 256 MiB, the most that can be held in memory; split it")?;
        match format {
            Format::Csv => Self::from_csv(&bytes, columns),
            Format::Jsonl => Self::from_json_lines(&bytes),
        }
    }

    pub(crate) fn from_csv(bytes: &[u8], columns: Option<Vec<String>>) -> Result<Self, String> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(columns.is_none())
            .from_reader(bytes);
        let columns = match columns {
            Some(columns) => columns,
            None => {
                let headers = reader.headers().map_err(|error| error.to_string())?;
                headers.iter().map(|name| name.trim().to_owned()).collect()
            }
        };
        let mut rows = Self::new(columns)?;
        let mut record = csv::StringRecord::new();
        while reader.read_record(&mut record).map_err(|error| error.to_string())? {
            if record.len() != rows.columns.len() {
                let line = record.position().map_or(0, csv::Position::line);
                return Err(format!(
                    "line {line} has {} values where {} are expected",
                    record.len(),
                    rows.columns.len()
                ));
            }
            for cell in &record {
                rows.push(cell)?;
            }
        }
        rows.finish()
    }

    pub(crate) fn from_json_lines(bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|error| format!("is not UTF-8 ({error})"))?;
        let mut rows: Option<Self> = None;
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let line_number = index + 1;
            let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line)
                .map_err(|error| format!("line {line_number} is no JSON object ({error})"))?;
            let rows = match &mut rows {
                Some(rows) => rows,
                None => rows.insert(Self::new(object.keys().cloned().collect())?),
            };
            if object.len() != rows.columns.len() {
                return Err(format!(
                    "line {line_number} has {} keys where the first has {}",
                    object.len(),
                    rows.columns.len()
                ));
            }
            for column in 0..rows.columns.len() {
                let name = &rows.columns[column];
                let text = match object.get(name) {
                    Some(serde_json::Value::String(text)) => text.clone(),
                    Some(value) => value.to_string(),
                    None => return Err(format!("line {line_number} lacks `{name}`, which the first line has")),
                };
                rows.push(&text)?;
            }
        }
        rows.ok_or("has no rows")?.finish()
    }

    fn new(columns: Vec<String>) -> Result<Self, String> {
        if columns.len() > MOST_COLUMNS {
            return Err(format!(
                "has {} columns, at most {MOST_COLUMNS} can be used",
                columns.len()
            ));
        }
        for (index, name) in columns.iter().enumerate() {
            if columns[..index].contains(name) {
                return Err(format!("has two columns called `{name}`; rename one"));
            }
        }
        Ok(Self {
            columns,
            text: Vec::new(),
            ends: Vec::new(),
        })
    }

    fn push(&mut self, cell: &str) -> Result<(), String> {
        self.text.extend_from_slice(cell.as_bytes());
        let end = u32::try_from(self.text.len()).map_err(|_| "is too large; split it".to_owned())?;
        self.ends.push(end);
        Ok(())
    }

    fn finish(mut self) -> Result<Self, String> {
        if self.ends.is_empty() {
            return Err("has no rows".to_owned());
        }
        self.text.shrink_to_fit();
        self.ends.shrink_to_fit();
        Ok(self)
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> u64 {
        (self.ends.len() / self.columns.len().max(1)) as u64
    }

    /// The names of the columns.
    pub(crate) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// A cell; nothing where there is none.
    #[inline]
    pub(crate) fn cell(&self, row: u32, column: usize) -> &[u8] {
        let index = row as usize * self.columns.len() + column;
        let end = self.ends.get(index).copied().unwrap_or_default() as usize;
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied();
        let range: Range<usize> = start.unwrap_or_default() as usize..end;
        self.text.get(range).unwrap_or_default()
    }
}

/// The row that an iteration of a generator gets: generators share the rows as they share iterations, so that each row
/// belongs to exactly one of them. `number` counts the iterations of the generator. `None` if it has no row left.
#[inline]
pub(crate) fn row_of(rows: u64, order: Order, segment: Segment, number: u64, rng: &mut fastrand::Rng) -> Option<u32> {
    let own = segment.share_of(rows);
    if own == 0 {
        return None;
    }
    let index = match order {
        Order::Sequential => number % own,
        Order::Random => rng.u64(0..own),
        Order::Once if number < own => number,
        Order::Once => return None,
    };
    u32::try_from(segment.global(index)).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cells(rows: &Rows) -> Vec<Vec<String>> {
        let cell = |row, column| String::from_utf8(rows.cell(row, column).to_vec()).unwrap();
        (0..rows.len() as u32)
            .map(|row| (0..rows.columns().len()).map(|column| cell(row, column)).collect())
            .collect()
    }

    #[test]
    fn both_formats_give_the_same_rows() {
        let csv = Rows::from_csv(b"\xef\xbb\xbfname,age\r\n\"a, \"\"b\"\"\",1\nc,\n", None).unwrap();
        let json =
            Rows::from_json_lines(b"{\"name\":\"a, \\\"b\\\"\",\"age\":1}\n\n{\"age\":\"\",\"name\":\"c\"}").unwrap();
        assert_eq!(csv.columns(), ["name", "age"]);
        assert_eq!(cells(&csv), [["a, \"b\"", "1"], ["c", ""]]);
        assert_eq!(
            (json.columns(), cells(&json)),
            (
                &["age", "name"].map(String::from)[..],
                vec![
                    vec!["1".to_owned(), "a, \"b\"".to_owned()],
                    vec![String::new(), "c".to_owned()]
                ]
            )
        );
        let unnamed = Rows::from_csv(b"1,2\n3,4\n", Some(vec!["x".into(), "y".into()])).unwrap();
        assert_eq!(cells(&unnamed), [["1", "2"], ["3", "4"]]);
    }

    #[test]
    fn broken_files_are_refused_with_their_line() {
        for (result, reason) in [
            (Rows::from_csv(b"a,b\n1,2\n3\n", None), "found record with 1 fields"),
            (Rows::from_csv(b"a,a\n1,2\n", None), "two columns called `a`"),
            (Rows::from_csv(b"a,b\n", None), "no rows"),
            (Rows::from_json_lines(b"{\"a\":1}\n[1]\n"), "line 2 is no JSON object"),
            (Rows::from_json_lines(b"{\"a\":1}\n{\"b\":1}\n"), "line 2 lacks `a`"),
            (Rows::from_json_lines(b""), "no rows"),
        ] {
            let error = result.unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }

    proptest! {
        #[test]
        fn generators_split_rows_exactly(rows in 1_u64..300, count in 1_u32..12) {
            let mut rng = fastrand::Rng::with_seed(1);
            let mut given = Vec::new();
            for index in 0..count {
                let segment = Segment::new(index, count).unwrap();
                let own: Vec<u32> = (0..)
                    .map_while(|number| row_of(rows, Order::Once, segment, number, &mut rng))
                    .collect();
                prop_assert!(own.iter().all(|row| row % count == index));
                if let Some(last) = own.len().checked_sub(1) {
                    let number = own.len() as u64 * 7 + last as u64;
                    prop_assert_eq!(row_of(rows, Order::Sequential, segment, number, &mut rng), own.last().copied());
                    let random = row_of(rows, Order::Random, segment, 0, &mut rng).unwrap();
                    prop_assert!(own.contains(&random));
                }
                given.extend(own);
            }
            given.sort();
            prop_assert_eq!(given, (0..rows as u32).collect::<Vec<_>>());
        }
    }
}
