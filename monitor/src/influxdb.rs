//! InfluxDB 2 as its administrator sees it: set-up, buckets, tokens, queries.

mod admin;
pub(crate) mod csv;
pub mod set_up;
pub mod tokens;

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::http::{self, HttpError};
use crate::secrets::Value;

pub use csv::Row;

/// Name of its service in `compose.yaml`.
pub const SERVICE: &str = "influxdb";
/// Name of the organisation.
pub const ORGANISATION: &str = "marketboro";
/// Name of the user that set-up makes.
pub const USER: &str = "admin";

/// A bucket and how long it keeps points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BucketPlan {
    /// Its name.
    pub name: &'static str,
    /// How long it keeps points.
    pub retention: Duration,
}

const DAY: Duration = Duration::from_secs(86_400);

/// Metrics of the service, of the collector and of this host.
pub const TELEMETRY: BucketPlan = BucketPlan {
    name: "telemetry",
    retention: DAY.saturating_mul(30),
};
/// Figures of load runs.
pub const LOADGEN: BucketPlan = BucketPlan {
    name: "loadgen",
    retention: DAY.saturating_mul(365),
};

/// A bucket as InfluxDB has it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bucket {
    /// Its identifier.
    pub id: String,
    /// Its name.
    pub name: String,
    /// How long it keeps points; none for ever.
    #[serde(default)]
    pub retention_rules: Vec<RetentionRule>,
}

/// How long a bucket keeps points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RetentionRule {
    /// 0 is for ever.
    pub every_seconds: u64,
}

/// A token and what it may do.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Authorization {
    /// Its identifier.
    pub id: String,
    /// The token.
    pub token: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// `active` or `inactive`.
    pub status: String,
    /// What it may do.
    pub permissions: Vec<Permission>,
}

/// Something a token may do.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Permission {
    /// `read` or `write`.
    pub action: String,
    /// With what.
    pub resource: Resource,
}

/// What a permission is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resource {
    /// Such as `buckets`.
    #[serde(rename = "type")]
    pub kind: String,
    /// One resource alone; otherwise all of that kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Within that organisation.
    #[serde(rename = "orgID", skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
}

impl Permission {
    /// `read` or `write` of one bucket.
    pub fn of_bucket(action: &str, bucket: &str, organisation: &str) -> Self {
        Self {
            action: action.to_owned(),
            resource: Resource {
                kind: "buckets".to_owned(),
                id: Some(bucket.to_owned()),
                organisation: Some(organisation.to_owned()),
            },
        }
    }
}

/// InfluxDB at one address, asked with one token.
#[derive(Clone, Debug)]
pub struct InfluxDb {
    url: String,
    token: Option<Value>,
    client: Client,
}

#[derive(Deserialize)]
struct Buckets {
    buckets: Vec<Bucket>,
}

#[derive(Deserialize)]
struct Authorizations {
    authorizations: Vec<Authorization>,
}

#[derive(Deserialize)]
struct Organisations {
    orgs: Vec<Organisation>,
}

#[derive(Deserialize)]
struct Organisation {
    id: String,
}

#[derive(Deserialize)]
struct SetUpAllowed {
    allowed: bool,
}

impl InfluxDb {
    /// `url` without a path; without a token only what anyone may ask works.
    pub fn new(url: String, token: Option<Value>, timeout: Duration) -> Self {
        Self {
            url,
            token,
            client: http::client(timeout),
        }
    }

    /// The same server asked with another token.
    pub fn with_token(&self, token: Value) -> Self {
        Self {
            token: Some(token),
            ..self.clone()
        }
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A request with the token, for what has no method here.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.url));
        match &self.token {
            Some(token) => request.header("Authorization", format!("Token {}", token.expose())),
            None => request,
        }
    }

    /// Whether it takes requests.
    ///
    /// # Errors
    /// It does not, and why.
    pub async fn health(&self) -> Result<(), HttpError> {
        http::send(SERVICE, self.request(Method::GET, "/health"))
            .await
            .map(drop)
    }

    /// Whether nobody has set it up yet.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn is_new(&self) -> Result<bool, HttpError> {
        let answer: SetUpAllowed = http::json(SERVICE, self.request(Method::GET, "/api/v2/setup")).await?;
        Ok(answer.allowed)
    }

    /// Makes the user, the organisation, the bucket [`TELEMETRY`] and the operator token, once.
    ///
    /// # Errors
    /// It does not answer, or was set up before.
    pub async fn set_up(&self, password: &Value, operator_token: &Value) -> Result<(), HttpError> {
        let request = self.request(Method::POST, "/api/v2/setup").json(&json!({
            "username": USER,
            "password": password.expose(),
            "token": operator_token.expose(),
            "org": ORGANISATION,
            "bucket": TELEMETRY.name,
            "retentionPeriodSeconds": TELEMETRY.retention.as_secs(),
        }));
        http::send(SERVICE, request).await.map(drop)
    }

    /// Identifier of [`ORGANISATION`]; none where there is no such organisation.
    ///
    /// # Errors
    /// It does not answer, or refuses the token.
    pub async fn organisation(&self) -> Result<Option<String>, HttpError> {
        let request = self
            .request(Method::GET, "/api/v2/orgs")
            .query(&[("org", ORGANISATION)]);
        match http::json::<Organisations>(SERVICE, request).await {
            Ok(answer) => Ok(answer.orgs.into_iter().next().map(|organisation| organisation.id)),
            Err(error) if error.status() == Some(404) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes [`ORGANISATION`]; gives its identifier.
    ///
    /// # Errors
    /// It does not answer, or refuses the token.
    pub async fn create_organisation(&self) -> Result<String, HttpError> {
        let request = self.request(Method::POST, "/api/v2/orgs");
        let request = request.json(&json!({"name": ORGANISATION}));
        http::json::<Organisation>(SERVICE, request).await.map(|made| made.id)
    }

    /// Has a bucket keep points for as long as is planned.
    ///
    /// # Errors
    /// It does not answer, refuses the token, or has no such bucket.
    pub async fn set_retention(&self, id: &str, plan: BucketPlan) -> Result<(), HttpError> {
        let request = self.request(Method::PATCH, &format!("/api/v2/buckets/{id}"));
        let rule = json!({"type": "expire", "everySeconds": plan.retention.as_secs()});
        let request = request.json(&json!({"retentionRules": [rule]}));
        http::send(SERVICE, request).await.map(drop)
    }

    /// Buckets that the token may see.
    ///
    /// # Errors
    /// It does not answer, or refuses the token.
    pub async fn buckets(&self) -> Result<Vec<Bucket>, HttpError> {
        let request = self
            .request(Method::GET, "/api/v2/buckets")
            .query(&[("org", ORGANISATION), ("limit", "100")]);
        let answer: Buckets = http::json(SERVICE, request).await?;
        Ok(answer.buckets)
    }

    /// Makes a bucket.
    ///
    /// # Errors
    /// It does not answer, refuses the token, or has a bucket of that name.
    pub async fn create_bucket(&self, plan: BucketPlan, organisation: &str) -> Result<Bucket, HttpError> {
        let request = self.request(Method::POST, "/api/v2/buckets").json(&json!({
            "name": plan.name,
            "orgID": organisation,
            "retentionRules": [{"type": "expire", "everySeconds": plan.retention.as_secs()}],
        }));
        http::json(SERVICE, request).await
    }

    /// Tokens, all of them where the token is the operator's.
    ///
    /// # Errors
    /// It does not answer, or refuses the token.
    pub async fn authorizations(&self) -> Result<Vec<Authorization>, HttpError> {
        let answer: Authorizations = http::json(SERVICE, self.request(Method::GET, "/api/v2/authorizations")).await?;
        Ok(answer.authorizations)
    }

    /// Makes a token that may do what is listed and nothing else.
    ///
    /// # Errors
    /// It does not answer, or refuses the token.
    pub async fn create_authorization(
        &self,
        description: &str,
        organisation: &str,
        permissions: &[Permission],
    ) -> Result<Authorization, HttpError> {
        let request = self.request(Method::POST, "/api/v2/authorizations").json(&json!({
            "description": description,
            "orgID": organisation,
            "permissions": permissions,
        }));
        http::json(SERVICE, request).await
    }

    /// Withdraws a token.
    ///
    /// # Errors
    /// It does not answer, refuses the token, or has no such authorization.
    pub async fn delete_authorization(&self, id: &str) -> Result<(), HttpError> {
        let path = format!("/api/v2/authorizations/{id}");
        http::send(SERVICE, self.request(Method::DELETE, &path)).await.map(drop)
    }

    /// Rows of all tables that a query in Flux yields.
    ///
    /// # Errors
    /// It does not answer, refuses the token, or the query.
    pub async fn query(&self, flux: &str) -> Result<Vec<Row>, HttpError> {
        let request = self
            .request(Method::POST, "/api/v2/query")
            .query(&[("org", ORGANISATION)])
            .header("Accept", "application/csv")
            .json(&json!({"query": flux, "dialect": {"annotations": [], "header": true}}));
        let text = http::text(SERVICE, request).await?;
        csv::rows(&text).map_err(|cause| HttpError::Unreadable {
            server: SERVICE,
            request: "/api/v2/query".to_owned(),
            cause,
        })
    }

    /// Writes line protocol, times in nanoseconds.
    ///
    /// # Errors
    /// It does not answer, refuses the token, or the lines.
    pub async fn write(&self, bucket: &str, lines: String) -> Result<(), HttpError> {
        let request = self
            .request(Method::POST, "/api/v2/write")
            .query(&[("org", ORGANISATION), ("bucket", bucket), ("precision", "ns")])
            .body(lines);
        http::send(SERVICE, request).await.map(drop)
    }

    /// What it reports of itself, in Prometheus' text format.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn metrics(&self) -> Result<String, HttpError> {
        http::text(SERVICE, self.request(Method::GET, "/metrics")).await
    }
}

/// A text as Flux writes it, quotes included; what would be worked out in it stays as it is.
pub(crate) fn flux_text(text: &str) -> String {
    let text = text.replace('\\', r"\\").replace('"', "\\\"").replace("${", r"\${");
    format!("\"{text}\"")
}
