//! The routes of Grafana's HTTP API that `monitor` asks.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::blocking::Client;
use serde_json::{Map, Value as Json, json};
use test_servers::http_double::{Answer, Request};

use crate::data_source::DataSource;
use crate::database::{ADMINISTRATOR, Database};
use crate::provisioning::Provisioning;

/// Longer than a query takes.
const TIMEOUT: Duration = Duration::from_secs(30);

pub(crate) struct Api {
    database: Database,
    provisioning: Provisioning,
    client: Client,
}

impl Api {
    /// Opens `grafana.db` in the data folder, and reads what is provisioned.
    pub(crate) fn open(
        data: &Path,
        provisioning: &Path,
        password_file: &Path,
        secret_key_file: Option<&Path>,
    ) -> Result<Self, Box<dyn Error>> {
        let password = fs::read_to_string(password_file)
            .map_err(|error| format!("the password of {ADMINISTRATOR}, {}: {error}", password_file.display()))?;
        let database = Database::open(&data.join("grafana.db"), password.trim())?;
        if let Some(file) = secret_key_file {
            let key =
                fs::read_to_string(file).map_err(|error| format!("the secret key, {}: {error}", file.display()))?;
            database.unlock(key.trim())?;
        }
        let provisioning = Provisioning::read(provisioning)?;
        for dashboard in &provisioning.dashboards {
            let text = |name: &str| dashboard[name].as_str().unwrap_or_default();
            database.remember_dashboard(text("uid"), text("title"))?;
        }
        Ok(Self {
            database,
            provisioning,
            client: test_servers::client_builder().timeout(TIMEOUT).build()?,
        })
    }

    pub(crate) fn answer(&self, request: &Request) -> Answer {
        let path: Vec<_> = request.path.trim_matches('/').split('/').collect();
        let method = request.method.as_str();
        if let ("GET", ["api", "health"]) = (method, path.as_slice()) {
            return self.health();
        }
        let Some(login) = self.login(request) else {
            return message(401, "Invalid username or password");
        };
        match (method, path.as_slice()) {
            ("GET", ["api", "datasources"]) => found(&self.provisioning.data_sources, DataSource::description),
            ("GET", ["api", "datasources", "uid", uid]) => match self.provisioning.data_source(uid) {
                Some(source) => success(source.description()),
                None => message(404, "Data source not found"),
            },
            ("GET", ["api", "datasources", "uid", uid, "health"]) => self.data_source_health(uid),
            ("GET", ["api", "datasources", "uid", uid, "resources", "dimension-values"]) => {
                self.dimension_values(uid, &request.query)
            }
            ("POST", ["api", "ds", "query"]) => self.query(&request.body),
            ("GET", ["api", "search"]) => found(&self.provisioning.dashboards, search_hit),
            ("GET", ["api", "dashboards", "uid", uid]) => match self.provisioning.dashboard(uid) {
                Some(dashboard) => success(json!({ "dashboard": dashboard, "meta": { "provisioned": true } })),
                None => message(404, "Dashboard not found"),
            },
            ("GET", ["api", "v1", "provisioning", "alert-rules"]) => found(&self.provisioning.alert_rules, Json::clone),
            ("GET", ["api", "prometheus", "grafana", "api", "v1", "rules"]) => self.rule_states(),
            ("PUT", ["api", "user", "password"]) => self.change_password(&login, &request.body),
            ("GET", ["api", "org"]) => success(json!({ "id": 1, "name": "Main Org." })),
            _ => message(404, "grafana-stub has no such route"),
        }
    }

    fn health(&self) -> Answer {
        let (status, database) = match self.database.is_healthy() {
            true => (200, "ok"),
            false => (503, "failing"),
        };
        let body = json!({ "database": database, "version": "grafana-stub", "commit": "grafana-stub" });
        Answer::json(status, &body)
    }

    /// Who asks, if the password is right.
    fn login(&self, request: &Request) -> Option<String> {
        let credentials = request.headers.get("authorization")?.strip_prefix("Basic ")?;
        let credentials = String::from_utf8(STANDARD.decode(credentials).ok()?).ok()?;
        let (login, password) = credentials.split_once(':')?;
        self.database
            .is_administrator(login, password)
            .then(|| login.to_owned())
    }

    fn data_source_health(&self, uid: &str) -> Answer {
        let Some(source) = self.provisioning.data_source(uid) else {
            return message(404, "Data source not found");
        };
        match source.health(&self.client) {
            Ok(said) => success(json!({ "status": "OK", "message": said })),
            Err(cause) => Answer::json(400, &json!({ "status": "ERROR", "message": cause })),
        }
    }

    fn dimension_values(&self, uid: &str, parameters: &BTreeMap<String, String>) -> Answer {
        match self
            .provisioning
            .data_source(uid)
            .map(|source| source.dimension_values(parameters))
        {
            Some(Ok(values)) => found(&values, |value| json!({ "value": value })),
            Some(Err(error)) => message(500, &error),
            None => message(404, "Data source not found"),
        }
    }

    fn query(&self, body: &[u8]) -> Answer {
        let Ok(body) = serde_json::from_slice::<Json>(body) else {
            return message(400, "bad request data");
        };
        let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let range = (text(&body["from"]), text(&body["to"]));
        let mut results = Map::new();
        let mut status = 200;
        for query in body["queries"].as_array().unwrap_or(&Vec::new()) {
            let uid = query
                .pointer("/datasource/uid")
                .and_then(Json::as_str)
                .unwrap_or_default();
            let answer = match self.provisioning.data_source(uid) {
                Some(source) => source.query(&self.client, query, (&range.0, &range.1)),
                None => Err(format!("there is no data source {uid:?}")),
            };
            let ref_id = query["refId"].as_str().unwrap_or("A").to_owned();
            let result = match answer {
                Ok(frames) => json!({ "status": 200, "frames": frames }),
                Err(error) => {
                    status = 400;
                    json!({ "status": 400, "error": error })
                }
            };
            results.insert(ref_id, result);
        }
        let body = json!({ "results": results });
        Answer::json(status, &body)
    }

    /// The stub evaluates nothing, so no rule is in error.
    fn rule_states(&self) -> Answer {
        let state =
            |rule: &Json| json!({ "uid": rule["uid"], "name": rule["title"], "health": "ok", "type": "alerting" });
        let rules: Vec<_> = self.provisioning.alert_rules.iter().map(state).collect();
        success(json!({ "status": "success", "data": { "groups": [{ "name": "all", "rules": rules }] } }))
    }

    fn change_password(&self, login: &str, body: &[u8]) -> Answer {
        let body: Json = serde_json::from_slice(body).unwrap_or_default();
        let text = |name: &str| body[name].as_str().unwrap_or_default();
        if !self.database.is_administrator(login, text("oldPassword")) {
            return message(401, "Invalid old password");
        }
        if text("newPassword").is_empty() {
            return message(400, "New password is too short");
        }
        match self.database.set_password(login, text("newPassword")) {
            Ok(()) => message(200, "User password changed"),
            Err(_) => message(500, "Failed to change user password"),
        }
    }
}

fn search_hit(dashboard: &Json) -> Json {
    json!({
        "uid": dashboard["uid"],
        "title": dashboard["title"],
        "tags": dashboard["tags"],
        "type": "dash-db",
        "url": format!("/d/{}", dashboard["uid"].as_str().unwrap_or_default()),
    })
}

fn found<T>(things: &[T], describe: impl Fn(&T) -> Json) -> Answer {
    success(things.iter().map(describe).collect())
}

fn success(body: Json) -> Answer {
    Answer::json(200, &body)
}

fn message(status: u16, text: &str) -> Answer {
    let body = json!({ "message": text });
    Answer::json(status, &body)
}
