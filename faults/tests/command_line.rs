//! The command line of `faults`, from outside. The scenarios themselves are run by `make test` and `make faults`.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::process::{Command, Output};

fn faults(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_faults"))
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn every_scenario_is_listed_and_described() {
    let listed = faults(&["--list"]);
    assert!(listed.status.success());
    let text = String::from_utf8(listed.stdout).unwrap();
    let page = include_str!("../../docs/faults.md");
    assert!(text.lines().count() > 10, "{text}");
    for name in text.lines().filter_map(|line| line.split_whitespace().next()) {
        assert!(
            page.contains(&format!("| `{name}` |")),
            "docs/faults.md does not know {name}"
        );
    }
}

#[test]
fn an_unknown_scenario_is_refused() {
    let refused = faults(&["store-kiled"]);
    assert_eq!(refused.status.code(), Some(2));
    let error = String::from_utf8(refused.stderr).unwrap();
    assert!(error.contains("store-kiled") && error.contains("--list"), "{error}");
}
