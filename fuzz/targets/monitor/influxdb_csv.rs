//! Answers of InfluxDB: the cells of a table come back as they were, whatever is in them.

use crate::influxdb::csv::rows;

pub(super) fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let _ = rows(&text);

    let cells: Vec<&str> = text.split('\0').take(12).collect();
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    let mut written = vec![];
    let _ = writer.write_record(["", "result", "_value", "host"]);
    for pair in cells.chunks_exact(2) {
        let _ = writer.write_record(["", "_result", pair[0], pair[1]]);
        written.push((pair[0], pair[1]));
    }
    let table = String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default();
    let answer = format!("{table}\r\n{table}\r\n");
    let read = match rows(&answer) {
        Ok(read) => read,
        Err(reason) => panic!("{reason}: {answer:?}"),
    };
    let read: Vec<_> = read
        .iter()
        .map(|row| (row["_value"].as_str(), row["host"].as_str()))
        .collect();
    assert_eq!(read, [written.clone(), written].concat(), "{answer:?}");
}
