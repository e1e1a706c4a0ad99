//! `grafana.db`: SQLite, as Grafana's is. It holds the administrator, and what was provisioned.

use std::error::Error;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension as _, Result};

use crate::{password, secret_key};

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS user (id INTEGER PRIMARY KEY, login TEXT NOT NULL UNIQUE, password TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS data_keys (name TEXT PRIMARY KEY, provider TEXT NOT NULL, encrypted_data BLOB NOT NULL);
    CREATE TABLE IF NOT EXISTS dashboard (uid TEXT PRIMARY KEY, title TEXT NOT NULL);
";

pub(crate) const ADMINISTRATOR: &str = "admin";

pub(crate) struct Database(Mutex<Connection>);

impl Database {
    /// Opens it, and makes it with this password of the administrator where there is none.
    pub(crate) fn open(file: &Path, first_password: &str) -> Result<Self> {
        let connection = Connection::open(file)?;
        connection.execute_batch(SCHEMA)?;
        connection.execute(
            "INSERT OR IGNORE INTO user (login, password) VALUES (?1, ?2)",
            (ADMINISTRATOR, password::hash(first_password)),
        )?;
        Ok(Self(Mutex::new(connection)))
    }

    /// Opens the data key, or makes one where there is none.
    pub(crate) fn unlock(&self, key: &str) -> Result<(), Box<dyn Error>> {
        let query = "SELECT encrypted_data FROM data_keys WHERE name = 'one'";
        let kept = self.with(|connection| {
            connection
                .query_row(query, (), |row| row.get::<_, Vec<u8>>(0))
                .optional()
        })?;
        if let Some(sealed) = kept {
            return secret_key::open_data_key(&sealed, key);
        }
        let insert = "INSERT INTO data_keys (name, provider, encrypted_data) VALUES ('one', 'secretKey.v1', ?1)";
        let sealed = secret_key::new_data_key(key)?;
        self.with(|connection| connection.execute(insert, [sealed]))?;
        Ok(())
    }

    pub(crate) fn is_healthy(&self) -> bool {
        self.with(|connection| connection.query_row("SELECT count(*) FROM user", (), |row| row.get::<_, u32>(0)))
            .is_ok()
    }

    pub(crate) fn is_administrator(&self, login: &str, password: &str) -> bool {
        let kept = self.with(|connection| {
            connection.query_row("SELECT password FROM user WHERE login = ?1", [login], |row| {
                row.get::<_, String>(0)
            })
        });
        kept.is_ok_and(|kept| password::fits(&kept, password))
    }

    pub(crate) fn set_password(&self, login: &str, password: &str) -> Result<()> {
        self.with(|connection| {
            connection.execute(
                "UPDATE user SET password = ?2 WHERE login = ?1",
                (login, password::hash(password)),
            )
        })
        .map(drop)
    }

    pub(crate) fn remember_dashboard(&self, uid: &str, title: &str) -> Result<()> {
        self.with(|connection| {
            connection.execute(
                "INSERT INTO dashboard (uid, title) VALUES (?1, ?2) ON CONFLICT (uid) DO UPDATE SET title = ?2",
                (uid, title),
            )
        })
        .map(drop)
    }

    fn with<T>(&self, act: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        act(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
