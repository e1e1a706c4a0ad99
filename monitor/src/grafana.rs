//! Grafana as its administrator sees it.

use std::time::Duration;

use reqwest::{Client, RequestBuilder};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::http::{self, HttpError};
use crate::secrets::Value;

/// Name of its service in `compose.yaml`.
pub const SERVICE: &str = "grafana";
/// Name of its administrator.
pub const USER: &str = "admin";

/// Grafana at one address.
#[derive(Clone, Debug)]
pub struct Grafana {
    url: String,
    password: Option<Value>,
    client: Client,
}

/// Whether a data source reaches its server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataSourceHealth {
    /// It does.
    Healthy,
    /// It does not; and what it says.
    Unhealthy(String),
    /// Grafana has no such data source.
    Missing,
    /// The data source cannot tell.
    Unknown,
}

/// An alert rule as Grafana evaluates it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct RuleState {
    /// Its uid.
    #[serde(default)]
    pub uid: String,
    /// Its title.
    pub name: String,
    /// `ok`, `error` or `nodata`.
    #[serde(default)]
    pub health: String,
    /// Why it could not be evaluated.
    #[serde(default, rename = "lastError")]
    pub last_error: String,
}

#[derive(Deserialize)]
struct RuleGroups {
    data: RuleGroupList,
}

#[derive(Deserialize)]
struct RuleGroupList {
    groups: Vec<RuleGroup>,
}

#[derive(Deserialize)]
struct RuleGroup {
    rules: Vec<RuleState>,
}

#[derive(Deserialize)]
struct Health {
    database: String,
}

#[derive(Deserialize)]
struct HealthAnswer {
    #[serde(default)]
    status: String,
    #[serde(default)]
    message: String,
}

impl Grafana {
    /// `url` without a path; `timeout` for a whole answer.
    pub fn new(url: String, timeout: Duration) -> Self {
        Self {
            url,
            password: None,
            client: http::client(timeout),
        }
    }

    /// The same server asked as its administrator.
    pub fn with_password(self, password: Value) -> Self {
        Self {
            password: Some(password),
            ..self
        }
    }

    /// The same server with another time for a whole answer.
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self {
            client: http::client(timeout),
            ..self
        }
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether it answers and has its database.
    ///
    /// # Errors
    /// It does not, and why.
    pub async fn health(&self) -> Result<(), HttpError> {
        let health: Health = http::json(SERVICE, self.request("/api/health")).await?;
        if health.database == "ok" {
            return Ok(());
        }
        Err(HttpError::Unreadable {
            server: SERVICE,
            request: "/api/health".to_owned(),
            cause: format!("its database is {}", health.database),
        })
    }

    /// Whether it lets the administrator in.
    ///
    /// # Errors
    /// It does not (status 401), or does not answer.
    pub async fn log_in(&self) -> Result<(), HttpError> {
        http::send(SERVICE, self.request("/api/org")).await.map(drop)
    }

    /// Whether the administrator can sign in with a password. Five failures within five minutes lock the user out.
    ///
    /// # Errors
    /// Grafana does not answer.
    pub async fn accepts(&self, password: &Value) -> Result<bool, HttpError> {
        match self.clone().with_password(password.clone()).log_in().await {
            Ok(()) => Ok(true),
            Err(error) if error.status() == Some(401) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Gives the administrator another password.
    ///
    /// # Errors
    /// Grafana does not answer, or refuses either password.
    pub async fn change_password(&self, old: &Value, new: &Value) -> Result<(), HttpError> {
        let request = self.client.put(format!("{}/api/user/password", self.url));
        let request = request.basic_auth(USER, Some(old.expose())).json(&json!({
            "oldPassword": old.expose(),
            "newPassword": new.expose(),
            "confirmNew": new.expose(),
        }));
        http::send(SERVICE, request).await.map(drop)
    }

    /// Whether a data source reaches its server. `health_path` is what to ask the server itself through Grafana, for
    /// data sources that cannot tell.
    ///
    /// # Errors
    /// Grafana does not answer.
    pub async fn data_source_health(
        &self,
        uid: &str,
        health_path: Option<&str>,
    ) -> Result<DataSourceHealth, HttpError> {
        let source = http::send(SERVICE, self.request(&format!("/api/datasources/uid/{uid}"))).await;
        match source {
            Err(error) if error.status() == Some(404) => return Ok(DataSourceHealth::Missing),
            other => drop(other?),
        }
        let answer = self.request(&format!("/api/datasources/uid/{uid}/health")).send().await;
        let answer = answer.map_err(|error| http::unreachable(SERVICE, &error))?;
        let status = answer.status();
        let health = http::body(SERVICE, answer).await.ok();
        match health.and_then(|body| serde_json::from_slice::<HealthAnswer>(&body).ok()) {
            Some(health) if status.is_success() && health.status.eq_ignore_ascii_case("ok") => {
                Ok(DataSourceHealth::Healthy)
            }
            Some(health) if status.as_u16() != 404 => Ok(DataSourceHealth::Unhealthy(health.message)),
            _ if status.as_u16() != 404 => Ok(DataSourceHealth::Unhealthy(format!("status {status}"))),
            _ => self.proxied_health(uid, health_path).await,
        }
    }

    async fn proxied_health(&self, uid: &str, path: Option<&str>) -> Result<DataSourceHealth, HttpError> {
        let Some(path) = path else {
            return Ok(DataSourceHealth::Unknown);
        };
        let request = self.request(&format!("/api/datasources/proxy/uid/{uid}{path}"));
        match http::send(SERVICE, request).await {
            Ok(_) => Ok(DataSourceHealth::Healthy),
            Err(HttpError::Refused { status, body, .. }) => {
                Ok(DataSourceHealth::Unhealthy(format!("status {status}: {body}")))
            }
            Err(error) => Err(error),
        }
    }

    /// A dashboard, and whether it is provisioned; none where there is no such dashboard.
    ///
    /// # Errors
    /// Grafana does not answer.
    pub async fn dashboard(&self, uid: &str) -> Result<Option<(Json, bool)>, HttpError> {
        match http::json::<Json>(SERVICE, self.request(&format!("/api/dashboards/uid/{uid}"))).await {
            Ok(mut answer) => {
                let provisioned = answer["meta"]["provisioned"].as_bool().unwrap_or_default();
                Ok(Some((answer["dashboard"].take(), provisioned)))
            }
            Err(error) if error.status() == Some(404) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Every alert rule, as Grafana would export it.
    ///
    /// # Errors
    /// Grafana does not answer.
    pub async fn alert_rules(&self) -> Result<Vec<Json>, HttpError> {
        http::json(SERVICE, self.request("/api/v1/provisioning/alert-rules")).await
    }

    /// Every alert rule as it is evaluated.
    ///
    /// # Errors
    /// Grafana does not answer.
    pub async fn rule_states(&self) -> Result<Vec<RuleState>, HttpError> {
        let groups: RuleGroups = http::json(SERVICE, self.request("/api/prometheus/grafana/api/v1/rules")).await?;
        Ok(groups.data.groups.into_iter().flat_map(|group| group.rules).collect())
    }

    /// Runs queries as a panel does; `from` and `to` as Grafana writes them, such as `now-1h`. Results by `refId`, in
    /// each either `frames` or an `error`.
    ///
    /// # Errors
    /// Grafana does not answer, or not with results.
    pub async fn query(&self, from: &str, to: &str, queries: &[Json]) -> Result<Json, HttpError> {
        const PATH: &str = "/api/ds/query";
        let request = self.authorized(self.client.post(format!("{}{PATH}", self.url)));
        let request = request.json(&json!({"from": from, "to": to, "queries": queries}));
        let answer = request
            .send()
            .await
            .map_err(|error| http::unreachable(SERVICE, &error))?;
        let status = answer.status().as_u16();
        // Results come with status 400, 207 and the like where some of the queries failed.
        let body = http::body(SERVICE, answer).await?;
        match serde_json::from_slice::<Json>(&body) {
            Ok(mut answer) if answer["results"].is_object() => Ok(answer["results"].take()),
            _ => Err(HttpError::Refused {
                server: SERVICE,
                request: PATH.to_owned(),
                status,
                body: http::beginning(&String::from_utf8_lossy(&body)),
            }),
        }
    }

    /// Values of a dimension in CloudWatch, as Grafana lists them for a variable. `parameters` are `region`, `namespace`,
    /// `metricName`, `dimensionKey`, and `dimensionFilters` as JSON.
    ///
    /// # Errors
    /// Grafana does not answer, or CloudWatch refuses.
    pub async fn dimension_values(&self, uid: &str, parameters: &[(&str, &str)]) -> Result<Vec<String>, HttpError> {
        #[derive(Deserialize)]
        struct Listed {
            value: String,
        }
        let path = format!("/api/datasources/uid/{uid}/resources/dimension-values");
        let listed: Vec<Listed> = http::json(SERVICE, self.request(&path).query(parameters)).await?;
        Ok(listed.into_iter().map(|one| one.value).collect())
    }

    /// A request for what has no method here.
    pub fn request(&self, path: &str) -> RequestBuilder {
        self.authorized(self.client.get(format!("{}{path}", self.url)))
    }

    fn authorized(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.password {
            Some(password) => request.basic_auth(USER, Some(password.expose())),
            None => request,
        }
    }
}
