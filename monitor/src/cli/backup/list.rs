//! `monitor backup list`.

use std::io::Write as _;
use std::time::{Duration, SystemTime};

use monitor::backup::{Backup, catalogue};
use monitor::bytes;
use monitor::host::Host;

use super::{SourceArgs, place};
use crate::cli::{CommandError, DONE, UNWELL, print_json};

#[derive(serde::Serialize)]
struct Listed<'a> {
    id: &'a str,
    complete: bool,
    /// What an incomplete one lacks.
    lacks: Option<&'a str>,
    age_s: u64,
    bytes: u64,
    encrypted: bool,
    label: Option<&'a str>,
    verified_age_s: Option<u64>,
}

/// Shows the backups; gives the exit status.
///
/// # Errors
/// The place cannot be read.
pub(super) async fn run(host: &Host, source: SourceArgs, json: bool) -> Result<u8, CommandError> {
    let destination = place(source.from, host)?;
    let backups = catalogue::all(&destination).await?;
    let now = SystemTime::now();
    let listed: Vec<_> = backups.iter().map(|backup| listed(backup, now)).collect();
    if json {
        print_json(&serde_json::json!({"place": destination.to_string(), "backups": listed}));
    } else {
        // A reader that has gone away is no error.
        let _ = write(&listed, &destination.to_string());
    }
    let is_well = backups.iter().any(Backup::is_complete);
    Ok(if is_well { DONE } else { UNWELL })
}

fn listed(backup: &Backup, now: SystemTime) -> Listed<'_> {
    let manifest = backup.manifest.as_ref().ok();
    Listed {
        id: &backup.id,
        complete: backup.is_complete(),
        lacks: backup.manifest.as_ref().err().map(String::as_str),
        age_s: backup.age(now).as_secs(),
        bytes: backup.bytes,
        encrypted: manifest.is_some_and(monitor::backup::Manifest::is_encrypted),
        label: manifest.and_then(|manifest| manifest.label.as_deref()),
        verified_age_s: backup.verified_age(now).map(|age| age.as_secs()),
    }
}

fn write(backups: &[Listed<'_>], place: &str) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    if backups.is_empty() {
        return writeln!(stdout, "There are no backups in {place}. `monitor backup` takes one.");
    }
    writeln!(
        stdout,
        "{:<17} {:>11} {:>10}  {:<13} state",
        "id", "age", "size", "verified"
    )?;
    for backup in backups {
        let verified = backup
            .verified_age_s
            .map_or_else(|| "never".to_owned(), |age| format!("{} ago", age_text(age)));
        let mut state = match backup.lacks {
            None => "complete".to_owned(),
            Some(lacks) => format!("incomplete: {lacks}"),
        };
        if backup.encrypted {
            state.push_str(", encrypted");
        }
        if let Some(label) = backup.label {
            state.push_str(&format!(", \"{label}\""));
        }
        writeln!(
            stdout,
            "{:<17} {:>11} {:>10}  {verified:<13} {state}",
            backup.id,
            age_text(backup.age_s),
            bytes::text(backup.bytes)
        )?;
    }
    Ok(())
}

/// In its two largest units.
fn age_text(seconds: u64) -> String {
    let shown = match seconds {
        0..3600 => seconds,
        3600..86_400 => seconds - seconds % 60,
        _ => seconds - seconds % 3600,
    };
    humantime::format_duration(Duration::from_secs(shown)).to_string()
}
