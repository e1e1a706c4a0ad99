use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::backup::manifest::{Contents, Manifest};

const NOW: u64 = 1_795_598_539;

fn backup(age_s: u64, complete: bool) -> Backup {
    let taken = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW - age_s);
    let id = stamp::id(taken);
    let manifest = Manifest {
        schema: 1,
        id: id.clone(),
        started_at: stamp::text(taken),
        finished_at: stamp::text(taken),
        host: "monitor".to_owned(),
        label: None,
        versions: BTreeMap::new(),
        recipients: Vec::new(),
        parts: Vec::new(),
        restored_bytes: 0,
        jaeger_pause_s: None,
        contents: Contents::default(),
    };
    Backup {
        id,
        taken,
        bytes: 1,
        manifest: if complete {
            Ok(manifest)
        } else {
            Err("interrupted".to_owned())
        },
        verified: None,
    }
}

/// Of these ages in seconds, each with whether it is complete; the newest first, a second at most one.
fn backups(ages: &BTreeMap<u64, bool>) -> Vec<Backup> {
    ages.iter().map(|(age, complete)| backup(*age, *complete)).collect()
}

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(NOW)
}

#[test]
fn of_a_year_of_nights_the_latest_of_each_day_week_and_month_stay() {
    let nights: BTreeMap<u64, bool> = (0..365).map(|night| (night * DAY + 3600, true)).collect();
    let backups = backups(&nights);
    let keep = Keep {
        last: 1,
        daily: 7,
        weekly: 4,
        monthly: 6,
    };
    let removable = removable(&backups, keep, now());
    let kept: Vec<_> = backups
        .iter()
        .map(|backup| backup.id.as_str())
        .filter(|id| !removable.contains(id))
        .collect();
    let days: Vec<_> = kept.iter().map(|id| &id[..8]).collect();
    // The 25th of November 2026 is a Wednesday: Sundays 22, 15, 8 end the weeks before.
    assert_eq!(
        days,
        [
            "20261125", "20261124", "20261123", "20261122", "20261121", "20261120", "20261119", "20261115", "20261108",
            "20261031", "20260930", "20260831", "20260731", "20260630",
        ]
    );
}

proptest! {
    #[test]
    fn rules_keep_what_they_promise(
        ages in prop::collection::btree_map(0_u64..400 * DAY, prop::bool::weighted(0.8), 0..60),
        last in 0_usize..5, daily in 0_usize..9, weekly in 0_usize..6, monthly in 0_usize..8,
    ) {
        let backups = backups(&ages);
        let keep = Keep { last, daily, weekly, monthly };
        let dropped = removable(&backups, keep, now());
        let complete: Vec<_> = backups.iter().filter(|backup| backup.is_complete()).collect();
        let kept: Vec<_> = complete.iter().filter(|backup| !dropped.contains(backup.id.as_str())).collect();

        for backup in complete.iter().take(last.max(1)) {
            prop_assert!(!dropped.contains(backup.id.as_str()), "one of the newest was dropped");
        }
        for backup in backups.iter().filter(|backup| !backup.is_complete()) {
            let is_old = backup.age(now()) > INTERRUPTED;
            prop_assert_eq!(dropped.contains(backup.id.as_str()), is_old, "an incomplete one");
        }
        // Of each of the latest periods that have any, one is kept, and it is the newest.
        for (count, period) in [(daily, day as fn(&Backup) -> String), (weekly, week), (monthly, month)] {
            let mut periods: Vec<String> = complete.iter().map(|backup| period(backup)).collect();
            periods.dedup();
            for name in periods.into_iter().take(count) {
                let newest = complete.iter().find(|backup| period(backup) == name).unwrap();
                prop_assert!(!dropped.contains(newest.id.as_str()), "the newest of {}", name);
            }
        }
        prop_assert!(kept.len() <= last.max(1) + daily + weekly + monthly, "no more than is asked for");
        // What was pruned once is left alone the next time.
        let left: Vec<_> = backups.iter().filter(|backup| !dropped.contains(backup.id.as_str())).cloned().collect();
        prop_assert!(removable(&left, keep, now()).is_empty(), "pruning twice");
    }
}
