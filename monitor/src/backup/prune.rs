//! Drops old backups by rules of what to keep.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::catalogue::{self, Backup};
use super::destination::{Destination, Store};
use super::error::BackupError;
use super::stamp;

const DAY: u64 = 86_400;
/// Age from which an incomplete backup is taken for one that was interrupted, not one being taken.
const INTERRUPTED: Duration = Duration::from_secs(DAY);
/// 1970 began on a Thursday; weeks begin on Monday.
const DAYS_BEFORE_MONDAY: u64 = 3;

/// How many backups to keep: of each day, week and month that has one, its newest, for so many of the latest; all in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// The newest, whatever their day.
    pub last: usize,
    /// Days.
    pub daily: usize,
    /// Weeks, from Monday.
    pub weekly: usize,
    /// Months.
    pub monthly: usize,
}

/// What was dropped and what is left.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Pruned {
    /// Ids that were removed, or would be.
    pub removed: Vec<String>,
    /// Ids that stay.
    pub kept: Vec<String>,
    /// Bytes of what was removed.
    pub freed_bytes: u64,
}

/// Removes what the rules do not keep; with `dry_run` only tells. The newest complete backup always stays, and so does
/// what is incomplete and younger than a day. Takes no lock of the host: a full disk has no room to write who holds it.
///
/// # Errors
/// The destination cannot be read or written; what was removed before stays removed.
pub async fn prune(destination: &Destination, keep: Keep, dry_run: bool) -> Result<Pruned, BackupError> {
    let backups = catalogue::all(destination).await?;
    let removable = removable(&backups, keep, SystemTime::now());
    let store = Store::open(destination).await?;
    let mut pruned = Pruned::default();
    for backup in &backups {
        if !removable.contains(backup.id.as_str()) {
            pruned.kept.push(backup.id.clone());
            continue;
        }
        if !dry_run {
            store.remove(&backup.id).await?;
        }
        pruned.removed.push(backup.id.clone());
        pruned.freed_bytes += backup.bytes;
    }
    Ok(pruned)
}

/// Ids that the rules do not keep; `backups` are sorted, the newest first.
fn removable(backups: &[Backup], keep: Keep, now: SystemTime) -> BTreeSet<&str> {
    let (complete, incomplete): (Vec<&Backup>, Vec<&Backup>) = backups.iter().partition(|backup| backup.is_complete());
    let mut kept: BTreeSet<&str> = complete
        .iter()
        .take(keep.last.max(1))
        .map(|backup| backup.id.as_str())
        .collect();
    for (count, period) in [
        (keep.daily, day as fn(&Backup) -> String),
        (keep.weekly, week),
        (keep.monthly, month),
    ] {
        let mut seen = BTreeSet::new();
        for backup in &complete {
            if seen.len() == count {
                break;
            }
            // The first of each period is its newest.
            if seen.insert(period(backup)) {
                kept.insert(&backup.id);
            }
        }
    }
    let old = incomplete.into_iter().filter(|backup| backup.age(now) > INTERRUPTED);
    let dropped = complete.into_iter().filter(|backup| !kept.contains(backup.id.as_str()));
    old.chain(dropped).map(|backup| backup.id.as_str()).collect()
}

fn day(backup: &Backup) -> String {
    backup.id[..8].to_owned()
}

fn month(backup: &Backup) -> String {
    backup.id[..6].to_owned()
}

fn week(backup: &Backup) -> String {
    let days = stamp::since(SystemTime::UNIX_EPOCH, backup.taken).as_secs() / DAY;
    ((days + DAYS_BEFORE_MONDAY) / 7).to_string()
}

#[cfg(test)]
mod tests;
