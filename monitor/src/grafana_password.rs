//! The password of Grafana's administrator. Grafana takes it from its file when its database is made, and never again.

use std::path::PathBuf;

use crate::grafana::{Grafana, USER};
use crate::http::HttpError;
use crate::secrets::{Secret, SecretFiles, SecretsError};

/// Why the password could not be changed or checked.
#[derive(Debug, thiserror::Error)]
pub enum GrafanaPasswordError {
    /// Grafana does not answer, or refuses something.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// A file of a secret cannot be read or written.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// None of the passwords in the files is Grafana's.
    #[error(
        "Grafana does not accept the password in {file} for the user {USER}; wait five minutes in case it counts failed logins, or set it by `docker compose exec -T grafana grafana cli admin reset-admin-password --password-from-stdin < {file}` in the folder of compose.yaml", file = file.display()
    )]
    Refused {
        /// File of the password.
        file: PathBuf,
    },
}

/// Brings Grafana to the password that waits to be taken ([`SecretFiles::write_pending`]), if one does; otherwise looks
/// whether it has that of the file. Gives whether anything changed.
///
/// # Errors
/// Grafana has neither; or see [`GrafanaPasswordError`]. Doing it again goes on from where it was.
pub async fn settle(grafana: &Grafana, secrets: &SecretFiles, owner: (u32, u32)) -> Result<bool, GrafanaPasswordError> {
    const SECRET: Secret = Secret::GrafanaAdminPassword;
    let refused = |file| GrafanaPasswordError::Refused { file };
    let current = secrets.read(SECRET)?;
    let Some(pending) = secrets.read_pending(SECRET)? else {
        if grafana.accepts(&current).await? {
            return Ok(false);
        }
        return Err(refused(secrets.path(SECRET)));
    };
    // Interrupted before, it may have been taken already.
    if !grafana.accepts(&pending).await? {
        if !grafana.accepts(&current).await? {
            return Err(refused(secrets.path(SECRET)));
        }
        grafana.change_password(&current, &pending).await?;
        if !grafana.accepts(&pending).await? {
            return Err(refused(secrets.pending_path(SECRET)));
        }
    }
    secrets.accept_pending(SECRET, owner)?;
    Ok(true)
}
