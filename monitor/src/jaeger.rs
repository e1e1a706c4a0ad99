//! Jaeger as the doctor asks it.

use std::time::Duration;

use reqwest::Client;

use crate::http::{self, HttpError};

/// Name of its service in `compose.yaml`.
pub const SERVICE: &str = "jaeger";

/// Jaeger's query API at one address.
#[derive(Clone, Debug)]
pub struct Jaeger {
    url: String,
    client: Client,
}

impl Jaeger {
    /// `url` without a path; `timeout` for a whole answer.
    pub fn new(url: String, timeout: Duration) -> Self {
        Self {
            url,
            client: http::client(timeout),
        }
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether it answers from its store.
    ///
    /// # Errors
    /// It does not, and why.
    pub async fn health(&self) -> Result<(), HttpError> {
        let request = self.client.get(format!("{}/api/services", self.url));
        http::json::<serde_json::Value>(SERVICE, request).await.map(drop)
    }

    /// Whether it has a trace of that id (32 hexadecimal digits).
    ///
    /// # Errors
    /// It does not answer, or not as its API promises.
    pub async fn has_trace(&self, id: &str) -> Result<bool, HttpError> {
        let request = self.client.get(format!("{}/api/traces/{id}", self.url));
        match http::json::<serde_json::Value>(SERVICE, request).await {
            Ok(answer) => Ok(answer["data"].as_array().is_some_and(|traces| !traces.is_empty())),
            Err(error) if error.status() == Some(404) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
