//! docs/monitor.md against the program.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value as Json;

const DOCUMENTATION: &str = "../docs/monitor.md";
const MARKER: &str = "<!-- Checked against `monitor doctor --list` by monitor/tests/documentation.rs -->";

/// What checks expect, by their names.
type Checks = BTreeMap<String, String>;

#[test]
fn the_documented_checks_are_those_of_the_doctor() {
    let output = Command::new(env!("CARGO_BIN_EXE_monitor"))
        .args(["doctor", "--list", "--json"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let listed: Vec<Json> = serde_json::from_slice(&output.stdout).unwrap();
    let text = |check: &Json, field: &str| check[field].as_str().unwrap().to_owned();
    let real: Checks = listed
        .iter()
        .map(|check| (text(check, "name"), text(check, "expected")))
        .collect();
    assert!(!real.is_empty());
    assert_eq!(documented(), real);
}

#[test]
fn every_picture_is_there_and_small() {
    let pictures: Vec<_> = read(DOCUMENTATION)
        .split("](images/")
        .skip(1)
        .map(|rest| rest.split_once(')').unwrap().0.to_owned())
        .collect();
    assert!(!pictures.is_empty());
    for picture in pictures {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../docs/images")
            .join(&picture);
        let size = fs::metadata(&path)
            .unwrap_or_else(|error| panic!("{picture}: {error}"))
            .len();
        assert!((1..300_000).contains(&size), "{picture} has {size} bytes");
    }
}

fn documented() -> Checks {
    let documentation = read(DOCUMENTATION);
    let (_, table) = documentation.split_once(MARKER).unwrap();
    table
        .lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .skip(2)
        .map(|row| {
            let mut cells = row.trim_matches('|').split('|').map(str::trim);
            let name = cells.next().unwrap().trim_matches('`').to_owned();
            (name, cells.nth(1).unwrap().to_owned())
        })
        .collect()
}

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}
