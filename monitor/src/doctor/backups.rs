//! The last backup.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::context::{Context, Depth};
use super::verdict::{Fault, Stop, Verdict};
use crate::backup::Destination;
use crate::backup::catalogue::{self, Backup};
use crate::metrics;
use crate::otlp::Measurement;
use crate::settings::MONITOR_BACKUP_TO;

/// Setting: age from which a backup is too old, as in `26h`.
const MAX_AGE: &str = "MONITOR_BACKUP_MAX_AGE";
/// Its default: a nightly one may be two hours late.
const DEFAULT_MAX_AGE: Duration = Duration::from_secs(26 * 3600);
/// Age of its last proof from which a backup should be verified again: three nights.
const VERIFIED_MAX_AGE: Duration = Duration::from_secs(3 * 86_400);

const TAKE: &str = "take one: `monitor backup`; see whether the nightly one runs: systemctl list-timers";

pub(super) async fn check(context: Arc<Context>) -> Result<Verdict, Stop> {
    let destination = destination(&context)?;
    if context.depth() == Depth::Quick && matches!(destination, Destination::S3 { .. }) {
        return Err(Stop::skip(format!("asking {destination} costs money; a full run does")));
    }
    let max_age = max_age(&context)?;
    let backups = catalogue::all(&destination).await.map_err(|error| {
        Fault::failed(
            error.to_string(),
            format!("correct {MONITOR_BACKUP_TO}, or mount what should be there"),
        )
    })?;
    let now = SystemTime::now();
    let Some(newest) = backups.iter().find(|backup| backup.is_complete()) else {
        return Ok(none(&context, &backups, &destination, max_age, now).into());
    };
    let age = newest.age(now);
    context.measure(Measurement::gauge(metrics::BACKUP_AGE, "s", age.as_secs_f64()));
    #[expect(clippy::cast_precision_loss, reason = "a size for a chart")]
    context.measure(Measurement::gauge(metrics::BACKUP_SIZE, "By", newest.bytes as f64));
    let verified = backups.iter().filter_map(|backup| backup.verified_age(now)).min();
    if let Some(age) = verified {
        context.measure(Measurement::gauge(metrics::BACKUP_VERIFIED_AGE, "s", age.as_secs_f64()));
    }
    let seen = format!("backup {} is {} old, in {destination}", newest.id, rounded(age));
    let mut faults = Vec::new();
    if age > max_age {
        faults.push(Fault::failed(
            format!("{seen}; it should be at most {} old", rounded(max_age)),
            TAKE,
        ));
    }
    if let Some(latest) = backups.first()
        && let Err(reason) = &latest.manifest
        // One that is being taken now has no manifest yet.
        && latest.age(now) > Duration::from_secs(3600)
    {
        faults.push(Fault::warning(
            format!("a later backup, {}, is incomplete ({reason})", latest.id),
            TAKE,
        ));
    }
    let verify = "prove that it can be restored: `monitor backup verify`";
    match verified {
        Some(age) if age > VERIFIED_MAX_AGE => {
            faults.push(Fault::warning(
                format!("no backup was verified for {}", rounded(age)),
                verify,
            ));
        }
        None if age_of_host(&context, now).is_none_or(|age| age > VERIFIED_MAX_AGE) => {
            faults.push(Fault::warning("no backup was ever verified", verify));
        }
        _ => {}
    }
    Ok(Verdict::new(seen, faults))
}

fn none(context: &Context, backups: &[Backup], destination: &Destination, max_age: Duration, now: SystemTime) -> Fault {
    let incomplete = match backups.len() {
        0 => String::new(),
        count => format!("; {count} are incomplete"),
    };
    let seen = format!("there is no complete backup in {destination}{incomplete}");
    // A host that was brought up today need not have one yet.
    if age_of_host(context, now).is_some_and(|age| age < max_age) {
        Fault::warning(seen, TAKE)
    } else {
        Fault::failed(seen, TAKE)
    }
}

/// Since its data folder was made; nothing where the file system does not tell.
fn age_of_host(context: &Context, now: SystemTime) -> Option<Duration> {
    let made = std::fs::metadata(context.layout().data()).ok()?.created().ok()?;
    now.duration_since(made).ok()
}

fn destination(context: &Context) -> Result<Destination, Fault> {
    match context.settings().get(MONITOR_BACKUP_TO) {
        Some(place) => place
            .parse()
            .map_err(|error| Fault::failed(format!("{MONITOR_BACKUP_TO}: {error}"), "correct it in settings.env")),
        None => Ok(Destination::Folder(context.layout().backups())),
    }
}

fn max_age(context: &Context) -> Result<Duration, Fault> {
    let Some(age) = context.settings().get(MAX_AGE) else {
        return Ok(DEFAULT_MAX_AGE);
    };
    humantime::parse_duration(age).map_err(|error| {
        Fault::failed(
            format!("{MAX_AGE}={age} is no duration ({error})"),
            "write it as in 26h, in settings.env",
        )
    })
}

/// To the minute.
fn rounded(age: Duration) -> impl std::fmt::Display {
    let minutes = age.as_secs() / 60;
    humantime::format_duration(Duration::from_secs(minutes * 60))
}
