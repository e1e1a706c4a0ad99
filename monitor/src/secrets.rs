//! Passwords and tokens of the servers: a file each, for their owner alone.

use std::fmt;
use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use ring::rand::{SecureRandom as _, SystemRandom};

use crate::durable_file;

/// A secret by its purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Secret {
    /// Password of Grafana's user `admin`.
    GrafanaAdminPassword,
    /// Key with which Grafana encrypts what it keeps.
    GrafanaSecretKey,
    /// Password of InfluxDB's user `admin`.
    InfluxdbAdminPassword,
    /// Token of InfluxDB that may do everything: for backups, rotation and checks.
    InfluxdbOperatorToken,
    /// Token with which the collector writes the bucket `telemetry`.
    InfluxdbTelemetryToken,
    /// Token with which loadgen writes the bucket `loadgen`.
    InfluxdbLoadgenToken,
    /// Token with which Grafana reads both buckets.
    InfluxdbGrafanaToken,
}

impl Secret {
    /// Every secret.
    pub const ALL: [Self; 7] = [
        Self::GrafanaAdminPassword,
        Self::GrafanaSecretKey,
        Self::InfluxdbAdminPassword,
        Self::InfluxdbOperatorToken,
        Self::InfluxdbTelemetryToken,
        Self::InfluxdbLoadgenToken,
        Self::InfluxdbGrafanaToken,
    ];

    /// Those that nobody else hands out: made at random. The others are made by InfluxDB.
    pub const GENERATED: [Self; 4] = [
        Self::GrafanaAdminPassword,
        Self::GrafanaSecretKey,
        Self::InfluxdbAdminPassword,
        Self::InfluxdbOperatorToken,
    ];

    /// The secret of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|secret| secret.name() == name)
    }

    /// What it is for.
    pub const fn purpose(self) -> &'static str {
        match self {
            Self::GrafanaAdminPassword => "password of Grafana's user admin",
            Self::GrafanaSecretKey => "Grafana encrypts what it keeps",
            Self::InfluxdbAdminPassword => "password of InfluxDB's user admin",
            Self::InfluxdbOperatorToken => "InfluxDB: everything (backups, rotation, checks)",
            Self::InfluxdbTelemetryToken => "InfluxDB: the collector writes telemetry",
            Self::InfluxdbLoadgenToken => "InfluxDB: loadgen writes loadgen",
            Self::InfluxdbGrafanaToken => "InfluxDB: Grafana reads both buckets",
        }
    }

    /// Name of its file, of the secret in `compose.yaml`, and of the parameter in SSM.
    pub const fn name(self) -> &'static str {
        match self {
            Self::GrafanaAdminPassword => "grafana-admin-password",
            Self::GrafanaSecretKey => "grafana-secret-key",
            Self::InfluxdbAdminPassword => "influxdb-admin-password",
            Self::InfluxdbOperatorToken => "influxdb-operator-token",
            Self::InfluxdbTelemetryToken => "influxdb-telemetry-token",
            Self::InfluxdbLoadgenToken => "influxdb-loadgen-token",
            Self::InfluxdbGrafanaToken => "influxdb-grafana-token",
        }
    }
}

/// The value of a secret; never shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Value(String);

impl Value {
    /// Line breaks at the end, as editors leave them, are not part of it.
    pub fn new(text: impl Into<String>) -> Self {
        let mut text = text.into();
        text.truncate(text.trim_end_matches(['\r', '\n']).len());
        Self(text)
    }

    /// 256 random bits as 64 hexadecimal digits.
    ///
    /// # Errors
    /// The system has no randomness to give.
    pub fn random() -> Result<Self, SecretsError> {
        let mut bytes = [0_u8; 32];
        SystemRandom::new()
            .fill(&mut bytes)
            .map_err(|_| SecretsError::NoRandomness)?;
        Ok(Self(bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    /// The secret itself: for the one who must know it, never for a log, an argument or a report.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Value(…)")
    }
}

/// Why a secret cannot be had or kept.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// There is no such file.
    #[error("{path}: there is no such secret yet; `monitor up` makes it", path = path.display())]
    Missing {
        /// Its file.
        path: PathBuf,
    },
    /// The file is empty.
    #[error("{path}: is empty; remove it and run `monitor up`, which makes it anew", path = path.display())]
    Empty {
        /// Its file.
        path: PathBuf,
    },
    /// The file cannot be read.
    #[error("{path}: cannot be read ({reason}); run as the user who ran `monitor up`", path = path.display())]
    Unreadable {
        /// Its file.
        path: PathBuf,
        /// What the system says.
        reason: io::Error,
    },
    /// The file cannot be written.
    #[error("{path}: cannot be written ({reason}); give `--data-dir` a folder that this user may write", path = path.display())]
    Unwritable {
        /// Its file or folder.
        path: PathBuf,
        /// What the system says.
        reason: io::Error,
    },
    /// The system's source of randomness failed.
    #[error("the system gave no random bytes, so no secret can be made; look at its log")]
    NoRandomness,
}

/// The folder of secrets.
#[derive(Clone, Debug)]
pub struct SecretFiles {
    folder: PathBuf,
}

impl SecretFiles {
    /// The folder need not be there yet.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// File of a secret.
    pub fn path(&self, secret: Secret) -> PathBuf {
        self.folder.join(secret.name())
    }

    /// Folder of the files.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Reads a secret.
    ///
    /// # Errors
    /// It is not there, empty, or not readable.
    pub fn read(&self, secret: Secret) -> Result<Value, SecretsError> {
        let path = self.path(secret);
        match read_file(&path)? {
            Some(value) if value.expose().is_empty() => Err(SecretsError::Empty { path }),
            Some(value) => Ok(value),
            None => Err(SecretsError::Missing { path }),
        }
    }

    /// Reads a secret; nothing where its file is not there or empty.
    ///
    /// # Errors
    /// It is not readable.
    pub fn find(&self, secret: Secret) -> Result<Option<Value>, SecretsError> {
        Ok(read_file(&self.path(secret))?.filter(|value| !value.expose().is_empty()))
    }

    /// Keeps a secret in a file with mode 0600, whole or not at all; `owner` are the user and group that it is for.
    ///
    /// # Errors
    /// The folder or file cannot be written.
    pub fn write(&self, secret: Secret, value: &Value, owner: (u32, u32)) -> Result<(), SecretsError> {
        self.write_file(self.path(secret), value, owner)
    }

    /// File of a value that is to replace the secret once its server has taken it.
    pub fn pending_path(&self, secret: Secret) -> PathBuf {
        self.folder.join(format!("{}.new", secret.name()))
    }

    /// The value that waits, if one does.
    ///
    /// # Errors
    /// It is not readable.
    pub fn read_pending(&self, secret: Secret) -> Result<Option<Value>, SecretsError> {
        Ok(read_file(&self.pending_path(secret))?.filter(|value| !value.expose().is_empty()))
    }

    /// Keeps a value beside the secret until its server has taken it, so that neither is lost on the way.
    ///
    /// # Errors
    /// As [`SecretFiles::write`].
    pub fn write_pending(&self, secret: Secret, value: &Value, owner: (u32, u32)) -> Result<(), SecretsError> {
        self.write_file(self.pending_path(secret), value, owner)
    }

    /// Puts the value that waits in the place of the secret.
    ///
    /// # Errors
    /// None waits, or as [`SecretFiles::write`].
    pub fn accept_pending(&self, secret: Secret, (user, group): (u32, u32)) -> Result<(), SecretsError> {
        let (from, path) = (self.pending_path(secret), self.path(secret));
        let accept = || {
            chown(&from, Some(user), Some(group))?;
            fs::rename(&from, &path)?;
            fs::File::open(&self.folder)?.sync_all()
        };
        accept().map_err(|reason| SecretsError::Unwritable { path, reason })
    }

    /// Makes at random what nobody hands out and is not there yet; gives what it made.
    ///
    /// # Errors
    /// As [`SecretFiles::read`] and [`SecretFiles::write`].
    pub fn generate_missing(&self, owner: (u32, u32)) -> Result<Vec<Secret>, SecretsError> {
        let mut made = Vec::new();
        for secret in Secret::GENERATED {
            match self.read(secret) {
                Ok(_) => {}
                // One that waits until Grafana's database is brought to it is made already.
                Err(SecretsError::Missing { .. })
                    if secret == Secret::GrafanaSecretKey && self.read_pending(secret)?.is_some() => {}
                Err(SecretsError::Missing { .. }) => {
                    self.write(secret, &Value::random()?, owner)?;
                    made.push(secret);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(made)
    }

    /// Gives every secret that is there mode 0600 and its owner again; gives those for which that was due.
    ///
    /// # Errors
    /// A file belongs to somebody else.
    pub fn put_permissions_right(&self, owner: (u32, u32)) -> Result<Vec<Secret>, SecretsError> {
        let mut changed = Vec::new();
        for secret in Secret::ALL {
            let path = self.path(secret);
            let Ok(found) = fs::metadata(&path) else { continue };
            let has_owner = (found.uid(), found.gid()) == owner;
            if has_owner && found.mode() & 0o777 == 0o600 {
                continue;
            }
            let put_right = || {
                if !has_owner {
                    chown(&path, Some(owner.0), Some(owner.1))?;
                }
                fs::set_permissions(&path, Permissions::from_mode(0o600))
            };
            put_right().map_err(|reason| SecretsError::Unwritable { path, reason })?;
            changed.push(secret);
        }
        Ok(changed)
    }

    fn write_file(&self, path: PathBuf, value: &Value, owner: (u32, u32)) -> Result<(), SecretsError> {
        let write = || {
            DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
            chown(&self.folder, Some(owner.0), Some(owner.1))?;
            durable_file::write(&path, value.expose().as_bytes(), Some(owner))
        };
        write().map_err(|reason| SecretsError::Unwritable { path, reason })
    }
}

fn read_file(path: &Path) -> Result<Option<Value>, SecretsError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(Value::new(text))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(reason) => Err(SecretsError::Unreadable {
            path: path.to_owned(),
            reason,
        }),
    }
}
