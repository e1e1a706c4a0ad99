//! What is provisioned from files: data sources, dashboards, alert rules.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use crate::data_source::DataSource;

pub(crate) struct Provisioning {
    pub(crate) data_sources: Vec<DataSource>,
    /// The dashboards' JSON.
    pub(crate) dashboards: Vec<Json>,
    /// As Grafana's API lists them.
    pub(crate) alert_rules: Vec<Json>,
}

impl Provisioning {
    /// Reads the folder; a part of it that is absent is empty.
    pub(crate) fn read(folder: &Path) -> io::Result<Self> {
        let mut data_sources = Vec::new();
        for file in files(&folder.join("datasources"), &["yaml", "yml"])? {
            for source in list(&yaml(&file)?, "datasources") {
                data_sources.push(DataSource::new(expand(source)?));
            }
        }
        let mut dashboards = Vec::new();
        for file in files(&folder.join("dashboards"), &["json"])? {
            dashboards.push(serde_json::from_slice(&fs::read(&file)?).map_err(|error| unreadable(&file, &error))?);
        }
        let mut alert_rules = Vec::new();
        for file in files(&folder.join("alerting"), &["yaml", "yml"])? {
            for group in list(&yaml(&file)?, "groups") {
                for mut rule in list(&group, "rules") {
                    rule["ruleGroup"] = group["name"].clone();
                    rule["provenance"] = json!("file");
                    alert_rules.push(rule);
                }
            }
        }
        Ok(Self {
            data_sources,
            dashboards,
            alert_rules,
        })
    }

    pub(crate) fn data_source(&self, uid: &str) -> Option<&DataSource> {
        self.data_sources.iter().find(|source| source.uid() == uid)
    }

    pub(crate) fn dashboard(&self, uid: &str) -> Option<&Json> {
        self.dashboards.iter().find(|dashboard| dashboard["uid"] == uid)
    }
}

fn files(folder: &Path, extensions: &[&str]) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        if extension.is_some_and(|extension| extensions.contains(&extension)) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn yaml(file: &Path) -> io::Result<Json> {
    serde_saphyr::from_str(&fs::read_to_string(file)?).map_err(|error| unreadable(file, &error))
}

fn list(value: &Json, name: &str) -> Vec<Json> {
    value[name].as_array().cloned().unwrap_or_default()
}

fn unreadable(file: &Path, error: &dyn std::error::Error) -> io::Error {
    io::Error::other(format!("{}: {error}", file.display()))
}

/// Puts variables and files into every text, as Grafana does with `${NAME}` and `$__file{PATH}`.
fn expand(value: Json) -> io::Result<Json> {
    match value {
        Json::String(text) => expand_text(&text).map(Json::String),
        Json::Array(values) => values.into_iter().map(expand).collect(),
        Json::Object(members) => members
            .into_iter()
            .map(|(name, value)| Ok((name, expand(value)?)))
            .collect::<io::Result<serde_json::Map<_, _>>>()
            .map(Json::Object),
        other => Ok(other),
    }
}

fn expand_text(text: &str) -> io::Result<String> {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        expanded.push_str(before);
        rest = if let Some(after) = after.strip_prefix('$') {
            expanded.push('$');
            after
        } else if let Some((path, after)) = in_braces(after, "__file") {
            expanded.push_str(fs::read_to_string(path)?.trim());
            after
        } else if let Some((name, after)) = in_braces(after, "") {
            expanded.push_str(&variable(name));
            after
        } else {
            expanded.push('$');
            after
        };
    }
    expanded.push_str(rest);
    Ok(expanded)
}

/// What stands in `PREFIX{…}` at the beginning, and what follows.
fn in_braces<'text>(text: &'text str, prefix: &str) -> Option<(&'text str, &'text str)> {
    text.strip_prefix(prefix)?.strip_prefix('{')?.split_once('}')
}

#[expect(clippy::disallowed_methods, reason = "the files name the variables")]
fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}
