//! The command line.

pub(crate) mod backup;
mod dashboards;
pub(crate) mod doctor;
pub(crate) mod down;
mod error;
mod host;
pub(crate) mod logs;
pub(crate) mod restore;
pub(crate) mod secrets;
pub(crate) mod status;
pub(crate) mod up;
pub(crate) mod watchdog;

use std::io::Write as _;

use clap::{Parser, Subcommand};
use monitor::interrupt::Interrupt;

pub(crate) use dashboards::DashboardsCommand;
pub(crate) use error::CommandError;
pub(crate) use host::HostArgs;

/// Tools of the monitor host: bring it up, tell whether all of it works, keep its data safe.
#[derive(Debug, Parser)]
#[command(name = "monitor", version, max_term_width = 110, after_long_help = EXIT_STATUS)]
pub(crate) struct Cli {
    /// Print the result as JSON on standard output
    #[arg(long, global = true)]
    pub(crate) json: bool,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Bring the servers up, from nothing or from wherever they are; a host that is up is left as it is
    Up(up::Arguments),

    /// Stop the servers and remove their containers; all data stays
    Down(down::Arguments),

    /// Show how each systemd unit and container of the host is, and why it is not well; status 3 where one is not
    Status(status::Arguments),

    /// Show what the servers wrote
    Logs(logs::Arguments),

    /// Passwords and tokens: list them, show one, replace them
    Secrets(secrets::Arguments),

    /// Take a backup of all data while the servers go on; list, verify and prune backups
    Backup(Box<backup::Arguments>),

    /// Restore a backup into this host
    Restore(restore::Arguments),

    /// Tell whether all of it works, check by check, and what to do where it does not
    Doctor(doctor::DoctorArgs),

    /// Run the quick doctor and act on what lasts: first `monitor up`, then a request to AWS for another host
    Watchdog(watchdog::Arguments),

    /// Check what Grafana is provisioned with
    #[command(subcommand)]
    Dashboards(DashboardsCommand),

    /// Run the service on its embedded store and put it under load
    #[cfg(feature = "demo")]
    Demo(crate::demo::Arguments),
}

const EXIT_STATUS: &str = "Exit status: 0 done and well, 1 could not be done, 2 wrong command line, \
    3 done and something is not well, 130 interrupted.";

/// Done, and all is well.
pub(crate) const DONE: u8 = 0;
/// It could not be done.
pub(crate) const FAILED: u8 = 1;
/// It was done, and something is not well: a check failed, a container is unhealthy.
pub(crate) const UNWELL: u8 = 3;
/// Ended by SIGINT or SIGTERM.
pub(crate) const INTERRUPTED: u8 = 130;

/// Takes the signals over.
pub(crate) fn interrupt() -> Result<Interrupt, CommandError> {
    Interrupt::on_signals().map_err(CommandError::NoSignals)
}

/// Prints a result as JSON; a reader that has gone away is no error.
pub(crate) fn print_json(value: &impl serde::Serialize) {
    let mut stdout = std::io::stdout().lock();
    let _ = serde_json::to_writer_pretty(&mut stdout, value).map_err(std::io::Error::from);
    let _ = writeln!(stdout);
}
