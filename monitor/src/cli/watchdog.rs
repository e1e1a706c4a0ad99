//! `monitor watchdog`.

use std::io::Write as _;
use std::path::PathBuf;

use monitor::progress::Progress;
use monitor::watchdog::{self, Action};

use super::{CommandError, DONE, HostArgs, UNWELL, interrupt, print_json};

/// Flags of `monitor watchdog`.
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "To be run each minute. A fault that a new host would cure and that lasts for 3 minutes is met with \
    `monitor up`, once; where it lasts for 15 minutes in spite of that, AWS is asked for another host \
    (AUTO_SCALING_GROUP, INSTANCE_ID), once an hour at most. Nothing is done while another command changes the host."
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    host: HostArgs,

    /// File that keeps since when which check has failed
    #[arg(
        long,
        env = "MONITOR_WATCHDOG_STATE",
        value_name = "FILE",
        default_value = "/run/marketboro/watchdog.json"
    )]
    state_file: PathBuf,
}

/// Looks and acts once; gives the exit status.
pub(crate) async fn run(arguments: Arguments, json: bool) -> Result<u8, CommandError> {
    let host = arguments.host.host()?;
    let run = watchdog::run(&host, arguments.state_file, &interrupt()?, &Progress::default()).await?;
    if json {
        print_json(&run);
    } else {
        // A reader that has gone away is no error.
        let _ = writeln!(std::io::stdout(), "{}", run.message);
    }
    Ok(match run.action {
        Action::Skipped | Action::Well => DONE,
        Action::Watched | Action::Repaired | Action::Asked | Action::Held => UNWELL,
    })
}
