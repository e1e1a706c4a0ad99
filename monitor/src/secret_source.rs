//! Where the passwords and the first operator token come from, if they are not made at random.

#[cfg(feature = "aws")]
mod aws;

use std::str::FromStr;

use crate::secrets::{Secret, Value};
use crate::settings::{Settings, SettingsError};

/// Variable that names a source, in the environment or in `settings.env`.
pub const MONITOR_SECRETS_FROM: &str = "MONITOR_SECRETS_FROM";

/// A place that holds secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// Parameters of AWS Systems Manager below a path that ends with a slash.
    Ssm(String),
    /// Secrets of AWS Secrets Manager whose names begin so.
    SecretsManager(String),
}

/// The text names no source.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {EXPECTED}")]
pub struct UnknownSource;

const EXPECTED: &str = "ssm:/path/ or secretsmanager:PREFIX, such as ssm:/marketboro/monitor/";

/// Why secrets could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// Some are not there.
    #[error(
        "{place} has no {names}; create what is missing there (SSM: type SecureString), or leave --secrets-from out to have secrets made at random"
    )]
    Missing {
        /// The source.
        place: String,
        /// Full names, with commas between them.
        names: String,
    },
    /// AWS gave no answer, or there are no credentials to ask with.
    #[error(
        "{place} cannot be reached ({reason}); check the way to it, the role of this host and AWS_REGION, then run this again"
    )]
    Unreachable {
        /// The source.
        place: String,
        /// What stands in the way.
        reason: String,
    },
    /// AWS refused.
    #[error(
        "{place} cannot be read ({reason}); check AWS_REGION, and that the role of this host may read and decrypt it"
    )]
    Refused {
        /// The source.
        place: String,
        /// What AWS or the way to it says.
        reason: String,
    },
    /// This program was built without AWS.
    #[error("this `monitor` was built without AWS; build it with `--features aws`, or leave --secrets-from out")]
    NotBuiltIn,
}

impl FromStr for SecretSource {
    type Err = UnknownSource;

    fn from_str(text: &str) -> Result<Self, UnknownSource> {
        match text.split_once(':') {
            Some(("ssm", path)) if path.starts_with('/') => Ok(Self::Ssm(format!("{}/", path.trim_end_matches('/')))),
            Some(("secretsmanager", prefix)) if !prefix.is_empty() => Ok(Self::SecretsManager(prefix.to_owned())),
            _ => Err(UnknownSource),
        }
    }
}

impl std::fmt::Display for SecretSource {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ssm(path) => write!(formatter, "ssm:{path}"),
            Self::SecretsManager(prefix) => write!(formatter, "secretsmanager:{prefix}"),
        }
    }
}

impl SecretSource {
    /// What is set for a host, if it is.
    ///
    /// # Errors
    /// It names no source.
    pub fn of(settings: &Settings) -> Result<Option<Self>, SettingsError> {
        settings.parsed(MONITOR_SECRETS_FROM, EXPECTED)
    }

    /// Name of a secret there.
    pub fn full_name(&self, secret: Secret) -> String {
        match self {
            Self::Ssm(prefix) | Self::SecretsManager(prefix) => format!("{prefix}{}", secret.name()),
        }
    }

    /// Fetches all of `wanted`, or says which are missing; within some 20 s.
    ///
    /// # Errors
    /// See [`SourceError`].
    #[cfg(feature = "aws")]
    pub async fn fetch(&self, wanted: &[Secret]) -> Result<Vec<(Secret, Value)>, SourceError> {
        aws::fetch(self, wanted).await
    }

    /// Fetches all of `wanted`, or says which are missing.
    ///
    /// # Errors
    /// See [`SourceError`].
    #[cfg(not(feature = "aws"))]
    pub async fn fetch(&self, _wanted: &[Secret]) -> Result<Vec<(Secret, Value)>, SourceError> {
        Err(SourceError::NotBuiltIn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_ssm_ends_with_one_slash() {
        let source: SecretSource = "ssm:/marketboro/monitor".parse().unwrap();
        assert_eq!(
            source.full_name(Secret::GrafanaAdminPassword),
            "/marketboro/monitor/grafana-admin-password"
        );
        assert_eq!("ssm:/marketboro/monitor/".parse(), Ok(source));
        let source: SecretSource = "secretsmanager:monitor-".parse().unwrap();
        assert_eq!(
            source.full_name(Secret::InfluxdbOperatorToken),
            "monitor-influxdb-operator-token"
        );
        for text in ["ssm:relative", "vault:x", "secretsmanager:", ""] {
            assert_eq!(text.parse::<SecretSource>(), Err(UnknownSource), "{text}");
        }
    }
}
