//! What is written is read, whatever happened to it in between.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::interval_line::{LineDecoder, LineEncoder};
use super::sample::{intervals, requests, write};
use super::*;
use crate::observer::Observer as _;
use crate::recorder::{Ending, Example};
use crate::run_info::RunInfo;
use crate::run_info::sample::info;

fn only(folder: &Path) -> GeneratorResults {
    let mut found = GeneratorResults::of_folder(folder).unwrap();
    assert_eq!(found.len(), 1);
    found.remove(0)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn an_interval_survives_its_line(requests in requests(1)) {
        let info = info("1/1");
        for interval in intervals(&info, &requests, |_| true) {
            let line = LineEncoder::new().encode(&info, &interval);
            let read = LineDecoder::new().decode(&info, &line).unwrap();
            prop_assert_eq!(&LineEncoder::new().encode(&info, &read), &line);
            for (read, written) in read.steps.iter().zip(&interval.steps) {
                prop_assert!(read.latency == written.latency && read.uncorrected == written.uncorrected);
                prop_assert_eq!(&read.failed_checks, &written.failed_checks);
            }
            prop_assert!(read.lag == interval.lag);
            prop_assert_eq!((&read.cpu, read.last_end), (&interval.cpu, interval.last_end));
            prop_assert_eq!((&read.slowest, &read.failures), (&interval.slowest, &interval.failures));
        }
    }

    #[test]
    fn damaged_lines_are_refused_without_panicking(requests in requests(1), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let info = info("1/1");
        let mut line = LineEncoder::new().encode(&info, &intervals(&info, &requests, |_| true)[0]);
        let at = at.index(line.len());
        line[at] = byte;
        let _ = LineDecoder::new().decode(&info, &line);
    }
}

#[test]
fn wherever_a_generator_is_killed_all_whole_seconds_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let info = info("1/1");
    let written = intervals(&info, &[], |_| true);
    write(folder.path(), &info, &written, true).unwrap();
    let path = folder.path().join(INTERVALS);
    let whole = fs::read(&path).unwrap();
    let ends: Vec<usize> = (0..whole.len()).filter(|at| whole[*at] == b'\n').collect();
    assert_eq!(ends.len(), written.len());
    for length in 0..=whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        let results = only(folder.path());
        assert!(results.summary().is_none());
        let read = results.intervals().unwrap().map(|interval| interval.unwrap().number);
        let expected = ends.iter().filter(|end| **end <= length).count() as u64;
        assert_eq!(read.collect::<Vec<_>>(), (0..expected).collect::<Vec<_>>(), "{length}");
    }
}

#[test]
fn damage_is_named_with_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let info = info("1/1");
    write(folder.path(), &info, &intervals(&info, &[], |_| true), false).unwrap();
    let path = folder.path().join(INTERVALS);
    let whole = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let complaint = |content: String| {
        fs::write(&path, content).unwrap();
        let failed = only(folder.path()).intervals().unwrap().find_map(Result::err);
        failed.map(|error| error.to_string()).unwrap_or_default()
    };
    let torn = complaint(format!("{}\n{}\n{}\n", lines[0], &lines[1][..50], lines[2]));
    assert!(torn.contains("intervals.jsonl, line 2: "), "{torn}");
    let repeated = complaint(format!("{}\n{}\n", lines[0], lines[0]));
    assert!(repeated.contains("line 2: second 0 comes out of order"), "{repeated}");
    let other = complaint(format!("{}\n", lines[0].replace("browse", "bought")));
    assert!(other.contains("line 1: its steps are not those of run.json"), "{other}");

    fs::write(folder.path().join(RUN), r#"{"format": 99, "new": true}"#).unwrap();
    let later = GeneratorResults::of_folder(folder.path()).unwrap_err().to_string();
    assert!(
        later.contains("format 99") && later.contains("later version"),
        "{later}"
    );
    fs::write(folder.path().join(RUN), "{").unwrap();
    let damaged = GeneratorResults::of_folder(folder.path()).unwrap_err().to_string();
    assert!(damaged.contains("run.json"), "{damaged}");
    let nothing = GeneratorResults::of_folder(&folder.path().join("none")).unwrap_err();
    assert!(matches!(nothing, ResultsError::Missing(_)));
    let file = GeneratorResults::of_folder(&path).unwrap_err().to_string();
    assert!(file.contains("is a file"), "{file}");
}

#[test]
fn nothing_that_is_read_steers_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let mut info = info("1/1");
    let hostile = |text: &mut String| text.push_str("\x1b[2J\u{9b}1m");
    hostile(&mut info.run_id);
    hostile(&mut info.target);
    hostile(&mut info.environment.os);
    hostile(&mut info.steps[1].checks[0]);
    for tags in [&mut info.tags, &mut info.steps[0].tags] {
        tags.insert("ke\x1by".to_owned(), "val\x07ue".to_owned());
    }
    let mut seconds = intervals(&info, &[], |_| true);
    seconds[0].examples.push(Example {
        ending: Ending::status(503),
        text: "503 \x1b]0;title\x07".to_owned(),
    });
    write(folder.path(), &info, &seconds, true).unwrap();
    let results = only(folder.path());
    let read = format!("{:?}", results.info());
    assert!(
        !read.contains("\\u{") && read.contains("[2J") && read.contains("value"),
        "{read}"
    );
    let first = results.intervals().unwrap().next().unwrap().unwrap();
    assert_eq!(first.examples[0].text, "503 ]0;title");
}

#[test]
fn generators_of_a_run_share_a_folder_and_runs_do_not() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("deep/results");
    let seconds = |generator: &str| intervals(&info(generator), &[], |_| true);
    for generator in ["1/2", "2/2"] {
        write(&folder, &info(generator), &seconds(generator), false).unwrap();
    }
    assert_eq!(names(&folder), ["1-of-2", "2-of-2"]);
    assert_eq!(
        names(&folder.join("1-of-2")),
        [
            "intervals.csv",
            "intervals.jsonl",
            "report.html",
            "run.json",
            "summary.json"
        ]
    );
    assert_eq!(GeneratorResults::of_folder(&folder).unwrap().len(), 2);

    let refused = |info: &RunInfo| {
        let location = Location::Folder(folder.clone());
        let refused = ResultsWriter::prepare(&location, &info.run_id, &info.generator);
        refused.err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert!(refused(&info("2/2")).contains("holds the results of generator 2/2 already"));
    assert!(refused(&info("1/1")).contains("several generators"));
    let mut other = info("1/3");
    "run-2".clone_into(&mut other.run_id);
    assert!(refused(&other).contains("the run \"run-1\""), "{}", refused(&other));

    let single = parent.path().join("single");
    write(&single, &info("1/1"), &seconds("1/1"), true).unwrap();
    let location = Location::Folder(single.clone());
    for generator in ["1/1", "1/2"] {
        let error = ResultsWriter::prepare(&location, "run-1", generator).err().unwrap();
        assert!(
            error
                .to_string()
                .contains("holds the results of the run \"run-1\" already"),
            "{error}"
        );
    }
}

#[test]
fn a_run_that_never_began_leaves_nothing_behind() {
    let parent = tempfile::tempdir().unwrap();
    let location = Location::Folder(parent.path().join("deep/results"));
    for generator in ["1/1", "2/3"] {
        ResultsWriter::prepare(&location, "run-1", generator)
            .unwrap()
            .finish()
            .unwrap();
        assert!(names(parent.path()).is_empty(), "{generator}");
        drop(ResultsWriter::prepare(&location, "run-1", generator).unwrap());
        assert!(names(parent.path()).is_empty(), "{generator}");
    }
    let file = parent.path().join("file");
    fs::write(&file, "").unwrap();
    let error = ResultsWriter::prepare(&Location::Folder(file), "run-1", "1/1")
        .err()
        .unwrap();
    assert!(error.to_string().contains("cannot be written"), "{error}");
}

#[test]
fn a_folder_that_goes_away_is_reported_at_the_end() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("results");
    let info = info("1/1");
    let mut writer = ResultsWriter::prepare(&Location::Folder(folder.clone()), "run-1", "1/1").unwrap();
    fs::remove_dir_all(&folder).unwrap();
    writer.begin(&info);
    for interval in intervals(&info, &[], |_| true) {
        writer.interval(&interval);
    }
    let error = writer.finish().unwrap_err().to_string();
    assert!(error.contains("run.json"), "{error}");
    assert_eq!(error.matches("cannot be written").count(), 1, "{error}");
}

#[test]
fn the_table_has_a_row_for_all_and_for_each_step() {
    let folder = tempfile::tempdir().unwrap();
    let info = info("1/1");
    let mut seconds = intervals(&info, &[], |_| true);
    let step = &mut seconds[1].steps[1];
    step.latency.saturating_record_n(3_000_000, 4);
    step.failed = 1;
    write(folder.path(), &info, &seconds, true).unwrap();
    let mut reader = csv::Reader::from_path(folder.path().join(TABLE)).unwrap();
    assert_eq!(reader.headers().unwrap(), &table::COLUMNS[..]);
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 5 * 3);
    let cell = |row: usize, name: &str| {
        let at = table::COLUMNS.iter().position(|column| *column == name).unwrap();
        rows[row][at].to_owned()
    };
    for (row, scope, step) in [(3, "all", ""), (5, "step", "buy, now")] {
        assert_eq!(
            (cell(row, "scope"), cell(row, "step")),
            (scope.to_owned(), step.to_owned())
        );
        assert_eq!(
            (cell(row, "requests"), cell(row, "rate")),
            ("4".to_owned(), "4.000".to_owned())
        );
        assert_eq!(cell(row, "error_rate"), "0.250000");
        assert!((cell(row, "p99_ms").parse::<f64>().unwrap() - 3.0).abs() < 0.003);
    }
    assert_eq!(cell(3, "time"), "2026-11-22T23:59:51.000Z");
    assert_eq!(
        (cell(4, "requests"), cell(4, "p99_ms")),
        ("0".to_owned(), String::new())
    );
    assert_eq!((cell(3, "vus"), cell(4, "vus")), ("3".to_owned(), String::new()));
    assert_eq!(cell(3, "cpu_percent"), "20.0");
}

#[test]
fn places_are_folders_or_in_s3() {
    assert_eq!("a/b".parse(), Ok(Location::Folder("a/b".into())));
    assert_eq!("".parse::<Location>(), Err(InvalidLocation::Empty));
    assert!(
        "http://host/a"
            .parse::<Location>()
            .unwrap_err()
            .to_string()
            .contains("neither")
    );
    let s3 = "s3://bucket/a/b/".parse::<Location>();
    if cfg!(feature = "s3") {
        let place = Location::S3 {
            bucket: "bucket".to_owned(),
            prefix: "a/b".to_owned(),
        };
        assert_eq!(s3, Ok(place));
        assert!(
            "s3:///a"
                .parse::<Location>()
                .unwrap_err()
                .to_string()
                .contains("bucket")
        );
    } else {
        assert!(s3.unwrap_err().to_string().contains("--features s3"));
    }
}
