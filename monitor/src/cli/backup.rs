//! `monitor backup`.

mod list;
mod source;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use monitor::backup::encryption::{Recipients, generate};
use monitor::backup::prune::{Keep, prune};
use monitor::backup::take::{Taking, take};
use monitor::backup::verify::{Verifying, verify};
use monitor::backup::{Destination, Manifest};
use monitor::bytes;
use monitor::host::Host;
use monitor::progress::Progress;
use monitor::settings::MONITOR_BACKUP_ENCRYPT_TO;

use super::{CommandError, DONE, HostArgs, UNWELL, interrupt, print_json};

pub(crate) use source::{IdentityArgs, SourceArgs, place};

/// Flags of `monitor backup`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    take: TakeArgs,
}

const AFTER_HELP: &str = "Servers go on meanwhile; only Jaeger is stopped for some seconds, and the collector keeps the \
    spans that come then. A backup holds passwords and tokens, encrypted or not: InfluxDB's own data has them too. \
    To get one back: monitor restore.";

#[derive(Debug, clap::Args)]
struct TakeArgs {
    #[command(flatten)]
    host: HostArgs,

    /// Folder or s3://bucket/prefix that it goes to [default: backups in the data folder] [env: MONITOR_BACKUP_TO,
    /// settings.env as well]
    #[arg(long, value_name = "PLACE")]
    to: Option<Destination>,

    /// Encrypt it to this public key (age1…), or to those in this file; may be repeated, and each private key opens it
    /// [env: MONITOR_BACKUP_ENCRYPT_TO, settings.env as well]
    #[arg(long, value_name = "KEY|FILE")]
    encrypt_to: Vec<String>,

    /// A note to find it by
    #[arg(long, value_name = "TEXT")]
    label: Option<String>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Show the backups there are, the newest first; status 3 where none is complete
    List {
        #[command(flatten)]
        host: HostArgs,
        #[command(flatten)]
        source: SourceArgs,
    },
    /// Restore a backup into scratch servers, compare what they hold with what was there, and remove them again.
    /// The servers of this host are left alone. Status 3 where something is missing
    Verify {
        #[command(flatten)]
        host: HostArgs,
        #[command(flatten)]
        source: SourceArgs,
        #[command(flatten)]
        identity: IdentityArgs,
        /// Which one, as `list` shows it
        #[arg(default_value = "latest")]
        id: String,
    },
    /// Remove old backups. Kept are the newest of each day, week and month that has one, for so many of the latest
    /// (UTC, weeks begin on Monday); the newest complete one always. Incomplete ones older than a day are removed
    Prune {
        #[command(flatten)]
        host: HostArgs,
        #[command(flatten)]
        source: SourceArgs,
        /// How many of the newest to keep, whatever their day
        #[arg(long, value_name = "N", default_value_t = 1)]
        keep_last: usize,
        /// For how many days
        #[arg(long, value_name = "N", default_value_t = 7)]
        keep_daily: usize,
        /// For how many weeks
        #[arg(long, value_name = "N", default_value_t = 4)]
        keep_weekly: usize,
        /// For how many months
        #[arg(long, value_name = "N", default_value_t = 6)]
        keep_monthly: usize,
        /// Only tell what would be removed
        #[arg(long)]
        dry_run: bool,
    },
    /// Make a pair of keys: the private one in a new file for its owner alone, the public one on standard output.
    /// Keep the private one away from this host
    Keygen {
        /// File of the private key
        file: PathBuf,
    },
}

/// Does what is asked; gives the exit status.
pub(crate) async fn run(arguments: Arguments, json: bool) -> Result<u8, CommandError> {
    match arguments.command {
        None => take_one(arguments.take, json).await,
        Some(Command::List { host, source }) => list::run(&host.host()?, source, json).await,
        Some(Command::Verify {
            host,
            source,
            identity,
            id,
        }) => verify_one(&host.host()?, source, identity, &id, json).await,
        Some(Command::Prune {
            host,
            source,
            keep_last,
            keep_daily,
            keep_weekly,
            keep_monthly,
            dry_run,
        }) => {
            let keep = Keep {
                last: keep_last,
                daily: keep_daily,
                weekly: keep_weekly,
                monthly: keep_monthly,
            };
            prune_all(&host.host()?, source, keep, dry_run, json).await
        }
        Some(Command::Keygen { file }) => keygen(&file, json),
    }
}

async fn take_one(arguments: TakeArgs, json: bool) -> Result<u8, CommandError> {
    let host = arguments.host.host()?;
    let interrupt = interrupt()?;
    let keys = match (arguments.encrypt_to, host.settings.get(MONITOR_BACKUP_ENCRYPT_TO)) {
        (keys, Some(key)) if keys.is_empty() => vec![key.to_owned()],
        (keys, _) => keys,
    };
    let destination = place(arguments.to, &host)?;
    let taking = Taking {
        host: &host,
        destination: &destination,
        recipients: &Recipients::new(&keys)?,
        label: arguments.label,
    };
    let manifest = take(&taking, &interrupt, &Progress::default()).await?;
    if json {
        print_json(&manifest);
    } else {
        let mut stdout = std::io::stdout().lock();
        // A reader that has gone away is no error.
        let _ = writeln!(stdout, "{}", taken(&manifest, &destination));
    }
    Ok(DONE)
}

fn taken(manifest: &Manifest, destination: &Destination) -> String {
    let points: u64 = manifest.contents.points.iter().map(|points| points.points).sum();
    let pause = manifest.jaeger_pause_s.map_or_else(
        || "Jaeger did not run".to_owned(),
        |seconds| format!("Jaeger was stopped for {seconds:.1} s"),
    );
    let secrecy = if manifest.is_encrypted() {
        "It is encrypted; only the private key opens it."
    } else {
        "It is not encrypted and holds passwords and tokens: keep it as safe as they are, or give --encrypt-to."
    };
    format!(
        "Backup {} is in {destination}: {}, {points} points, {} dashboards; {pause}.\n{secrecy}\nTo get it back: \
         monitor restore {}",
        manifest.id,
        bytes::text(manifest.bytes()),
        manifest.contents.dashboards,
        manifest.id,
    )
}

async fn verify_one(
    host: &Host,
    source: SourceArgs,
    identity: IdentityArgs,
    id: &str,
    json: bool,
) -> Result<u8, CommandError> {
    let interrupt = interrupt()?;
    let verifying = Verifying {
        host,
        source: &place(source.from, host)?,
        id,
        identities: &identity.read(host)?,
    };
    let verification = verify(&verifying, &interrupt, &Progress::default()).await?;
    let comparison = &verification.comparison;
    if json {
        print_json(&verification);
    } else {
        let found = if comparison.is_whole() {
            format!(
                "is whole: {} points and {} traces are there",
                comparison.points, comparison.traces
            )
        } else {
            format!("is not whole: {}", comparison.missing())
        };
        let mut stdout = std::io::stdout().lock();
        let _ = writeln!(
            stdout,
            "Backup {} {found} ({}, {:.0} s).",
            verification.id,
            bytes::text(verification.bytes),
            verification.took_s
        );
    }
    Ok(if comparison.is_whole() { DONE } else { UNWELL })
}

async fn prune_all(host: &Host, source: SourceArgs, keep: Keep, dry_run: bool, json: bool) -> Result<u8, CommandError> {
    let destination = place(source.from, host)?;
    let pruned = prune(&destination, keep, dry_run).await?;
    if json {
        print_json(&pruned);
        return Ok(DONE);
    }
    let mut stdout = std::io::stdout().lock();
    let verb = if dry_run { "Would remove" } else { "Removed" };
    for id in &pruned.removed {
        let _ = writeln!(stdout, "{verb} {id}");
    }
    let _ = writeln!(
        stdout,
        "{verb} {} of {} backups in {destination}, {}.",
        pruned.removed.len(),
        pruned.removed.len() + pruned.kept.len(),
        bytes::text(pruned.freed_bytes)
    );
    Ok(DONE)
}

fn keygen(file: &Path, json: bool) -> Result<u8, CommandError> {
    let public = generate(file)?;
    if json {
        print_json(&serde_json::json!({"public_key": public, "private_key_file": file}));
        return Ok(DONE);
    }
    let _ = writeln!(std::io::stdout(), "{public}");
    let _ = writeln!(
        std::io::stderr(),
        "The private key is in {}. Without it no backup encrypted to the public one can be read: keep copies of it in two \
         places, none of them this host.",
        file.display()
    );
    Ok(DONE)
}
