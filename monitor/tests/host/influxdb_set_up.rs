//! What `monitor up` does to InfluxDB, against the real one.

use std::time::Duration;

use monitor::influxdb::set_up::{Changes, SetUpError, set_up};
use monitor::influxdb::tokens::{SCOPED_TOKENS, of_token};
use monitor::influxdb::{Bucket, InfluxDb, LOADGEN, TELEMETRY};
use monitor::interrupt::Interrupt;
use monitor::progress::Progress;
use monitor::secrets::{Secret, SecretFiles, Value};
use reqwest::Method;
use serde_json::json;
use tempfile::TempDir;
use test_servers::InfluxDb as Server;

use crate::test_host::run;

/// An InfluxDB that somebody else has set up, of which the operator token alone is known.
struct Known {
    server: Server,
    secrets: SecretFiles,
    _folder: TempDir,
}

impl Known {
    fn start() -> Self {
        let server = Server::start().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let secrets = SecretFiles::new(folder.path().to_owned());
        secrets
            .write(
                Secret::InfluxdbOperatorToken,
                &Value::new(server.operator_token()),
                owner(),
            )
            .unwrap();
        secrets.generate_missing(owner()).unwrap();
        Self {
            server,
            secrets,
            _folder: folder,
        }
    }

    fn anyone(&self) -> InfluxDb {
        InfluxDb::new(self.server.url(), None, Duration::from_secs(10))
    }

    fn operator(&self) -> InfluxDb {
        self.anyone().with_token(Value::new(self.server.operator_token()))
    }

    async fn set_up(&self) -> Result<Changes, SetUpError> {
        let interrupt = Interrupt::on_signals().unwrap();
        set_up(&self.anyone(), &self.secrets, owner(), &interrupt, &Progress::default()).await
    }

    async fn buckets(&self) -> Vec<Bucket> {
        self.operator().buckets().await.unwrap()
    }

    /// Each token of the files may do exactly what it is for, and the password of the file signs in.
    async fn assert_right(&self) {
        let operator = self.operator();
        let organisation = operator.organisation().await.unwrap().unwrap();
        let buckets = self.buckets().await;
        let authorizations = operator.authorizations().await.unwrap();
        for token in SCOPED_TOKENS {
            let kept = self.secrets.read(token.secret).unwrap();
            let authorization = of_token(&authorizations, &kept).unwrap();
            assert_eq!(authorization.description, token.description);
            assert!(token.fits(authorization, &buckets, &organisation), "{authorization:?}");
        }
        let password = self.secrets.read(Secret::InfluxdbAdminPassword).unwrap();
        assert!(operator.accepts_password(&password).await.unwrap());
        for plan in [TELEMETRY, LOADGEN] {
            let bucket = buckets.iter().find(|bucket| bucket.name == plan.name).unwrap();
            assert_eq!(
                bucket.retention_rules[0].every_seconds,
                plan.retention.as_secs(),
                "{bucket:?}"
            );
        }
    }
}

fn owner() -> (u32, u32) {
    (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw())
}

#[test]
fn what_is_missing_is_made_once() {
    let known = Known::start();
    run(async {
        let changes = known.set_up().await.unwrap();
        let mut users = changes.users_of_new_tokens;
        users.sort_unstable();
        assert_eq!(users, ["grafana", "loadgen", "otel-collector"]);
        known.assert_right().await;
        let again = known.set_up().await.unwrap();
        assert!(
            again.made.is_empty() && again.users_of_new_tokens.is_empty(),
            "{:?}",
            again.made
        );
    });
}

#[test]
fn what_differs_is_put_right_and_nothing_else_is_touched() {
    let known = Known::start();
    run(async {
        known.set_up().await.unwrap();
        let operator = known.operator();
        let id = |buckets: &[Bucket], name: &str| buckets.iter().find(|bucket| bucket.name == name).unwrap().id.clone();
        let before = known.buckets().await;
        let patch = operator.request(Method::PATCH, &format!("/api/v2/buckets/{}", id(&before, "telemetry")));
        let forever = json!({"retentionRules": [{"type": "expire", "everySeconds": 0}]});
        assert!(patch.json(&forever).send().await.unwrap().status().is_success());
        let delete = operator.request(Method::DELETE, &format!("/api/v2/buckets/{}", id(&before, "loadgen")));
        assert!(delete.send().await.unwrap().status().is_success());
        let password = Value::random().unwrap();
        known
            .secrets
            .write(Secret::InfluxdbAdminPassword, &password, owner())
            .unwrap();
        let collectors = known.secrets.read(Secret::InfluxdbTelemetryToken).unwrap();

        let changes = known.set_up().await.unwrap();
        assert_eq!(changes.made.len(), 5, "{:?}", changes.made);
        assert_eq!(
            changes.users_of_new_tokens,
            ["loadgen", "grafana"],
            "theirs were for the bucket that has gone"
        );
        assert_eq!(known.secrets.read(Secret::InfluxdbTelemetryToken).unwrap(), collectors);
        assert_eq!(
            id(&known.buckets().await, "telemetry"),
            id(&before, "telemetry"),
            "its points are there still"
        );
        known.assert_right().await;
    });
}

#[test]
fn tokens_that_influxdb_does_not_know_or_that_may_do_more_are_replaced() {
    let known = Known::start();
    run(async {
        known.set_up().await.unwrap();
        known
            .secrets
            .write(
                Secret::InfluxdbTelemetryToken,
                &Value::new("of a restored backup"),
                owner(),
            )
            .unwrap();
        let too_mighty = Value::new(known.server.operator_token());
        known
            .secrets
            .write(Secret::InfluxdbLoadgenToken, &too_mighty, owner())
            .unwrap();
        let changes = known.set_up().await.unwrap();
        assert_eq!(changes.users_of_new_tokens, ["otel-collector", "loadgen"]);
        known.assert_right().await;
    });
}

#[test]
fn an_operator_token_that_is_not_influxdbs_is_told_with_what_to_do() {
    let known = Known::start();
    run(async {
        known
            .secrets
            .write(Secret::InfluxdbOperatorToken, &Value::new("another"), owner())
            .unwrap();
        let error = known.set_up().await.unwrap_err().to_string();
        assert!(
            error.contains("influxdb-operator-token") && error.contains("influxd recovery auth create-operator"),
            "{error}"
        );
        assert!(!error.contains("another"), "{error}");
    });
}

#[test]
fn more_tokens_than_fit_a_page_are_all_seen() {
    let known = Known::start();
    run(async {
        let operator = known.operator();
        let organisation = operator.organisation().await.unwrap().unwrap();
        let buckets = known.buckets().await;
        for _ in 0..30 {
            SCOPED_TOKENS[0]
                .create(&operator, &buckets, &organisation)
                .await
                .unwrap();
        }
        known.set_up().await.unwrap();
        let again = known.set_up().await.unwrap();
        assert!(again.made.is_empty(), "{:?}", again.made);
    });
}
