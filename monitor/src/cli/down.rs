//! `monitor down`.

use std::io::Write as _;

use monitor::compose::{ComposeError, LOCAL_PROFILE};
use monitor::host::Host;
use monitor::interrupt::{Interrupt, Interrupted};
use monitor::lock::{Lock, LockError};
use monitor::progress::Progress;

use super::up::ProfileArgs;
use super::{DONE, HostArgs, INTERRUPTED, complain, interrupt, print_json};

/// Flags of `monitor down`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    host: HostArgs,

    #[command(flatten)]
    profile: ProfileArgs,
}

#[derive(Debug, thiserror::Error)]
enum DownError {
    #[error(transparent)]
    Compose(#[from] ComposeError),
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

/// Stops and removes containers; gives the exit status.
pub(crate) async fn run(arguments: Arguments, json: bool) -> u8 {
    let host = match arguments.host.host() {
        Ok(host) => host,
        Err(error) => return complain(&error, json),
    };
    let interrupt = match interrupt(json) {
        Ok(interrupt) => interrupt,
        Err(status) => return status,
    };
    match down(&host, arguments.profile.is_local(), &interrupt).await {
        Ok(removed) if json => print_json(&serde_json::json!({"removed": removed, "data": host.layout.data()})),
        Ok(removed) => {
            let data = host.layout.data().display();
            let text = if removed.is_empty() {
                format!("Nothing was up. The data is in {data}.")
            } else {
                format!("Down: {}. The data stays in {data}.", removed.join(", "))
            };
            // A reader that has gone away is no error.
            let _ = writeln!(std::io::stdout(), "{text}");
        }
        Err(error) => {
            let status = complain(&error, json);
            return if matches!(error, DownError::Interrupted(_)) {
                INTERRUPTED
            } else {
                status
            };
        }
    }
    DONE
}

/// Gives the services that it removed.
async fn down(host: &Host, local_alone: bool, interrupt: &Interrupt) -> Result<Vec<String>, DownError> {
    // Without a data folder nothing of this host can be up, nor can anybody be at work on it.
    let _lock = host
        .layout
        .data()
        .is_dir()
        .then(|| Lock::take(&host.layout))
        .transpose()?;
    let mut services = host.compose.services(&[LOCAL_PROFILE]).await?;
    if local_alone {
        let others = host.compose.services(&[]).await?;
        services.retain(|service| !others.contains(service));
    }
    let present = host.compose.containers().await?;
    let removed: Vec<_> = present
        .into_iter()
        .map(|container| container.service)
        .filter(|service| !local_alone || services.contains(service))
        .collect();
    if !removed.is_empty() {
        let progress = Progress::default();
        progress.line(&format!(
            "stopping {}; each may take up to a minute to keep what it has in memory",
            removed.join(", ")
        ));
    }
    let mut arguments = vec!["--profile", LOCAL_PROFILE];
    if local_alone {
        arguments.extend(["rm", "--stop", "--force"]);
        arguments.extend(services.iter().map(String::as_str));
    } else {
        arguments.push("down");
    }
    interrupt.during(host.compose.run(&arguments)).await??;
    Ok(removed)
}
