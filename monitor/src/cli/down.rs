//! `monitor down`.

use std::io::Write as _;

use monitor::compose::LOCAL_PROFILE;
use monitor::host::Host;
use monitor::interrupt::Interrupt;
use monitor::lock::Lock;
use monitor::progress::Progress;

use super::{CommandError, DONE, HostArgs, interrupt, print_json};

/// Flags of `monitor down`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    host: HostArgs,

    /// Only the service and the load generator that `up --local` added; the servers go on
    #[arg(long)]
    local: bool,
}

/// Stops and removes containers; gives the exit status.
pub(crate) async fn run(arguments: Arguments, json: bool) -> Result<u8, CommandError> {
    let host = arguments.host.host()?;
    let removed = down(&host, arguments.local, &interrupt()?).await?;
    if json {
        print_json(&serde_json::json!({"removed": removed, "data": host.layout.data()}));
        return Ok(DONE);
    }
    let data = host.layout.data().display();
    let text = if removed.is_empty() {
        format!("Nothing was up. The data is in {data}.")
    } else {
        format!("Down: {}. The data stays in {data}.", removed.join(", "))
    };
    // A reader that has gone away is no error.
    let _ = writeln!(std::io::stdout(), "{text}");
    Ok(DONE)
}

/// Gives the services that it removed.
async fn down(host: &Host, local_alone: bool, interrupt: &Interrupt) -> Result<Vec<String>, CommandError> {
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
        Progress::default().line(&format!(
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
