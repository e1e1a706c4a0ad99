//! The tokens of InfluxDB that may do one thing each.

use std::collections::BTreeSet;

use super::{Authorization, Bucket, BucketPlan, InfluxDb, LOADGEN, Permission, TELEMETRY};
use crate::http::HttpError;
use crate::secrets::{Secret, Value};

/// A token, what it may do, and who uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScopedToken {
    /// Where it is kept.
    pub secret: Secret,
    /// What InfluxDB shows of it.
    pub description: &'static str,
    /// `read` or `write`.
    pub action: &'static str,
    /// With these buckets.
    pub buckets: &'static [BucketPlan],
    /// The service of `compose.yaml` that reads the file when it starts.
    pub user: &'static str,
}

/// Description of the operator token that replaced the one of the set-up.
pub const OPERATOR_DESCRIPTION: &str = "marketboro: operator";

/// Every scoped token.
pub const SCOPED_TOKENS: [ScopedToken; 3] = [
    ScopedToken {
        secret: Secret::InfluxdbTelemetryToken,
        description: "marketboro: collector writes telemetry",
        action: "write",
        buckets: &[TELEMETRY],
        user: "otel-collector",
    },
    ScopedToken {
        secret: Secret::InfluxdbLoadgenToken,
        description: "marketboro: loadgen writes loadgen",
        action: "write",
        buckets: &[LOADGEN],
        user: "loadgen",
    },
    ScopedToken {
        secret: Secret::InfluxdbGrafanaToken,
        description: "marketboro: Grafana reads telemetry and loadgen",
        action: "read",
        buckets: &[TELEMETRY, LOADGEN],
        user: "grafana",
    },
];

impl ScopedToken {
    /// What it may do; nothing with buckets that are not in `existing`.
    pub fn permissions(&self, existing: &[Bucket], organisation: &str) -> Vec<Permission> {
        let bucket = |plan: &BucketPlan| existing.iter().find(|bucket| bucket.name == plan.name);
        let buckets = self.buckets.iter().filter_map(bucket);
        buckets
            .map(|bucket| Permission::of_bucket(self.action, &bucket.id, organisation))
            .collect()
    }

    /// Whether `authorization` may do exactly that, now.
    pub fn fits(&self, authorization: &Authorization, existing: &[Bucket], organisation: &str) -> bool {
        let wanted: BTreeSet<_> = self.permissions(existing, organisation).into_iter().collect();
        let found: BTreeSet<_> = authorization.permissions.iter().cloned().collect();
        authorization.status == "active" && wanted == found
    }

    /// Makes one.
    ///
    /// # Errors
    /// InfluxDB does not answer, or refuses the operator token.
    pub async fn create(
        &self,
        influxdb: &InfluxDb,
        existing: &[Bucket],
        organisation: &str,
    ) -> Result<Authorization, HttpError> {
        let permissions = self.permissions(existing, organisation);
        influxdb
            .create_authorization(self.description, organisation, &permissions)
            .await
    }
}

/// The authorization of a token, if InfluxDB knows it.
pub fn of_token<'a>(authorizations: &'a [Authorization], token: &Value) -> Option<&'a Authorization> {
    authorizations
        .iter()
        .find(|authorization| authorization.token == token.expose())
}
