//! Secrets in AWS.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_ssm::error::{ProvideErrorMetadata, SdkError};

use super::{SecretSource, SourceError};
use crate::aws;
use crate::secrets::{Secret, Value};

/// How long it may take to get all of them, credentials and retries included.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) async fn fetch(source: &SecretSource, wanted: &[Secret]) -> Result<Vec<(Secret, Value)>, SourceError> {
    let fetched = tokio::time::timeout(PATIENCE, fetch_without_limit(source, wanted)).await;
    fetched.unwrap_or_else(|_| {
        Err(SourceError::Unreachable {
            place: full_place(source),
            reason: format!("no answer within {} s", PATIENCE.as_secs()),
        })
    })
}

async fn fetch_without_limit(source: &SecretSource, wanted: &[Secret]) -> Result<Vec<(Secret, Value)>, SourceError> {
    let shared = aws::brief_configuration().await;
    let found = match source {
        SecretSource::Ssm(_) => from_ssm(source, &shared, wanted).await?,
        SecretSource::SecretsManager(_) => from_secrets_manager(source, &shared, wanted).await?,
    };
    let missing: Vec<_> = wanted
        .iter()
        .filter(|secret| {
            !found
                .iter()
                .any(|(known, value)| known == *secret && !value.expose().is_empty())
        })
        .map(|secret| source.full_name(*secret))
        .collect();
    if missing.is_empty() {
        return Ok(found);
    }
    Err(SourceError::Missing {
        place: place(source).to_owned(),
        names: missing.join(", "),
    })
}

/// One request for all: what is not there is told apart by name.
async fn from_ssm(
    source: &SecretSource,
    shared: &SdkConfig,
    wanted: &[Secret],
) -> Result<Vec<(Secret, Value)>, SourceError> {
    let names = wanted.iter().map(|secret| source.full_name(*secret)).collect();
    let asking = aws_sdk_ssm::Client::new(shared).get_parameters();
    let answer = asking.set_names(Some(names)).with_decryption(true).send().await;
    let answer = answer.map_err(|failure| refused(source, &failure))?;
    let value_of = |secret: &Secret| {
        let name = source.full_name(*secret);
        let parameter = answer
            .parameters()
            .iter()
            .find(|one| one.name() == Some(name.as_str()))?;
        Some((*secret, Value::new(parameter.value()?)))
    };
    Ok(wanted.iter().filter_map(value_of).collect())
}

/// One request for each: a batch would need the right to list secrets besides.
async fn from_secrets_manager(
    source: &SecretSource,
    shared: &SdkConfig,
    wanted: &[Secret],
) -> Result<Vec<(Secret, Value)>, SourceError> {
    let client = aws_sdk_secretsmanager::Client::new(shared);
    let mut found = Vec::new();
    for secret in wanted {
        match client
            .get_secret_value()
            .secret_id(source.full_name(*secret))
            .send()
            .await
        {
            Ok(answer) => found.extend(answer.secret_string().map(|value| (*secret, Value::new(value)))),
            Err(failure) if failure.code() == Some("ResourceNotFoundException") => {}
            Err(failure) => return Err(refused(source, &failure)),
        }
    }
    Ok(found)
}

fn refused<E>(source: &SecretSource, failure: &SdkError<E>) -> SourceError
where
    SdkError<E>: ProvideErrorMetadata,
    E: std::error::Error + 'static,
{
    let (place, reason) = (full_place(source), aws::reason(failure));
    if aws::is_away(failure) {
        SourceError::Unreachable { place, reason }
    } else {
        SourceError::Refused { place, reason }
    }
}

fn full_place(source: &SecretSource) -> String {
    format!("{} ({source})", place(source))
}

fn place(source: &SecretSource) -> &'static str {
    match source {
        SecretSource::Ssm(_) => "SSM",
        SecretSource::SecretsManager(_) => "Secrets Manager",
    }
}
