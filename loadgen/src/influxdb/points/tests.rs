use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::influxdb::sample::sample;

/// A line as InfluxDB's documentation has it read.
#[derive(Debug, PartialEq)]
struct Line {
    measurement: String,
    tags: BTreeMap<String, String>,
    fields: BTreeMap<String, String>,
    time: i64,
}

/// Splits at an unescaped separator outside quotation marks.
fn split(text: &str, separator: char) -> Vec<String> {
    let (mut parts, mut quoted, mut characters) = (vec![String::new()], false, text.chars());
    while let Some(character) = characters.next() {
        let part = parts.last_mut().unwrap();
        match character {
            '\\' => {
                part.push(character);
                part.extend(characters.next());
            }
            '"' => {
                quoted = !quoted;
                part.push(character);
            }
            _ if character == separator && !quoted => parts.push(String::new()),
            _ => part.push(character),
        }
    }
    assert!(!quoted, "an open quotation mark in {text}");
    parts
}

/// Of names and tags: a backslash escapes comma, equals sign and space, and is itself everywhere else.
fn unescape(text: &str) -> String {
    text.replace(r"\,", ",").replace(r"\=", "=").replace(r"\ ", " ")
}

fn parse(line: &str) -> Line {
    // A quotation mark in a name or tag is just a character.
    let names_end = line
        .match_indices(' ')
        .find(|(at, _)| !line[..*at].ends_with('\\'))
        .unwrap()
        .0;
    let escaped = line[..names_end].replace('"', "\u{1}");
    let mut names = split(&escaped, ',').into_iter().map(|name| name.replace('\u{1}', "\""));
    let measurement = unescape(&names.next().unwrap());
    let tags = names.map(|tag| {
        let pair = split(&tag.replace('"', "\u{1}"), '=');
        assert_eq!(pair.len(), 2, "{tag}");
        assert!(!pair[0].is_empty() && !pair[1].is_empty(), "{tag}");
        (
            unescape(&pair[0]).replace('\u{1}', "\""),
            unescape(&pair[1]).replace('\u{1}', "\""),
        )
    });
    let tags: Vec<_> = tags.collect();
    let rest = split(&line[names_end + 1..], ' ');
    assert_eq!(rest.len(), 2, "{line}");
    let fields = split(&rest[0], ',').into_iter().map(|field| {
        let (name, value) = field.split_once('=').unwrap();
        (unescape(name), value.to_owned())
    });
    let fields: Vec<_> = fields.collect();
    let parsed = Line {
        measurement,
        tags: tags.iter().cloned().collect(),
        fields: fields.iter().cloned().collect(),
        time: rest[1].parse().unwrap(),
    };
    assert_eq!(
        (parsed.tags.len(), parsed.fields.len()),
        (tags.len(), fields.len()),
        "duplicates in {line}"
    );
    parsed
}

fn parse_all(lines: &Lines) -> Vec<Line> {
    let text = std::str::from_utf8(&lines.text).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'));
    let parsed: Vec<Line> = text.lines().map(parse).collect();
    assert_eq!(parsed.len() as u64, lines.points);
    parsed
}

fn string(field: &str) -> String {
    let inner = field.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap();
    inner.replace(r#"\""#, "\"").replace(r"\\", "\\")
}

proptest! {
    /// Whatever a user names things, each point says so, or with what line protocol cannot say replaced.
    #[test]
    fn hostile_names_make_valid_lines(
        run_tag in "\\PC{1,20}", value in "(\\PC|[\\\\, =\"\n\t]){0,20}", step in "(\\PC|[\\\\, =\"\n\t]){1,20}", text in "[^\\\\]{0,50}",
    ) {
        let mut sample = sample("run", "1/2", 1, 1, 1);
        sample.info.tags = BTreeMap::from([(run_tag.clone(), value.clone())]);
        sample.info.steps[0].name = step.clone();
        sample.info.load = text;
        let mut encoder = Encoder::new(&sample.info);
        let start = parse_all(&encoder.start());
        prop_assert!(!string(&start[0].fields[TEXT_FIELD]).contains(char::is_control));
        let lines = parse_all(&encoder.interval(&sample.intervals[0]));
        prop_assert_eq!(lines.len(), 3);
        let clean = |text: &str| text.replace(char::is_control, " ").replace('\\', "/");
        if is_free_tag(&run_tag) && !value.is_empty() {
            prop_assert_eq!(lines[0].tags.get(&clean(&run_tag)), Some(&clean(&value)));
        }
        prop_assert_eq!(&lines[0].tags[STEP_TAG], &clean(&step));
    }
}

#[test]
fn a_second_says_what_was_counted() {
    let sample = sample("run", "2/5", 2, 2, 7);
    let mut encoder = Encoder::new(&sample.info);
    encoder.interval(&sample.intervals[0]);
    let interval = &sample.intervals[1];
    let lines = parse_all(&encoder.interval(interval));
    let step = &interval.steps[1];
    let find = |measurement: &str, step: Option<&str>| {
        let mut found = lines
            .iter()
            .filter(|line| line.measurement == measurement && line.tags.get(STEP_TAG).map(String::as_str) == step);
        (found.next().unwrap(), found.next()).0
    };
    let line = find(STEP_MEASUREMENT, Some("step 1, of=many"));
    assert_eq!(line.fields[REQUESTS_FIELD], format!("{}i", step.requests()));
    assert_eq!(line.fields[BYTES_SENT_FIELD], format!("{}i", step.sent));
    for (ending, field) in [(200, "status_200"), (503, "status_503")] {
        let counted = step.endings.iter().find(|(seen, _)| *seen == Ending::status(ending));
        assert_eq!(
            line.fields.get(field),
            counted.map(|(_, count)| format!("{count}i")).as_ref()
        );
    }
    let p99 = latency_ms(&step.latency).p99;
    assert_eq!(line.fields[LATENCY_FIELDS.p99], p99.to_string());
    assert!(line.fields.contains_key(UNCORRECTED_LATENCY_FIELDS.p99_9));
    assert_eq!(line.time, (sample.info.started_at_ms as i64 + 1000) * 1_000_000);
    assert_eq!(
        (line.tags[RUN_ID_TAG].as_str(), line.tags[GENERATOR_TAG].as_str()),
        ("run", "2/5")
    );
    assert_eq!(line.tags["branch"], "a/b /");
    let buckets = find(LATENCY_MEASUREMENT, Some("step 1, of=many"));
    let sum: u64 = buckets
        .fields
        .values()
        .map(|value| value.trim_end_matches('i').parse::<u64>().unwrap())
        .sum();
    assert_eq!(sum, step.requests());
    let generator = find(GENERATOR_MEASUREMENT, None);
    assert_eq!(generator.fields[REQUESTS_FIELD], format!("{}i", interval.requests()));
    assert_eq!(
        (
            generator.fields[CPU_FIELD].as_str(),
            generator.fields[VUS_FIELD].as_str()
        ),
        ("25", "7i")
    );
    let end = parse_all(&encoder.end(&sample.result()));
    assert_eq!(end[0].fields[REQUESTS_FIELD], format!("{}i", sample.requests()));
    assert!(string(&end[0].fields[TITLE_FIELD]).ends_with("done"));
}

/// The most that a scenario may be, with every status there is.
#[test]
fn points_series_and_fields_are_bounded() {
    let mut sample = sample("run", "1/1", 50, 3, 3);
    let mut encoder = Encoder::new(&sample.info);
    let (mut series, mut fields) = (BTreeSet::new(), BTreeSet::new());
    let mut add = |lines: &Lines| {
        for line in parse_all(lines) {
            fields.extend(
                line.fields
                    .keys()
                    .map(|field| (line.measurement.clone(), field.clone())),
            );
            series.insert((line.measurement, line.tags));
        }
    };
    add(&encoder.start());
    for (number, interval) in sample.intervals.iter_mut().enumerate() {
        for (index, step) in interval.steps.iter_mut().enumerate() {
            let status = 100 + (number * 50 + index) as u16;
            step.endings = vec![
                (Ending::status(status), step.requests() - 1),
                (Ending::status(status + 400), 1),
            ];
        }
        let lines = encoder.interval(interval);
        assert!(lines.points <= 200, "{}", lines.points);
        add(&lines);
        for (line, step) in parse_all(&lines).iter().step_by(2).zip(&interval.steps) {
            let counted = line.fields.iter().filter(|(name, _)| {
                name.starts_with(STATUS_FIELD_PREFIX)
                    || name.starts_with(ERROR_FIELD_PREFIX)
                    || *name == OTHER_ENDINGS_FIELD
            });
            let sum: u64 = counted
                .map(|(_, value)| value.trim_end_matches('i').parse::<u64>().unwrap())
                .sum();
            assert_eq!(sum, step.requests());
        }
    }
    add(&encoder.end(&sample.result()));
    assert!(series.len() <= 500, "{}", series.len());
    let endings = fields
        .iter()
        .filter(|(_, field)| field.starts_with(STATUS_FIELD_PREFIX));
    assert_eq!(endings.count(), MOST_ENDINGS);
}

#[test]
fn what_is_no_number_and_who_did_nothing_make_no_field() {
    let sample = sample("run", "1/1", 1, 1, 3);
    let mut encoder = Encoder::new(&sample.info);
    let lines = parse_all(&encoder.interval(&Interval::empty(0, 1)));
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0].fields[REQUESTS_FIELD], "0i");
    assert!(!lines[0].fields.contains_key(LATENCY_FIELDS.p50));
    let mut result = sample.result();
    result.summary.rate = f64::NAN;
    assert!(!parse_all(&encoder.end(&result))[0].fields.contains_key(RATE_FIELD));
}
