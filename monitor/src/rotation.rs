//! Replaces passwords and tokens while everything goes on. A token is made, kept, taken by whoever uses it, seen to
//! work, and only then is the one before it withdrawn: wherever this ends, what is in the files works, and doing it
//! again finishes it.

use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep};

use crate::compose::{ComposeError, Container};
use crate::grafana::{self, DataSourceHealth, Grafana};
use crate::grafana_key::{self, GrafanaKeyError};
use crate::grafana_password::{self, GrafanaPasswordError};
use crate::host::Host;
use crate::http::HttpError;
use crate::influxdb::set_up::SetUpError;
use crate::influxdb::tokens::{self, OPERATOR_DESCRIPTION, SCOPED_TOKENS, ScopedToken};
use crate::influxdb::{Authorization, InfluxDb, TELEMETRY};
use crate::interrupt::{Interrupt, Interrupted};
use crate::lock::{Lock, LockError};
use crate::progress::Progress;
use crate::secret_source::MONITOR_SECRETS_FROM;
use crate::secrets::{Secret, SecretsError, Value};
use crate::settings::SettingsError;
use crate::token_publication::{PublicationError, TokenPublication};
use crate::waiting::{WaitError, Watch};

const SERVER_TIMEOUT: Duration = Duration::from_secs(15);
/// Longer than a container takes to start and the collector to write what it measures.
const TAKING_TIME: Duration = Duration::from_secs(180);

/// Why a secret was not replaced.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// Its value is kept elsewhere.
    #[error("{name} is taken from {source_name}; change it there, then run `monitor up`, which has it taken")]
    KeptElsewhere {
        /// The secret.
        name: &'static str,
        /// Where it comes from.
        source_name: String,
    },
    /// Whoever uses the token does not work with the new one.
    #[error(
        "{user} does not work with the new {name} ({reason}), and the old one still works; see `monitor logs {user}`, then run `monitor secrets rotate {name}` again"
    )]
    NotTaken {
        /// The service that uses it.
        user: &'static str,
        /// The secret.
        name: &'static str,
        /// What was seen.
        reason: String,
    },
    /// InfluxDB does not do with the new token what it should.
    #[error(
        "InfluxDB does not accept the new {name} ({reason}), and the old one still works; run `monitor secrets rotate {name}` again"
    )]
    NotAccepted {
        /// The secret.
        name: &'static str,
        /// What was seen.
        reason: String,
    },
    /// Containers do not start.
    #[error(transparent)]
    Wait(#[from] WaitError),
    /// Docker.
    #[error(transparent)]
    Compose(#[from] ComposeError),
    /// A server.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// InfluxDB.
    #[error(transparent)]
    SetUp(#[from] SetUpError),
    /// Grafana.
    #[error(transparent)]
    Grafana(#[from] GrafanaPasswordError),
    /// Grafana's database.
    #[error(transparent)]
    GrafanaKey(#[from] GrafanaKeyError),
    /// Generators elsewhere cannot be given the new token, so the old one is left to them.
    #[error("{0}; until then the old {name} still works", name = Secret::InfluxdbLoadgenToken.name())]
    Publication(#[from] PublicationError),
    /// A secret's file.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// A setting.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// Another command is at work.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Somebody asked to end.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

/// Replaces secrets, in the order in which they are needed for each other.
///
/// # Errors
/// See [`RotationError`]; those replaced before stay so.
pub async fn rotate(
    host: &Host,
    wanted: &[Secret],
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<(), RotationError> {
    if let Some(source) = host.settings.get(MONITOR_SECRETS_FROM) {
        let kept = [
            Secret::GrafanaAdminPassword,
            Secret::GrafanaSecretKey,
            Secret::InfluxdbAdminPassword,
        ];
        if let Some(secret) = wanted.iter().find(|secret| kept.contains(secret)) {
            return Err(RotationError::KeptElsewhere {
                name: secret.name(),
                source_name: source.to_owned(),
            });
        }
    }
    let _lock = Lock::take(&host.layout)?;
    let server = InfluxDb::new(host.settings.influxdb_url()?, None, SERVER_TIMEOUT);
    let rotation = Rotation {
        host,
        server,
        interrupt,
        progress,
    };
    let scoped = SCOPED_TOKENS.iter().filter(|token| wanted.contains(&token.secret));
    for token in scoped {
        interrupt.check()?;
        rotation.scoped_token(*token).await?;
        progress.line(&format!("{}: replaced", token.secret.name()));
    }
    for secret in wanted {
        interrupt.check()?;
        match secret {
            Secret::InfluxdbAdminPassword => rotation.influxdb_password().await?,
            Secret::InfluxdbOperatorToken => rotation.operator_token().await?,
            Secret::GrafanaAdminPassword => rotation.grafana_password().await?,
            Secret::GrafanaSecretKey => rotation.grafana_key().await?,
            Secret::InfluxdbTelemetryToken | Secret::InfluxdbLoadgenToken | Secret::InfluxdbGrafanaToken => continue,
        }
        progress.line(&format!("{}: replaced", secret.name()));
    }
    Ok(())
}

struct Rotation<'a> {
    host: &'a Host,
    server: InfluxDb,
    interrupt: &'a Interrupt,
    progress: &'a Progress,
}

impl Rotation<'_> {
    /// InfluxDB as its operator asks it, and its organisation.
    async fn operator(&self) -> Result<(InfluxDb, String), RotationError> {
        let token = self.host.secrets.read(Secret::InfluxdbOperatorToken)?;
        let operator = self.server.with_token(token);
        match operator.organisation().await {
            Ok(Some(organisation)) => Ok((operator, organisation)),
            Ok(None) => Err(self.operator_refused()),
            Err(error) if error.status() == Some(401) => Err(self.operator_refused()),
            Err(error) => Err(error.into()),
        }
    }

    fn operator_refused(&self) -> RotationError {
        let file = self.host.secrets.path(Secret::InfluxdbOperatorToken);
        SetUpError::OperatorTokenRefused { file }.into()
    }

    async fn scoped_token(&self, token: ScopedToken) -> Result<(), RotationError> {
        let name = token.secret.name();
        let (operator, organisation) = self.operator().await?;
        let buckets = operator.buckets().await?;
        self.progress.line(&format!("{name}: making a new one"));
        let made = token.create(&operator, &buckets, &organisation).await?;
        let value = Value::new(made.token.clone());
        self.try_out(token, &value).await?;
        self.host
            .secrets
            .write(token.secret, &value, self.host.compose.owner())?;
        self.interrupt.during(self.have_it_taken(token)).await??;
        if token.secret == Secret::InfluxdbLoadgenToken
            && let Some(place) = TokenPublication::of(&self.host.settings)?
        {
            self.progress.line(&format!("{name}: is written to {place}"));
            self.interrupt.during(place.publish(&value)).await??;
        }
        // None of ours but the new one is in use any more, also those that an interrupted rotation left.
        for old in operator.authorizations().await? {
            if old.description == token.description && old.token != value.expose() {
                operator.delete_authorization(&old.id).await?;
            }
        }
        Ok(())
    }

    /// Whether InfluxDB lets the new token do what it is for; leaves nothing behind.
    async fn try_out(&self, token: ScopedToken, value: &Value) -> Result<(), RotationError> {
        let server = self.server.with_token(value.clone());
        for bucket in token.buckets {
            let outcome = if token.action == "write" {
                // Permissions are looked at before the points, of which there are none.
                server.write(bucket.name, String::new()).await
            } else {
                let flux = format!("from(bucket: \"{}\") |> range(start: -1s) |> limit(n: 1)", bucket.name);
                server.query(&flux).await.map(drop)
            };
            outcome.map_err(|error| RotationError::NotAccepted {
                name: token.secret.name(),
                reason: error.to_string(),
            })?;
        }
        Ok(())
    }

    /// Whoever uses the token reads it when it starts: a container sees the file that was there when it was started.
    async fn have_it_taken(&self, token: ScopedToken) -> Result<(), RotationError> {
        let containers = self.host.compose.containers().await?;
        let runs = |container: &Container| {
            container.service == token.user && matches!(container.state.as_str(), "running" | "restarting" | "paused")
        };
        if !containers.iter().any(runs) {
            self.progress
                .line(&format!("{}: does not run, and takes it when it starts", token.user));
            return Ok(());
        }
        let deadline = Instant::now() + TAKING_TIME;
        let mut watch = Watch::new(&self.host.compose, self.progress, deadline, &containers);
        watch.restart(&[token.user]).await?;
        match token.secret {
            Secret::InfluxdbTelemetryToken => self.collector_writes(token, deadline).await,
            Secret::InfluxdbGrafanaToken => self.grafana_reads(token, deadline).await,
            // It asks InfluxDB before each run, and would have ended.
            _ => Ok(()),
        }
    }

    /// The collector writes at least what it measures of the host every few seconds.
    async fn collector_writes(&self, token: ScopedToken, deadline: Instant) -> Result<(), RotationError> {
        let (operator, _) = self.operator().await?;
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let flux = format!(
            "from(bucket: \"{}\") |> range(start: {}) |> keep(columns: [\"_time\"]) |> limit(n: 1)",
            TELEMETRY.name,
            now.as_secs()
        );
        self.progress
            .line(&format!("{}: waiting until it writes with the new token", token.user));
        while operator.query(&flux).await?.is_empty() {
            if Instant::now() > deadline {
                return Err(not_taken(token, "nothing new came into the bucket telemetry"));
            }
            sleep(Duration::from_millis(500)).await;
        }
        Ok(())
    }

    async fn grafana_reads(&self, token: ScopedToken, deadline: Instant) -> Result<(), RotationError> {
        let password = self.host.secrets.read(Secret::GrafanaAdminPassword)?;
        let grafana = Grafana::new(self.host.settings.grafana_url()?, SERVER_TIMEOUT).with_password(password);
        loop {
            let reason = match grafana.data_source_health("influxdb", None).await {
                Ok(DataSourceHealth::Healthy) => return Ok(()),
                Ok(DataSourceHealth::Missing | DataSourceHealth::Unknown) => {
                    self.progress
                        .line("grafana: has no data source influxdb that could use the token");
                    return Ok(());
                }
                // Each more would bring its lock-out nearer.
                Err(error) if error.status() == Some(401) => {
                    return Err(not_taken(token, "Grafana refuses the password in its file"));
                }
                Ok(DataSourceHealth::Unhealthy(reason)) => reason,
                Err(error) => error.to_string(),
            };
            if Instant::now() > deadline {
                return Err(not_taken(token, &reason));
            }
            sleep(Duration::from_secs(1)).await;
        }
    }

    /// Kept first: whatever InfluxDB has, its operator can set it again.
    async fn influxdb_password(&self) -> Result<(), RotationError> {
        let (operator, _) = self.operator().await?;
        let password = Value::random()?;
        let owner = self.host.compose.owner();
        self.host
            .secrets
            .write(Secret::InfluxdbAdminPassword, &password, owner)?;
        operator.set_admin_password(&password).await?;
        if operator.accepts_password(&password).await? {
            return Ok(());
        }
        Err(RotationError::NotAccepted {
            name: Secret::InfluxdbAdminPassword.name(),
            reason: "signing in with it fails".to_owned(),
        })
    }

    /// Only `monitor` uses it, from the file.
    async fn operator_token(&self) -> Result<(), RotationError> {
        const SECRET: Secret = Secret::InfluxdbOperatorToken;
        let (operator, organisation) = self.operator().await?;
        let authorizations = operator.authorizations().await?;
        let current = self.host.secrets.read(SECRET)?;
        let Some(current) = tokens::of_token(&authorizations, &current) else {
            return Err(self.operator_refused());
        };
        let made = operator
            .create_authorization(OPERATOR_DESCRIPTION, &organisation, &current.permissions)
            .await?;
        let successor = self.server.with_token(Value::new(made.token.clone()));
        let seen = successor
            .authorizations()
            .await
            .map_err(|error| RotationError::NotAccepted {
                name: SECRET.name(),
                reason: error.to_string(),
            })?;
        self.host
            .secrets
            .write(SECRET, &Value::new(made.token.clone()), self.host.compose.owner())?;
        let is_old = |one: &&Authorization| one.id == current.id || one.description == OPERATOR_DESCRIPTION;
        for old in seen.iter().filter(is_old).filter(|old| old.id != made.id) {
            successor.delete_authorization(&old.id).await?;
        }
        Ok(())
    }

    async fn grafana_password(&self) -> Result<(), RotationError> {
        const SECRET: Secret = Secret::GrafanaAdminPassword;
        let grafana = Grafana::new(self.host.settings.grafana_url()?, SERVER_TIMEOUT);
        let owner = self.host.compose.owner();
        // One that was on its way may be Grafana's already, and another must not take its place unseen.
        if self.host.secrets.read_pending(SECRET)?.is_none() {
            self.host.secrets.write_pending(SECRET, &Value::random()?, owner)?;
        }
        grafana_password::settle(&grafana, &self.host.secrets, owner).await?;
        Ok(())
    }

    /// Grafana is away for some seconds, and everybody has to log in again.
    async fn grafana_key(&self) -> Result<(), RotationError> {
        let before = self.host.compose.containers().await?;
        if self.host.secrets.read_pending(Secret::GrafanaSecretKey)?.is_none() {
            grafana_key::keep(self.host, &Value::random()?)?;
        }
        grafana_key::settle(self.host, self.progress).await?;
        // One that was stopped too: an interrupted rotation leaves it so.
        if before.iter().any(|container| container.service == grafana::SERVICE) {
            let deadline = Instant::now() + TAKING_TIME;
            let mut watch = Watch::new(&self.host.compose, self.progress, deadline, &before);
            self.interrupt.during(watch.start(&[], &[grafana::SERVICE])).await??;
        }
        Ok(())
    }
}

fn not_taken(token: ScopedToken, reason: &str) -> RotationError {
    RotationError::NotTaken {
        user: token.user,
        name: token.secret.name(),
        reason: reason.to_owned(),
    }
}
