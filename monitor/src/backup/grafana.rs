//! Grafana's database: users, preferences, annotations, the state of alerts, and dashboards made by hand.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use tokio::task::block_in_place;

use super::error::BackupError;
use super::manifest::PartContent;
use super::writing::Writing;
use crate::interrupt::Interrupt;

/// Its file in Grafana's folder.
pub(super) const DATABASE: &str = "grafana.db";
/// Longest time for which writers of Grafana may keep the copy waiting.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(100);

/// Writes a copy of the database as it is at one instant, while Grafana goes on; gives how many dashboards are in it.
/// `scratch` is a folder for the copy, which is small.
pub(super) fn database(folder: &Path, scratch: &Path, writing: &mut Writing<'_>) -> Result<u64, BackupError> {
    let path = folder.join(DATABASE);
    if !path.is_file() {
        return Ok(0);
    }
    let copy = scratch.join(DATABASE);
    block_in_place(|| {
        copy_whole(&path, &copy, writing.interrupt)?;
        let dashboards = dashboards(&copy)?;
        let mut part = writing.part("grafana.db", PartContent::Grafana)?;
        let mut file = std::fs::File::open(&copy).map_err(BackupError::unreadable(&copy))?;
        io::copy(&mut file, &mut part).map_err(BackupError::of_writing(part.place()))?;
        writing.finish(part)?;
        Ok(dashboards)
    })
}

fn copy_whole(from: &Path, to: &Path, interrupt: &Interrupt) -> Result<(), BackupError> {
    let failed = |reason| sqlite_error(from, reason);
    // Not read-only: what a crash of Grafana has left must be rolled back.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let source = Connection::open_with_flags(from, flags).map_err(failed)?;
    let mut target = Connection::open(to).map_err(failed)?;
    let backup = Backup::new(&source, &mut target).map_err(failed)?;
    let begun = std::time::Instant::now();
    loop {
        interrupt.check()?;
        // All pages in one step, under one read lock: a copy in steps begins anew with every write.
        match backup.step(-1).map_err(failed)? {
            StepResult::Done => return Ok(()),
            _ if begun.elapsed() > PATIENCE => {
                let busy = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
                return Err(failed(rusqlite::Error::SqliteFailure(busy, None)));
            }
            _ => std::thread::sleep(PAUSE),
        }
    }
}

/// Dashboards in a database of Grafana, those from files too; none where it is of no Grafana that has them there.
pub(super) fn dashboards(path: &Path) -> Result<u64, BackupError> {
    let failed = |reason| sqlite_error(path, reason);
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(failed)?;
    let check: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(failed)?;
    if check != "ok" {
        let corrupt = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
        return Err(failed(rusqlite::Error::SqliteFailure(corrupt, Some(check))));
    }
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let mut count = 0;
    // Newer versions keep them as resources.
    for (table, column, query) in [
        (
            "dashboard",
            "is_folder",
            "SELECT count(*) FROM dashboard WHERE is_folder = 0",
        ),
        ("dashboard", "", "SELECT count(*) FROM dashboard"),
        (
            "resource",
            "resource",
            "SELECT count(*) FROM resource WHERE resource = 'dashboards'",
        ),
    ] {
        let has = format!(
            "SELECT count(*) FROM pragma_table_info('{table}') WHERE name = '{column}' OR \
             ('{column}' = '' AND name = 'uid' AND NOT EXISTS \
             (SELECT 1 FROM pragma_table_info('{table}') WHERE name = 'is_folder'))"
        );
        if number(&has).map_err(failed)? > 0 {
            count += number(query).map_err(failed)?;
        }
    }
    Ok(count.unsigned_abs())
}

fn sqlite_error(path: &Path, reason: rusqlite::Error) -> BackupError {
    BackupError::Sqlite {
        path: PathBuf::from(path),
        reason,
    }
}
