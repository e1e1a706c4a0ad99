//! The user for people, and its password.

use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::{InfluxDb, SERVICE, USER};
use crate::http::{self, HttpError};
use crate::secrets::Value;

#[derive(Deserialize)]
struct Users {
    users: Vec<User>,
}

#[derive(Deserialize)]
struct User {
    id: String,
    name: String,
}

impl InfluxDb {
    /// Whether [`USER`] can sign in with a password.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn accepts_password(&self, password: &Value) -> Result<bool, HttpError> {
        let request = self.client.post(format!("{}/api/v2/signin", self.url));
        match http::send(SERVICE, request.basic_auth(USER, Some(password.expose()))).await {
            Ok(_) => Ok(true),
            Err(error) if matches!(error.status(), Some(401 | 403)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Gives [`USER`] another password; makes the user anew if there is none.
    ///
    /// # Errors
    /// It does not answer, or refuses the token or the password.
    pub async fn set_admin_password(&self, password: &Value) -> Result<(), HttpError> {
        let request = self.request(Method::GET, "/api/v2/users").query(&[("name", USER)]);
        let users: Users = http::json(SERVICE, request).await?;
        let user = match users.users.into_iter().find(|user| user.name == USER) {
            Some(user) => user.id,
            None => {
                let request = self.request(Method::POST, "/api/v2/users");
                let made: User = http::json(SERVICE, request.json(&json!({"name": USER}))).await?;
                made.id
            }
        };
        let request = self.request(Method::POST, &format!("/api/v2/users/{user}/password"));
        let request = request.json(&json!({"password": password.expose()}));
        http::send(SERVICE, request).await.map(drop)
    }
}
