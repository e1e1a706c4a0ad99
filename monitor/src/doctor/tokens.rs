//! Rights of InfluxDB's tokens: by what InfluxDB lists, and by trying what must be refused.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::context::Context;
use super::verdict::{Fault, Stop, Verdict};
use crate::influxdb::tokens::{self, SCOPED_TOKENS, ScopedToken};
use crate::influxdb::{Authorization, InfluxDb, Permission};
use crate::secrets::{Secret, Value};

/// Rights of a token that are named.
const SHOWN: usize = 4;

const ROTATE: &str = "make it anew: `monitor secrets rotate`";

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
    for scoped in &SCOPED_TOKENS {
        // A secret that is missing is for the check `secrets`.
        let Ok(token) = context.secrets().read(scoped.secret) else {
            left_out.push(scoped.secret.name());
            continue;
        };
        let needed: BTreeSet<_> = scoped.permissions(&buckets, &organisation).into_iter().collect();
        if needed.len() < scoped.buckets.len() {
            left_out.push(scoped.secret.name());
        } else {
            let fault = listed(scoped, &token, &needed, &authorizations);
            if fault.is_none() {
                faults.extend(tried(scoped, &influxdb.with_token(token.clone())).await);
            }
            faults.extend(fault);
        }
        known.push(token);
    }
    known.extend(context.secrets().read(Secret::InfluxdbOperatorToken));
    faults.extend(strangers(&authorizations, &known));
    let checked = SCOPED_TOKENS.len() - left_out.len();
    let mut seen = format!("{checked} tokens have their rights and no others");
    if !left_out.is_empty() {
        seen += &format!(
            "; not looked at for want of its file or bucket: {}",
            left_out.join(", ")
        );
    }
    Ok(Verdict::new(seen, faults))
}

fn listed(
    scoped: &ScopedToken,
    token: &Value,
    needed: &BTreeSet<Permission>,
    authorizations: &[Authorization],
) -> Option<Fault> {
    let name = scoped.secret.name();
    let Some(authorization) = tokens::of_token(authorizations, token) else {
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
async fn tried(scoped: &ScopedToken, influxdb: &InfluxDb) -> Option<Fault> {
    let name = scoped.secret.name();
    let bucket = scoped.buckets.first()?.name;
    let taken = if scoped.action == "write" {
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
