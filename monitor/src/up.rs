//! Brings a host up, from nothing or from wherever it is; what is right already is left alone.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use tokio::time::Instant;

use crate::backup::swap::Swap;
use crate::compose::{ComposeError, Container, LOCAL_PROFILE};
use crate::folders::{self, FolderError};
use crate::grafana::Grafana;
use crate::grafana_key::{self, GrafanaKeyError};
use crate::grafana_password::{self, GrafanaPasswordError};
use crate::host::Host;
use crate::influxdb::set_up::{self, SetUpError};
use crate::influxdb::{self, InfluxDb};
use crate::interrupt::{Interrupt, Interrupted};
use crate::lock::{Lock, LockError};
use crate::preflight::{self, Check, Fault};
use crate::progress::Progress;
use crate::secret_source::{SecretSource, SourceError};
use crate::secrets::{Secret, SecretsError};
use crate::settings::{self, SettingsError};
use crate::token_publication::{PublicationError, TokenPublication};
use crate::waiting::{WaitError, Watch};

/// Longer than the servers of this machine take for an answer about themselves.
const SERVER_TIMEOUT: Duration = Duration::from_secs(15);

/// How a host is to be brought up.
#[derive(Clone, Debug)]
pub struct Request {
    /// The service and the load generator as well.
    pub local: bool,
    /// How long everything may take to become healthy.
    pub timeout: Duration,
    /// What is not looked at before.
    pub skipped: Vec<Check>,
    /// Where the secrets come from, if they are not made at random.
    pub source: Option<SecretSource>,
}

/// How it went.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Up {
    /// Whether everything was so before.
    pub already_up: bool,
    /// What was changed, a sentence each.
    pub changes: Vec<String>,
    /// Where the servers are reached.
    pub addresses: Vec<Address>,
    /// File of the password of Grafana's user `admin`.
    pub grafana_password_file: PathBuf,
}

/// Where a server is reached.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Address {
    /// What is there.
    pub name: &'static str,
    /// Its URL.
    pub url: String,
}

/// Why a host could not be brought up.
#[derive(Debug, thiserror::Error)]
pub enum UpError {
    /// The host is not fit for it.
    #[error("{}", .0.iter().map(|fault| fault.message.as_str()).collect::<Vec<_>>().join("\nerror: "))]
    Unfit(Vec<Fault>),
    /// Containers do not start.
    #[error(transparent)]
    Wait(#[from] WaitError),
    /// Docker.
    #[error(transparent)]
    Compose(#[from] ComposeError),
    /// A folder of the data.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// Another command is at work.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A secret's file.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// AWS.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// Everything is up, but generators elsewhere do not get their token.
    #[error(transparent)]
    Publication(#[from] PublicationError),
    /// InfluxDB.
    #[error(transparent)]
    SetUp(SetUpError),
    /// Grafana.
    #[error(transparent)]
    Grafana(#[from] GrafanaPasswordError),
    /// Grafana's database.
    #[error(transparent)]
    GrafanaKey(#[from] GrafanaKeyError),
    /// The file of settings.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The file of settings cannot be written.
    #[error("{path}: cannot be written ({reason}); give `--data-dir` a folder that this user may write", path = path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: io::Error,
    },
    /// The data may be neither the old nor the restored.
    #[error("a restore was interrupted; run `monitor restore` again, which puts the data from before it back first")]
    RestorePending,
    /// Somebody asked to end.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

impl From<SetUpError> for UpError {
    fn from(error: SetUpError) -> Self {
        match error {
            SetUpError::Interrupted(interrupted) => Self::Interrupted(interrupted),
            error => Self::SetUp(error),
        }
    }
}

/// Brings a host up.
///
/// # Errors
/// See [`UpError`]; what was done stays done, and doing it again goes on from there.
pub async fn up(host: &Host, request: &Request, interrupt: &Interrupt, progress: &Progress) -> Result<Up, UpError> {
    let deadline = Instant::now() + request.timeout;
    let publication = TokenPublication::of(&host.settings)?;
    progress.line("looking at Docker, images, ports, disk, memory and data");
    let faults = interrupt
        .during(preflight::run(host, request.local, &request.skipped))
        .await?;
    if !faults.is_empty() {
        return Err(UpError::Unfit(faults));
    }
    let mut changes = prepare_folders(host, progress)?;
    let _lock = Lock::take(&host.layout)?;
    if Swap::of(&host.layout).is_pending() {
        return Err(UpError::RestorePending);
    }
    changes.extend(prepare_settings(host)?);
    let (secrets, aws_is_away) = prepare_secrets(host, request.source.as_ref(), interrupt, progress).await?;
    changes.extend(secrets);

    let before = interrupt.during(host.compose.containers()).await??;
    let mut watch = Watch::new(&host.compose, progress, deadline, &before);
    interrupt.during(unpause(host, &before)).await??;
    interrupt.during(watch.start(&[], &[influxdb::SERVICE])).await??;
    let server = InfluxDb::new(host.settings.influxdb_url()?, None, SERVER_TIMEOUT);
    let set_up = set_up::set_up(&server, &host.secrets, host.compose.owner(), interrupt, progress).await?;
    changes.extend(set_up.made);

    if interrupt.during(grafana_key::settle(host, progress)).await?? {
        changes.push("Grafana's database is encrypted with the new key".to_owned());
    }

    let profiles: &[&str] = if request.local { &[LOCAL_PROFILE] } else { &[] };
    interrupt.during(watch.start(profiles, &[])).await??;
    let mut after = interrupt.during(host.compose.containers()).await??;
    // A container that is the same as before has the old token still.
    let stale: Vec<_> = set_up
        .users_of_new_tokens
        .into_iter()
        .filter(|user| is_same(user, &before, &after))
        .collect();
    if !stale.is_empty() {
        interrupt.during(watch.restart(&stale)).await??;
        after = interrupt.during(host.compose.containers()).await??;
    }
    let grafana = Grafana::new(host.settings.grafana_url()?, SERVER_TIMEOUT);
    if grafana_password::settle(&grafana, &host.secrets, host.compose.owner()).await? {
        changes.push("Grafana's user admin has the new password".to_owned());
    }
    grafana_key::note(host)?;
    // Last, since nothing on this host needs it.
    if let Some(place) = publication {
        let token = host.secrets.read(Secret::InfluxdbLoadgenToken)?;
        if aws_is_away {
            progress.line(&format!(
                "{place}: not looked at, since AWS cannot be reached; the next `monitor up` does"
            ));
        } else if interrupt.during(place.publish(&token)).await?? {
            changes.push(format!("wrote {} to {place}", Secret::InfluxdbLoadgenToken.name()));
        }
    }
    let started = after.iter().filter(|container| !was_well(container, &before));
    changes.extend(started.map(|container| format!("started {}", container.service)));
    Ok(Up {
        already_up: changes.is_empty(),
        changes,
        addresses: addresses(host, request.local)?,
        grafana_password_file: host.secrets.path(Secret::GrafanaAdminPassword),
    })
}

fn prepare_folders(host: &Host, progress: &Progress) -> Result<Vec<String>, UpError> {
    let changed = folders::make_ready(&host.layout, host.compose.owner())?;
    if !changed.is_empty() {
        progress.line(&format!("folders are ready in {}", host.layout.data().display()));
    }
    Ok(changed
        .into_iter()
        .map(|folder| format!("made {} ready", folder.display()))
        .collect())
}

fn prepare_settings(host: &Host) -> Result<Option<String>, UpError> {
    let path = host.layout.settings_file();
    match settings::write_example(&path, host.compose.owner()) {
        Ok(true) => Ok(Some(format!(
            "wrote {}, which holds every setting with its default",
            path.display()
        ))),
        Ok(false) => Ok(None),
        Err(reason) => Err(UpError::Unwritable { path, reason }),
    }
}

/// Gives what it changed, and whether it had to go on without AWS.
async fn prepare_secrets(
    host: &Host,
    source: Option<&SecretSource>,
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<(Vec<String>, bool), UpError> {
    let owner = host.compose.owner();
    let mut changes = Vec::new();
    let mut aws_is_away = false;
    for secret in host.secrets.put_permissions_right(owner)? {
        changes.push(format!("only its owner may read {} again", secret.name()));
    }
    refuse_to_lose_the_operator_token(host, source)?;
    if let Some(source) = source {
        progress.line(&format!("fetching secrets from {source}"));
        let fetched = match interrupt.during(source.fetch(&Secret::GENERATED)).await? {
            // A host that was lost must come back with its data while SSM is away.
            Err(error @ SourceError::Unreachable { .. }) if has_all_secrets(host)? => {
                progress.line(&format!(
                    "{error}; going on with the secrets that are kept in the data folder"
                ));
                changes.push(format!(
                    "kept the secrets of the data folder, since {source} cannot be reached"
                ));
                aws_is_away = true;
                Vec::new()
            }
            fetched => fetched?,
        };
        for (secret, value) in fetched {
            match (secret, host.secrets.find(secret)?) {
                (_, Some(kept)) if kept == value => continue,
                (Secret::GrafanaSecretKey, _) => grafana_key::keep(host, &value)?,
                // Grafana asks for the old one; InfluxDB makes tokens by itself once it is set up.
                (Secret::GrafanaAdminPassword, Some(_)) => host.secrets.write_pending(secret, &value, owner)?,
                (Secret::InfluxdbOperatorToken, Some(_)) => {
                    progress.line(&format!(
                        "{}: the one of this host was changed since, and stays; put it there from {}",
                        source.full_name(secret),
                        host.secrets.path(secret).display()
                    ));
                    continue;
                }
                _ => host.secrets.write(secret, &value, owner)?,
            }
            changes.push(format!("took {} from {source}", secret.name()));
        }
    }
    let mut made = Vec::new();
    if grafana_key::make_missing(host)? {
        made.push(Secret::GrafanaSecretKey);
    }
    made.extend(host.secrets.generate_missing(owner)?);
    for secret in made {
        progress.line(&format!("made {} at random", secret.name()));
        changes.push(format!("made {}", secret.name()));
    }
    Ok((changes, aws_is_away))
}

/// Whether nothing would have to be made up that comes from elsewhere.
fn has_all_secrets(host: &Host) -> Result<bool, SecretsError> {
    for secret in Secret::GENERATED {
        if host.secrets.find(secret)?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A new token at random would be of no use to an InfluxDB that has data.
fn refuse_to_lose_the_operator_token(host: &Host, source: Option<&SecretSource>) -> Result<(), UpError> {
    let file = host.secrets.path(Secret::InfluxdbOperatorToken);
    let has_data = host.layout.server(influxdb::SERVICE).join("influxd.bolt").exists();
    if has_data && source.is_none() && !file.exists() {
        return Err(SetUpError::OperatorTokenRefused { file }.into());
    }
    Ok(())
}

/// As an interrupted backup may have left them.
async fn unpause(host: &Host, containers: &[Container]) -> Result<(), ComposeError> {
    for container in containers.iter().filter(|container| container.state == "paused") {
        host.compose.run(&["unpause", &container.service]).await?;
    }
    Ok(())
}

fn is_same(service: &str, before: &[Container], after: &[Container]) -> bool {
    let id = |containers: &[Container]| {
        let running = |container: &&Container| container.service == service && container.state != "exited";
        containers.iter().find(running).map(|container| container.id.clone())
    };
    let before = id(before);
    before.is_some() && before == id(after)
}

fn was_well(container: &Container, before: &[Container]) -> bool {
    before
        .iter()
        .any(|before| before.id == container.id && before.is_healthy())
}

fn addresses(host: &Host, local: bool) -> Result<Vec<Address>, SettingsError> {
    let settings = &host.settings;
    let mut addresses = vec![
        ("Grafana", settings.grafana_url()?),
        ("OTLP over HTTP", settings.otlp_url()?),
        ("OTLP over gRPC", settings.otlp_grpc_url()?),
        ("InfluxDB", settings.influxdb_url()?),
        ("Jaeger", settings.jaeger_url()?),
    ];
    if local {
        addresses.push(("Service", settings.service_url()?));
    }
    Ok(addresses.into_iter().map(|(name, url)| Address { name, url }).collect())
}
