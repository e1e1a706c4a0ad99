//! Reads `grafana-provisioning/`.

use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::list;

/// Everything in a provisioning folder.
#[derive(Debug, Clone, Default)]
pub struct Provisioning {
    /// `dashboards/*.json`, by name.
    pub dashboards: Vec<Dashboard>,
    /// The YAML files of every folder, by name.
    pub files: Vec<File>,
    /// Files that are neither JSON nor YAML as they should be.
    pub unreadable: Vec<Unreadable>,
}

/// A dashboard as Grafana reads it.
#[derive(Debug, Clone)]
pub struct Dashboard {
    /// Where it was read.
    pub path: PathBuf,
    /// Its JSON.
    pub json: Value,
}

impl Dashboard {
    /// Its uid; empty where it has none.
    pub fn uid(&self) -> &str {
        self.json["uid"].as_str().unwrap_or_default()
    }
}

/// A YAML file of provisioning.
#[derive(Debug, Clone)]
pub struct File {
    /// Where it was read.
    pub path: PathBuf,
    /// Name of its folder, which says what it provisions: `datasources`, `dashboards`, `alerting`.
    pub folder: String,
    /// What it holds.
    pub yaml: Value,
}

/// A file that could not be parsed.
#[derive(Debug, Clone)]
pub struct Unreadable {
    /// Where it is.
    pub path: PathBuf,
    /// What is wrong, and on which line.
    pub reason: String,
}

/// Why a provisioning folder could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file or a folder could not be read.
    #[error("{} could not be read ({error}): name the folder that holds datasources/ and dashboards/", path.display())]
    Read {
        /// What could not be read.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Nothing is there to provision.
    #[error("{} holds no dashboards/*.json: name the folder that holds datasources/ and dashboards/", .0.display())]
    NoDashboards(PathBuf),
}

/// Reads the folder.
///
/// # Errors
///
/// When it cannot be read or has no dashboards. A file that cannot be parsed is no error, but [`Unreadable`].
pub fn load(folder: &Path) -> Result<Provisioning, LoadError> {
    let mut loaded = Provisioning::default();
    for path in entries(folder)?.into_iter().filter(|path| path.is_dir()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for path in entries(&path)? {
            let extension = path.extension().unwrap_or_default().to_string_lossy().into_owned();
            match extension.as_str() {
                "json" if name == "dashboards" => loaded.add_dashboard(path)?,
                "yaml" | "yml" => loaded.add_file(path, &name)?,
                _ => {}
            }
        }
    }
    if loaded.dashboards.is_empty() && loaded.unreadable.is_empty() {
        return Err(LoadError::NoDashboards(folder.to_owned()));
    }
    Ok(loaded)
}

impl Provisioning {
    fn add_dashboard(&mut self, path: PathBuf) -> Result<(), LoadError> {
        match serde_json::from_str(&read(&path)?) {
            Ok(json) => self.dashboards.push(Dashboard { path, json }),
            Err(error) => self.add_unreadable(path, &error),
        }
        Ok(())
    }

    fn add_file(&mut self, path: PathBuf, folder: &str) -> Result<(), LoadError> {
        match serde_saphyr::from_str(&read(&path)?) {
            Ok(yaml) => self.files.push(File {
                path,
                folder: folder.to_owned(),
                yaml,
            }),
            Err(error) => self.add_unreadable(path, &error),
        }
        Ok(())
    }

    fn add_unreadable(&mut self, path: PathBuf, error: &impl ToString) {
        let reason = error.to_string().lines().next().unwrap_or_default().to_owned();
        self.unreadable.push(Unreadable { path, reason });
    }

    /// What the files of a folder list under a key.
    pub fn provisioned<'a>(&'a self, folder: &'a str, key: &'a str) -> impl Iterator<Item = (&'a Path, &'a Value)> {
        let files = self.files.iter().filter(move |file| file.folder == folder);
        files.flat_map(move |file| list(&file.yaml[key]).map(|item| (file.path.as_path(), item)))
    }
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let failed = |error| LoadError::Read {
        path: folder.to_owned(),
        error,
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        paths.push(entry.map_err(failed)?.path());
    }
    paths.sort();
    Ok(paths)
}

fn read(path: &Path) -> Result<String, LoadError> {
    std::fs::read_to_string(path).map_err(|error| LoadError::Read {
        path: path.to_owned(),
        error,
    })
}
