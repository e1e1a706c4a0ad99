//! `monitor restore`.

use std::io::Write as _;

use monitor::backup::restore::{Restoration, Restoring, restore};
use monitor::bytes;
use monitor::progress::Progress;

use super::backup::{IdentityArgs, SourceArgs, place};
use super::{CommandError, DONE, HostArgs, UNWELL, interrupt, print_json};

/// Flags of `monitor restore`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(flatten)]
    host: HostArgs,

    #[command(flatten)]
    source: SourceArgs,

    #[command(flatten)]
    identity: IdentityArgs,

    /// Which backup, as `monitor backup list` shows it
    #[arg(default_value = "latest")]
    id: String,

    /// Replace the data of this host. It is kept until the backup's is in place and found whole, and put back if it is not
    #[arg(long)]
    force: bool,

    /// Do not start the servers, nor compare what they hold with the backup
    #[arg(long)]
    no_start: bool,
}

const AFTER_HELP: &str = "On a new machine: install monitor, then `monitor restore --from PLACE`. Every file is checked \
    before anything is touched. Passwords and tokens come with the data; settings.env only where this host has none. \
    Interrupted in any way, the data from before is kept: run it again. Afterwards: monitor up, monitor doctor.";

/// Restores a backup; gives the exit status.
pub(crate) async fn run(arguments: Arguments, json: bool) -> Result<u8, CommandError> {
    let host = arguments.host.host()?;
    let interrupt = interrupt()?;
    let restoring = Restoring {
        host: &host,
        source: &place(arguments.source.from, &host)?,
        id: &arguments.id,
        identities: &arguments.identity.read(&host)?,
        force: arguments.force,
        start: !arguments.no_start,
    };
    let restoration = restore(&restoring, &interrupt, &Progress::default()).await?;
    if json {
        print_json(&restoration);
    } else {
        let mut stdout = std::io::stdout().lock();
        // A reader that has gone away is no error.
        let _ = writeln!(stdout, "{}", said(&restoration));
    }
    let is_whole = restoration
        .comparison
        .as_ref()
        .is_none_or(monitor::backup::Comparison::is_whole);
    Ok(if is_whole { DONE } else { UNWELL })
}

fn said(restoration: &Restoration) -> String {
    let done = format!(
        "Backup {} is restored ({})",
        restoration.id,
        bytes::text(restoration.bytes)
    );
    match &restoration.comparison {
        None => format!("{done}. Start the servers with `monitor up`."),
        Some(found) if found.is_whole() => format!(
            "{done}: {} points and {} traces are there. Look at the rest with `monitor up` and `monitor doctor`.",
            found.points, found.traces
        ),
        Some(found) => format!(
            "{done}, and not all of it is there: {}. It stays in place; try another one with --force.",
            found.missing()
        ),
    }
}
