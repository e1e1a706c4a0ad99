//! The parameter in AWS Systems Manager.

use aws_sdk_ssm::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ssm::types::ParameterType;

use super::{PublicationError, TokenPublication};
use crate::aws;
use crate::secrets::Value;

const READING: (&str, &str) = (
    "read",
    "ssm:GetParameter on it and kms:Decrypt on the key that it is encrypted with",
);
const WRITING: (&str, &str) = (
    "written",
    "ssm:PutParameter on it, and kms:Encrypt and kms:GenerateDataKey on the key that it is encrypted with",
);

/// Looks first: each writing makes a version, of which the oldest is dropped.
pub(super) async fn publish(place: &TokenPublication, token: &Value) -> Result<bool, PublicationError> {
    let client = aws_sdk_ssm::Client::new(&aws::brief_configuration().await);
    let asking = client.get_parameter().name(&place.parameter).with_decryption(true);
    match asking.send().await {
        Ok(answer) => {
            let parameter = answer.parameter();
            let is_secure = parameter.and_then(|one| one.r#type()) == Some(&ParameterType::SecureString);
            let value = parameter.and_then(|one| one.value()).unwrap_or_default();
            if is_secure && value == token.expose() {
                return Ok(false);
            }
        }
        Err(failure) if failure.code() == Some("ParameterNotFound") => {}
        Err(failure) => return Err(refused(place, READING, &failure)),
    }
    let writing = client
        .put_parameter()
        .name(&place.parameter)
        .value(token.expose())
        .r#type(ParameterType::SecureString)
        .set_key_id(place.kms_key.clone())
        .overwrite(true);
    match writing.send().await {
        Ok(_) => Ok(true),
        Err(failure) => Err(refused(place, WRITING, &failure)),
    }
}

fn refused<E>(
    place: &TokenPublication,
    (attempt, rights): (&'static str, &'static str),
    failure: &SdkError<E>,
) -> PublicationError
where
    SdkError<E>: ProvideErrorMetadata,
    E: std::error::Error + 'static,
{
    PublicationError::Refused {
        place: place.to_string(),
        attempt,
        reason: aws::reason(failure),
        rights,
    }
}
