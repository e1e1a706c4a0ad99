//! Signature Version 4 for the one shape of request DynamoDB has, with the derived key kept for the day it is valid.
//!
//! The SDK's own signer derives the key anew and sorts and encodes whatever a request may hold, which made up a
//! quarter of the service's CPU time. It still signs every retry, so that its correction of a wrong clock works, and
//! every request that does not look as expected.
//!
//! Source: AWS, "Create a signed AWS API request".

use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4Signer};
use aws_sdk_dynamodb::config::{ConfigBag, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
use aws_smithy_runtime_api::client::auth::{AuthScheme, AuthSchemeEndpointConfig, AuthSchemeId, Sign};
use aws_smithy_runtime_api::client::identity::{Identity, SharedIdentityResolver};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::retries::RequestAttempts;
use aws_smithy_runtime_api::client::runtime_components::GetIdentityResolver;
use aws_types::region::SigningRegion;
use ring::{digest, hmac};

const SERVICE: &str = "dynamodb";
const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Takes the place of the SDK's scheme of the same id.
#[derive(Debug, Default)]
pub(super) struct CachedKeyScheme {
    signer: CachedKeySigner,
}

impl AuthScheme for CachedKeyScheme {
    fn scheme_id(&self) -> AuthSchemeId {
        SCHEME_ID
    }

    fn identity_resolver(&self, resolvers: &dyn GetIdentityResolver) -> Option<SharedIdentityResolver> {
        resolvers.identity_resolver(SCHEME_ID)
    }

    fn signer(&self) -> &dyn Sign {
        &self.signer
    }
}

#[derive(Default)]
struct CachedKeySigner {
    /// Each worker has a client and so a signer of its own: the lock is always free.
    key: Mutex<Option<SigningKey>>,
    sdk: SigV4Signer,
}

impl std::fmt::Debug for CachedKeySigner {
    /// Leaves the key out.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("CachedKeySigner").finish_non_exhaustive()
    }
}

impl Sign for CachedKeySigner {
    fn sign_http_request(
        &self,
        request: &mut HttpRequest,
        identity: &Identity,
        endpoint: AuthSchemeEndpointConfig<'_>,
        components: &RuntimeComponents,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        let first_attempt = config
            .load::<RequestAttempts>()
            .is_none_or(|attempts| attempts.attempts() <= 1);
        let region = match endpoint.get("signingRegion") {
            Some(region) => region.as_string(),
            None => config.load::<SigningRegion>().map(AsRef::as_ref),
        };
        if let (true, Some(region), Some(credentials)) = (first_attempt, region, identity.data::<Credentials>()) {
            let now = components.time_source().unwrap_or_default().now();
            if self.sign(request, credentials, region, now).is_some() {
                return Ok(());
            }
        }
        self.sdk
            .sign_http_request(request, identity, endpoint, components, config)
    }
}

impl CachedKeySigner {
    /// Adds the headers that sign the request; `None` leaves it as it was, to be signed by the SDK.
    fn sign(&self, request: &mut HttpRequest, credentials: &Credentials, region: &str, now: SystemTime) -> Option<()> {
        let second = now.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs();
        let mut key = self.key.lock().unwrap_or_else(PoisonError::into_inner);
        if !key.as_ref().is_some_and(|key| key.is_for(credentials, region, second)) {
            let kept = key.take();
            *key = Some(SigningKey::at(kept, credentials, region, second)?);
        }
        let key = key.as_ref()?;
        let canonical = CanonicalRequest::of(request, &key.timestamp, credentials.session_token())?;
        let authorization = key.authorization(credentials, &canonical);
        let timestamp = key.timestamp.clone();
        let headers = request.headers_mut();
        headers.insert("x-amz-date", timestamp);
        if let Some(token) = credentials.session_token() {
            headers.insert("x-amz-security-token", token.to_owned());
        }
        headers.insert("authorization", authorization);
        Some(())
    }
}

/// The derived key and what it was derived from.
struct SigningKey {
    credentials: Credentials,
    region: String,
    /// Seconds since the Unix epoch, and the same as `yyyymmddThhmmssZ`.
    second: u64,
    timestamp: String,
    /// `yyyymmdd/region/service/aws4_request`.
    scope: String,
    key: hmac::Key,
}

impl SigningKey {
    fn is_for(&self, credentials: &Credentials, region: &str, second: u64) -> bool {
        self.second == second && self.belongs_to(credentials, region)
    }

    fn belongs_to(&self, credentials: &Credentials, region: &str) -> bool {
        self.credentials.access_key_id() == credentials.access_key_id()
            && self.credentials.secret_access_key() == credentials.secret_access_key()
            && self.region == region
    }

    /// The key for this second, derived anew only when the day or the credentials have changed.
    fn at(kept: Option<Self>, credentials: &Credentials, region: &str, second: u64) -> Option<Self> {
        let timestamp: String = DateTime::from_secs(i64::try_from(second).ok()?)
            .fmt(DateTimeFormat::DateTime)
            .ok()?
            .chars()
            .filter(|character| !matches!(character, '-' | ':'))
            .collect();
        let day = timestamp.get(..8)?;
        if let Some(kept) = kept
            && kept.scope.starts_with(day)
            && kept.belongs_to(credentials, region)
        {
            return Some(Self {
                second,
                timestamp,
                ..kept
            });
        }
        let secret = format!("AWS4{}", credentials.secret_access_key());
        let key = [day, region, SERVICE, "aws4_request"]
            .into_iter()
            .fold(hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), |key, part| {
                hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref())
            });
        Some(Self {
            credentials: credentials.clone(),
            region: region.to_owned(),
            second,
            scope: format!("{day}/{region}/{SERVICE}/aws4_request"),
            timestamp,
            key,
        })
    }

    fn authorization(&self, credentials: &Credentials, canonical: &CanonicalRequest) -> String {
        let mut to_sign = String::with_capacity(192);
        to_sign.extend([ALGORITHM, "\n", &self.timestamp, "\n", &self.scope, "\n"]);
        push_hex(
            &mut to_sign,
            digest::digest(&digest::SHA256, canonical.text.as_bytes()).as_ref(),
        );
        let signature = hmac::sign(&self.key, to_sign.as_bytes());

        let mut header = String::with_capacity(320);
        header.extend([ALGORITHM, " Credential=", credentials.access_key_id(), "/", &self.scope]);
        header.extend([", SignedHeaders=", canonical.signed_headers, ", Signature="]);
        push_hex(&mut header, signature.as_ref());
        header
    }
}

/// A request in the form that is hashed.
struct CanonicalRequest {
    text: String,
    signed_headers: &'static str,
}

impl CanonicalRequest {
    /// `None` if the request is not a `POST /` with a body in memory, or has a header that must be signed and is not
    /// one of those DynamoDB takes.
    fn of(request: &HttpRequest, timestamp: &str, session_token: Option<&str>) -> Option<Self> {
        const SIGNED: &str = "content-type;host;x-amz-date;x-amz-target";
        const SIGNED_WITH_TOKEN: &str = "content-type;host;x-amz-date;x-amz-security-token;x-amz-target";

        let (_, authority) = request.uri().split_once("://")?;
        let authority = authority.strip_suffix('/').unwrap_or(authority);
        // Default ports are left out of what is signed.
        let plain =
            !authority.contains(['/', '?', '@', '#']) && !authority.ends_with(":80") && !authority.ends_with(":443");
        if request.method() != "POST" || !plain {
            return None;
        }
        let (mut content_type, mut target) = (None, None);
        for (name, value) in request.headers().iter() {
            match name {
                "content-type" => content_type = Some(value),
                "x-amz-target" => target = Some(value),
                "host" => return None,
                other if other.starts_with("x-amz-") => return None,
                _ => {}
            }
        }
        let body = request.body().bytes()?;

        let mut text = String::with_capacity(512);
        text.extend([
            "POST\n/\n\ncontent-type:",
            content_type?,
            "\nhost:",
            authority,
            "\nx-amz-date:",
            timestamp,
        ]);
        if let Some(token) = session_token {
            text.extend(["\nx-amz-security-token:", token]);
        }
        let signed_headers = if session_token.is_some() {
            SIGNED_WITH_TOKEN
        } else {
            SIGNED
        };
        text.extend(["\nx-amz-target:", target?, "\n\n", signed_headers, "\n"]);
        push_hex(&mut text, digest::digest(&digest::SHA256, body).as_ref());
        Some(Self { text, signed_headers })
    }
}

fn push_hex(text: &mut String, bytes: &[u8]) {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    for byte in bytes {
        text.push(DIGITS[usize::from(byte >> 4)]);
        text.push(DIGITS[usize::from(byte & 0xf)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningParams, SigningSettings, sign};
    use aws_sigv4::sign::v4;
    use aws_smithy_types::body::SdkBody;
    use std::time::Duration;

    fn request(uri: &str) -> HttpRequest {
        let mut request = HttpRequest::new(SdkBody::from(r#"{"TableName":"items"}"#));
        request.set_method("POST").unwrap();
        request.set_uri(uri.to_owned()).unwrap();
        request
            .headers_mut()
            .insert("content-type", "application/x-amz-json-1.0");
        request
            .headers_mut()
            .insert("x-amz-target", "DynamoDB_20120810.GetItem");
        request
    }

    /// What the SDK puts into `authorization` for the same request.
    fn by_the_sdk(uri: &str, credentials: &Credentials, time: SystemTime) -> String {
        let identity = credentials.clone().into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region("eu-central-1")
            .name(SERVICE)
            .time(time)
            .settings(SigningSettings::default())
            .build()
            .unwrap();
        let request = request(uri);
        let signable = SignableRequest::new(
            "POST",
            request.uri(),
            request.headers().iter(),
            SignableBody::Bytes(request.body().bytes().unwrap()),
        );
        let (instructions, _) = sign(signable.unwrap(), &SigningParams::V4(params))
            .unwrap()
            .into_parts();
        let (headers, _) = instructions.into_parts();
        headers
            .iter()
            .find(|header| header.name() == "authorization")
            .unwrap()
            .value()
            .to_owned()
    }

    #[test]
    fn signs_as_the_sdk_does_over_seconds_days_and_changed_credentials() {
        let signer = CachedKeySigner::default();
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_391_990);
        let plain = Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
        let temporary = Credentials::new("ASIAEXAMPLE", "other", Some("token+/=".to_owned()), None, "test");
        for (after, credentials, uri) in [
            (0, &plain, "https://dynamodb.eu-central-1.amazonaws.com/"),
            (0, &plain, "http://127.0.0.1:8000/"),
            (1, &plain, "https://dynamodb.eu-central-1.amazonaws.com/"),
            (1, &temporary, "https://dynamodb.eu-central-1.amazonaws.com"),
            (
                86_400,
                &temporary,
                "https://123456789012.ddb.eu-central-1.amazonaws.com/",
            ),
            (86_401, &plain, "https://dynamodb.eu-central-1.amazonaws.com/"),
        ] {
            let time = start + Duration::from_secs(after);
            let mut request = request(uri);
            signer.sign(&mut request, credentials, "eu-central-1", time).unwrap();
            let signed = request.headers().get("authorization");
            assert_eq!(
                signed,
                Some(&*by_the_sdk(uri, credentials, time)),
                "{uri} after {after} s"
            );
        }
    }

    #[test]
    fn leaves_what_it_does_not_know_to_the_sdk() {
        let signer = CachedKeySigner::default();
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
        let mut with_header = request("https://dynamodb.eu-central-1.amazonaws.com/");
        with_header.headers_mut().insert("x-amz-other", "1");
        for mut request in [
            request("https://localhost:443/"),
            request("https://localhost/path"),
            with_header,
        ] {
            let signed = signer.sign(&mut request, &credentials, "eu-central-1", SystemTime::now());
            assert!(signed.is_none() && request.headers().get("authorization").is_none());
        }
    }
}
