//! The table of flags in docs/loadgen.md says what loadgen says.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../../tools/document_table.rs"]
mod document_table;

const DOCUMENT: &str = "loadgen.md";

#[test]
fn the_table_of_flags_matches_the_help() {
    document_table::assert_matches(
        DOCUMENT,
        "loadgen run --help",
        env!("CARGO_BIN_EXE_loadgen"),
        &["run", "--help"],
    );
}
