//! Data files: every cell is what the file says, told by reading it another way.

use crate::scenario::rows::Rows;

pub(super) fn check(data: &[u8]) {
    let Some((&control, file)) = data.split_first() else {
        return;
    };
    let rows = match control % 3 {
        0 => Rows::from_csv(file, None),
        1 => Rows::from_csv(file, Some(vec!["a".to_owned(), "b".to_owned()])),
        _ => Rows::from_json_lines(file),
    };
    let Ok(rows) = rows else { return };
    let width = rows.columns().len();
    assert!(rows.len() > 0 && rows.cell(u32::MAX, 0).is_empty());
    match control % 3 {
        2 => {
            let lines = file
                .split(|byte| *byte == b'\n')
                .filter(|line| !line.trim_ascii().is_empty());
            for (number, line) in (0_u32..).zip(lines) {
                let Ok(object) = serde_json::from_slice::<serde_json::Map<_, _>>(line) else {
                    // A line may end in other ways than a line feed.
                    return;
                };
                for (column, name) in rows.columns().iter().enumerate() {
                    let text = match &object[name] {
                        serde_json::Value::String(text) => text.clone(),
                        other => other.to_string(),
                    };
                    assert_eq!(rows.cell(number, column), text.as_bytes());
                }
            }
        }
        _ => {
            // By bytes instead of text, and without knowing of columns.
            let file = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
            let mut reader = csv::ReaderBuilder::new()
                .has_headers(control % 3 == 0)
                .flexible(true)
                .from_reader(file);
            let records = reader.byte_records().flatten();
            for (number, record) in (0_u32..).zip(records) {
                assert_eq!(record.len(), width);
                for column in 0..width {
                    assert_eq!(rows.cell(number, column), &record[column]);
                }
            }
        }
    }
}
