//! The password of Grafana's administrator. Grafana takes it from its file when its database is made, and never again.

use std::time::Duration;

use reqwest::Client;
use serde_json::json;

use crate::http::{self, HttpError};
use crate::secrets::{Secret, SecretFiles, SecretsError, Value};

/// Name of its service in `compose.yaml`.
pub const SERVICE: &str = "grafana";
/// Name of the administrator.
pub const USER: &str = "admin";

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
        "Grafana does not accept the password in {file} for the user {USER}; wait five minutes in case it counts failed logins, or set it by `docker compose exec -T grafana grafana cli admin reset-admin-password --password-from-stdin < {file}` in the folder of compose.yaml"
    )]
    Refused {
        /// File of the password.
        file: String,
    },
}

/// Grafana as its administrator.
#[derive(Clone, Debug)]
pub struct Grafana {
    url: String,
    client: Client,
}

impl Grafana {
    /// `url` without a path.
    pub fn new(url: String, timeout: Duration) -> Self {
        Self {
            url,
            client: http::client(timeout),
        }
    }

    /// Whether the administrator can sign in with a password. Five failures within five minutes lock the user out.
    ///
    /// # Errors
    /// Grafana does not answer.
    pub async fn accepts(&self, password: &Value) -> Result<bool, HttpError> {
        let request = self.client.get(format!("{}/api/org", self.url));
        match http::send(SERVICE, request.basic_auth(USER, Some(password.expose()))).await {
            Ok(_) => Ok(true),
            Err(error) if error.status() == Some(401) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Has Grafana ask a data source whether it answers; false where there is no such data source.
    ///
    /// # Errors
    /// Grafana does not answer, or the data source is not well.
    pub async fn data_source_answers(&self, password: &Value, uid: &str) -> Result<bool, HttpError> {
        let request = self
            .client
            .get(format!("{}/api/datasources/uid/{uid}/health", self.url));
        match http::send(SERVICE, request.basic_auth(USER, Some(password.expose()))).await {
            Ok(_) => Ok(true),
            Err(error) if error.status() == Some(404) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn change(&self, old: &Value, new: &Value) -> Result<(), HttpError> {
        let request = self.client.put(format!("{}/api/user/password", self.url));
        let request = request.basic_auth(USER, Some(old.expose())).json(&json!({
            "oldPassword": old.expose(),
            "newPassword": new.expose(),
            "confirmNew": new.expose(),
        }));
        http::send(SERVICE, request).await.map(drop)
    }
}

/// Brings Grafana to the password that waits to be taken ([`SecretFiles::write_pending`]), if one does; otherwise looks
/// whether it has that of the file. Gives whether anything changed.
///
/// # Errors
/// Grafana has neither; or see [`GrafanaPasswordError`]. Doing it again goes on from where it was.
pub async fn settle(grafana: &Grafana, secrets: &SecretFiles, owner: (u32, u32)) -> Result<bool, GrafanaPasswordError> {
    const SECRET: Secret = Secret::GrafanaAdminPassword;
    let current = secrets.read(SECRET)?;
    let pending = secrets.read_pending(SECRET)?;
    let Some(pending) = pending else {
        if grafana.accepts(&current).await? {
            return Ok(false);
        }
        return Err(GrafanaPasswordError::Refused {
            file: secrets.path(SECRET).display().to_string(),
        });
    };
    // Interrupted before, it may have been taken already.
    if !grafana.accepts(&pending).await? {
        if !grafana.accepts(&current).await? {
            return Err(GrafanaPasswordError::Refused {
                file: secrets.path(SECRET).display().to_string(),
            });
        }
        grafana.change(&current, &pending).await?;
        if !grafana.accepts(&pending).await? {
            return Err(GrafanaPasswordError::Refused {
                file: secrets.pending_path(SECRET).display().to_string(),
            });
        }
    }
    secrets.accept_pending(SECRET, Some(owner))?;
    Ok(true)
}
