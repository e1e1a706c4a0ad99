//! The bearer token asked of writes, where one is set (RFC 6750).

use std::fs;
use std::path::Path;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::AUTHORIZATION;
use http::{HeaderValue, Method};
use subtle::ConstantTimeEq as _;

use super::error::ApiError;

/// A shorter token could be guessed.
const MIN_TOKEN_BYTES: usize = 16;

/// The token that writes must carry.
#[derive(Clone)]
pub struct WriteToken(Arc<[u8]>);

/// Why a token file was not taken.
#[derive(Debug, thiserror::Error)]
pub enum WriteTokenError {
    /// The file cannot be read.
    #[error("cannot be read ({0}); allowed: a readable file holding one token")]
    Unreadable(#[from] std::io::Error),
    /// The file's content is no token.
    #[error("holds no usable token; allowed: one line of {MIN_TOKEN_BYTES} or more visible ASCII characters")]
    Unusable,
}

impl WriteToken {
    /// Reads the token from a file; white space around it does not count.
    pub fn from_file(path: &Path) -> Result<Self, WriteTokenError> {
        let content = fs::read(path)?;
        let token = content.trim_ascii();
        if token.len() < MIN_TOKEN_BYTES || !token.iter().all(u8::is_ascii_graphic) {
            return Err(WriteTokenError::Unusable);
        }
        Ok(Self(token.into()))
    }

    fn permits(&self, request: &Request) -> bool {
        let header = request.headers().get(AUTHORIZATION).map(HeaderValue::as_bytes);
        let Some((scheme, token)) = header.and_then(|value| value.split_at_checked("Bearer ".len())) else {
            return false;
        };
        scheme.eq_ignore_ascii_case(b"Bearer ") && bool::from(token.trim_ascii().ct_eq(&self.0))
    }
}

/// Lets reads pass, and writes that carry the token.
pub(super) async fn require_write_token(
    State(token): State<WriteToken>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let writes = matches!(*request.method(), Method::POST | Method::PUT | Method::DELETE);
    if writes && !token.permits(&request) {
        return Err(ApiError::unauthorized(
            "Writing needs the service's token; send it as Authorization: Bearer <token>",
        ));
    }
    Ok(next.run(request).await)
}
