//! Jaeger's query API.

use std::time::{Duration, SystemTime};

use reqwest::Client;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::http::{self, HttpError};

/// Name of its service in `compose.yaml`.
pub const SERVICE: &str = "jaeger";

/// Jaeger's query API at one address.
#[derive(Clone, Debug)]
pub struct Jaeger {
    url: String,
    client: Client,
}

/// A trace.
#[derive(Clone, Debug, Deserialize)]
pub struct Trace {
    /// Its id.
    #[serde(rename = "traceID")]
    pub id: String,
    /// Its spans.
    pub spans: Vec<Span>,
}

/// A span of a trace.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Span {
    /// Microseconds since 1970.
    pub start_time: u64,
}

#[derive(Deserialize)]
struct Answer<T> {
    data: Option<Vec<T>>,
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
        self.services().await.map(drop)
    }

    /// Names of the services that it has spans of.
    ///
    /// # Errors
    /// It does not answer, or not as its API promises.
    pub async fn services(&self) -> Result<Vec<String>, HttpError> {
        self.list("/api/services", &[]).await
    }

    /// The latest traces of a service.
    ///
    /// # Errors
    /// It does not answer, or not as its API promises.
    pub async fn latest_traces(&self, service: &str, limit: usize) -> Result<Vec<Trace>, HttpError> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let query = [
            ("service", service),
            ("limit", &limit.to_string()),
            ("lookback", "custom"),
            ("start", "0"),
            ("end", &now.unwrap_or_default().as_micros().to_string()),
        ];
        self.list("/api/traces", &query).await
    }

    /// Number of spans that it has of the trace of that id (32 hexadecimal digits).
    ///
    /// # Errors
    /// It does not answer, or not as its API promises.
    pub async fn spans(&self, id: &str) -> Result<usize, HttpError> {
        match self.list::<Trace>(&format!("/api/traces/{id}"), &[]).await {
            Ok(traces) => Ok(traces.iter().map(|trace| trace.spans.len()).sum()),
            Err(error) if error.status() == Some(404) => Ok(0),
            Err(error) => Err(error),
        }
    }

    async fn list<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<Vec<T>, HttpError> {
        let request = self.client.get(format!("{}{path}", self.url)).query(query);
        let answer: Answer<T> = http::json(SERVICE, request).await?;
        Ok(answer.data.unwrap_or_default())
    }
}
