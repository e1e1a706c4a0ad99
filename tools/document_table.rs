//! Holds tables in the documents against what a program says of itself; included by the tests of each program.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// What is said of a flag: its environment variable and its default.
#[derive(Debug, Default, PartialEq, Eq)]
struct Flag {
    variable: Option<String>,
    default: Option<String>,
}

type Flags = BTreeMap<String, Flag>;

/// Fails unless the table of `document` below the comment that names `command` has the same flags, variables and
/// defaults as `program` prints for `arguments`.
pub(crate) fn assert_matches(document: &str, command: &str, program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).env_clear().output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let documented = table(&read(document), command);
    let real = flags_of_help(&help);
    assert!(!real.is_empty(), "{help}");
    assert_eq!(documented, real, "{document} and `{command}` differ");
}

fn table(page: &str, command: &str) -> Flags {
    let mut rows = rows(page, command).into_iter();
    let column = rows.next().unwrap();
    let position = |name: &str| column.iter().position(|title| title == name);
    let code = |row: &[String], name: &str| {
        let cell = position(name).and_then(|at| row.get(at)).map_or("", String::as_str);
        Some(cell.trim_matches('`').to_owned()).filter(|text| !text.is_empty())
    };
    rows.skip(1)
        .map(|row| {
            let flag = Flag {
                variable: code(&row, "variable"),
                default: code(&row, "default"),
            };
            (code(&row, "flag").unwrap(), flag)
        })
        .collect()
}

/// Cells of the table below the comment that says what it is checked against, its head first.
pub(crate) fn rows(page: &str, checked_against: &str) -> Vec<Vec<String>> {
    let marker = format!("<!-- Checked against `{checked_against}`");
    let (_, after) = page.split_once(&marker).unwrap();
    after
        .lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .map(|row| {
            row.trim_matches('|')
                .split('|')
                .map(|cell| cell.trim().to_owned())
                .collect()
        })
        .collect()
}

/// A page of docs/.
pub(crate) fn read(document: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(document)).unwrap()
}

/// Spaces before a flag in clap's long help; its description stands further to the right.
const FLAG_INDENT: usize = 6;

/// Headings of the text after the flags, where lines that begin with a flag are parts of examples.
const AFTER_FLAGS: [&str; 2] = ["Exit status:", "Examples:"];

/// Options of clap's long help, under whatever headings: a line such as `-X, --method <METHOD>`, then its description.
fn flags_of_help(help: &str) -> Flags {
    let mut described: Vec<(String, String)> = Vec::new();
    let (_, options) = help.split_once("\nOptions:\n").unwrap();
    for line in options.lines() {
        let text = line.trim();
        let indent = line.len() - line.trim_start().len();
        let is_flag = text.starts_with("--") || (text.starts_with('-') && text.contains(", --"));
        if is_flag && indent <= FLAG_INDENT {
            described.push((text.to_owned(), String::new()));
        } else if line.is_empty() || line.starts_with(' ') {
            if let Some((_, description)) = described.last_mut() {
                description.push(' ');
                description.push_str(text);
            }
        } else if !text.ends_with(':') || AFTER_FLAGS.contains(&text) {
            break;
        }
    }
    described.retain(|(flag, _)| !flag.ends_with("--help") && !flag.ends_with("--version"));
    described
        .into_iter()
        .map(|(name, description)| (name, flag(&description)))
        .collect()
}

/// The variable and the default in a description.
fn flag(description: &str) -> Flag {
    let mut flag = Flag::default();
    for part in description.split('[').skip(1) {
        let Some((part, _)) = part.split_once(']') else {
            continue;
        };
        if let Some(variable) = part.strip_prefix("env: ") {
            flag.variable = Some(variable.trim_end_matches('=').to_owned());
        } else if let Some(default) = part.strip_prefix("default: ") {
            flag.default = Some(default.to_owned());
        }
    }
    flag
}
