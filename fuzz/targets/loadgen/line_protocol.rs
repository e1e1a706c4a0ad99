//! Names of any kind in points: each stays one line, so that nothing can be written in another's name.

use crate::influxdb::points::Encoder;
use crate::run_info::sample;

pub(super) fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut words = text.split('\0').map(str::to_owned);
    let mut word = || words.next().unwrap_or_default();
    let mut info = sample::info("1/1");
    info.run_id = word();
    info.scenario = word();
    info.generator = word();
    info.steps[0].name = word();
    info.tags.insert(word(), word());
    info.load = word();
    info.target = word();
    let lines = Encoder::new(&info).start();
    let written = match std::str::from_utf8(&lines.text) {
        Ok(written) => written,
        Err(error) => panic!("{error}"),
    };
    assert_eq!(lines.points, 1);
    assert!(
        written.starts_with("loadgen_event,") && written.ends_with('\n'),
        "{written:?}"
    );
    assert_eq!(unquoted_line_feeds(written), 1, "{written:?}");
}

/// As InfluxDB tells lines apart: a line feed inside of a quoted field value is part of it, and in names and tags, which
/// end with the first blank, nothing is quoted.
fn unquoted_line_feeds(text: &str) -> usize {
    let (mut in_fields, mut quoted, mut escaped, mut found) = (false, false, false, 0);
    for character in text.chars() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ' ' => in_fields = true,
            '"' if in_fields => quoted = !quoted,
            '\n' if !quoted => found += 1,
            _ => {}
        }
    }
    found
}
