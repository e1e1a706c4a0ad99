//! The key with which Grafana seals what it keeps. Its database holds data keys, sealed with it, and everything secret
//! there is encrypted with those. Grafana cannot change it; here data keys are opened with the old key and sealed with
//! the new one while Grafana is stopped, so that nothing is lost.

pub mod sealed;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, TransactionBehavior};
use tokio::task::block_in_place;

use crate::compose::ComposeError;
use crate::grafana::SERVICE;
use crate::host::Host;
use crate::layout::Layout;
use crate::progress::Progress;
use crate::secrets::{Secret, SecretsError, Value};
use sealed::Algorithm;

const SECRET: Secret = Secret::GrafanaSecretKey;
/// What Grafana takes where it is given none: anybody knows it.
const PUBLIC_DEFAULT: &str = "SW2YcwTIb9zpOOhoPsMm";
/// Grafana's tables of data keys: of data sources and notifications, and of its newer store of secrets.
const TABLES: [&str; 2] = ["data_keys", "secret_data_key"];
/// A table of ours in the same database, so that it changes with the others or not at all: a known text, sealed with
/// the key that the data keys are sealed with, since most of those do not tell a wrong key.
const MARK: &str = "marketboro_secret_key";
const MARKED: &[u8] = b"marketboro";
/// How long Grafana may keep its database locked.
const PATIENCE: Duration = Duration::from_secs(15);

/// Why Grafana's database could not be brought to the key.
#[derive(Debug, thiserror::Error)]
pub enum GrafanaKeyError {
    /// Docker.
    #[error(transparent)]
    Compose(#[from] ComposeError),
    /// A file of a secret.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// The database.
    #[error("{path}: cannot be looked at for the key it is encrypted with ({reason}); see `monitor logs grafana`, then run this again", path = path.display())]
    Database {
        /// Its file.
        path: PathBuf,
        /// What SQLite says.
        reason: rusqlite::Error,
    },
    /// The key is another one.
    #[error(
        "{database} is encrypted with another key than that in {file}; put the right one there (it is in every backup: `monitor restore`), or move the database away to begin with no users, preferences and dashboards made by hand", database = database.display(), file = file.display()
    )]
    Foreign {
        /// The database.
        database: PathBuf,
        /// File of the key.
        file: PathBuf,
    },
}

/// Makes the key at random where there is none; gives whether it did. A host from before there was one has its database
/// under the public key, and gets the new one from [`settle`].
///
/// # Errors
/// A file cannot be read or written, or the key was lost.
pub fn make_missing(host: &Host) -> Result<bool, GrafanaKeyError> {
    match host.secrets.read(SECRET) {
        Err(SecretsError::Missing { .. }) if host.secrets.read_pending(SECRET)?.is_none() => {}
        Ok(_) | Err(SecretsError::Missing { .. }) => return Ok(false),
        Err(error) => return Err(error.into()),
    }
    if let Some(database) = database(&host.layout) {
        let public = Value::new(PUBLIC_DEFAULT);
        let marked = block_in_place(|| marked_by(&database, &public)).map_err(failed(&database))?;
        if marked == Some(false) {
            return Err(foreign(host, database));
        }
    }
    keep(host, &Value::random()?)?;
    Ok(true)
}

/// Keeps a key that is to be used: for [`settle`], where Grafana has a database.
///
/// # Errors
/// A file cannot be written.
pub fn keep(host: &Host, key: &Value) -> Result<(), SecretsError> {
    let owner = host.compose.owner();
    match database(&host.layout) {
        Some(_) => host.secrets.write_pending(SECRET, key, owner),
        None => host.secrets.write(SECRET, key, owner),
    }
}

/// Brings Grafana's database to the key that waits, if one does, for which Grafana is stopped and stays so; otherwise
/// looks whether it has that of the file. Gives whether anything changed.
///
/// # Errors
/// See [`GrafanaKeyError`]. Doing it again goes on from where it was.
pub async fn settle(host: &Host, progress: &Progress) -> Result<bool, GrafanaKeyError> {
    let pending = host.secrets.read_pending(SECRET)?;
    let Some(database) = database(&host.layout) else {
        // Nothing is encrypted yet.
        return match pending {
            Some(_) => accept(host).map(|()| true),
            None => Ok(false),
        };
    };
    let Some(new) = pending else {
        let key = host.secrets.read(SECRET)?;
        let marked = block_in_place(|| marked_by(&database, &key)).map_err(failed(&database))?;
        return match marked {
            Some(false) => Err(foreign(host, database)),
            _ => Ok(false),
        };
    };
    let old = match host.secrets.read(SECRET) {
        Err(SecretsError::Missing { .. }) => Value::new(PUBLIC_DEFAULT),
        other => other?,
    };
    progress.line("grafana: is stopped while its database is brought to the new key");
    host.compose.run(&["stop", SERVICE]).await?;
    match block_in_place(|| reseal(&database, &old, &new)) {
        Ok(true) => {}
        Ok(false) => return Err(foreign(host, database)),
        Err(ResealError::Database(reason)) => return Err(failed(&database)(reason)),
        Err(ResealError::Secrets(error)) => return Err(error.into()),
    }
    accept(host)?;
    Ok(true)
}

/// Notes in a database that Grafana has made which key it is under, if that is not noted yet.
///
/// # Errors
/// See [`GrafanaKeyError`].
pub fn note(host: &Host) -> Result<(), GrafanaKeyError> {
    let Some(path) = database(&host.layout) else {
        return Ok(());
    };
    let key = host.secrets.read(SECRET)?;
    let text = sealed::seal(Algorithm::Gcm, MARKED, &key)?;
    let note = || {
        let connection = open(&path)?;
        if mark_of(&connection)?.is_none() {
            mark(&connection, &text)?;
        }
        Ok(())
    };
    block_in_place(note).map_err(failed(&path))
}

fn accept(host: &Host) -> Result<(), GrafanaKeyError> {
    Ok(host.secrets.accept_pending(SECRET, host.compose.owner())?)
}

fn foreign(host: &Host, database: PathBuf) -> GrafanaKeyError {
    GrafanaKeyError::Foreign {
        database,
        file: host.secrets.path(SECRET),
    }
}

fn failed(database: &Path) -> impl FnOnce(rusqlite::Error) -> GrafanaKeyError {
    let path = database.to_owned();
    |reason| GrafanaKeyError::Database { path, reason }
}

fn database(layout: &Layout) -> Option<PathBuf> {
    let path = layout.server(SERVICE).join("grafana.db");
    path.is_file().then_some(path)
}

enum ResealError {
    Database(rusqlite::Error),
    Secrets(SecretsError),
}

impl From<rusqlite::Error> for ResealError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

/// Seals every data key with the new key, all or none; false where they are sealed with neither.
fn reseal(database: &Path, old: &Value, new: &Value) -> Result<bool, ResealError> {
    let mut connection = open(database)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    match mark_of(&transaction)? {
        // Interrupted between this and its file.
        Some(mark) if sealed::open(&mark, new).is_some() => return Ok(true),
        Some(mark) if sealed::open(&mark, old).is_none() => return Ok(false),
        _ => {}
    }
    for table in TABLES {
        if !has_table(&transaction, table)? {
            continue;
        }
        // Others are sealed with keys that this host does not know.
        let query = format!(
            "SELECT rowid, encrypted_data FROM {table} WHERE lower(replace(provider, '_', '')) LIKE 'secretkey%'"
        );
        let rows: Vec<(i64, Vec<u8>)> = transaction
            .prepare(&query)?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        for (row, data_key) in rows {
            let Some(opened) = sealed::open(&data_key, old) else {
                return Ok(false);
            };
            let resealed = sealed::seal(sealed::algorithm(&data_key), &opened, new).map_err(ResealError::Secrets)?;
            let update = format!("UPDATE {table} SET encrypted_data = ?1 WHERE rowid = ?2");
            transaction.execute(&update, (resealed, row))?;
        }
    }
    let text = sealed::seal(Algorithm::Gcm, MARKED, new).map_err(ResealError::Secrets)?;
    mark(&transaction, &text)?;
    transaction.commit()?;
    Ok(true)
}

/// Whether the database is noted to be under that key; nothing where it is not noted.
fn marked_by(database: &Path, key: &Value) -> rusqlite::Result<Option<bool>> {
    let mark = mark_of(&open(database)?)?;
    Ok(mark.map(|mark| sealed::open(&mark, key).is_some()))
}

fn open(database: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(database, flags)?;
    connection.busy_timeout(PATIENCE)?;
    Ok(connection)
}

fn has_table(connection: &Connection, name: &str) -> rusqlite::Result<bool> {
    let query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?1";
    Ok(connection.query_row(query, [name], |_| Ok(())).optional()?.is_some())
}

fn mark_of(connection: &Connection) -> rusqlite::Result<Option<Vec<u8>>> {
    if !has_table(connection, MARK)? {
        return Ok(None);
    }
    let query = format!("SELECT sealed FROM {MARK}");
    connection.query_row(&query, [], |row| row.get(0)).optional()
}

fn mark(connection: &Connection, text: &[u8]) -> rusqlite::Result<()> {
    connection.execute_batch(&format!(
        "CREATE TABLE IF NOT EXISTS {MARK} (sealed BLOB NOT NULL); DELETE FROM {MARK}"
    ))?;
    connection.execute(&format!("INSERT INTO {MARK} (sealed) VALUES (?1)"), [text])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data_keys(database: &Path, key: &Value) -> Vec<Option<Vec<u8>>> {
        let connection = open(database).unwrap();
        let mut found = Vec::new();
        for table in TABLES {
            let query = format!("SELECT encrypted_data FROM {table} ORDER BY rowid");
            let mut statement = connection.prepare(&query).unwrap();
            let rows = statement.query_map([], |row| row.get::<_, Vec<u8>>(0)).unwrap();
            found.extend(rows.map(|row| sealed::open(&row.unwrap(), key)));
        }
        found
    }

    #[test]
    fn data_keys_are_sealed_anew_all_or_none_and_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("grafana.db");
        let (old, new, other) = (Value::new(PUBLIC_DEFAULT), Value::new("new"), Value::new("other"));
        let connection = Connection::open(&path).unwrap();
        connection
            .execute_batch(
                "CREATE TABLE data_keys (name TEXT PRIMARY KEY, provider TEXT, encrypted_data BLOB);
                 CREATE TABLE secret_data_key (uid TEXT PRIMARY KEY, provider TEXT, encrypted_data BLOB);",
            )
            .unwrap();
        let insert = |table: &str, provider: &str, algorithm, key: &Value| {
            let sealed = sealed::seal(algorithm, b"sixteen bytes ..", key).unwrap();
            let insert = format!("INSERT INTO {table} VALUES (hex(randomblob(4)), ?1, ?2)");
            connection.execute(&insert, (provider, sealed)).unwrap();
        };
        insert("data_keys", "secretKey.v1", Algorithm::Cfb, &old);
        insert("data_keys", "awskms.v1", Algorithm::Gcm, &other);
        insert("secret_data_key", "secret_key.v1", Algorithm::Gcm, &old);
        let known = Some(b"sixteen bytes ..".to_vec());

        // A wrong key is seen where one of them is authenticated, and then none is touched.
        assert!(matches!(reseal(&path, &other, &new), Ok(false)));
        assert_eq!(data_keys(&path, &old), [known.clone(), None, known.clone()]);
        for _ in 0..2 {
            assert!(matches!(reseal(&path, &old, &new), Ok(true)));
            assert_eq!(data_keys(&path, &new), [known.clone(), None, known.clone()]);
        }
        assert_eq!(marked_by(&path, &new).unwrap(), Some(true));
        assert_eq!(marked_by(&path, &old).unwrap(), Some(false));
        assert!(matches!(reseal(&path, &old, &other), Ok(false)));
        assert!(matches!(reseal(&path, &new, &other), Ok(true)));
    }
}
