//! Where in a folder the results of which generator are.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::lines::read_bounded;
use super::{FORMAT, INTERVALS, RUN, ResultsError};
use crate::progress::without_controls;
use crate::run_info::RunInfo;

/// Generators of one run at most.
const MOST_GENERATORS: usize = 1000;
/// Entries of a folder that are looked at.
const MOST_ENTRIES: usize = 100_000;
/// Bytes of `run.json` at most.
const LONGEST_RUN_FILE: u64 = 16 << 20;

/// `run.json`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RunFile {
    /// Version of the format of the whole folder.
    pub(super) format: u32,
    /// The sub-folders that these results were merged from; empty for those of one generator.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) merged_from: Vec<String>,
    #[serde(flatten)]
    pub(super) info: RunInfo,
}

impl RunFile {
    pub(crate) fn new(info: &RunInfo, merged_from: Vec<String>) -> Self {
        Self {
            format: FORMAT,
            merged_from,
            info: info.clone(),
        }
    }

    /// The file's content.
    pub(crate) fn to_json(&self) -> Vec<u8> {
        // Cannot fail: maps have strings as keys, and memory takes all that is written.
        let mut json = serde_json::to_vec_pretty(self).unwrap_or_default();
        json.push(b'\n');
        json
    }

    /// Reads the file of a folder; `None` if there is none.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>, ResultsError> {
        #[derive(Deserialize)]
        struct Version {
            format: u32,
        }
        let path = folder.join(RUN);
        let json = match read_bounded(&path, LONGEST_RUN_FILE) {
            Ok(json) => json,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            Err(error) => return Err(ResultsError::unreadable(&path)(error)),
        };
        let damaged = |error: serde_json::Error| ResultsError::Damaged {
            path: path.clone(),
            reason: error.to_string(),
        };
        let version: Version = serde_json::from_slice(&json).map_err(damaged)?;
        if version.format > FORMAT {
            return Err(ResultsError::LaterFormat {
                path: path.clone(),
                format: version.format,
            });
        }
        let mut file: Self = serde_json::from_slice(&json).map_err(damaged)?;
        make_printable(&mut file.info);
        Ok(Some(file))
    }
}

/// Results come from other machines, and what they name is shown in terminals, which it must not steer.
fn make_printable(info: &mut RunInfo) {
    let environment = &mut info.environment;
    let texts = [
        &mut info.run_id,
        &mut info.loadgen_version,
        &mut info.scenario,
        &mut info.target,
        &mut info.load,
        &mut info.generator,
        &mut environment.host,
        &mut environment.os,
        &mut environment.architecture,
    ];
    let mut all_tags = vec![&mut info.tags];
    let mut names = Vec::from(texts);
    for step in &mut info.steps {
        all_tags.push(&mut step.tags);
        names.push(&mut step.name);
        names.extend(&mut step.checks);
    }
    for name in names {
        *name = without_controls(name);
    }
    for tags in all_tags {
        let printable = |(key, value): (String, String)| (without_controls(&key), without_controls(&value));
        *tags = std::mem::take(tags).into_iter().map(printable).collect();
    }
}

/// Whether somebody writes or wrote results into a folder itself.
pub(super) fn is_taken(folder: &Path) -> bool {
    [RUN, INTERVALS].iter().any(|name| folder.join(name).exists())
}

/// The sub-folder of a generator by its name, such as `2/5`; `None` for a generator that is alone.
pub(super) fn sub_folder(generator: &str) -> Option<String> {
    if generator == "1/1" {
        return None;
    }
    let plain = |character: char| {
        if character.is_ascii_alphanumeric() || ".-_".contains(character) {
            character
        } else {
            '-'
        }
    };
    let name = generator.replace('/', "-of-");
    Some(
        name.chars()
            .map(plain)
            .collect::<String>()
            .trim_start_matches('.')
            .to_owned(),
    )
}

/// The folders below this one that hold results themselves, by name; without those that lie deeper.
pub(super) fn folders_in(folder: &Path) -> Result<Vec<PathBuf>, ResultsError> {
    let unreadable = |error| ResultsError::unreadable(folder)(error);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)?.take(MOST_ENTRIES) {
        let path = entry.map_err(unreadable)?.path();
        if path.is_dir() && is_taken(&path) {
            found.push(path);
        }
    }
    if found.len() > MOST_GENERATORS {
        return Err(ResultsError::TooMany {
            path: folder.to_owned(),
            most: MOST_GENERATORS,
        });
    }
    found.sort();
    Ok(found)
}

/// The folders of single generators that a folder stands for: itself or those below it.
pub(super) fn generators_of(folder: &Path) -> Result<Vec<PathBuf>, ResultsError> {
    match std::fs::metadata(folder) {
        Ok(metadata) if metadata.is_dir() => {}
        Ok(_) => return Err(ResultsError::NotAFolder(folder.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(ResultsError::Missing(folder.to_owned())),
        Err(error) => return Err(ResultsError::unreadable(folder)(error)),
    }
    let run = RunFile::read(folder)?;
    if run.is_some_and(|run| run.merged_from.is_empty()) {
        return Ok(vec![folder.to_owned()]);
    }
    let below = folders_in(folder)?;
    if below.is_empty() {
        return Err(ResultsError::Missing(folder.to_owned()));
    }
    Ok(below)
}

/// Finds the place for the results of a generator, in a folder that may hold those of others of its run.
pub(super) fn place(folder: &Path, run_id: &str, generator: &str) -> Result<PathBuf, ResultsError> {
    let taken = |path: &Path, holds: &str| ResultsError::Taken {
        path: path.to_owned(),
        holds: holds.to_owned(),
    };
    if folder.exists() && !folder.is_dir() {
        return Err(ResultsError::unwritable(folder)(io::ErrorKind::NotADirectory.into()));
    }
    if is_taken(folder) {
        let run = RunFile::read(folder).ok().flatten();
        let holds = run.map_or_else(|| "a run".to_owned(), |run| format!("the run {:?}", run.info.run_id));
        return Err(taken(folder, &holds));
    }
    let others = if folder.exists() {
        folders_in(folder)?
    } else {
        Vec::new()
    };
    let Some(name) = sub_folder(generator) else {
        return match others.first() {
            Some(_) => Err(taken(folder, "several generators")),
            None => Ok(folder.to_owned()),
        };
    };
    let own = folder.join(name);
    if others.contains(&own) {
        return Err(taken(&own, &format!("generator {generator}")));
    }
    for other in others {
        if let Some(RunFile { info, .. }) = RunFile::read(&other)?
            && info.run_id != run_id
        {
            return Err(ResultsError::OtherRun {
                path: folder.to_owned(),
                other: info.run_id,
            });
        }
    }
    Ok(own)
}
