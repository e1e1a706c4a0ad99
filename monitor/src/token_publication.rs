//! Hands loadgen's token to generators elsewhere: writes it to a parameter of AWS Systems Manager that they are given by
//! name, so that nobody carries it.

#[cfg(feature = "aws")]
mod aws;

use crate::secrets::Value;
use crate::settings::{MONITOR_LOADGEN_TOKEN_KMS_KEY, MONITOR_LOADGEN_TOKEN_TO, Settings};

/// Where the token goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenPublication {
    /// Full name of the parameter.
    parameter: String,
    /// The key in KMS that it is encrypted with; the account's own for SSM where there is none.
    kms_key: Option<String>,
}

/// Why the token could not be handed on.
#[derive(Debug, thiserror::Error)]
pub enum PublicationError {
    /// The setting names no place.
    #[error(
        "{MONITOR_LOADGEN_TOKEN_TO}={value}: expected ssm:/path/of/a/parameter, such as ssm:/marketboro/prod/loadgen/influxdb-token"
    )]
    Unknown {
        /// Its value.
        value: String,
    },
    /// AWS gave no answer, or refused.
    #[error(
        "{place} cannot be {attempt} ({reason}); give the role of this host {rights}, check AWS_REGION, then run this again"
    )]
    Refused {
        /// The parameter.
        place: String,
        /// What was to be done to it.
        attempt: &'static str,
        /// What AWS or the way to it says.
        reason: String,
        /// Rights that it takes.
        rights: &'static str,
    },
    /// This program was built without AWS.
    #[error(
        "this `monitor` was built without AWS; build it with `--features aws`, or take {MONITOR_LOADGEN_TOKEN_TO} out of settings.env"
    )]
    NotBuiltIn,
}

impl std::fmt::Display for TokenPublication {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "ssm:{}", self.parameter)
    }
}

impl TokenPublication {
    /// What is set for a host, if it is.
    ///
    /// # Errors
    /// It names no place.
    pub fn of(settings: &Settings) -> Result<Option<Self>, PublicationError> {
        let Some(value) = settings.get(MONITOR_LOADGEN_TOKEN_TO) else {
            return Ok(None);
        };
        let parameter = value
            .strip_prefix("ssm:")
            .filter(|path| path.starts_with('/') && !path.ends_with('/'))
            .ok_or_else(|| PublicationError::Unknown {
                value: value.to_owned(),
            })?;
        Ok(Some(Self {
            parameter: parameter.to_owned(),
            kms_key: settings.get(MONITOR_LOADGEN_TOKEN_KMS_KEY).map(str::to_owned),
        }))
    }

    /// Writes the token there, unless it is there already; gives whether it did.
    ///
    /// # Errors
    /// See [`PublicationError`].
    #[cfg(feature = "aws")]
    pub async fn publish(&self, token: &Value) -> Result<bool, PublicationError> {
        aws::publish(self, token).await
    }

    /// Writes the token there, unless it is there already; gives whether it did.
    ///
    /// # Errors
    /// See [`PublicationError`].
    #[cfg(not(feature = "aws"))]
    pub async fn publish(&self, _token: &Value) -> Result<bool, PublicationError> {
        Err(PublicationError::NotBuiltIn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_whole_parameter() {
        let of = |value: &str| {
            let settings = [(MONITOR_LOADGEN_TOKEN_TO.to_owned(), value.to_owned())];
            TokenPublication::of(&Settings::default().with(settings)).map(|place| place.map(|place| place.to_string()))
        };
        assert_eq!(of("").unwrap(), None);
        assert_eq!(of("ssm:/a/token").unwrap(), Some("ssm:/a/token".to_owned()));
        for value in ["ssm:/a/", "ssm:a", "secretsmanager:a", "/a/token"] {
            assert!(of(value).is_err(), "{value}");
        }
    }
}
