//! Command lines: split as a shell does it, and held against what the programs take, without running anything.

use std::path::{Path, PathBuf};
use std::process::Command;

use test_servers::built;

/// Programs of this workspace.
pub(crate) const PROGRAMS: [&str; 3] = ["loadgen", "monitor", "service"];

/// Folders of the repository whose files are called by their path.
const SCRIPTS: [&str; 6] = [".github/", "ami/", "bench/", "faults/", "terraform/", "tools/"];

/// The simple commands of a script, as words: without comments, and without variables set for them.
pub(crate) fn split(script: &str) -> Vec<Vec<String>> {
    let mut commands = vec![Vec::new()];
    let mut word: Option<String> = None;
    let mut characters = script
        .replace("\\\n", " ")
        .chars()
        .collect::<Vec<_>>()
        .into_iter()
        .peekable();
    while let Some(character) = characters.next() {
        match character {
            '\'' | '"' => {
                let quoted: String = characters.by_ref().take_while(|next| *next != character).collect();
                word.get_or_insert_default().push_str(&quoted);
            }
            '#' if word.is_none() => while characters.next_if(|next| *next != '\n').is_some() {},
            '\n' | ';' | '|' | '&' | '(' | ')' => {
                commands.last_mut().unwrap().extend(word.take());
                commands.push(Vec::new());
            }
            ' ' => commands.last_mut().unwrap().extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    commands.last_mut().unwrap().extend(word);
    for words in &mut commands {
        let is_prefix = |word: &&String| ["do", "then", "sudo", "exec"].contains(&word.as_str()) || is_assignment(word);
        let prefixes = words.iter().take_while(is_prefix).count();
        words.drain(..prefixes);
    }
    commands.retain(|words| !words.is_empty());
    commands
}

fn is_assignment(word: &str) -> bool {
    let name = word.split_once('=').map_or("", |(name, _)| name);
    !name.is_empty()
        && name
            .chars()
            .all(|character| character == '_' || character.is_ascii_alphanumeric())
}

/// Knows the programs, the targets of the Makefile and the scripts of the repository.
pub(crate) struct Checker {
    root: PathBuf,
    programs: Vec<(&'static str, PathBuf)>,
    makefile: String,
}

impl Checker {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self {
            programs: PROGRAMS.map(|name| (name, built(name).unwrap())).to_vec(),
            makefile: std::fs::read_to_string(root.join("Makefile")).unwrap(),
            root,
        }
    }

    /// Whether anything here knows the command; fails if that does not take it.
    pub(crate) fn check(&self, words: &[String]) -> Result<bool, String> {
        let name = words[0].strip_prefix("target/release/").unwrap_or(&words[0]);
        let arguments = &words[1..];
        if let Some((_, program)) = self.programs.iter().find(|(known, _)| *known == name) {
            return takes(program, arguments).map(|()| true);
        }
        if name == "make" {
            return self.has_targets(arguments).map(|()| true);
        }
        if SCRIPTS.iter().any(|folder| name.starts_with(folder)) {
            return match is_executable(&self.root.join(name)) {
                true => Ok(true),
                false => Err(format!("there is no script {name}")),
            };
        }
        Ok(false)
    }

    fn has_targets(&self, arguments: &[String]) -> Result<(), String> {
        let mut targets = arguments
            .iter()
            .filter(|word| !word.starts_with('-') && !is_assignment(word));
        match targets.find(|target| {
            !self
                .makefile
                .lines()
                .any(|line| line.starts_with(&format!("{target}:")))
        }) {
            None => Ok(()),
            Some(target) => Err(format!("the Makefile has no target {target}")),
        }
    }
}

/// The program's own parser judges everything before the `--help` that it then obeys: it does nothing else.
fn takes(program: &Path, arguments: &[String]) -> Result<(), String> {
    // Stands for more of the same in running text.
    let arguments = arguments.iter().filter(|word| *word != "…");
    let output = Command::new(program)
        .args(arguments)
        .arg("--help")
        .env_clear()
        .output()
        .unwrap();
    if output.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata()
        .is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}
