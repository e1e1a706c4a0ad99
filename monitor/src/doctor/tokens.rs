//! Rights of InfluxDB's tokens: by what InfluxDB lists, and by trying what must be refused.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::context::Context;
use super::verdict::{Fault, Stop, Verdict};
use crate::influxdb::{Authorization, Bucket, InfluxDb, LOADGEN, Permission, TELEMETRY};
use crate::secrets::{Secret, Value};

/// Rights of a token that are named.
const SHOWN: usize = 4;

const ROTATE: &str = "make it anew: `monitor secrets rotate`";

/// A token of one purpose.
struct Purpose {
    secret: Secret,
    action: &'static str,
    buckets: &'static [&'static str],
}

const PURPOSES: &[Purpose] = &[
    Purpose {
        secret: Secret::InfluxdbTelemetryToken,
        action: "write",
        buckets: &[TELEMETRY.name],
    },
    Purpose {
        secret: Secret::InfluxdbLoadgenToken,
        action: "write",
        buckets: &[LOADGEN.name],
    },
    Purpose {
        secret: Secret::InfluxdbGrafanaToken,
        action: "read",
        buckets: &[TELEMETRY.name, LOADGEN.name],
    },
];

pub(super) async fn check(context: Arc<Context>) -> Result<Verdict, Stop> {
    let influxdb = context.operator().await?;
    let Some(organisation) = influxdb.organisation().await? else {
        return Err(Stop::skip("there is no organisation; see the check buckets"));
    };
    let (authorizations, buckets) = tokio::join!(influxdb.authorizations(), influxdb.buckets());
    let (authorizations, buckets) = (authorizations?, buckets?);
    let mut faults = Vec::new();
    let mut known = Vec::new();
    let mut left_out = Vec::new();
    for purpose in PURPOSES {
        // A secret that is missing is for the check `secrets`.
        let Ok(token) = context.secrets().read(purpose.secret) else {
            left_out.push(purpose.secret.name());
            continue;
        };
        match purpose.permissions(&buckets, &organisation) {
            Some(needed) => {
                let fault = listed(purpose, &token, &needed, &authorizations);
                if fault.is_none() {
                    faults.extend(tried(purpose, &influxdb.with_token(token.clone())).await);
                }
                faults.extend(fault);
            }
            None => left_out.push(purpose.secret.name()),
        }
        known.push(token);
    }
    known.extend(context.secrets().read(Secret::InfluxdbOperatorToken));
    faults.extend(strangers(&authorizations, &known));
    let checked = PURPOSES.len() - left_out.len();
    let mut seen = format!("{checked} tokens have their rights and no others");
    if !left_out.is_empty() {
        seen += &format!(
            "; not looked at for want of its file or bucket: {}",
            left_out.join(", ")
        );
    }
    Ok(Verdict::new(seen, faults))
}

impl Purpose {
    /// What it must be allowed; nothing where a bucket is missing.
    fn permissions(&self, buckets: &[Bucket], organisation: &str) -> Option<BTreeSet<Permission>> {
        let permission = |name: &&str| {
            let bucket = buckets.iter().find(|bucket| bucket.name == **name)?;
            Some(Permission::of_bucket(self.action, &bucket.id, organisation))
        };
        self.buckets.iter().map(permission).collect()
    }
}

fn listed(
    purpose: &Purpose,
    token: &Value,
    needed: &BTreeSet<Permission>,
    authorizations: &[Authorization],
) -> Option<Fault> {
    let name = purpose.secret.name();
    let Some(authorization) = authorizations.iter().find(|one| one.token == token.expose()) else {
        return Some(Fault::failed(
            format!("InfluxDB does not know the token in secrets/{name}"),
            ROTATE,
        ));
    };
    if authorization.status != "active" {
        return Some(Fault::failed(
            format!("the token in secrets/{name} is {}", authorization.status),
            ROTATE,
        ));
    }
    let granted: BTreeSet<_> = authorization.permissions.iter().cloned().collect();
    let missing: Vec<_> = needed.difference(&granted).collect();
    let beyond: Vec<_> = granted.difference(needed).collect();
    let mut wrong = Vec::new();
    if !missing.is_empty() {
        wrong.push(format!("may not {}", listed_some(&missing)));
    }
    if !beyond.is_empty() {
        wrong.push(format!("may besides {}", listed_some(&beyond)));
    }
    (!wrong.is_empty()).then(|| Fault::failed(format!("the token in secrets/{name} {}", wrong.join(" and ")), ROTATE))
}

/// Enough to know the kind of token by.
fn listed_some(permissions: &[&Permission]) -> String {
    let mut texts: Vec<_> = permissions
        .iter()
        .take(SHOWN)
        .map(|permission| described(permission))
        .collect();
    if permissions.len() > SHOWN {
        texts.push(format!("and {} things more", permissions.len() - SHOWN));
    }
    texts.join(", ")
}

fn described(permission: &Permission) -> String {
    let Permission { action, resource } = permission;
    match &resource.id {
        Some(id) => format!("{action} {} {id}", resource.kind),
        None => format!("{action} all {}", resource.kind),
    }
}

/// Whether InfluxDB refuses what the token must not do. Nothing is written: the request has no points.
async fn tried(purpose: &Purpose, influxdb: &InfluxDb) -> Option<Fault> {
    let name = purpose.secret.name();
    let bucket = purpose.buckets.first()?;
    let taken = if purpose.action == "write" {
        let flux = format!(r#"from(bucket: "{bucket}") |> range(start: -1s) |> limit(n: 1)"#);
        influxdb.query(&flux).await.is_ok().then_some("read")
    } else {
        influxdb.write(bucket, String::new()).await.is_ok().then_some("write")
    }?;
    Some(Fault::failed(
        format!("InfluxDB lets the token in secrets/{name} {taken} the bucket {bucket}"),
        ROTATE,
    ))
}

fn strangers(authorizations: &[Authorization], known: &[Value]) -> Vec<Fault> {
    let strangers = authorizations
        .iter()
        .filter(|one| one.status == "active" && !known.iter().any(|token| token.expose() == one.token));
    strangers
        .map(|one| {
            let name = match one.description.as_str() {
                "" => &one.id,
                description => description,
            };
            Fault::warning(
                format!(
                    "InfluxDB has a token \"{name}\" with {} rights that is none of this host's",
                    one.permissions.len()
                ),
                "if nobody needs it, withdraw it: `influx auth delete`",
            )
        })
        .collect()
}
