//! The whole is the sum of its parts, exactly.

use std::fs;
use std::path::{Path, PathBuf};

use hdrhistogram::Histogram;
use proptest::prelude::*;

use super::*;
use crate::results::sample::{Request, intervals, requests, write};
use crate::run_info::sample::info;

/// Writes what each of three generators did; gives their folders.
fn three(folder: &Path, requests: &[Request]) -> Vec<PathBuf> {
    let write = |index: usize| {
        let info = info(&format!("{}/3", index + 1));
        let own = intervals(&info, requests, |request| request.generator == index);
        write(folder, &info, &own, false).unwrap();
        folder.join(format!("{}-of-3", index + 1))
    };
    (0..3).map(write).collect()
}

fn open(folders: &[&Path]) -> Result<Merge, MergeError> {
    let folders: Vec<Location> = folders
        .iter()
        .map(|folder| Location::Folder((*folder).into()))
        .collect();
    Merge::open(&folders, false)
}

fn thresholds() -> Vec<Threshold> {
    ["p(99)<250ms", "buy, now: error_rate<1%", "count>=10"]
        .iter()
        .filter_map(|text| text.parse().ok())
        .collect()
}

/// A result without what names the generators or is about their health.
fn about_requests(mut result: RunResult) -> String {
    let summary = &mut result.summary;
    summary.generators.clear();
    summary.vus = 0;
    summary.generator = crate::summary::Generator::default();
    for point in &mut result.timeline {
        point.vus = 0;
        point.cpu_percent = 0.0;
        point.lag_ms_p99 = 0.0;
    }
    serde_json::to_string(&result).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_split_in_any_order_gives_the_whole(requests in requests(3), order in Just([0, 1, 2]).prop_shuffle()) {
        let whole_info = info("1/1");
        let whole = intervals(&whole_info, &requests, |_| true);
        let mut totals = Totals::new(&whole_info, &thresholds());
        for interval in &whole {
            totals.add(0, interval);
        }
        let expected = totals.result(&whole_info, &RunEnd::default());

        let folder = tempfile::tempdir().unwrap();
        let folders = three(folder.path(), &requests);
        let merge = open(&order.map(|index| folders[index].as_path())).unwrap();
        prop_assert!(merge.warnings().is_empty());
        let (result, warnings) = merge.result(&thresholds()).unwrap();
        prop_assert!(warnings.is_empty(), "{:?}", warnings);
        prop_assert_eq!(about_requests(result.clone()), about_requests(expected));

        // Every single second, as one recorder would have counted it, and so again in the folder that is written.
        let out = folder.path().join("merged");
        merge.write(&out, &result).unwrap();
        let again = open(&[&out]).unwrap();
        prop_assert_eq!(about_requests(again.result(&thresholds()).unwrap().0), about_requests(result));
        for merge in [&merge, &again] {
            let mut sum = Sum::new(2);
            let mut seconds = whole.iter();
            merge.seconds(|parts| {
                assert_eq!(counts(&sum.of(parts)), counts(seconds.next().unwrap()));
            }).unwrap();
            prop_assert!(seconds.next().is_none());
        }
    }
}

/// Every count of an interval, in a form that can be compared.
fn counts(interval: &Interval) -> String {
    let histogram = |histogram: &Histogram<u64>| {
        let counts = histogram
            .iter_recorded()
            .map(|value| (value.value_iterated_to(), value.count_at_value()));
        format!(
            "{:?} {} {}",
            counts.collect::<Vec<_>>(),
            histogram.min(),
            histogram.max()
        )
    };
    let steps = interval.steps.iter().map(|step| {
        let checks = &step.failed_checks;
        let uncorrected = step.uncorrected.as_ref().filter(|uncorrected| !uncorrected.is_empty());
        let latencies = (histogram(&step.latency), uncorrected.map(histogram));
        format!(
            "{latencies:?} {checks:?} {} {} {}",
            step.failed, step.sent, step.received
        )
    });
    let steps: Vec<String> = steps.collect();
    let Interval {
        number,
        due,
        dropped,
        last_end,
        lag,
        ..
    } = interval;
    format!("{number} {steps:?} {due} {dropped} {last_end:?} {}", histogram(lag))
}

#[test]
fn a_folder_of_generators_is_merged_as_far_as_they_got() {
    let folder = tempfile::tempdir().unwrap();
    let seconds = |generator: &str| intervals(&info(generator), &[], |_| true);
    write(folder.path(), &info("1/3"), &seconds("1/3"), false).unwrap();
    write(folder.path(), &info("3/3"), &seconds("3/3")[..2], true).unwrap();
    let merge = open(&[folder.path()]).unwrap();
    assert_eq!(merge.generators(), ["1/3", "3/3"]);
    let (result, warnings) = merge.result(&[]).unwrap();
    assert_eq!(result.summary.generators, ["1/3", "3/3"]);
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(
        warnings[0].contains("1 of 3 generators are missing (2/3)"),
        "{warnings:?}"
    );
    assert!(
        warnings[1].contains("generator 3/3") && warnings[1].contains("what it had recorded, 2 s"),
        "{warnings:?}"
    );
}

#[test]
fn generators_are_aligned_by_the_clock() {
    let folder = tempfile::tempdir().unwrap();
    let mut late = info("2/2");
    late.started_at_ms += 2_100;
    for info in [&info("1/2"), &late] {
        write(folder.path(), info, &intervals(info, &[], |_| true), false).unwrap();
    }
    let merge = open(&[folder.path()]).unwrap();
    assert!(
        merge.warnings()[0].contains("began 2.1 s apart"),
        "{:?}",
        merge.warnings()
    );
    let mut seen: Vec<Vec<(usize, u64)>> = Vec::new();
    merge
        .seconds(|parts| {
            let numbers = parts.iter().map(|(generator, part)| (*generator, part.number));
            seen.push(numbers.collect());
        })
        .unwrap();
    assert_eq!(seen.len(), 7);
    assert_eq!((&seen[1], &seen[2]), (&vec![(0, 1)], &vec![(0, 2), (1, 2)]));
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let parent = tempfile::tempdir().unwrap();
    let make = |name: &str, change: &dyn Fn(&mut RunInfo)| {
        let mut info = info("1/2");
        change(&mut info);
        let folder = parent.path().join(name);
        write(&folder, &info, &intervals(&info, &[], |_| true), false).unwrap();
        folder
    };
    let base = make("base", &|_| {});
    let second = |info: &mut RunInfo| "2/2".clone_into(&mut info.generator);
    type Change<'a> = &'a dyn Fn(&mut RunInfo);
    let cases: [(&str, Change<'_>, &str); 7] = [
        ("twice", &|_| {}, "are both generator 1/2"),
        (
            "run",
            &|info| (second(info), info.run_id = "run-2".into()).1,
            "--allow-different",
        ),
        (
            "target",
            &|info| (second(info), info.target = "http://other/".into()).1,
            "different targets",
        ),
        (
            "scenario",
            &|info| (second(info), info.scenario = "other".into()).1,
            "different scenarios",
        ),
        (
            "segments",
            &|info| info.generator = "2/3".into(),
            "different numbers of segments",
        ),
        (
            "step",
            &|info| (second(info), info.steps[0].name = "other".into()).1,
            "different steps",
        ),
        (
            "clock",
            &|info| (second(info), info.started_at_ms += 48 * 3_600_000).1,
            "48 hours apart",
        ),
    ];
    for (name, change, reason) in cases {
        let other = make(name, change);
        let error = open(&[&base, &other]).unwrap_err().to_string();
        assert!(error.contains(reason), "{name}: {error}");
        let locations = [Location::Folder(base.clone()), Location::Folder(other)];
        let allowed = Merge::open(&locations, true);
        assert_eq!(
            allowed.is_ok(),
            !["twice", "step"].contains(&name),
            "{name}: {:?}",
            allowed.err()
        );
    }
}

#[test]
fn a_merge_writes_over_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folders = three(folder.path(), &[]);
    let merge = open(&[folder.path()]).unwrap();
    let (result, _) = merge.result(&[]).unwrap();
    let error = merge.write(&folders[0], &result).unwrap_err().to_string();
    assert!(error.contains("holds the results of a run already"), "{error}");
    let out = folder.path().join("whole");
    merge.write(&out, &result).unwrap();
    assert!(
        fs::read_to_string(out.join("run.json"))
            .unwrap()
            .contains("\"merged_from\"")
    );
    // Among the generators' folders it counts for nothing, and nor does the whole beside them.
    assert_eq!(open(&[folder.path()]).unwrap().generators().len(), 3);
    merge.write(folder.path(), &result).unwrap();
    assert_eq!(open(&[folder.path()]).unwrap().generators().len(), 3);
    let error = open(&[&out, &folders[1]]).unwrap_err().to_string();
    assert!(error.contains("are both generator 2/3"), "{error}");
}
