//! Brings InfluxDB to what this host needs: organisation, buckets, tokens. What is right already is left alone.

use std::path::PathBuf;

use super::tokens::{self, SCOPED_TOKENS, ScopedToken};
use super::{Bucket, BucketPlan, InfluxDb, LOADGEN, ORGANISATION, TELEMETRY, USER};
use crate::http::HttpError;
use crate::interrupt::{Interrupt, Interrupted};
use crate::progress::Progress;
use crate::secrets::{Secret, SecretFiles, SecretsError, Value};

/// Why InfluxDB could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    /// It does not answer, or refuses something.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// A file of a secret cannot be read or written.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// Somebody asked to end.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
    /// It has data and does not know the operator token.
    #[error(
        "InfluxDB has data already and does not know the token in {file}; put the right one there (it is in every backup: `monitor restore`), or have InfluxDB make a new one while it is down (`influxd recovery auth create-operator --username {USER} --org {ORGANISATION}`), or move its folder away to begin with no data", file = file.display()
    )]
    OperatorTokenRefused {
        /// File of the token.
        file: PathBuf,
    },
}

/// What was changed.
#[derive(Debug, Default)]
pub struct Changes {
    /// A sentence for each.
    pub made: Vec<String>,
    /// Services of `compose.yaml` whose token is another one now.
    pub users_of_new_tokens: Vec<&'static str>,
}

/// Does what is still to be done; `influxdb` needs no token, `owner` are the user and group of the secrets.
///
/// # Errors
/// See [`SetUpError`]; what was done stays done, and doing it again goes on from there.
pub async fn set_up(
    influxdb: &InfluxDb,
    secrets: &SecretFiles,
    owner: (u32, u32),
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<Changes, SetUpError> {
    let mut work = Work {
        influxdb,
        secrets,
        owner,
        progress,
        changes: Changes::default(),
    };
    let operator = work.operator().await?;
    interrupt.check()?;
    let organisation = work.organisation(&operator).await?;
    interrupt.check()?;
    let mut buckets = operator.buckets().await?;
    for plan in [TELEMETRY, LOADGEN] {
        work.bucket(&operator, plan, &mut buckets, &organisation).await?;
        interrupt.check()?;
    }
    work.admin_password(&operator).await?;
    for token in SCOPED_TOKENS {
        interrupt.check()?;
        work.token(&operator, token, &buckets, &organisation).await?;
    }
    Ok(work.changes)
}

struct Work<'a> {
    influxdb: &'a InfluxDb,
    secrets: &'a SecretFiles,
    owner: (u32, u32),
    progress: &'a Progress,
    changes: Changes,
}

impl Work<'_> {
    fn made(&mut self, what: String) {
        self.progress.line(&format!("influxdb: {what}"));
        self.changes.made.push(what);
    }

    /// The server as its operator asks it, after the very first set-up where that is due.
    async fn operator(&mut self) -> Result<InfluxDb, SetUpError> {
        let token = self.secrets.read(Secret::InfluxdbOperatorToken)?;
        let operator = self.influxdb.with_token(token.clone());
        if self.influxdb.is_new().await? {
            let password = self.secrets.read(Secret::InfluxdbAdminPassword)?;
            self.influxdb.set_up(&password, &token).await?;
            self.made(format!("set up with the organisation {ORGANISATION}"));
        }
        Ok(operator)
    }

    async fn organisation(&mut self, operator: &InfluxDb) -> Result<String, SetUpError> {
        match operator.organisation().await {
            Ok(Some(id)) => Ok(id),
            Ok(None) => {
                let id = operator.create_organisation().await?;
                self.made(format!("made the organisation {ORGANISATION} anew"));
                Ok(id)
            }
            Err(error) if error.status() == Some(401) => Err(SetUpError::OperatorTokenRefused {
                file: self.secrets.path(Secret::InfluxdbOperatorToken),
            }),
            Err(error) => Err(error.into()),
        }
    }

    async fn bucket(
        &mut self,
        operator: &InfluxDb,
        plan: BucketPlan,
        buckets: &mut Vec<Bucket>,
        organisation: &str,
    ) -> Result<(), SetUpError> {
        let days = plan.retention.as_secs() / 86_400;
        let Some(found) = buckets.iter().find(|bucket| bucket.name == plan.name) else {
            buckets.push(operator.create_bucket(plan, organisation).await?);
            self.made(format!(
                "made the bucket {}, which keeps points for {days} days",
                plan.name
            ));
            return Ok(());
        };
        let kept = found.retention_rules.first().map_or(0, |rule| rule.every_seconds);
        if kept != plan.retention.as_secs() {
            operator.set_retention(&found.id, plan).await?;
            self.made(format!("bucket {} keeps points for {days} days again", plan.name));
        }
        Ok(())
    }

    /// Nobody but people uses it, so that the file is what counts.
    async fn admin_password(&mut self, operator: &InfluxDb) -> Result<(), SetUpError> {
        let password = self.secrets.read(Secret::InfluxdbAdminPassword)?;
        if !self.influxdb.accepts_password(&password).await? {
            operator.set_admin_password(&password).await?;
            self.made(format!("the user {USER} has the password of the file again"));
        }
        Ok(())
    }

    async fn token(
        &mut self,
        operator: &InfluxDb,
        token: ScopedToken,
        buckets: &[Bucket],
        organisation: &str,
    ) -> Result<(), SetUpError> {
        let kept = self.secrets.find(token.secret)?;
        let authorizations = operator.authorizations().await?;
        let known = kept.as_ref().and_then(|kept| tokens::of_token(&authorizations, kept));
        if known.is_some_and(|known| token.fits(known, buckets, organisation)) {
            return Ok(());
        }
        let made = token.create(operator, buckets, organisation).await?;
        self.secrets.write(token.secret, &Value::new(made.token), self.owner)?;
        // Any other may be in use elsewhere, and the operator's certainly is.
        if let Some(unfit) = known.filter(|known| known.description == token.description) {
            operator.delete_authorization(&unfit.id).await?;
        }
        let name = token.secret.name();
        self.made(match (&kept, known) {
            (None, _) => format!("made the token {name}"),
            (Some(_), None) => format!("replaced the token {name}, which InfluxDB did not know"),
            (Some(_), Some(_)) => format!("replaced the token {name}, which had other rights than it needs"),
        });
        self.changes.users_of_new_tokens.push(token.user);
        Ok(())
    }
}
