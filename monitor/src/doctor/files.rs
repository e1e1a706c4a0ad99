//! The files that the servers are started with.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::context::Context;
use super::verdict::{Fault, Stop, Verdict};

/// Files of the home folder besides `compose.yaml`.
const CONFIGURATION: &[&str] = &["jaeger.yaml", "collector/config.yaml"];
/// Folders of Grafana's provisioning.
const PROVISIONING: &[&str] = &["datasources", "dashboards", "alerting"];

pub(super) async fn check(context: Arc<Context>) -> Result<Verdict, Stop> {
    let layout = context.layout();
    let mut faults = Vec::new();
    let mut count = 0;
    let files = CONFIGURATION.iter().map(|name| layout.home().join(name));
    for path in std::iter::once(layout.compose_file()).chain(files) {
        count += 1;
        faults.extend(
            std::fs::read_to_string(&path)
                .err()
                .map(|error| unreadable(&path, &error)),
        );
    }
    for name in PROVISIONING {
        let folder = layout.provisioning().join(name);
        match std::fs::read_dir(&folder) {
            Ok(entries) => {
                for entry in entries.flatten() {
                    count += 1;
                    faults.extend(malformed(&entry.path()));
                }
            }
            Err(error) => faults.push(unreadable(&folder, &error)),
        }
    }
    Ok(Verdict::new(format!("{count} files can be read"), faults))
}

fn unreadable(path: &Path, error: &io::Error) -> Fault {
    Fault::failed(
        format!("{}: cannot be read ({error})", path.display()),
        "name the right folder with --home or --provisioning, or put the release's files back",
    )
}

fn malformed(path: &Path) -> Option<Fault> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => return Some(unreadable(path, &error)),
    };
    let reason = match path.extension().and_then(|extension| extension.to_str()) {
        Some("json") => serde_json::from_str::<serde_json::Value>(&text).err()?.to_string(),
        Some("yaml" | "yml") => serde_saphyr::from_str::<serde_json::Value>(&text).err()?.to_string(),
        _ => return None,
    };
    Some(Fault::failed(
        format!("{}: {}", path.display(), reason.lines().next().unwrap_or_default()),
        "put the release's file back, or correct it; `monitor dashboards lint` says more",
    ))
}
