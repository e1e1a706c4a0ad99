//! Folders of results: two generators' files with damage of any kind are merged or refused, and sums do not overflow.

use std::fs;
use std::path::Path;

use crate::merge::Merge;
use crate::results::Location;
use crate::results::folder::RunFile;
use crate::run_info::sample;

pub(super) fn check(data: &[u8]) {
    let Ok(folder) = tempfile::tempdir() else { return };
    let run_file = String::from_utf8(RunFile::new(&sample::info("1/1"), Vec::new()).to_json()).unwrap_or_default();
    let mut parts = data.split(|byte| *byte == 0);
    let mut places = Vec::new();
    for number in 1..=2_u8 {
        let place = folder.path().join(format!("{number}-of-2"));
        let _ = fs::create_dir(&place);
        // Without a part of its own a file is as it should be.
        let write = |name: &str, given: Option<&[u8]>, otherwise: &str| {
            let content = given
                .filter(|content| !content.is_empty())
                .unwrap_or(otherwise.as_bytes());
            let _ = fs::write(place.join(name), content);
        };
        write(
            "run.json",
            parts.next(),
            &run_file.replace("\"1/1\"", &format!("\"{number}/2\"")),
        );
        write("intervals.jsonl", parts.next(), "");
        if let Some(summary) = parts.next().filter(|summary| !summary.is_empty()) {
            write("summary.json", Some(summary), "");
        }
        places.push(Location::Folder(place));
    }
    merge(&places, folder.path());
}

fn merge(places: &[Location], folder: &Path) {
    let Ok(merge) = Merge::open(places, true) else { return };
    let Ok((result, _)) = merge.result(&[]) else { return };
    let _ = crate::report::render(&result);
    let place = folder.join("merged");
    if merge.write(&place, &result).is_ok() {
        let Ok(again) = Merge::open(&[Location::Folder(folder.join("merged"))], true) else {
            return;
        };
        let _ = again.result(&[]);
    }
}
