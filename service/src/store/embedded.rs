//! The embedded store: a DynamoDB emulator on a loopback port of its own, its data in one SQLite file.

use std::fs::{self, File, TryLockError};
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};

use dynoxide::Database;
use tokio::sync::oneshot;

const DATABASE_FILE: &str = "items.sqlite";
const LOCK_FILE: &str = "lock";

/// The emulator; it stops when dropped, after the requests it is answering.
#[derive(Debug)]
pub struct EmbeddedStore {
    port: u16,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    /// Held for as long as the database is open, so that no second process writes to it.
    _lock: Option<File>,
}

/// Why the embedded store could not be opened.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum EmbeddedStoreError {
    #[error(
        "--data-dir / DATA_DIR: {path:?} cannot be used ({cause}); allowed: a folder this user may write to, or :memory:"
    )]
    DataDir { path: PathBuf, cause: io::Error },
    #[error("--data-dir / DATA_DIR: {path:?} is in use by another service; stop it or choose another folder")]
    InUse { path: PathBuf },
    #[error(
        "--data-dir / DATA_DIR: the database {path:?} cannot be opened ({cause}); restore it from a backup or move it away"
    )]
    Database { path: PathBuf, cause: String },
    #[error("the embedded store could not start: {0}")]
    Start(#[from] io::Error),
}

impl EmbeddedStore {
    /// Opens the database in `data_dir`, or an empty one in memory, and serves it.
    pub fn start(data_dir: Option<&Path>) -> Result<Self, EmbeddedStoreError> {
        let (database, lock) = match data_dir {
            Some(folder) => {
                let lock = lock(folder)?;
                (open(&folder.join(DATABASE_FILE))?, Some(lock))
            }
            None => (open(Path::new(":memory:"))?, None),
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        // SQLite blocks: it gets a thread of its own.
        let thread = thread::Builder::new()
            .name("embedded-store".to_owned())
            .spawn(move || {
                let served = runtime.block_on(async {
                    let listener = tokio::net::TcpListener::from_std(listener).map_err(|error| error.to_string())?;
                    // A dropped sender stops it as well.
                    let stopped = async { drop(stopped.await) };
                    dynoxide::server::serve_with_shutdown(listener, database, stopped).await
                });
                if let Err(cause) = served {
                    tracing::error!(cause, "the embedded store stopped");
                }
            })?;
        Ok(Self {
            port,
            stop: Some(stop),
            thread: Some(thread),
            _lock: lock,
        })
    }

    /// Where it listens, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for EmbeddedStore {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic in there was reported when it happened.
            let _ = thread.join();
        }
    }
}

fn lock(folder: &Path) -> Result<File, EmbeddedStoreError> {
    let unusable = |cause| EmbeddedStoreError::DataDir {
        path: folder.to_owned(),
        cause,
    };
    fs::create_dir_all(folder).map_err(unusable)?;
    let file = File::create(folder.join(LOCK_FILE)).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(EmbeddedStoreError::InUse {
            path: folder.to_owned(),
        }),
        Err(TryLockError::Error(cause)) => Err(unusable(cause)),
    }
}

fn open(path: &Path) -> Result<Database, EmbeddedStoreError> {
    let opened = match path.to_str() {
        Some(":memory:") => Database::memory().map_err(|error| error.to_string()),
        Some(text) => Database::new(text).map_err(|error| error.to_string()),
        None => Err("its path is not UTF-8".to_owned()),
    };
    opened.map_err(|cause| EmbeddedStoreError::Database {
        path: path.to_owned(),
        cause,
    })
}
