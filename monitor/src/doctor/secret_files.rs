//! Passwords and tokens: there, and for their owner alone.

use std::fs::Metadata;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::Arc;

use super::context::Context;
use super::verdict::{Fault, Stop, Verdict};
use crate::secrets::Secret;

/// Permissions of anyone but the owner.
const OTHERS: u32 = 0o077;

pub(super) async fn check(context: Arc<Context>) -> Result<Verdict, Stop> {
    let secrets = context.secrets();
    let (owner, _) = context.compose().owner();
    let folder = secrets.folder();
    let metadata = std::fs::metadata(folder).map_err(|error| {
        Fault::failed(
            format!("{}: cannot be read ({error})", folder.display()),
            "name the right data folder with --data-dir; `monitor up` makes what is missing",
        )
    })?;
    let mut faults = Vec::new();
    faults.extend(open_to_others(folder, &metadata, "700"));
    for secret in Secret::ALL {
        if let Err(error) = secrets.read(secret) {
            faults.push(Fault::failed(
                error.to_string(),
                "see docs/monitor.md on lost and unreadable secrets",
            ));
        }
        let path = secrets.path(secret);
        // Of what cannot be read, the sentence above says so.
        let Ok(metadata) = std::fs::metadata(&path) else {
            continue;
        };
        faults.extend(open_to_others(&path, &metadata, "600"));
        if metadata.uid() != owner {
            faults.push(Fault::failed(
                format!(
                    "{} belongs to user {}, and the servers run as {owner}",
                    path.display(),
                    metadata.uid()
                ),
                format!(
                    "chown {owner} {}; or run `monitor` as the user who ran `monitor up`",
                    path.display()
                ),
            ));
        }
    }
    Ok(Verdict::new(
        format!("{} secrets in {}", Secret::ALL.len(), folder.display()),
        faults,
    ))
}

fn open_to_others(path: &Path, metadata: &Metadata, right: &str) -> Option<Fault> {
    let mode = metadata.permissions().mode() & 0o7777;
    (mode & OTHERS != 0).then(|| {
        Fault::failed(
            format!("{} has mode {mode:04o}: others may get at it", path.display()),
            format!(
                "chmod {right} {}; if others use this machine, `monitor secrets rotate` as well",
                path.display()
            ),
        )
    })
}
