//! Minutes, hosts and volumes of all kinds.

use proptest::prelude::*;

use super::*;

const MINUTE: u64 = 60;

fn failed(checks: &[&str]) -> Vec<Failed> {
    let failed = checks.iter().map(|check| Failed {
        check: (*check).to_owned(),
        cure: cure_of(check),
        seen: String::new(),
    });
    failed.collect()
}

/// Looks each minute while these fail; gives the decisions.
fn watch(checks: &[&str], data_fault: Option<&str>, last: &LastRequest, minutes: u64) -> Vec<Decision> {
    let failed = failed(checks);
    let mut state = State::default();
    let mut decisions = Vec::new();
    for minute in 0..minutes {
        let view = View {
            failed: &failed,
            data_fault,
            uptime: Duration::from_secs(600 + minute * MINUTE),
        };
        let (decision, next) = decide(&view, &state, last);
        decisions.push(decision);
        state = next;
    }
    decisions
}

#[test]
fn a_fault_is_watched_then_mended_once_then_another_host_is_asked_for() {
    let decisions = watch(&["docker"], None, &LastRequest::None, 16);
    for (minute, decision) in decisions.iter().enumerate() {
        let expected = match minute {
            3 => Decision::Repair,
            15 => Decision::Ask,
            _ => Decision::Watch,
        };
        assert_eq!(*decision, expected, "minute {minute}");
    }
}

#[test]
fn what_a_new_host_would_have_too_is_never_acted_on() {
    for checks in [
        &["backup"][..],
        &["disk"],
        &["disk", "docker", "memory"],
        &["secrets", "grafana"],
        &["settings", "containers"],
    ] {
        let decisions = watch(checks, None, &LastRequest::None, 30);
        assert!(
            decisions
                .iter()
                .all(|decision| matches!(decision, Decision::NotCurable(_))),
            "{checks:?}: {decisions:?}"
        );
    }
    let decisions = watch(&["influxdb", "containers"], Some("read-only"), &LastRequest::None, 30);
    assert_eq!(decisions[29], Decision::NotCurable(vec!["read-only".to_owned()]));
    let decisions = watch(&["docker"], Some("read-only"), &LastRequest::None, 16);
    assert_eq!(
        decisions[15],
        Decision::Ask,
        "the data is no reason for Docker to be away"
    );
}

#[test]
fn a_fault_that_goes_away_or_is_not_looked_at_begins_anew() {
    let docker = failed(&["docker"]);
    let at = |minute: u64, failed: &[Failed], state: &State| {
        let view = View {
            failed,
            data_fault: None,
            uptime: Duration::from_secs(minute * MINUTE),
        };
        decide(&view, state, &LastRequest::None)
    };
    let (_, state) = at(10, &docker, &State::default());
    let (well, state) = at(11, &[], &state);
    assert_eq!(well, Decision::Well);
    let (decision, state) = at(14, &docker, &state);
    assert_eq!(decision, Decision::Watch);
    let (decision, state) = at(20, &docker, &state);
    assert_eq!((decision, state.failing_since["docker"]), (Decision::Watch, 1200));
    let (decision, _) = at(23, &docker, &state);
    assert_eq!(decision, Decision::Repair);
}

#[test]
fn an_unreadable_record_is_made_good_by_an_hour_of_this_host() {
    let held = |last: LastRequest, uptime: u64, asked_at: Option<i64>| {
        refusal(&last, Duration::from_secs(uptime), asked_at).is_some()
    };
    let unreadable = || LastRequest::Unreadable("nonsense".to_owned());
    assert!(held(unreadable(), 3599, None));
    assert!(!held(unreadable(), 3600, None));
    assert!(held(unreadable(), 7200, Some(3601)));
    assert!(held(LastRequest::InFuture, 90_000, None));
    assert!(held(LastRequest::Unrecordable("not mounted".to_owned()), 90_000, None));
    assert!(held(LastRequest::Ago(Duration::from_secs(3599)), 90_000, None));
    assert!(!held(LastRequest::Ago(Duration::from_secs(3600)), 60, None));
}

/// A minute of a host's life.
#[derive(Clone, Debug)]
struct Minute {
    failed: Vec<Failed>,
    /// Whether the volume is mounted and takes writes.
    is_mounted: bool,
    /// The machine loses its power, and another one takes over.
    is_lost: bool,
    /// The record is damaged as the power goes.
    is_damaged: bool,
    loses_state: bool,
    /// AWS does what it is asked.
    is_obeyed: bool,
    is_skipped: bool,
}

fn minute() -> impl Strategy<Value = Minute> {
    let checks = prop_oneof![
        4 => Just(vec!["docker"]),
        4 => Just(vec!["containers", "grafana"]),
        1 => Just(vec!["disk", "docker", "containers"]),
        1 => Just(vec!["backup"]),
        1 => Just(vec![]),
    ];
    let rarely = |percent: f64| prop::bool::weighted(percent / 100.0);
    (
        checks,
        rarely(90.0),
        rarely(1.0),
        rarely(30.0),
        rarely(2.0),
        rarely(70.0),
        rarely(3.0),
    )
        .prop_map(
            |(checks, is_mounted, is_lost, is_damaged, loses_state, is_obeyed, is_skipped)| Minute {
                failed: failed(&checks),
                is_mounted,
                is_lost,
                is_damaged,
                loses_state,
                is_obeyed,
                is_skipped,
            },
        )
}

/// Things stay as they are for some minutes.
fn lives() -> impl Strategy<Value = Vec<Minute>> {
    let stretch = (minute(), 1_usize..45).prop_map(|(minute, length)| {
        let mut stretch = vec![
            Minute {
                is_lost: false,
                loses_state: false,
                ..minute.clone()
            };
            length
        ];
        stretch.push(minute);
        stretch
    });
    prop::collection::vec(stretch, 1..40).prop_map(|stretches| stretches.concat())
}

proptest! {
    #[test]
    fn no_two_requests_come_within_an_hour_and_none_while_the_disk_fails(life in lives()) {
        let (mut booted, mut state) = (0, State::default());
        // When the last request was made; damage leaves none that can be read.
        let mut record: Option<Result<u64, ()>> = None;
        let mut requests: Vec<u64> = Vec::new();
        for (number, minute) in (0_u64..).zip(&life) {
            let now = number * MINUTE;
            if minute.is_lost {
                (booted, state) = (now, State::default());
                if minute.is_damaged && record.is_some() {
                    record = Some(Err(()));
                }
            }
            if minute.loses_state {
                state = State::default();
            }
            if minute.is_skipped {
                continue;
            }
            let last = match record {
                _ if !minute.is_mounted => LastRequest::Unrecordable(String::new()),
                None => LastRequest::None,
                Some(Ok(at)) => LastRequest::Ago(Duration::from_secs(now - at)),
                Some(Err(())) => LastRequest::Unreadable(String::new()),
            };
            let data_fault = (!minute.is_mounted).then_some("not mounted");
            let view = View { failed: &minute.failed, data_fault, uptime: Duration::from_secs(now - booted) };
            let decision;
            (decision, state) = decide(&view, &state, &last);
            if decision == Decision::Ask {
                prop_assert!(minute.failed.iter().all(|failed| failed.check != "disk"));
                if let Some(before) = requests.last() {
                    prop_assert!(now - before >= 3600, "{} s apart", now - before);
                }
                requests.push(now);
                record = Some(Ok(now));
                if minute.is_obeyed {
                    (booted, state) = (now, State::default());
                }
            }
        }
    }
}
