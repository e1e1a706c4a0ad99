//! The table of settings in README.md says what the service says.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../../tools/readme_table.rs"]
mod readme_table;

#[test]
fn the_table_of_settings_matches_the_help() {
    readme_table::assert_matches("service --help", env!("CARGO_BIN_EXE_service"), &["--help"]);
}
