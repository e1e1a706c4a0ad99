//! The commands in the documents are true.
//!
//! A fenced block says behind its language how it is known to work:
//!
//! | mark | meaning |
//! |---|---|
//! | `run` | it is run here, line by line, beside a service, InfluxDB and a collector |
//! | `run=server` | each of its lines starts a service on port 8080, which must become ready and end on SIGTERM |
//! | `tested-by=FILE:TEST` | that test does what it says |
//! | `needs=aws`, `github`, `host` (a monitor host), `perf` or `tools` (all that `make tools` gets) | it cannot be run here |
//!
//! Whatever its mark, the programs of this workspace must take the command lines, the Makefile must have the targets, and
//! the scripts must be there.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod command_lines;
mod demonstration;
mod document;

use std::fs;
use std::path::{Path, PathBuf};

use command_lines::Checker;
use demonstration::Demonstration;
use document::{Document, Mark};

/// Made by commands that the documents tell of.
const MADE: [&str; 3] = ["ami/.payload", "terraform/prod", "terraform/prod/"];

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

fn documents() -> Vec<Document> {
    let root = repository();
    let in_docs = fs::read_dir(root.join("docs"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = in_docs
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .chain(["README.md", "CONTRIBUTING.md", "SECURITY.md"].map(|name| root.join(name)))
        .collect();
    paths.sort();
    paths.iter().map(|path| Document::read(&root, path)).collect()
}

#[test]
fn every_block_says_how_it_is_known_to_work() {
    let root = repository();
    let mut faults = Vec::new();
    for document in documents() {
        faults.extend(document.faults.iter().cloned());
        for block in document.shell_blocks() {
            match &block.marks[..] {
                [] => faults.push(format!("{}: no mark says how it is known to work", block.place)),
                marks => faults.extend(marks.iter().filter_map(|mark| fault_of(mark, &root)).map(|fault| {
                    let place = &block.place;
                    format!("{place}: {fault}")
                })),
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What is wrong with a mark.
fn fault_of(mark: &Mark, root: &Path) -> Option<String> {
    match mark {
        Mark::Run | Mark::Server => None,
        Mark::Needs(what) => {
            let is_known = ["aws", "github", "host", "perf", "tools"].contains(&what.as_str());
            (!is_known).then(|| format!("needs={what}: nobody knows what that is"))
        }
        Mark::TestedBy { file, test } => match fs::read_to_string(root.join(file)) {
            Err(error) => Some(format!("tested-by={file}: {error}")),
            Ok(text) if text.contains(&format!("#[test]\nfn {test}()")) => None,
            Ok(_) => Some(format!("tested-by={file}:{test}: there is no such test")),
        },
        Mark::Unknown(mark) => Some(format!("{mark} is no mark")),
    }
}

#[test]
fn the_programs_take_every_command_line() {
    let checker = Checker::new(repository());
    let mut faults = Vec::new();
    let mut checked = 0;
    for document in documents() {
        let blocks = document
            .shell_blocks()
            .map(|block| (block.place.clone(), block.text.clone()));
        for (place, text) in blocks.chain(document.commands().cloned()) {
            for line in command_lines::split(&text) {
                match checker.check(&line) {
                    Ok(was_checked) => checked += usize::from(was_checked),
                    Err(fault) => faults.push(format!("{place}: {line:?}\n{fault}")),
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    // Were the documents written differently, nothing might be looked at.
    assert!(checked > 100, "{checked} command lines");
}

#[test]
fn what_a_reader_types_works() {
    let mut ran = 0;
    let mut faults = Vec::new();
    for document in documents() {
        if !document.shell_blocks().any(|block| block.marks.contains(&Mark::Run)) {
            continue;
        }
        let mut demonstration = Demonstration::start();
        for block in document.shell_blocks() {
            let result = match block.marks[..] {
                [Mark::Run] => demonstration.run(&block.text),
                [Mark::Server] => demonstration.serve(&block.text),
                _ => continue,
            };
            ran += 1;
            if let Err(fault) = result {
                faults.push(format!("{}: {fault}", block.place));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
    assert!(ran >= 8, "{ran} blocks");
}

/// Files and tests that running text names in code.
#[test]
fn what_is_named_is_there() {
    let root = repository();
    let rooms: Vec<_> = fs::read_dir(&root)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    let mut faults = Vec::new();
    let mut tests = 0;
    for document in documents() {
        for (place, span) in &document.spans {
            let (path, test) = span.split_once(':').unwrap_or((span, ""));
            let room = path.split('/').next().unwrap();
            // What has a word in capitals or a star in it stands for several files.
            let is_path = path.contains('/')
                && path
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "./_-".contains(c));
            if !is_path
                || !rooms.iter().any(|name| name == room)
                || MADE.contains(&path)
                || room == "target"
                || room == "data"
            {
                continue;
            }
            match fs::read_to_string(root.join(path)) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    faults.push(format!("{place}: there is no {path}"));
                }
                Ok(text) if !test.is_empty() => {
                    tests += 1;
                    let forms = [
                        format!("fn {test}("),
                        format!("run \"{test}\""),
                        format!("@test \"{test}\""),
                    ];
                    if !forms.iter().any(|form| text.contains(form)) {
                        faults.push(format!("{place}: {path} has no test {test}"));
                    }
                }
                _ => {}
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(tests > 30, "{tests} tests are named");
}

#[test]
fn links_lead_somewhere() {
    let root = repository();
    let mut faults = Vec::new();
    for document in documents() {
        for (place, target) in &document.links {
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            let page = match path {
                "" => root.join(&document.name),
                _ => root.join(&document.name).parent().unwrap().join(path),
            };
            if !page.exists() {
                faults.push(format!("{place}: {target}: there is no such file"));
            } else if !anchor.is_empty() && !Document::read(&root, &page.canonicalize().unwrap()).has_heading(anchor) {
                faults.push(format!("{place}: {target}: there is no such heading"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
