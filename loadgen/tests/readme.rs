//! The table of flags in README.md says what loadgen says.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../../tools/readme_table.rs"]
mod readme_table;

#[test]
fn the_table_of_flags_matches_the_help() {
    readme_table::assert_matches("loadgen run --help", env!("CARGO_BIN_EXE_loadgen"), &["run", "--help"]);
}
